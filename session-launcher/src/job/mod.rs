//! The job engine: what starts, stops, fails and is skipped, in which order, as `systemd --user` 262 decides it.
//!
//! [`Engine`] does no I/O and never looks at a clock. Its driver gives it a [`Host`] to look at the world through, hands
//! it requests and [`Event`]s with the time, and carries out the [`Action`]s that come back, in order.
//!
//! - [`kind`]: jobs and how two of them combine; `transaction/`: what one request comes to; `queue`: when a job runs;
//!   `finish`: what its end means to others
//! - [`state`]: the states; `change`: what follows from a change; `need`: what has to hold all the time; `collect`: when
//!   a unit is forgotten
//! - `graph`: what is loaded, and how it hangs together; `dispatch`: whom an event concerns; `status`: what can be seen
//! - `snapshot`: what the engine knows, to go on after a crash
//! - `service/`, `socket`, `timer`, `path`, `scope`, and in `start` targets and slices: what each type of unit does

mod change;
mod collect;
mod deadline;
mod dispatch;
mod engine;
pub mod event;
mod finish;
mod graph;
#[allow(clippy::module_inception, reason = "it holds the job")]
mod job;
pub mod kind;
mod need;
mod path;
mod phase;
mod queue;
mod rate_limit;
mod relation;
mod request;
mod runtime;
mod scope;
mod service;
mod snapshot;
mod socket;
mod start;
pub mod state;
mod status;
mod timer;
mod transaction;
mod units;

pub use engine::Engine;
pub use event::{
    Action, Event, ExitStatus, Host, KillTarget, Moment, Notification, NotifySender, ProcessId, Request,
    RequestError, Spawn,
};
pub use kind::{JobId, JobKind, JobResult, JobState};
pub use phase::Phase;
pub use snapshot::Snapshot;
pub use state::{ActiveState, UnitResult};
pub use status::{Abilities, UnitStatus};
pub use units::StateTimes;
