//! Services that end by themselves: the engine decides what follows, and OpenRC shows it.

use usher_tests::lab::Process;

use crate::user::User;

#[test]
fn only_the_engine_starts_a_service_again() {
    let Some(user) = User::with_units(&[
        (
            "lab-always.service",
            "[Service]\nExecStart=/bin/sleep 1000\nRestart=on-failure\nRestartSec=200ms\n",
        ),
        ("lab-never.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
        ("lab-done.service", "[Service]\nExecStart=/bin/sleep 0.5\n"),
        ("lab-helper.service", "[Service]\nExecStart=/bin/touch /run/user/1000/helped\nType=oneshot\n"),
        (
            "lab-noted.service",
            "[Unit]\nOnFailure=lab-helper.service\n[Service]\nExecStart=/bin/sh -c 'echo some last words; exit 7'\n",
        ),
    ]) else {
        return;
    };
    user.must(&["start", "lab-always.service", "lab-never.service", "lab-done.service"]);
    let first = user.running("lab-always.service");
    user.kill(user.running("lab-always.service"));
    user.wait("it is started again", || {
        user.state("lab-always.service") == "active"
            && ![0, first].contains(&user.main_pid("lab-always.service"))
    });
    user.wait_for_shown("lab-always.service", "started");
    user.wait("one supervisor", || user.supervisors("lab-always.service").len() == 1);

    user.kill(user.running("lab-never.service"));
    user.wait_for_state("lab-never.service", "failed");
    user.wait("its supervisor ends", || user.supervisors("lab-never.service").is_empty());
    user.wait_for_shown("lab-never.service", "failed");
    user.must(&["reset-failed", "lab-never.service"]);
    user.wait_for_shown("lab-never.service", "");

    user.wait_for_state("lab-done.service", "inactive");
    user.wait_for_shown("lab-done.service", "");
    user.wait("its supervisor ends", || user.supervisors("lab-done.service").is_empty());

    user.must(&["start", "lab-noted.service"]);
    user.wait_for_state("lab-noted.service", "failed");
    user.wait("OnFailure= ran", || user.machine.path(user.path("helped")).exists());
    user.wait_for_shown("lab-noted.service", "failed");
    let log = user.command("session-launcher").args(["log", "lab-noted.service"]).run();
    assert!(log.contains("some last words"), "{log}");
    let status = user.must(&["show", "--property=ExecMainStatus", "--value", "lab-noted.service"]);
    assert_eq!(status.trim(), "7");
}

/// Whoever kills what OpenRC runs for us does not confuse the engine, and nothing is started behind its back.
#[test]
fn a_killed_wrapper_is_no_new_start() {
    let Some(user) = User::with_units(&[("lab-sleep.service", "[Service]\nExecStart=/bin/sleep 1000\n")])
    else {
        return;
    };
    user.must(&["start", "lab-sleep.service"]);
    // A simple service is up at once, before its process has been heard of.
    user.wait("its process runs", || user.processes().iter().any(|process| process.name == "sleep"));
    let main = user.running("lab-sleep.service");
    let wrappers: Vec<Process> = user
        .processes()
        .into_iter()
        .filter(|process| {
            process.command_line.contains("exec --unit lab-sleep.service")
                && !process.command_line.contains("--start")
        })
        .collect();
    assert_eq!(wrappers.len(), 1, "{}", user.story());
    wrappers[0].signal(rustix::process::Signal::KILL);
    user.wait("the unit is over or goes on as it was", || {
        let state = user.state("lab-sleep.service");
        state != "active" || user.main_pid("lab-sleep.service") == main
    });
    std::thread::sleep(std::time::Duration::from_secs(1));
    let sleeps = user.processes().iter().filter(|process| process.name == "sleep").count();
    assert!(sleeps <= 1, "a second process was started\n{}", user.story());
    user.must(&["stop", "lab-sleep.service"]);
    user.wait("nothing is left", || user.processes().iter().all(|process| process.name != "sleep"));
    user.wait("no supervisor is left", || user.supervisors("lab-sleep.service").is_empty());
}
