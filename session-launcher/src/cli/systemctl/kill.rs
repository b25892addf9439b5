//! `kill`.

use super::arguments::Arguments;
use super::failure::Failure;
use super::{Result, names};
use crate::client::Manager;
use crate::unit::value::signal;

/// Sends a signal to the processes of units.
pub async fn run(manager: &Manager, arguments: &Arguments, units: &[String]) -> Result {
    let number = signal::parse(&arguments.signal)
        .ok_or_else(|| Failure::Usage(format!("Failed to parse signal string \"{}\".", arguments.signal)))?;
    let mut code = 0;
    for name in names::expand(manager, units).await? {
        let body = &(name.as_str(), arguments.kill_whom.as_str(), number);
        if let Err(error) = manager.call("KillUnit", body).await {
            eprintln!("Failed to kill unit {name}: {error}");
            code = 1;
        }
    }
    Ok(code)
}
