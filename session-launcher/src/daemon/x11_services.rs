//! The services for X11 programs, where GNOME Shell does not start them itself.
//!
//! The shell asks the manager for them when Xwayland comes up, but only if its control group says that it is a unit of a
//! user's manager. Without such a group mutter starts Xwayland at once and the shell asks for nothing, so the manager starts
//! the services itself: when the shell has told the session its DISPLAY and the session's other services may start.

use super::driver::Driver;
use crate::job::{ActiveState, JobKind, Request};
use crate::unit::spec::{JobMode, LoadState, UnitName};

/// What the shell would start.
const READY: &str = "gnome-session-x11-services-ready.target";

/// Active once the shell has come up.
pub const INITIALIZED: &str = "gnome-session-initialized.target";

/// Starts them if it is time and nobody else will. Asked for when the environment or a state has changed.
pub fn start_if_due(driver: &mut Driver) {
    let status = |name| driver.engine().status(&UnitName::well_known(name));
    let is_initialized = status(INITIALIZED).is_some_and(|status| status.active == ActiveState::Active);
    let is_asked_for =
        status(READY).is_some_and(|status| status.active == ActiveState::Active || status.job.is_some());
    let shell_asks = driver.engine().host().cgroups.as_ref().is_some_and(super::cgroup::Cgroups::tell_units);
    if shell_asks
        || !driver.environment().variables().contains_key("DISPLAY")
        || !is_initialized
        || is_asked_for
    {
        return;
    }
    let unit = UnitName::well_known(READY);
    // A session of another desktop has no such unit.
    if driver.engine().host().loader.load(&unit).unit.load_state != LoadState::Loaded {
        return;
    }
    let request = Request { unit, kind: JobKind::Start, mode: JobMode::Fail, reload_if_possible: false };
    if let Err(error) = driver.request(&request) {
        tracing::debug!("{error}");
    }
}
