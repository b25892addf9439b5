//! Watches that the manager's name keeps an owner. A session without its engine would run on, but nothing in it could
//! be started or stopped any more.

use std::time::Duration;

use crate::client::manager::NAME;
use crate::client::signals::{self, Signals};
use crate::client::{ClientError, Manager, Result, bus, presence};

/// How long the engine has to come back by itself.
const BY_ITSELF: Duration = Duration::from_secs(3);

/// How often it is started before the session is given up.
const TRIES: u32 = 3;

/// The watch.
#[derive(Debug)]
pub struct ManagerWatch {
    changes: Signals,
}

impl ManagerWatch {
    /// Watches from now on.
    ///
    /// # Errors
    /// The bus is gone.
    pub async fn begin(manager: &Manager) -> Result<Self> {
        Ok(Self { changes: signals::owner_changes(manager.bus(), NAME).await? })
    }

    /// Waits until the name has no owner any more.
    ///
    /// # Errors
    /// The bus is gone.
    pub async fn lost(&mut self) -> Result<()> {
        loop {
            match self.changes.next().await {
                Some(message) if !signals::has_owner_now(&message) => return Ok(()),
                Some(_) => {}
                None => return Err(ClientError::Connection("the session bus is gone".to_owned())),
            }
        }
    }

    /// Gives the manager time to come back, then makes it come, and lets it send signals again.
    ///
    /// # Errors
    /// It cannot be brought back.
    pub async fn restore(&mut self, manager: &Manager) -> Result<()> {
        eprintln!("The user manager is gone; waiting for it to come back.");
        let back = async {
            while !bus::has_owner(manager.bus(), NAME).await? {
                if self.changes.next().await.is_none() {
                    return Err(ClientError::Connection("the session bus is gone".to_owned()));
                }
            }
            Ok(())
        };
        match tokio::time::timeout(BY_ITSELF, back).await {
            Ok(result) => result?,
            Err(_) => start(manager).await?,
        }
        eprintln!("The user manager is back.");
        manager.subscribe().await
    }
}

async fn start(manager: &Manager) -> Result<()> {
    let mut tried = 0;
    loop {
        tried += 1;
        match presence::ensure(manager).await {
            Err(error) if tried < TRIES => eprintln!("{error}"),
            result => return result,
        }
        tokio::time::sleep(BY_ITSELF).await;
    }
}
