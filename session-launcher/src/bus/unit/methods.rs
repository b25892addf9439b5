//! Methods of units: the manager's, for one unit.

use zbus::Message;

use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::manager::jobs::{self, Wish};
use crate::bus::manager::{cleaning, freezer, processes, units};
use crate::bus::table::Method;
use crate::job::JobKind;

/// Those of `org.freedesktop.systemd1.Unit`.
pub const METHODS: &[Method] = &[
    Method::changing("Start", ("s", "mode"), ("o", "job"), |call| wish(call, Wish::plain(JobKind::Start))),
    Method::changing("Stop", ("s", "mode"), ("o", "job"), |call| wish(call, Wish::plain(JobKind::Stop))),
    Method::changing("Reload", ("s", "mode"), ("o", "job"), |call| wish(call, Wish::plain(JobKind::Reload))),
    Method::changing("Restart", ("s", "mode"), ("o", "job"), |call| {
        wish(call, Wish::plain(JobKind::Restart))
    }),
    Method::changing("TryRestart", ("s", "mode"), ("o", "job"), |call| {
        wish(call, Wish::plain(JobKind::TryRestart))
    }),
    Method::changing("ReloadOrRestart", ("s", "mode"), ("o", "job"), |call| {
        wish(call, Wish::reload_or(JobKind::Restart))
    }),
    Method::changing("ReloadOrTryRestart", ("s", "mode"), ("o", "job"), |call| {
        wish(call, Wish::reload_or(JobKind::TryRestart))
    }),
    Method::changing(
        "EnqueueJob",
        ("ss", "job_type job_mode"),
        ("uososa(uosos)", "job_id job_path unit_id unit_path job_type affected_jobs"),
        enqueue,
    ),
    Method::changing("Kill", ("si", "whom signal"), ("", ""), kill),
    Method::changing("QueueSignal", ("sii", "whom signal value"), ("", ""), queue_signal),
    Method::changing("ResetFailed", ("", ""), ("", ""), |call| {
        let unit = call.unit()?;
        units::reset_failed_unit(call, &unit)
    }),
    Method::changing("Clean", ("as", "mask"), ("", ""), |call| {
        let (unit, mask): (_, Vec<String>) = (call.unit()?, call.arguments()?);
        cleaning::clean_unit(call, &unit, &mask)
    }),
    Method::changing("Freeze", ("", ""), ("", ""), |call| {
        let unit = call.unit()?;
        freezer::set_frozen(call, &unit, true)
    }),
    Method::changing("Thaw", ("", ""), ("", ""), |call| {
        let unit = call.unit()?;
        freezer::set_frozen(call, &unit, false)
    }),
    Method::changing("Ref", ("", ""), ("", ""), |call| {
        let unit = call.unit()?;
        units::reference_unit(call, &unit)
    }),
    Method::changing("Unref", ("", ""), ("", ""), |call| {
        let unit = call.unit()?;
        units::release_unit(call, &unit)
    }),
];

fn wish(call: &mut Call<'_>, wish: Wish) -> Result<Message, Failure> {
    let (unit, mode): (_, String) = (call.unit()?, call.arguments()?);
    jobs::enqueue(call, unit, wish, &mode)
}

fn enqueue(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (kind, mode): (String, String) = call.arguments()?;
    let unit = call.unit()?;
    jobs::enqueue_with_effects(call, unit, &kind, &mode)
}

fn kill(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (whom, signal): (String, i32) = call.arguments()?;
    let unit = call.unit()?;
    processes::kill_unit(call, &unit, &whom, signal)
}

fn queue_signal(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (whom, signal, value): (String, i32, i32) = call.arguments()?;
    let unit = call.unit()?;
    processes::queue_signal_of(call, &unit, &whom, signal, value)
}
