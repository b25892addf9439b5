//! AccountsService, UPower and colord, by their upstream units.

use super::manager::Manager;

/// What a unit says of a service, and what it does.
struct Service {
    name: &'static str,
    program: &'static str,
    bus_name: &'static str,
    user: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// Path, mode and owner.
    directories: &'static [(&'static str, &'static str)],
    /// A property that only the real thing has.
    property: (&'static str, &'static str, &'static str),
    restarts: bool,
}

const SERVICES: [Service; 3] = [
    Service {
        name: "upower",
        program: "upowerd",
        bus_name: "org.freedesktop.UPower",
        user: "root",
        variables: &[("STATE_DIRECTORY", "/var/lib/upower")],
        directories: &[("/var/lib/upower", "755 root")],
        property: ("/org/freedesktop/UPower", "org.freedesktop.UPower", "DaemonVersion"),
        restarts: true,
    },
    Service {
        name: "accounts-daemon",
        program: "accounts-daemon",
        bus_name: "org.freedesktop.Accounts",
        user: "root",
        variables: &[
            ("GVFS_DISABLE_FUSE", "1"),
            ("GIO_USE_VFS", "local"),
            ("GVFS_REMOTE_VOLUME_MONITOR_IGNORE", "1"),
            ("STATE_DIRECTORY", "/var/lib/AccountsService"),
        ],
        directories: &[("/var/lib/AccountsService", "775 root")],
        property: ("/org/freedesktop/Accounts", "org.freedesktop.Accounts", "DaemonVersion"),
        restarts: false,
    },
    Service {
        name: "colord",
        program: "colord",
        bus_name: "org.freedesktop.ColorManager",
        user: "colord",
        variables: &[
            ("STATE_DIRECTORY", "/var/lib/colord"),
            ("CACHE_DIRECTORY", "/var/cache/colord"),
            ("CONFIGURATION_DIRECTORY", "/etc/colord"),
        ],
        directories: &[
            ("/var/lib/colord", "755 colord"),
            ("/var/cache/colord", "755 colord"),
            ("/etc/colord", "755 root"),
        ],
        property: ("/org/freedesktop/ColorManager", "org.freedesktop.ColorManager", "DaemonVersion"),
        restarts: false,
    },
];

pub fn play(manager: &dyn Manager) -> Vec<String> {
    let mut wrong = Vec::new();
    for service in &SERVICES {
        let mut check = |good: bool, what: &str| {
            if !good {
                wrong.push(format!("{}: {what}; log: {}", service.name, manager.log_of(service.name)));
            }
        };
        starts(manager, service, &mut check);
        crashes(manager, service, &mut check);
        stops(manager, service, &mut check);
    }
    wrong
}

type Check<'a> = &'a mut dyn FnMut(bool, &str);

fn starts(manager: &dyn Manager, service: &Service, check: Check<'_>) {
    let system = manager.system();
    check(manager.start(service.name), "does not start");
    // At once: it is up when it owns its name.
    let Some(owner) = system.owner(service.bus_name) else {
        check(false, "does not own its name");
        return;
    };
    check(manager.is_started(service.name), "is not shown as started");
    check(owner.program.ends_with(service.program), &format!("another owns its name: {owner:?}"));
    let uid = system.shell(&format!("id -u {}", service.user));
    check(owner.uid.to_string() == uid.trim(), &format!("runs as uid {}", owner.uid));
    for (name, value) in service.variables {
        let found = owner.environment.get(*name).map(String::as_str);
        check(found == Some(value), &format!("{name} is {found:?}"));
    }
    // That is between run-service and the manager.
    check(!owner.environment.contains_key("NOTIFY_SOCKET"), "has a variable of run-service's");
    for (path, expected) in service.directories {
        let found = system.machine.command("stat").args(["-c", "%a %U", path]).output().stdout;
        check(found.trim() == *expected, &format!("{path} is {found}"));
    }
    let (object, interface, property) = service.property;
    let answer = system
        .machine
        .command("gdbus")
        .args(["call", "--system", "--dest", service.bus_name, "--object-path", object, "--method"])
        .args(["org.freedesktop.DBus.Properties.Get", interface, property])
        .output();
    check(answer.stdout.contains("<'"), &format!("does not tell its version: {}", answer.stderr));
}

fn crashes(manager: &dyn Manager, service: &Service, check: Check<'_>) {
    let system = manager.system();
    let Some(owner) = system.owner(service.bus_name) else { return };
    system.crash(&owner);
    if service.restarts {
        let again = || system.owner(service.bus_name).is_some_and(|other| other.pid != owner.pid);
        check(system.becomes(again), "does not come back after a crash");
        check(system.becomes(|| manager.is_started(service.name)), "is not shown as started after a crash");
    } else {
        check(system.becomes(|| !manager.is_started(service.name)), "is shown as started after a crash");
        check(
            system.becomes(|| system.remains(service.name, service.program).is_empty()),
            "leaves processes",
        );
        check(manager.start_after_crash(service.name), "does not start after a crash");
        check(system.owner(service.bus_name).is_some(), "does not own its name after a crash");
    }
    let logged = || manager.log_of(service.name).contains("failed: signal");
    check(system.becomes(logged), "its log does not tell of the crash");
}

fn stops(manager: &dyn Manager, service: &Service, check: Check<'_>) {
    let system = manager.system();
    check(manager.stop(service.name), "does not stop");
    let remains = system.remains(service.name, service.program);
    check(remains.is_empty(), &format!("leaves {remains:?}"));
    check(system.owner(service.bus_name).is_none(), "still owns its name");
    check(!manager.is_started(service.name), "is shown as started after its stop");
    check(manager.start(service.name), "does not start again");
}
