//! The engine is killed; OpenRC's services go on.

use crate::user::User;

#[test]
fn services_outlive_the_engine() {
    let Some(user) = User::with_units(&[
        ("lab-one.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
        (
            "lab-two.service",
            "[Unit]\nPartOf=lab-one.service\n[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n",
        ),
        ("lab-dies.service", "[Service]\nExecStart=/bin/sleep 1000\n"),
    ]) else {
        return;
    };
    user.must(&["start", "lab-one.service", "lab-two.service", "lab-dies.service"]);
    user.wait_for_shown("lab-two.service", "started");
    let before = [user.running("lab-one.service"), user.running("lab-two.service")];
    user.kill_engine();
    user.wait_for_state("lab-one.service", "active");
    assert_eq!([user.main_pid("lab-one.service"), user.main_pid("lab-two.service")], before);
    for service in ["lab-one.service", "lab-two.service", "lab-dies.service"] {
        assert_eq!(user.shown(service), "started", "{}", user.story());
        assert_eq!(user.supervisors(service).len(), 1, "{}", user.story());
    }
    // It still hears of ends, and of what the user asks.
    user.kill(user.running("lab-dies.service"));
    user.wait_for_state("lab-dies.service", "failed");
    user.wait_for_shown("lab-dies.service", "failed");
    let stop = user.rc_service("lab-one.service", "stop");
    assert_eq!(stop.code(), 0, "{}{}\n{}", stop.stdout, stop.stderr, user.story());
    user.wait_for_state("lab-two.service", "inactive");
    assert!(user.processes().iter().all(|process| process.name != "sleep"), "{}", user.story());
    user.must(&["start", "lab-one.service"]);
    user.wait_for_shown("lab-one.service", "started");
}
