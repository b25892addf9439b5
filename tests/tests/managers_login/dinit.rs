//! Dinit by turnstile, with this repository's bus.

use usher_tests::lab::dinit;
use usher_tests::lab::machine::Machine;

use super::login::Login;

/// A back end of turnstile's, as small as its interface allows (turnstiled(8)). Debian's package has none for Dinit.
const BACKEND: &str = r#"#!/bin/sh
case $1 in
run)
    printf 'type = internal\nrestart = false\nwaits-for.d = /usr/lib/dinit.d/user/boot.d\n' > "$3/boot"
    mkdir -p "$HOME/.config/dinit.d"
    exec dinit --user --ready-fd 3 --services-dir "$3" --services-dir "$HOME/.config/dinit.d" \
        --services-dir /usr/lib/dinit.d/user 3> "$2"
    ;;
ready) exec dinitctl --socket-path "$2" start boot ;;
stop) exec kill "$2" ;;
esac
"#;

#[test]
fn dinit_by_turnstile() {
    let Some(builder) = dinit::bind_or_skip(Machine::builder("gnome")) else { return };
    let Some(login) = Login::new(builder, "session-turnstile") else { return };
    login.machine.write("/usr/libexec/turnstile/dinit", 0o755, BACKEND);
    login.shell(
        "sed -i 's/^backend = .*/backend = dinit/' /etc/turnstile/turnstiled.conf
         mkdir -p /usr/lib/dinit.d/user/boot.d
         cp /usr/share/native/dinit/user/dbus /usr/lib/dinit.d/user
         ln -s ../dbus /usr/lib/dinit.d/user/boot.d",
    );
    login.boot();
    for _ in 0..2 {
        login.visit("Dinit", "dinitctl list", "] lab.service (pid");
    }
}
