//! The Shepherd from the login shell's profile, beside elogind, with this repository's bus.

use usher_tests::lab::machine::Machine;

use super::login::Login;

fn login() -> Option<Login> {
    let login = Login::new(Machine::builder("gnome"), "session-shepherd")?;
    login.shell(
        "rc-update del turnstile default
         cp /usr/share/examples/profile.d/shepherd.sh /etc/profile.d
         mkdir -p /etc/shepherd /usr/share/usher/shepherd/user /usr/libexec/usher
         cp /usr/share/examples/libexec/end-shepherd /usr/libexec/usher
         cp /usr/share/examples/shepherd/user.scm /etc/shepherd
         cp /usr/share/native/shepherd/user/dbus.scm /usr/share/usher/shepherd/user",
    );
    login.boot();
    Some(login)
}

#[test]
fn shepherd_beside_elogind() {
    let Some(login) = login() else { return };
    // Twice: the second log-in comes to a new one.
    for _ in 0..2 {
        login.visit("the Shepherd", "herd status", " + lab.service");
        let log = login.machine.path("/home/ann/.local/state/shepherd/shepherd.log");
        let log = std::fs::read_to_string(log).unwrap_or_default();
        assert!(log.contains("Exiting shepherd..."), "it was told to end: {log}");
    }
}

#[test]
fn shepherd_with_two_logins() {
    let Some(login) = login() else { return };
    login.two_at_once();
    login.visit("the Shepherd", "herd status", " + lab.service");
}
