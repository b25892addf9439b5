//! How managers call what systemd has a unit name for.

use std::collections::BTreeMap;

use super::Manager;
use crate::unit::name::{UnitKind, UnitName};

/// What becomes of a name that another unit is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counterpart {
    /// A native service of that name, translated or expected on the machine.
    Service(String),
    /// A stage of the start-up that is over when services start.
    Passed,
    /// A part of systemd that has no counterpart.
    OfSystemd,
    /// A type of unit that no manager has.
    NoService,
}

/// Native names of units that are not translated along: unit, Dinit, OpenRC, Shepherd. An empty one is passed over.
const KNOWN: [(&str, &str, &str, &str); 27] = [
    ("dbus.service", "dbus", "dbus", "dbus-system"),
    ("dbus-broker.service", "dbus", "dbus", "dbus-system"),
    ("systemd-logind.service", "elogind", "elogind", "elogind"),
    ("systemd-udevd.service", "udevd", "udev", "udev"),
    ("systemd-udev-trigger.service", "udevd", "udev-trigger", "udev"),
    ("systemd-udev-settle.service", "udevd", "udev-settle", "udev"),
    ("systemd-userdbd.service", "userdbd", "userdbd", "userdbd"),
    ("systemd-modules-load.service", "modules", "modules", ""),
    ("systemd-sysctl.service", "sysctl", "sysctl", "sysctl"),
    ("systemd-journald.service", "", "logger", ""),
    ("systemd-random-seed.service", "", "urandom", "urandom-seed"),
    ("systemd-tmpfiles-setup.service", "", "", ""),
    ("systemd-user-sessions.service", "", "", ""),
    ("systemd-remount-fs.service", "", "root", "root-file-system"),
    ("syslog.service", "", "logger", "syslogd"),
    ("syslog.target", "", "logger", "syslogd"),
    ("local-fs.target", "", "localmount", "file-systems"),
    ("local-fs-pre.target", "", "", ""),
    ("remote-fs.target", "", "netmount", ""),
    ("network.target", "network.target", "net", "networking"),
    ("network-online.target", "network.target", "net", "networking"),
    ("network-pre.target", "", "", ""),
    ("nss-lookup.target", "", "dns", ""),
    ("nss-user-lookup.target", "", "", ""),
    ("time-sync.target", "", "ntp-client", ""),
    ("time-set.target", "", "", ""),
    ("polkit.service", "polkitd", "polkit", "polkit"),
];

/// Stages that are over when a manager starts its services, or that only systemd has.
const PASSED: [&str; 24] = [
    "basic.target",
    "sysinit.target",
    "sockets.target",
    "timers.target",
    "paths.target",
    "slices.target",
    "shutdown.target",
    "umount.target",
    "final.target",
    "exit.target",
    "multi-user.target",
    "graphical.target",
    "default.target",
    "rescue.target",
    "emergency.target",
    "initrd.target",
    "initrd-switch-root.target",
    "cryptsetup.target",
    "swap.target",
    "getty.target",
    "rpcbind.target",
    "user.slice",
    "reboot.target",
    "poweroff.target",
];

/// Native names.
#[derive(Debug, Clone)]
pub struct Names {
    manager: Manager,
    system: bool,
    chosen: BTreeMap<String, String>,
}

impl Names {
    /// With names that the caller chose, by unit.
    pub const fn new(manager: Manager, system: bool, chosen: BTreeMap<String, String>) -> Self {
        Self { manager, system, chosen }
    }

    /// The native name of a unit that is translated. Services lose their suffix, a socket is part of its service, and
    /// what only systemd allows in a name is written `_xHH`: Dinit and OpenRC's shell know no backslash in names.
    pub fn own(&self, unit: &UnitName) -> String {
        if let Some(chosen) = self.chosen.get(unit.as_str()) {
            return chosen.clone();
        }
        let text = match unit.kind() {
            UnitKind::Service | UnitKind::Socket => unit.stem(),
            _ => unit.as_str(),
        };
        let mut name = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                // systemd's own escapes, as in app-foo\x2dbar.service.
                '\\' => name.push('_'),
                '@' => name.push('-'),
                '.' if name.is_empty() => name.push_str("_x2e"),
                ':' => name.push_str("_x3a"),
                _ => name.push(character),
            }
        }
        name
    }

    /// The counterpart of a unit that is not translated along.
    pub fn counterpart(&self, unit: &UnitName) -> Counterpart {
        if let Some(chosen) = self.chosen.get(unit.as_str()) {
            return Counterpart::Service(chosen.clone());
        }
        if PASSED.contains(&unit.as_str()) || unit.kind() == UnitKind::Slice {
            return Counterpart::Passed;
        }
        if matches!(
            unit.kind(),
            UnitKind::Timer
                | UnitKind::Path
                | UnitKind::Mount
                | UnitKind::Automount
                | UnitKind::Swap
                | UnitKind::Device
                | UnitKind::Scope
        ) {
            return Counterpart::NoService;
        }
        let service = match unit.kind() {
            UnitKind::Socket => unit.with_kind(UnitKind::Service).unwrap_or_else(|| unit.clone()),
            _ => unit.clone(),
        };
        // A user's bus has the same name everywhere.
        if !self.system && matches!(service.as_str(), "dbus.service" | "dbus-broker.service") {
            return Counterpart::Service("dbus".to_owned());
        }
        if let Some((_, dinit, openrc, shepherd)) = KNOWN.iter().find(|(name, ..)| *name == service.as_str())
        {
            let name = match self.manager {
                Manager::Dinit => dinit,
                Manager::Openrc => openrc,
                Manager::Shepherd => shepherd,
            };
            return if name.is_empty() {
                Counterpart::Passed
            } else {
                Counterpart::Service((*name).to_owned())
            };
        }
        if service.as_str().starts_with("systemd-") {
            return Counterpart::OfSystemd;
        }
        Counterpart::Service(self.own(&service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str) -> UnitName {
        UnitName::new(name).unwrap()
    }

    #[test]
    fn own_names() {
        let names = Names::new(Manager::Dinit, true, BTreeMap::new());
        for (name, expected) in [
            ("upower.service", "upower"),
            ("org.gnome.Shell@user.service", "org.gnome.Shell-user"),
            (r"app-foo\x2dbar@a.service", "app-foo_x2dbar-a"),
            ("gnome-session.target", "gnome-session.target"),
            ("a:b.service", "a_x3ab"),
            (".hidden.service", "_x2ehidden"),
        ] {
            assert_eq!(names.own(&unit(name)), expected);
        }
    }

    #[test]
    fn counterparts() {
        let openrc = Names::new(Manager::Openrc, true, BTreeMap::new());
        assert_eq!(openrc.counterpart(&unit("dbus.socket")), Counterpart::Service("dbus".to_owned()));
        assert_eq!(
            openrc.counterpart(&unit("network-online.target")),
            Counterpart::Service("net".to_owned())
        );
        assert_eq!(openrc.counterpart(&unit("sysinit.target")), Counterpart::Passed);
        assert_eq!(openrc.counterpart(&unit("systemd-resolved.service")), Counterpart::OfSystemd);
        assert_eq!(openrc.counterpart(&unit("dev-sda.device")), Counterpart::NoService);
        let chosen = BTreeMap::from([("dbus.socket".to_owned(), "bus".to_owned())]);
        let names = Names::new(Manager::Dinit, false, chosen);
        assert_eq!(names.counterpart(&unit("dbus.socket")), Counterpart::Service("bus".to_owned()));
        assert_eq!(names.counterpart(&unit("dbus.service")), Counterpart::Service("dbus".to_owned()));
    }
}
