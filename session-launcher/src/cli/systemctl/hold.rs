//! `clean`, `freeze`, `thaw`: done to a unit while the manager keeps it in memory.

use super::arguments::Arguments;
use super::failure::Failure;
use super::{Result, names};
use crate::client::{ClientError, Manager, signals};

/// What clean removes if nothing else is asked for.
const CLEANED: [&str; 3] = ["cache", "runtime", "fdstore"];

/// Carries the command out for each unit.
pub async fn run(manager: &Manager, arguments: &Arguments, verb: &str, units: &[String]) -> Result {
    let mut code = 0;
    for name in names::expand(manager, units).await? {
        let held = manager.call("RefUnit", &name.as_str()).await;
        let failure = match held {
            Err(error) => Some((format!("Failed to add reference to unit {name}"), error)),
            Ok(_) => one(manager, arguments, verb, &name)
                .await
                .err()
                .map(|error| (format!("Failed to {verb} unit {name}"), error)),
        };
        if let Some((what, error)) = failure {
            eprintln!("{}", Failure::call(what, error));
            code = 1;
        }
    }
    Ok(code)
}

async fn one(
    manager: &Manager,
    arguments: &Arguments,
    verb: &str,
    name: &str,
) -> std::result::Result<(), ClientError> {
    match verb {
        "freeze" => {
            manager.call("FreezeUnit", &name).await?;
        }
        "thaw" => {
            manager.call("ThawUnit", &name).await?;
        }
        _ => {
            let given: Vec<&str> = arguments.what.iter().map(String::as_str).collect();
            let what = if given.is_empty() { CLEANED.to_vec() } else { given };
            manager.call("CleanUnit", &(name, what)).await?;
            // It may take its time, during which the unit is in maintenance.
            if !arguments.no_block {
                signals::until_down(manager, name).await?;
            }
        }
    }
    Ok(())
}
