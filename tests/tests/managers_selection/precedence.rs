//! Who has the last word: the option, then the variable, then the user's file, then that for all users.

use std::process::ExitStatus;

use usher_tests::native::Native;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::shepherd::Shepherd;
use usher_tests::native::user::User;

use crate::supervisor::{of, said, user};

const OWN: &str = "/home/ann/.config/session-launcher.toml";
const SYSTEM: &str = "/etc/usher/session-launcher.toml";

/// Runs session-launcher once.
fn by(user: &mut User, arguments: &[&str], variables: &[(&str, &str)]) -> (&'static str, ExitStatus) {
    user.start_engine(arguments, variables);
    (of(user, "lab-sleep.service"), user.stop_engine())
}

fn set_up() -> Option<User> {
    let openrc = OpenRc::chosen();
    let natives: [&dyn Native; 2] = [&Shepherd, &openrc];
    let mut user = user(&natives)?;
    for native in natives {
        user.log_in(native);
    }
    user.start_bus();
    Some(user)
}

#[test]
fn the_nearest_word_counts() {
    let Some(mut user) = set_up() else { return };
    user.machine.write(OWN, 0o644, "manager = \"direct\"\n");
    user.machine.write(SYSTEM, 0o644, "manager = \"openrc\"\n");
    let variable = [("SESSION_LAUNCHER_MANAGER", "shepherd")];
    let mut chosen = Vec::new();
    for (arguments, variables) in [
        (&["--manager=openrc"][..], &variable[..]),
        (&[][..], &variable[..]),
        // As if it were not set.
        (&[][..], &[("SESSION_LAUNCHER_MANAGER", "")][..]),
        (&["--manager=auto"][..], &[][..]),
    ] {
        let (manager, status) = by(&mut user, arguments, variables);
        assert!(status.success(), "{status}");
        chosen.push(manager);
    }
    assert_eq!(chosen, ["openrc", "shepherd", "direct", "shepherd"], "{}", user.story());
    // A file that does not say it leaves it to the next.
    user.machine.write(OWN, 0o644, "# manager = \"direct\"\n");
    assert_eq!(by(&mut user, &[], &[]).0, "openrc", "{}", user.story());
    user.machine.command("rm").args([SYSTEM]).run();
    assert_eq!(by(&mut user, &[], &[]).0, "shepherd", "{}", user.story());
}

/// An option that means nothing is the caller's mistake; whatever lies about from before is no reason to have no session.
#[test]
fn what_cannot_be_understood() {
    let Some(mut user) = set_up() else { return };
    let refused = user.command("session-launcher").args(["daemon", "--manager=runit"]).output();
    assert_eq!(refused.code(), 2, "{}", refused.stderr);
    for word in ["runit", "--manager", "auto", "direct", "dinit", "openrc", "shepherd"] {
        assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
    }

    user.machine.write(SYSTEM, 0o644, "manager = \"openrc\"\n");
    for (file, place) in [
        ("# mine\nmanager = \"runit\"\n", ":2: "),
        ("\n\nmanger = \"direct\"\n", ":3: "),
        ("manager = direct\n", ":1: "),
        ("manager = 3\n", ":1: "),
    ] {
        user.machine.write(OWN, 0o644, file);
        user.start_engine(&[], &[("SESSION_LAUNCHER_MANAGER", "upstart")]);
        assert_eq!(of(&user, "lab-sleep.service"), "openrc", "{file}: {}", user.story());
        let complaint = said(&user, OWN);
        assert_eq!(complaint.len(), 1, "{file}: {complaint:?}");
        assert!(complaint[0].contains(&format!("{OWN}{place}")), "{file}: {complaint:?}");
        let complaint = said(&user, "SESSION_LAUNCHER_MANAGER=upstart");
        assert!(complaint[0].contains("auto, direct, dinit, openrc, shepherd"), "{complaint:?}");
        user.stop_engine();
    }
    // Neither can be read.
    user.machine.command("rm").args([OWN]).run();
    user.machine.command("mkdir").args(["-p", OWN]).run();
    user.start_engine(&[], &[]);
    assert_eq!(of(&user, "lab-sleep.service"), "openrc", "{}", user.story());
    assert_eq!(said(&user, OWN).len(), 1);
}
