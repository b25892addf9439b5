//! `list-units`, `list-jobs`.

use std::io::Write;

use serde::Serialize;

use super::Result;
use super::arguments::Arguments;
use super::failure::Failure;
use super::output::{self, Palette, color_of_state};
use super::table::{Cell, Table};
use crate::client::Manager;
use crate::client::manager::ListedUnit;
use crate::unit::shell_pattern;

#[derive(Serialize)]
struct UnitRow<'a> {
    unit: &'a str,
    load: &'a str,
    active: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    description: &'a str,
}

/// Lists units in memory: those that are active, failed, or have a job, and with `--all` the others.
pub async fn units(
    manager: &Manager,
    arguments: &Arguments,
    patterns: &[String],
    output: &mut dyn Write,
) -> Result {
    let failed = |error| Failure::call("Failed to list units", error);
    let mut units = manager.list_units(&[], &[]).await.map_err(failed)?;
    units.retain(|unit| is_listed(unit, arguments, patterns));
    // By kind, and by name in it.
    units.sort_by_cached_key(|unit| {
        let kind = unit.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        (kind, unit.name.to_ascii_lowercase())
    });
    let with_jobs = units.iter().any(|unit| unit.job_id != 0);
    if arguments.json != super::arguments::Json::Off {
        let rows: Vec<UnitRow<'_>> = units
            .iter()
            .map(|unit| UnitRow {
                unit: &unit.name,
                load: &unit.load,
                active: &unit.active,
                sub: &unit.sub,
                job: (unit.job_id != 0).then_some(unit.job_type.as_str()),
                description: &unit.description,
            })
            .collect();
        output::json(output, arguments, &rows)?;
        return Ok(0);
    }
    let mut heading = vec!["UNIT", "LOAD", "ACTIVE", "SUB"];
    heading.extend(with_jobs.then_some("JOB"));
    heading.push("DESCRIPTION");
    let with_heading = !arguments.no_legend && !units.is_empty();
    let mut table = Table::new(&heading, with_heading, !arguments.plain);
    for unit in &units {
        table.add(cells(unit, with_jobs, arguments.plain));
    }
    let palette = Palette::of_stdout();
    table.write(output, palette, arguments.shortens())?;
    if !arguments.no_legend {
        let all = if arguments.all { "" } else { " Pass --all to see loaded but inactive units, too." };
        writeln!(output, "\n{} loaded units listed.{all}", units.len())?;
    }
    Ok(0)
}

fn is_listed(unit: &ListedUnit, arguments: &Arguments, patterns: &[String]) -> bool {
    let matches = |pattern: &String| shell_pattern::matches(pattern, &unit.name);
    if !patterns.is_empty() && !patterns.iter().any(matches) {
        return false;
    }
    let states = [&unit.load, &unit.active, &unit.sub];
    let in_state = |state: &String| states.contains(&state);
    // Kinds and load states may stand in either option.
    let kind = unit.name.rsplit('.').next().unwrap_or_default();
    let of_type = |wanted: &String| wanted == kind || in_state(wanted);
    if !arguments.types.is_empty() && !arguments.types.iter().any(of_type) {
        return false;
    }
    if !arguments.states.is_empty() {
        return arguments.states.iter().any(in_state);
    }
    let is_busy = unit.job_id != 0 || unit.active != "inactive";
    arguments.all || !patterns.is_empty() || (is_busy && unit.following.is_empty())
}

fn cells(unit: &ListedUnit, with_jobs: bool, plain: bool) -> Vec<Cell> {
    let is_odd = !matches!(unit.load.as_str(), "loaded");
    let color = if is_odd { Some(output::Color::Yellow) } else { color_of_state(&unit.active) };
    let color = color.filter(|_| is_odd || unit.active != "active");
    let mut row = Vec::new();
    if !plain {
        let is_marked = is_odd || !matches!(unit.active.as_str(), "active" | "inactive");
        let mark = if is_marked { "●" } else { " " };
        row.push(Cell::new(mark).colored(color));
    }
    row.push(Cell::new(&unit.name).colored(color));
    row.push(Cell::new(&unit.load).colored(is_odd.then_some(output::Color::Yellow)));
    row.push(Cell::new(&unit.active).colored(color));
    row.push(Cell::new(&unit.sub).colored(color));
    if with_jobs {
        row.push(Cell::new(if unit.job_id == 0 { "" } else { unit.job_type.as_str() }));
    }
    row.push(Cell::new(&unit.description));
    row
}

#[derive(Serialize)]
struct JobRow<'a> {
    job: u32,
    unit: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    state: &'a str,
}

/// Lists jobs.
pub async fn jobs(
    manager: &Manager,
    arguments: &Arguments,
    patterns: &[String],
    output: &mut dyn Write,
) -> Result {
    let failed = |error| Failure::call("Failed to list jobs", error);
    let mut jobs = manager.list_jobs().await.map_err(failed)?;
    if !patterns.is_empty() {
        jobs.retain(|job| patterns.iter().any(|pattern| shell_pattern::matches(pattern, &job.unit)));
    }
    jobs.sort_by_key(|job| job.id);
    let rows: Vec<JobRow<'_>> = jobs
        .iter()
        .map(|job| JobRow { job: job.id, unit: &job.unit, kind: &job.kind, state: &job.state })
        .collect();
    if output::json(output, arguments, &rows)? {
        return Ok(0);
    }
    if jobs.is_empty() {
        if !arguments.no_legend {
            writeln!(output, "No jobs {}.", if patterns.is_empty() { "running" } else { "listed" })?;
        }
        return Ok(0);
    }
    let mut table =
        Table::new(&["JOB", "UNIT", "TYPE", "STATE"], !arguments.no_legend, false).right_aligned(0);
    for row in &rows {
        let color = (row.state == "running").then_some(output::Color::Green);
        table.add(vec![
            Cell::new(row.job.to_string()),
            Cell::new(row.unit).colored(color),
            Cell::new(row.kind),
            Cell::new(row.state).colored(color),
        ]);
    }
    table.write(output, Palette::of_stdout(), arguments.shortens())?;
    if !arguments.no_legend {
        writeln!(output, "\n{} jobs listed.", rows.len())?;
    }
    Ok(0)
}
