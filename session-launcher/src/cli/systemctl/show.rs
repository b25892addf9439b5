//! `show`.

use std::io::Write;

use super::arguments::Arguments;
use super::failure::Failure;
use super::{Result, names, output, value};
use crate::client::Manager;
use crate::client::manager::{INTERFACE, PATH, UNIT_INTERFACE};
use crate::client::properties::Properties;

/// Prints properties of units, or of the manager itself.
pub async fn run(
    manager: &Manager,
    arguments: &Arguments,
    units: &[String],
    output: &mut dyn Write,
) -> Result {
    if units.is_empty() {
        let failed = |error| Failure::call("Failed to get properties", error);
        let properties = manager.properties(PATH, INTERFACE).await.map_err(failed)?;
        return write(arguments, &properties, output);
    }
    for (place, name) in names::expand(manager, units).await?.iter().enumerate() {
        if place > 0 {
            writeln!(output)?;
        }
        let properties = of_unit(manager, name).await?;
        write(arguments, &properties, output)?;
    }
    Ok(0)
}

/// All properties of a unit: those of its kind and those of all units.
pub async fn of_unit(manager: &Manager, name: &str) -> Result<Properties> {
    let failed = |error| Failure::call(format!("Failed to get properties of {name}"), error);
    let path = manager.load_unit(name).await.map_err(failed)?;
    // The empty interface stands for all that an object has.
    let mut properties = manager.properties(&path, "").await.unwrap_or_default();
    if properties.get("Id").is_none() {
        properties.extend(manager.properties(&path, UNIT_INTERFACE).await.map_err(failed)?);
    }
    Ok(properties)
}

fn write(arguments: &Arguments, properties: &Properties, output: &mut dyn Write) -> Result {
    let is_wanted = |name: &str| {
        arguments.properties.is_empty() || arguments.properties.iter().any(|wanted| wanted == name)
    };
    if arguments.json != super::arguments::Json::Off {
        let map: serde_json::Map<String, serde_json::Value> = properties
            .iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, value)| (name.to_owned(), value::json(value)))
            .collect();
        output::json(output, arguments, &map)?;
        return Ok(0);
    }
    let shows_empty = arguments.all || !arguments.properties.is_empty();
    for (name, found) in properties.iter().filter(|(name, _)| is_wanted(name)) {
        let unprintable = || if shows_empty { vec![value::UNPRINTABLE.to_owned()] } else { Vec::new() };
        for text in value::lines(name, found).unwrap_or_else(unprintable) {
            if !shows_empty && is_default(name, &text) {
                continue;
            }
            if arguments.value {
                writeln!(output, "{text}")?;
            } else {
                writeln!(output, "{name}={text}")?;
            }
        }
    }
    Ok(0)
}

/// Whether a value says nothing. A list of what is forbidden has a sign, even when it is empty.
fn is_default(name: &str, text: &str) -> bool {
    matches!(text, "" | "~") || (text == "[not set]" && name.ends_with("ActionExitStatus"))
}
