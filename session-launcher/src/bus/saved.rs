//! What the face knows, as plain data: so that clients need not ask again when an engine was killed.
//!
//! The next engine has another connection, but the clients keep their unique names as long as they are on the bus.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::client::{Clients, SavedClients};
use super::face::State;
use crate::daemon::clock::Stamp;
use crate::job::JobId;

/// What has to outlive an engine.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedFace {
    clients: SavedClients,
    job_clients: BTreeMap<JobId, BTreeSet<String>>,
    activations: BTreeMap<JobId, Activation>,
    announced: BTreeSet<JobId>,
    started: Stamp,
    finished: Option<Stamp>,
    failed_units: u32,
    installed_jobs: u32,
    failed_jobs: u32,
    reloads: u64,
    exit_code: u8,
}

impl SavedFace {
    /// What there is to save.
    pub fn of(state: &State) -> Self {
        Self {
            clients: state.clients.saved(),
            job_clients: state.job_clients.clone(),
            activations: state.activations.clone(),
            announced: state.announced.clone(),
            started: state.started,
            finished: state.finished,
            failed_units: state.failed_units,
            installed_jobs: state.installed_jobs,
            failed_jobs: state.failed_jobs,
            reloads: state.reloads,
            exit_code: state.exit_code,
        }
    }

    /// The state that goes on from it. Clients may have left since.
    pub fn restore(self) -> State {
        State {
            clients: Clients::restore(self.clients),
            job_clients: self.job_clients,
            activations: self.activations,
            announced: self.announced,
            started: self.started,
            finished: self.finished,
            failed_units: self.failed_units,
            installed_jobs: self.installed_jobs,
            failed_jobs: self.failed_jobs,
            reloads: self.reloads,
            exit_code: self.exit_code,
            ..State::default()
        }
    }
}
