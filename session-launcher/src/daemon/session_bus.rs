//! `dbus.socket` and `dbus.service` as this manager has them: the session bus was there before the manager and carries
//! it, so both are up from the beginning, and stopping them never ends the bus itself.

use crate::unit::spec::{
    CommandLine, DependencyKind, DependencyOrigin, LoadState, ServiceType, Settings, Unit, UnitName,
};

/// The socket that every service of `Type=dbus` requires.
pub const SOCKET: &str = "dbus.socket";

/// The bus, by the name that gnome-session-ctl stops it by.
pub const SERVICE: &str = "dbus.service";

/// The unit of that name, if it is one of these.
pub fn unit(name: &UnitName) -> Option<Unit> {
    match name.as_str() {
        SOCKET => Some(socket(name)),
        SERVICE | "dbus-broker.service" => Some(service(name)),
        _ => None,
    }
}

/// A socket unit with no address: its sockets are never opened here.
fn socket(name: &UnitName) -> Unit {
    let mut unit = Unit::new(name.clone(), LoadState::Loaded);
    unit.description = "D-Bus User Message Bus Socket".to_owned();
    if let Settings::Socket(socket) = &mut unit.settings {
        socket.service = Some(UnitName::well_known(SERVICE));
    }
    let service = UnitName::well_known(SERVICE);
    unit.dependencies.add(DependencyKind::Triggers, service, DependencyOrigin::Implicit);
    let sockets = UnitName::well_known("sockets.target");
    unit.dependencies.add(DependencyKind::Before, sockets, DependencyOrigin::Default);
    unit
}

/// A service whose start does nothing, since the bus runs, and whose stop ends what the bus has started: the programs
/// that would otherwise stay when a session is over.
fn service(name: &UnitName) -> Unit {
    let mut unit = Unit::new(name.clone(), LoadState::Loaded);
    unit.description = "D-Bus User Message Bus".to_owned();
    if let Settings::Service(service) = &mut unit.settings {
        service.service_type = ServiceType::Oneshot;
        service.remain_after_exit = true;
        service.timeout_start = None;
        service.commands.stop = vec![CommandLine {
            path: "/proc/self/exe".to_owned(),
            argv: ["session-launcher", "end-bus-services"].map(str::to_owned).to_vec(),
            ignore_failure: true,
            ..CommandLine::default()
        }];
    }
    unit.dependencies.add(DependencyKind::Requires, UnitName::well_known(SOCKET), DependencyOrigin::Implicit);
    unit
}
