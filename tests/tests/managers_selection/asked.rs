//! The manager that was asked for cannot be had: it is said why, and the session goes on without.

use usher_tests::native::Native;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::shepherd::Shepherd;

use crate::supervisor::{of, said, user};

#[test]
fn what_is_not_there_is_named() {
    let openrc = OpenRc::chosen();
    let natives: [&dyn Native; 2] = [&Shepherd, &openrc];
    let Some(mut user) = user(&natives) else { return };
    // One runs, but another one was asked for: what nobody asked for is not used instead.
    user.log_in(&Shepherd);
    user.start_bus();
    user.machine.write("/etc/usher/session-launcher.toml", 0o644, "manager = \"dinit\"\n");
    let socket = user.path("dinitctl");
    let softlevel = user.path("openrc/softlevel");
    for (arguments, variables, expected) in [
        (&["--manager=dinit"][..], &[][..], ["--manager=dinit: ", &socket]),
        // Where dinitctl would look.
        (&["--manager=dinit"], &[("DINIT_SOCKET_PATH", "/nowhere")], ["--manager=dinit: ", "/nowhere"]),
        (&["--manager=dinit", "--private"], &[], ["--manager=dinit: ", "dinit is not installed"]),
        (&[], &[("SESSION_LAUNCHER_MANAGER", "openrc")], ["SESSION_LAUNCHER_MANAGER=openrc: ", &softlevel]),
        (&[], &[], ["/etc/usher/session-launcher.toml: manager = \"dinit\": ", &socket]),
    ] {
        user.start_engine(arguments, variables);
        assert_eq!(of(&user, "lab-sleep.service"), "direct", "{}", user.story());
        let complaint = said(&user, expected[0]);
        assert_eq!(complaint.len(), 1, "{arguments:?} {variables:?}: {}", user.said());
        assert!(complaint[0].contains(expected[1]), "{complaint:?}");
        assert!(user.stop_engine().success());
    }
}
