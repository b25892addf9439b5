//! What systemd adds to a unit that is not written in it: defaults of its type, implicit and default dependencies.

use super::Given;
use crate::unit::directive::resource::parent_slice;
use crate::unit::directive::socket::DEFAULT_BURST;
use crate::unit::escape;
use crate::unit::manager_config::ManagerConfig;
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::spec::{
    DependencyKind, DependencyOrigin, NotifyAccess, OomPolicy, PathSettings, ResourceControl,
    ServiceSettings, ServiceType, Settings, SocketSettings, TimerSettings, TriggerLimit, Unit,
};

/// Before any file is read.
pub fn set_defaults(unit: &mut Unit, config: &ManagerConfig) {
    unit.flags.start_limit = config.start_limit;
    match &mut unit.settings {
        Settings::Service(service) => {
            service.timeout_start = config.timeout_start;
            service.timeout_stop = config.timeout_stop;
            service.restart_delay = config.restart_delay;
            service.exec.limits.clone_from(&config.limits);
        }
        Settings::Socket(socket) => socket.timeout = config.timeout_start,
        Settings::Timer(timer) => timer.accuracy = config.timer_accuracy,
        Settings::Scope(scope) => {
            scope.timeout_stop = config.timeout_stop;
            scope.oom_policy = config.oom_policy;
            unit.flags.ignore_on_isolate = true;
        }
        Settings::Slice(_) => {
            unit.flags.ignore_on_isolate = true;
            if unit.name.stem() == "-" {
                // The root is always there.
                unit.flags.default_dependencies = false;
                unit.description = "Root Slice".to_owned();
                unit.documentation = vec!["man:systemd.special(7)".to_owned()];
            } else if let Some(path) = escape::unescape_path(unit.name.stem()) {
                unit.description = format!("Slice {path}");
            }
        }
        Settings::Path(_) | Settings::Target | Settings::Foreign => {}
    }
}

/// After all files are read.
pub fn complete(unit: &mut Unit, given: Given, config: &ManagerConfig, system: bool) {
    let name = unit.name.clone();
    let mut added = Vec::new();
    if system {
        place_in_system_slice(unit);
    }
    match &mut unit.settings {
        Settings::Service(service) => complete_service(service, &name, given, config, &mut added),
        Settings::Socket(socket) => complete_socket(socket, &name, &mut added),
        Settings::Timer(timer) => complete_timer(timer, &name, &mut added),
        Settings::Path(path) => complete_path(path, &name, &mut added),
        Settings::Slice(slice) => slice.slice = parent_slice(&name),
        Settings::Scope(scope) => set_default_slice(&mut scope.resources, &name),
        Settings::Target | Settings::Foreign => {}
    }

    for (kind, other) in added {
        if other != unit.name {
            unit.dependencies.add(kind, other, DependencyOrigin::Implicit);
        }
    }
    if unit.flags.default_dependencies {
        add_default_dependencies(unit, system);
    }
}

/// A unit needs the slice it lies in.
pub fn add_slice_dependencies(unit: &mut Unit) {
    if let Some(slice) = slice_of(&unit.settings) {
        for kind in [DependencyKind::InSlice, DependencyKind::After, DependencyKind::Requires] {
            unit.dependencies.add(kind, slice.clone(), DependencyOrigin::Implicit);
        }
    }
}

type Added = Vec<(DependencyKind, UnitName)>;

fn complete_service(
    service: &mut ServiceSettings,
    name: &UnitName,
    given: Given,
    config: &ManagerConfig,
    added: &mut Added,
) {
    if !given.service.service_type {
        service.service_type = if service.bus_name.is_some() {
            ServiceType::Dbus
        } else if service.commands.start.is_empty() {
            ServiceType::Oneshot
        } else {
            ServiceType::Simple
        };
    }
    if service.service_type == ServiceType::Oneshot && !given.service.timeout_start {
        service.timeout_start = None;
    }
    if !given.service.timeout_abort {
        service.timeout_abort = config.timeout_abort.unwrap_or(service.timeout_stop);
    }
    if !given.service.oom_policy {
        service.oom_policy =
            if service.resources.delegate.is_some() { OomPolicy::Continue } else { config.oom_policy };
    }
    let notifies = matches!(service.service_type, ServiceType::Notify | ServiceType::NotifyReload);
    let needs_socket = notifies || service.watchdog.is_some() || service.file_descriptor_store_max > 0;
    if service.notify_access == NotifyAccess::None && needs_socket {
        service.notify_access = NotifyAccess::Main;
    }
    set_default_slice(&mut service.resources, name);
    if service.service_type == ServiceType::Dbus
        && service.bus_name.is_some()
        && let Ok(socket) = UnitName::new("dbus.socket")
    {
        added.push((DependencyKind::Requires, socket.clone()));
        added.push((DependencyKind::After, socket));
    }
    for socket in &service.sockets {
        added.push((DependencyKind::Wants, socket.clone()));
        added.push((DependencyKind::After, socket.clone()));
        added.push((DependencyKind::TriggeredBy, socket.clone()));
    }
}

fn complete_socket(socket: &mut SocketSettings, name: &UnitName, added: &mut Added) {
    let (trigger_burst, poll_burst) = if socket.accept { (200, 150) } else { (20, 15) };
    complete_limit(&mut socket.trigger_limit, trigger_burst);
    complete_limit(&mut socket.poll_limit, poll_burst);
    if !socket.accept || socket.listen.iter().any(|listen| !listen.kind.accepts()) {
        if socket.service.is_none() {
            socket.service = name.with_kind(UnitKind::Service);
        }
        if let Some(service) = &socket.service {
            added.push((DependencyKind::Before, service.clone()));
            added.push((DependencyKind::Triggers, service.clone()));
        }
    }
    set_default_slice(&mut socket.resources, name);
}

fn complete_limit(limit: &mut Option<TriggerLimit>, burst: u32) {
    let limit =
        limit.get_or_insert(TriggerLimit { interval: Some(std::time::Duration::from_secs(2)), burst });
    if limit.burst == DEFAULT_BURST {
        limit.burst = burst;
    }
}

fn complete_timer(timer: &mut TimerSettings, name: &UnitName, added: &mut Added) {
    if timer.unit.is_none() {
        timer.unit = name.with_kind(UnitKind::Service);
    }
    add_trigger(timer.unit.as_ref(), added);
}

fn complete_path(path: &mut PathSettings, name: &UnitName, added: &mut Added) {
    if path.unit.is_none() {
        path.unit = name.with_kind(UnitKind::Service);
    }
    add_trigger(path.unit.as_ref(), added);
}

fn add_trigger(unit: Option<&UnitName>, added: &mut Added) {
    if let Some(unit) = unit {
        added.push((DependencyKind::Before, unit.clone()));
        added.push((DependencyKind::Triggers, unit.clone()));
    }
}

/// Services and sockets of the system lie in system.slice, instances in a slice of their template.
fn place_in_system_slice(unit: &mut Unit) {
    let name = unit.name.clone();
    let resources = match &mut unit.settings {
        Settings::Service(service) => &mut service.resources,
        Settings::Socket(socket) => &mut socket.resources,
        _ => return,
    };
    if resources.slice.is_none() {
        let slice = if name.is_instance() {
            format!("system-{}.slice", escape::escape(name.prefix()))
        } else {
            "system.slice".to_owned()
        };
        resources.slice = UnitName::new(slice).ok();
    }
}

/// Instances share a slice that is named after their template.
fn set_default_slice(resources: &mut ResourceControl, name: &UnitName) {
    if resources.slice.is_some() {
        return;
    }
    let slice = if name.is_instance() {
        format!("app-{}.slice", escape::escape(name.prefix()))
    } else {
        "app.slice".to_owned()
    };
    resources.slice = UnitName::new(slice).ok();
}

fn slice_of(settings: &Settings) -> Option<UnitName> {
    match settings {
        Settings::Service(service) => service.resources.slice.clone(),
        Settings::Socket(socket) => socket.resources.slice.clone(),
        Settings::Scope(scope) => scope.resources.slice.clone(),
        Settings::Slice(slice) => slice.slice.clone(),
        _ => None,
    }
}

/// As `DefaultDependencies=yes` says. The targets' `After=` on what they want needs the other units: see
/// [`super::UnitSet`].
fn add_default_dependencies(unit: &mut Unit, system: bool) {
    let before = match unit.kind() {
        UnitKind::Socket => Some("sockets.target"),
        UnitKind::Timer => Some("timers.target"),
        UnitKind::Path => Some("paths.target"),
        _ => None,
    };
    if unit.kind() == UnitKind::Service {
        let required = if system { "sysinit.target" } else { "basic.target" };
        add_default(unit, DependencyKind::Requires, required);
        add_default(unit, DependencyKind::After, required);
        add_default(unit, DependencyKind::After, "basic.target");
    }
    if let Some(target) = before {
        add_default(unit, DependencyKind::Before, target);
    }
    add_default(unit, DependencyKind::Conflicts, "shutdown.target");
    add_default(unit, DependencyKind::Before, "shutdown.target");
}

fn add_default(unit: &mut Unit, kind: DependencyKind, other: &str) {
    if let Ok(other) = UnitName::new(other)
        && other != unit.name
        && !unit.aliases.contains(&other)
    {
        unit.dependencies.add(kind, other, DependencyOrigin::Default);
    }
}
