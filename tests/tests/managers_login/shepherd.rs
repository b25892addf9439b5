//! The Shepherd from the login shell's profile, beside elogind, with this repository's bus.

use usher_tests::lab::machine::Machine;

use super::login::Login;

#[test]
fn shepherd_beside_elogind() {
    let Some(login) = Login::new(Machine::builder("gnome"), "session-elogind") else { return };
    login.shell(
        "rc-update del turnstile default
         cp /usr/share/examples/profile.d/shepherd.sh /etc/profile.d
         mkdir -p /etc/shepherd /usr/share/usher/shepherd/user
         cp /usr/share/examples/shepherd/user.scm /etc/shepherd
         cp /usr/share/native/shepherd/user/dbus.scm /usr/share/usher/shepherd/user",
    );
    login.boot();
    for _ in 0..2 {
        login.visit("the Shepherd", "herd status", " + lab.service");
    }
}
