//! The real `systemd --user`.

use super::play::LOG;
use super::program::{Place, Program, Said};
use super::systemd_log;
use crate::lab::process::Daemon;

/// systemd.
#[derive(Debug)]
pub struct Systemd;

impl Program for Systemd {
    fn name(&self) -> &'static str {
        "systemd --user"
    }

    fn start(&self, place: &Place<'_>) -> Vec<Daemon> {
        let manager = place
            .command(&format!("/usr/lib/systemd/systemd --user --unit=basic.target 2> {LOG}"))
            .env("SYSTEMD_LOG_LEVEL", "debug")
            .env("SYSTEMD_LOG_TARGET", "console")
            .env("SYSTEMD_LOG_COLOR", "0")
            .spawn();
        vec![manager]
    }

    fn bus_script(&self) -> Option<&'static str> {
        Some(
            "systemctl --user start dbus.service || exit
             for i in $(seq 200); do busctl --user status org.freedesktop.systemd1 > /dev/null 2>&1 && exit 0; sleep 0.05; done
             exit 1",
        )
    }

    fn understand(&self, line: &str) -> Said {
        systemd_log::understand(line)
    }
}
