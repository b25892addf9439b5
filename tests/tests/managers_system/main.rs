//! System services on system managers: units of the root `gnome`, translated on it, and this repository's own files.
//! They are started by the managers' own tools, and asked what they are for.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod dinit;
mod display_manager;
mod manager;
mod openrc;
mod services;
mod shepherd;
mod system;
mod user_database;

use manager::Manager;

/// The whole of it, on one manager.
fn play(manager: &dyn Manager) {
    let (database, services) = (user_database::play(manager), services::play(manager));
    let display = display_manager::play(manager);
    let failed: Vec<String> = [database, services, display].into_iter().flatten().collect();
    assert!(failed.is_empty(), "{failed:#?}\n{}", manager.system().story());
}
