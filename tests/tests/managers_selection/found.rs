//! Nobody chooses: the service manager that serves the user is found.

use usher_tests::native::Native;
use usher_tests::native::dinit::Dinit;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::shepherd::Shepherd;

use crate::supervisor::{natives, of, said, user};

/// The bus starts session-launcher, without options.
#[test]
fn whichever_runs() {
    for native in natives() {
        let Some(mut user) = user(&[&*native]) else { return };
        user.log_in(&*native);
        user.start_bus();
        assert_eq!(of(&user, "lab-sleep.service"), native.name(), "{}", user.story());
    }
}

#[test]
fn none_that_is_merely_installed() {
    let natives = natives();
    let installed: Vec<&dyn Native> = natives.iter().map(|native| &**native).collect();
    let Some(mut user) = user(&installed) else { return };
    user.start_bus();
    // It is not started either: nothing says which one is meant.
    user.start_engine(&["--private"], &[]);
    assert_eq!(of(&user, "lab-sleep.service"), "direct", "{}", user.story());
}

/// Dinit before the Shepherd before OpenRC: the first that answers.
#[test]
fn one_of_several() {
    let natives = natives();
    let installed: Vec<&dyn Native> = natives.iter().map(|native| &**native).collect();
    let Some(mut user) = user(&installed) else { return };
    for native in &installed {
        user.log_in(*native);
    }
    user.start_bus();
    for native in &installed {
        user.start_engine(&[], &[]);
        assert_eq!(of(&user, "lab-sleep.service"), native.name(), "{}", user.story());
        // It is the same after a crash of the engine.
        user.kill_engine();
        assert_eq!(of(&user, "lab-other.service"), native.name(), "{}", user.story());
        user.stop_engine();
        match native.name() {
            "dinit" => user.crash("dinit --user"),
            "shepherd" => user.crash("shepherd --silent"),
            _ => {}
        }
    }
}

/// As dinitctl and herd find them.
#[test]
fn at_a_socket_that_a_variable_names() {
    if let Some(dinit) = Dinit::any_or_skip() {
        let Some(mut user) = user(&[&dinit]) else { return };
        let socket = user.path("elsewhere");
        user.script("mkdir -p ~/.config/dinit.d && printf 'type = internal\n' > ~/.config/dinit.d/boot");
        user.spawn(|user| {
            let mut dinit = user.command("dinit").args(["--user", "--socket-path", &socket]).spawn();
            dinit.wait_for_socket(user.machine.path(&socket));
            dinit
        });
        user.start_bus();
        user.start_engine(&[], &[("DINIT_SOCKET_PATH", &socket)]);
        assert_eq!(of(&user, "lab-sleep.service"), "dinit", "{}", user.story());
        user.stop_engine();
        user.start_engine(&[], &[]);
        assert_eq!(of(&user, "lab-sleep.service"), "direct", "{}", user.story());
    }
    let Some(mut user) = user(&[&Shepherd]) else { return };
    user.script("install -d -m 700 $XDG_RUNTIME_DIR/else && mkdir -p ~/.config/shepherd && echo '#t' > ~/.config/shepherd/init.scm");
    let socket = user.path("else/where");
    user.spawn(|user| {
        let option = format!("--socket={socket}");
        let mut shepherd = user.command("shepherd").args(["--silent", &option]).spawn();
        shepherd.wait_for_socket(user.machine.path(&socket));
        shepherd
    });
    user.start_bus();
    user.start_engine(&[], &[("SHEPHERD_SOCKET", &socket)]);
    assert_eq!(of(&user, "lab-sleep.service"), "shepherd", "{}", user.story());
    user.stop_engine();
    user.start_engine(&[], &[]);
    assert_eq!(of(&user, "lab-sleep.service"), "direct", "{}", user.story());
}

/// What began under one goes on under it, also when another one has come that would be found first.
#[test]
fn not_another_one_by_the_next_engine() {
    let Some(mut user) = user(&[&OpenRc::chosen(), &Shepherd]) else { return };
    user.start_bus();
    user.start_engine(&[], &[]);
    assert_eq!(of(&user, "lab-sleep.service"), "direct");
    user.log_in(&Shepherd);
    user.kill_engine();
    assert_eq!(of(&user, "lab-other.service"), "direct", "{}", user.story());
    user.stop_engine();

    user.crash("shepherd --silent");
    user.log_in(&OpenRc::chosen());
    user.start_engine(&[], &[]);
    assert_eq!(of(&user, "lab-sleep.service"), "openrc", "{}", user.story());
    user.spawn(|user| Shepherd.log_in(user).expect("it runs"));
    user.kill_engine();
    assert_eq!(of(&user, "lab-other.service"), "openrc", "{}", user.story());
    assert_eq!(said(&user, "not used"), Vec::<String>::new());
}
