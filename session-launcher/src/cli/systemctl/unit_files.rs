//! Commands on unit files. They are those of `session-launcher units`, with systemctl's names; the manager reads the
//! files again after a change.

use std::io::Write;

use clap::Parser;
use serde::Serialize;

use super::arguments::Arguments;
use super::failure::Failure;
use super::output::{self, Color, Palette};
use super::table::{Cell, Table};
use super::{Result, job};
use crate::cli::units;
use crate::client::Manager;
use crate::unit::install::{self, Preset, Presets};
use crate::unit::load::Loader;
use crate::unit::shell_pattern;

/// A command line of `session-launcher units`.
#[derive(Debug, Parser)]
struct Units {
    #[command(flatten)]
    arguments: units::Arguments,
}

fn run_units(words: &[&str], output: &mut dyn Write) -> Result {
    let all = std::iter::once("units").chain(words.iter().copied());
    let parsed = Units::try_parse_from(all).map_err(|error| Failure::Usage(error.to_string()))?;
    let code = units::run(&parsed.arguments, output)?;
    // The type tells nothing of its value but whether it is one of these.
    Ok([0, 1, 4].into_iter().find(|known| std::process::ExitCode::from(*known) == code).unwrap_or(1))
}

/// `cat`, `is-enabled`, `get-default`, `list-unit-files`.
pub fn look(verb: &str, arguments: &Arguments, output: &mut dyn Write) -> Result {
    match verb {
        "get-default" => get_default(output),
        "list-unit-files" => list(arguments, output),
        "cat" => cat(arguments, output),
        _ => {
            let mut words = vec![verb];
            words.extend(arguments.quiet.then_some("--quiet"));
            words.push("--");
            words.extend(arguments.words.iter().map(String::as_str));
            run_units(&words, output)
        }
    }
}

fn cat(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let mut words = vec!["cat", "--"];
    words.extend(arguments.words.iter().map(String::as_str));
    match run_units(&words, output) {
        Err(Failure::Files(crate::cli::Error::NotFound(name))) => {
            output.flush()?;
            eprintln!("No files found for {name}.");
            Ok(1)
        }
        result => result,
    }
}

fn get_default(output: &mut dyn Write) -> Result {
    let loader = units::Source::default().loader();
    let name = units::unit_name("default.target")?;
    let found = loader.catalog().find(&name);
    if found.file.is_none() {
        return Err(Failure::Other("Failed to get default target: No such file or directory".to_owned()));
    }
    writeln!(output, "{}", found.name)?;
    Ok(0)
}

#[derive(Serialize)]
struct Row<'a> {
    unit_file: &'a str,
    state: &'a str,
    preset: Option<&'a str>,
}

/// Every unit file, whether it is enabled, and whether the preset files would enable it.
fn list(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let loader = units::Source::default().loader();
    let presets = Presets::load(loader.host(), loader.path());
    let mut names: Vec<_> = loader.catalog().names().cloned().collect();
    names.sort_by_cached_key(|name| {
        let kind = name.as_str().rsplit('.').next().unwrap_or_default().to_owned();
        (kind, name.as_str().to_ascii_lowercase())
    });
    let mut rows = Vec::new();
    for name in &names {
        let state = install::state(&loader, name).as_str();
        let kind = name.as_str().rsplit('.').next().unwrap_or_default();
        let matches = |pattern: &String| shell_pattern::matches(pattern, name.as_str());
        let is_listed = (arguments.words.is_empty() || arguments.words.iter().any(matches))
            && (arguments.types.is_empty() || arguments.types.iter().any(|wanted| wanted == kind))
            && (arguments.states.is_empty() || arguments.states.iter().any(|wanted| wanted == state));
        if is_listed {
            rows.push(Row {
                unit_file: name.as_str(),
                state,
                preset: preset(&loader, &presets, name, state),
            });
        }
    }
    if output::json(output, arguments, &rows)? {
        return Ok(0);
    }
    let with_heading = !arguments.no_legend && !rows.is_empty();
    let mut table = Table::new(&["UNIT FILE", "STATE", "PRESET"], with_heading, false);
    for row in &rows {
        let color = |word: &str| match word {
            "enabled" | "enabled-runtime" | "alias" => Some(Color::Green),
            "masked" | "masked-runtime" | "bad" => Some(Color::Red),
            "disabled" | "linked" | "linked-runtime" | "indirect" => Some(Color::Yellow),
            _ => None,
        };
        table.add(vec![
            Cell::new(row.unit_file),
            Cell::new(row.state).colored(color(row.state)),
            Cell::new(row.preset.unwrap_or("-")).colored(row.preset.and_then(color)),
        ]);
    }
    table.write(output, Palette::of_stdout(), arguments.shortens())?;
    if !arguments.no_legend {
        writeln!(output, "\n{} unit files listed.", rows.len())?;
    }
    Ok(0)
}

/// Only for units that can be enabled.
fn preset(
    loader: &Loader,
    presets: &Presets,
    name: &crate::unit::name::UnitName,
    state: &str,
) -> Option<&'static str> {
    let has_preset = matches!(
        state,
        "enabled"
            | "enabled-runtime"
            | "disabled"
            | "linked"
            | "linked-runtime"
            | "masked"
            | "masked-runtime"
            | "indirect"
    );
    if !has_preset {
        return None;
    }
    let _ = loader;
    Some(match presets.of(name) {
        Preset::Disable => "disabled",
        _ => "enabled",
    })
}

/// Has the manager read the files again, if there is one and it is wanted.
pub async fn reload(arguments: &Arguments) -> Result<Option<Manager>> {
    if arguments.no_reload && !arguments.now {
        return Ok(None);
    }
    let manager = match Manager::connect().await {
        Ok(manager) => manager,
        // Files can be changed without a session.
        Err(_) if !arguments.now => return Ok(None),
        Err(error) => return Err(super::no_bus(&error)),
    };
    let is_there = crate::client::bus::has_owner(manager.bus(), crate::client::manager::NAME).await;
    if !is_there.unwrap_or(false) && !arguments.now {
        return Ok(None);
    }
    let failed = |error| Failure::call("Failed to reload daemon", error);
    manager.call("Reload", &()).await.map_err(failed)?;
    Ok(Some(manager))
}

/// `enable`, `disable`, `reenable`, `mask`, `unmask`, `preset`, `preset-all`.
pub async fn change(verb: &str, arguments: &Arguments, output: &mut dyn Write) -> Result {
    let steps: &[&str] = if verb == "reenable" { &["disable", "enable"] } else { &[verb] };
    let mut code = 0;
    for step in steps {
        let mut words = vec![*step];
        words.extend(arguments.runtime.then_some("--runtime"));
        let has_force = matches!(*step, "enable" | "mask");
        words.extend((has_force && arguments.force > 0).then_some("--force"));
        if *step != "preset-all" {
            words.push("--");
            words.extend(arguments.words.iter().map(String::as_str));
        }
        code = run_units(&words, output)?;
    }
    let Some(manager) = reload(arguments).await? else { return Ok(code) };
    let then = match verb {
        "enable" => job::Verb::of("start"),
        "reenable" => job::Verb::of("try-restart"),
        "disable" | "mask" => job::Verb::of("stop"),
        _ => None,
    };
    match then {
        Some(then) if arguments.now => job::run(&manager, arguments, &then, &arguments.words).await,
        _ => Ok(code),
    }
}
