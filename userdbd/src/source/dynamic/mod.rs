//! Dynamic users: names that exist for login screens without anybody having made accounts for them
//! (`io.systemd.DynamicUser`), from pools, and those that [`crate::lending`] has lent.

mod assignment;
pub mod file;
pub mod pool;
pub mod roster;

use std::path::Path;
use std::sync::Arc;

use super::FileProblem;
use crate::lending::loan::Loan;
use crate::state_directory::StateDirectory;
use pool::Pool;
use roster::{Moved, Roster, Surroundings, roster};

/// Holds the names that have moved.
const STATE_FILE: &str = "pools.json";

/// The pools as they were read last, and what is lent.
#[derive(Debug)]
pub struct Dynamic {
    pools: Vec<Arc<Pool>>,
    /// What is wrong with the files.
    file_problems: Vec<FileProblem>,
    /// Which uids others have, as of the last roster.
    collisions: Vec<FileProblem>,
    loans: Arc<[Loan]>,
    moved: Moved,
    /// None: nothing is remembered, as for a look only.
    state: Option<Arc<StateDirectory>>,
}

impl Dynamic {
    /// Reads the pools below `root`.
    pub fn read(root: &Path, state: Option<Arc<StateDirectory>>) -> Self {
        let (pools, file_problems) = file::read_all(root);
        let moved = match state.as_ref().map(|state| state.read(STATE_FILE)) {
            None => Moved::new(),
            Some(Ok(moved)) => moved.unwrap_or_default(),
            Some(Err(error)) => {
                tracing::warn!("{error}");
                Moved::new()
            }
        };
        let pools = pools.into_iter().map(Arc::new).collect();
        Self { pools, file_problems, collisions: Vec::new(), loans: [].into(), moved, state }
    }

    /// Reads the pools again.
    pub fn read_pools(&mut self, root: &Path) {
        let (pools, problems) = file::read_all(root);
        self.pools = pools.into_iter().map(Arc::new).collect();
        self.file_problems = problems;
    }

    /// Says what is lent now.
    pub fn set_loans(&mut self, loans: Arc<[Loan]>) {
        self.loans = loans;
    }

    /// What is not read from the root: where to remember things, and what is lent.
    pub fn memory(&self) -> (Option<Arc<StateDirectory>>, Arc<[Loan]>) {
        (self.state.clone(), Arc::clone(&self.loans))
    }

    /// The pool or loan that a user's name belongs to, as a file that a person can look at.
    pub fn owner_of(&self, name: &str) -> Option<String> {
        let pool = self.pools.iter().find(|pool| pool.number_of(name).is_some());
        let is_lent = || self.loans.iter().any(|loan| loan.user_name == name);
        pool.map(|pool| pool.path.display().to_string()).or_else(|| is_lent().then(|| "a loan".into()))
    }

    /// The users there are, in these surroundings.
    pub fn roster(&mut self, around: Surroundings<'_>) -> Roster {
        let (roster, problems, moved) = roster(&self.pools, &self.moved, &self.loans, around);
        self.collisions = problems;
        if moved != self.moved {
            if let Some(Err(error)) = self.state.as_ref().map(|state| state.write(STATE_FILE, &moved)) {
                tracing::warn!("{error}; after a restart some dynamic users may have other uids");
            }
            self.moved = moved;
        }
        roster
    }

    /// All that is wrong, collisions as of the last [`Dynamic::roster`].
    pub fn problems(&self) -> impl Iterator<Item = &FileProblem> {
        self.file_problems.iter().chain(&self.collisions)
    }
}

#[cfg(test)]
mod tests;
