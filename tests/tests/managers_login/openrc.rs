//! OpenRC's own services of users, by pam_openrc.

use usher_tests::lab::machine::Machine;

use super::login::Login;

const LISTING: &str = "rc-status --user --nocolor";

fn login() -> Option<Login> {
    let login = Login::new(Machine::builder("gnome"), "session-openrc")?;
    login.shell("cp /usr/share/examples/pam.d/openrc-user /etc/pam.d; rc-update del turnstile default");
    Some(login)
}

/// With the bus of Debian's package.
#[test]
fn openrc_with_the_distributions_bus() {
    let Some(login) = login() else { return };
    login.boot();
    let output = login.session("rc-update --user add dbus boot");
    assert!(output.status.success(), "{}{}", output.stdout, output.stderr);
    // Twice: the second log-in comes to a new instance.
    for _ in 0..2 {
        login.visit("OpenRC", LISTING, "lab.service");
    }
}

/// With this repository's.
#[test]
fn openrc_with_our_bus() {
    let Some(login) = login() else { return };
    login.shell(
        "rm /etc/user/conf.d/dbus /etc/user/init.d/dbus; cp /usr/share/native/openrc/user/dbus /etc/user/init.d",
    );
    login.boot();
    let output = login.session("rc-update --user add dbus boot");
    assert!(output.status.success(), "{}{}", output.stdout, output.stderr);
    login.visit("OpenRC", LISTING, "lab.service");
}

/// A second log-in of the same user comes to the same instance, and the first one's end does not end it.
#[test]
fn openrc_with_two_logins() {
    let Some(login) = login() else { return };
    login.boot();
    login.session("rc-update --user add dbus boot");
    login.two_at_once();
    login.visit("OpenRC", LISTING, "lab.service");
}
