//! `--private`: a manager of the session's own, where the user has none.

use usher_tests::native::Native;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::user::User;

use crate::supervisor::{natives, of, said, user};

/// The ones that can be started.
fn startable() -> Vec<Box<dyn Native>> {
    natives().into_iter().filter(|native| native.can_be_private()).collect()
}

/// How the process of the manager is called.
fn line(native: &dyn Native) -> &'static str {
    if native.name() == "dinit" { "dinit --user" } else { "/usr/bin/shepherd" }
}

#[test]
fn it_begins_and_ends_with_the_session() {
    for native in startable() {
        let Some(mut user) = user(&[&*native]) else { return };
        user.start_bus();
        let option = format!("--manager={}", native.name());
        let count = |user: &User| {
            let processes = user.processes();
            processes.iter().filter(|process| process.command_line.contains(line(&*native))).count()
        };
        for _ in 0..2 {
            user.start_engine(&[&option, "--private"], &[]);
            // The name comes first, and whoever calls is served when all is there.
            assert_eq!(of(&user, "lab-sleep.service"), native.name(), "{}", user.story());
            assert_eq!(count(&user), 1, "{}", user.story());
            user.kill_engine();
            assert_eq!(of(&user, "lab-other.service"), native.name(), "{}", user.story());
            assert_eq!(count(&user), 1, "a killed engine is no end of the session: {}", user.story());
            assert!(user.stop_engine().success());
            user.wait("it has ended", || count(&user) == 0);
        }
    }
}

/// OpenRC has no daemon that could be started: it is a place where its tools find a runlevel entered.
#[test]
fn openrc_is_begun_and_ends_with_the_session() {
    let openrc = OpenRc::chosen();
    let Some(mut user) = user(&[&openrc]) else { return };
    user.start_bus();
    let begun = |user: &User| user.machine.path(user.path("openrc/softlevel")).exists();
    for _ in 0..2 {
        assert!(!begun(&user));
        user.start_engine(&["--manager=openrc", "--private"], &[]);
        assert_eq!(of(&user, "lab-sleep.service"), "openrc", "{}", user.story());
        assert!(begun(&user), "{}", user.story());
        user.kill_engine();
        assert_eq!(of(&user, "lab-other.service"), "openrc", "{}", user.story());
        assert!(user.stop_engine().success());
    }
    assert!(!begun(&user), "{}", user.story());
}

#[test]
fn the_users_own_is_used_and_left_alone() {
    for native in startable() {
        let Some(mut user) = user(&[&*native]) else { return };
        user.log_in(&*native);
        user.start_bus();
        let option = format!("--manager={}", native.name());
        for _ in 0..2 {
            user.start_engine(&[&option, "--private"], &[]);
            assert_eq!(of(&user, "lab-sleep.service"), native.name(), "{}", user.story());
            assert!(user.stop_engine().success());
            let list = user.output_of(&native.list());
            assert!(!list.contains("lab-sleep") && !list.contains("rror"), "it runs, without ours: {list}");
        }
        assert_eq!(said(&user, "WARN"), Vec::<String>::new());
    }
}

/// One that was killed has left its socket.
#[test]
fn a_dead_ones_socket_is_no_hindrance() {
    for native in startable() {
        let Some(mut user) = user(&[&*native]) else { return };
        user.log_in(&*native);
        let socket = user.path(if native.name() == "dinit" { "dinitctl" } else { "shepherd/socket" });
        user.crash(line(&*native));
        assert!(user.machine.path(&socket).exists(), "there is a socket left");
        user.start_bus();
        // Nobody is asked for: nobody is found.
        user.start_engine(&[], &[]);
        assert_eq!(of(&user, "lab-sleep.service"), "direct", "{}", user.story());
        assert_eq!(said(&user, "WARN"), Vec::<String>::new(), "it is nothing to complain of");
        user.stop_engine();
        let option = format!("--manager={}", native.name());
        user.start_engine(&[&option], &[]);
        assert_eq!(of(&user, "lab-sleep.service"), "direct", "{}", user.story());
        assert!(said(&user, &option)[0].contains(&socket));
        user.stop_engine();
        user.start_engine(&[&option, "--private"], &[]);
        assert_eq!(of(&user, "lab-sleep.service"), native.name(), "{}", user.story());
    }
}
