//! `org.freedesktop.systemd1.Manager` (org.freedesktop.systemd1(5), "The Manager Object").

pub mod cleaning;
pub mod environment;
pub mod freezer;
pub mod jobs;
mod lifecycle;
pub mod processes;
mod property;
mod unit_files;
pub mod units;

use super::face::State;
use super::table::{Interface, Method, SignalEntry, Value};
use super::{job, transient};
use crate::daemon::driver::Driver;
use crate::job::JobId;

/// The manager as a client sees it.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The engine and its hands.
    pub driver: &'a Driver,
    /// What the face keeps.
    pub state: &'a State,
}

/// Gets a property.
pub type Get = fn(&Subject<'_>) -> Value;

/// The interface.
pub const MANAGER: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Manager",
    properties: property::PROPERTIES,
    methods: &[
        JOBS,
        UNITS,
        processes::METHODS,
        environment::METHODS,
        lifecycle::METHODS,
        unit_files::METHODS,
        cleaning::METHODS,
        freezer::METHODS,
        transient::METHODS,
    ],
    signals: &[
        SignalEntry { name: "UnitNew", signature: "so", names: "id unit" },
        SignalEntry { name: "UnitRemoved", signature: "so", names: "id unit" },
        SignalEntry { name: "JobNew", signature: "uos", names: "id job unit" },
        SignalEntry { name: "JobRemoved", signature: "uoss", names: "id job unit result" },
        SignalEntry {
            name: "StartupFinished",
            signature: "tttttt",
            names: "firmware loader kernel initrd userspace total",
        },
        SignalEntry { name: "UnitFilesChanged", signature: "", names: "" },
        SignalEntry { name: "Reloading", signature: "b", names: "active" },
    ],
};

const JOBS: &[Method] = &[
    Method::changing("StartUnit", ("ss", "name mode"), ("o", "job"), jobs::start),
    Method::changing("StartUnitWithFlags", ("sst", "name mode flags"), ("o", "job"), jobs::start_with_flags),
    Method::changing(
        "StartUnitReplace",
        ("sss", "old_unit new_unit mode"),
        ("o", "job"),
        jobs::start_replace,
    ),
    Method::changing("StopUnit", ("ss", "name mode"), ("o", "job"), jobs::stop),
    Method::changing("ReloadUnit", ("ss", "name mode"), ("o", "job"), jobs::reload),
    Method::changing("RestartUnit", ("ss", "name mode"), ("o", "job"), jobs::restart),
    Method::changing("TryRestartUnit", ("ss", "name mode"), ("o", "job"), jobs::try_restart),
    Method::changing("ReloadOrRestartUnit", ("ss", "name mode"), ("o", "job"), jobs::reload_or_restart),
    Method::changing(
        "ReloadOrTryRestartUnit",
        ("ss", "name mode"),
        ("o", "job"),
        jobs::reload_or_try_restart,
    ),
    Method::changing(
        "EnqueueUnitJob",
        ("sss", "name job_type job_mode"),
        ("uososa(uosos)", "job_id job_path unit_id unit_path job_type affected_jobs"),
        jobs::enqueue_unit_job,
    ),
    Method::looking("GetJob", ("u", "id"), ("o", "job"), jobs::get_job),
    Method::looking("GetJobAfter", ("u", "id"), ("a(usssoo)", "jobs"), |call| {
        let id = JobId(call.arguments()?);
        job::list_after(call, id)
    }),
    Method::looking("GetJobBefore", ("u", "id"), ("a(usssoo)", "jobs"), |call| {
        let id = JobId(call.arguments()?);
        job::list_before(call, id)
    }),
    Method::changing("CancelJob", ("u", "id"), ("", ""), jobs::cancel_job),
    Method::changing("ClearJobs", ("", ""), ("", ""), jobs::clear_jobs),
    Method::looking("ListJobs", ("", ""), ("a(usssoo)", "jobs"), jobs::list_jobs),
];

const UNITS: &[Method] = &[
    Method::looking("GetUnit", ("s", "name"), ("o", "unit"), units::get_unit),
    Method::looking("GetUnitByPID", ("u", "pid"), ("o", "unit"), units::get_unit_by_pid),
    Method::looking(
        "GetUnitByInvocationID",
        ("ay", "invocation_id"),
        ("o", "unit"),
        units::get_unit_by_invocation,
    ),
    Method::looking(
        "GetUnitByControlGroup",
        ("s", "cgroup"),
        ("o", "unit"),
        units::get_unit_by_control_group,
    ),
    Method::looking(
        "GetUnitByPIDFD",
        ("h", "pidfd"),
        ("osay", "unit unit_id invocation_id"),
        units::get_unit_by_pidfd,
    ),
    Method::looking("LoadUnit", ("s", "name"), ("o", "unit"), units::load_unit),
    Method::looking("ListUnits", ("", ""), ("a(ssssssouso)", "units"), units::list),
    Method::looking("ListUnitsFiltered", ("as", "states"), ("a(ssssssouso)", "units"), units::list_filtered),
    Method::looking(
        "ListUnitsByPatterns",
        ("asas", "states patterns"),
        ("a(ssssssouso)", "units"),
        units::list_by_patterns,
    ),
    Method::looking("ListUnitsByNames", ("as", "names"), ("a(ssssssouso)", "units"), units::list_by_names),
    Method::changing("ResetFailed", ("", ""), ("", ""), units::reset_all_failed),
    Method::changing("ResetFailedUnit", ("s", "name"), ("", ""), units::reset_failed),
    Method::changing("RefUnit", ("s", "name"), ("", ""), units::reference),
    Method::changing("UnrefUnit", ("s", "name"), ("", ""), units::release),
];
