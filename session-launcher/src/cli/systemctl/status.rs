//! `status`.

use std::io::Write;

use serde::Serialize;
use zbus::Variant;

use super::arguments::{Arguments, Json};
use super::failure::Failure;
use super::output::{self, Color, Palette, color_of_state, dot};
use super::{Result, names, process_tree, show, value};
use crate::client::manager::{INTERFACE, PATH};
use crate::client::properties::Properties;
use crate::client::{Manager, log};
use crate::unit::value::signal;

/// Of the LSB: not running.
const NOT_RUNNING: u8 = 3;
/// Of the LSB: there is no such service.
const NO_SUCH_UNIT: u8 = 4;

/// Shows how units are. Without any, how the manager is.
pub async fn run(
    manager: &Manager,
    arguments: &Arguments,
    units: &[String],
    output: &mut dyn Write,
) -> Result {
    if units.is_empty() {
        return of_manager(manager, arguments, output).await;
    }
    let mut code = 0;
    let mut all = Vec::new();
    for (place, name) in expand(manager, units).await?.iter().enumerate() {
        let properties = show::of_unit(manager, name).await?;
        let active = properties.text("ActiveState");
        if properties.text("LoadState") == "not-found" && active == "inactive" {
            output.flush()?;
            eprintln!("Unit {name} could not be found.");
            code = if code == 0 { NO_SUCH_UNIT } else { code };
            continue;
        }
        if matches!(active, "inactive" | "failed" | "maintenance") && code == 0 {
            code = NOT_RUNNING;
        }
        let main =
            properties.number("MainPID").and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
        let processes = process_tree::lines(manager, name, main).await;
        let lines = log::path(properties.text("Id"))
            .and_then(|path| log::last_lines(&path, arguments.lines).ok())
            .unwrap_or_default();
        if arguments.json == Json::Off {
            if place > 0 {
                writeln!(output)?;
            }
            Status { properties: &properties, palette: Palette::of_stdout(), arguments }
                .write(&processes, &lines, output)?;
        } else {
            all.push(json(&properties, main, lines));
        }
    }
    output::json(output, arguments, &all)?;
    Ok(code)
}

/// Numbers are processes; their units are shown.
async fn expand(manager: &Manager, words: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for word in words {
        let Ok(pid) = word.parse::<u32>() else {
            names.extend(names::expand(manager, std::slice::from_ref(word)).await?);
            continue;
        };
        let failed = |error| Failure::call(format!("Failed to get unit for PID {pid}"), error);
        let path = manager.unit_of_process(pid).await.map_err(failed)?;
        names.push(manager.unit_text(&path, "Id").await.map_err(failed)?);
    }
    Ok(names)
}

#[derive(Serialize)]
struct Shown<'a> {
    unit: &'a str,
    description: &'a str,
    load: &'a str,
    active: &'a str,
    sub: &'a str,
    #[serde(rename = "unitFileState")]
    unit_file_state: &'a str,
    path: &'a str,
    result: &'a str,
    #[serde(rename = "mainPID")]
    main_pid: Option<u32>,
    #[serde(rename = "statusText")]
    status_text: &'a str,
    #[serde(rename = "since")]
    since: u64,
    log: Vec<String>,
}

fn json(properties: &Properties, main_pid: Option<u32>, log: Vec<String>) -> serde_json::Value {
    let text = |name| properties.text(name);
    let status = Shown {
        unit: text("Id"),
        description: text("Description"),
        load: text("LoadState"),
        active: text("ActiveState"),
        sub: text("SubState"),
        unit_file_state: text("UnitFileState"),
        path: text("FragmentPath"),
        result: text("Result"),
        main_pid,
        status_text: text("StatusText"),
        since: properties.number("StateChangeTimestamp").unwrap_or(0),
        log,
    };
    serde_json::to_value(status).unwrap_or_default()
}

struct Status<'a> {
    properties: &'a Properties,
    palette: Palette,
    arguments: &'a Arguments,
}

impl Status<'_> {
    fn write(&self, processes: &[String], log_lines: &[String], output: &mut dyn Write) -> Result<()> {
        let (properties, palette) = (self.properties, self.palette);
        let text = |name| properties.text(name);
        let active = text("ActiveState");
        let mark = palette.paint(color_of_state(active), dot(active));
        let description = log::printable(text("Description"));
        let id = text("Id");
        if description == id || description.is_empty() {
            writeln!(output, "{mark} {id}")?;
        } else {
            writeln!(output, "{mark} {id} - {description}")?;
        }
        let mut line = |heading: &str, value: &str| writeln!(output, "{heading:>11}: {value}");
        line("Loaded", &self.loaded())?;
        let drop_ins = properties.texts("DropInPaths");
        for (place, path) in drop_ins.iter().enumerate() {
            if place == 0 {
                line("Drop-In", path)?;
            } else {
                line("", path)?;
            }
        }
        line("Active", &self.active())?;
        let triggers = properties.texts("TriggeredBy");
        if !triggers.is_empty() {
            line("TriggeredBy", &triggers.join(" "))?;
        }
        let triggers = properties.texts("Triggers");
        if !triggers.is_empty() {
            line("Triggers", &triggers.join(" "))?;
        }
        let documents = properties.texts("Documentation");
        if !documents.is_empty() {
            line("Docs", &documents.join(" "))?;
        }
        if let Some(process) = self.main_process() {
            line("Main PID", &process)?;
        } else if let Some(process) = self.last_process() {
            line("Process", &process)?;
        }
        if !text("StatusText").is_empty() {
            let status = format!("\"{}\"", log::printable(text("StatusText")));
            line("Status", &status)?;
        }
        if let Some(tasks) = properties.number("TasksCurrent") {
            line("Tasks", &tasks.to_string())?;
        }
        if let Some(memory) = properties.number("MemoryCurrent") {
            line("Memory", &bytes(memory))?;
        }
        if let Some(time) = properties.number("CPUUsageNSec") {
            line("CPU", &value::duration(time / 1_000_000 * 1000))?;
        }
        let group = text("ControlGroup");
        if !group.is_empty() {
            line("CGroup", group)?;
        } else if !processes.is_empty() {
            line("Processes", "")?;
        }
        let width = self.arguments.shortens().then(output::columns).flatten();
        for process in processes {
            let process = format!("{:13}{process}", "");
            let process = width.map_or_else(|| process.clone(), |width| output::shorten(&process, width));
            writeln!(output, "{}", palette.paint(Some(Color::Grey), &process))?;
        }
        if !log_lines.is_empty() {
            writeln!(output)?;
        }
        for line in log_lines {
            let line = log::printable(line);
            writeln!(
                output,
                "{}",
                width.map_or_else(|| line.clone(), |width| output::shorten(&line, width))
            )?;
        }
        Ok(())
    }

    fn loaded(&self) -> String {
        let text = |name| self.properties.text(name);
        let load = text("LoadState");
        let color = match load {
            "loaded" | "masked" => None,
            _ => Some(Color::Red),
        };
        let mut parts = Vec::new();
        if let Some(Variant::Structure(error)) = self.properties.get("LoadError")
            && let [_, Variant::Str(message)] = error.fields()
            && !message.is_empty()
            && load != "loaded"
        {
            return format!(
                "{} (Reason: {})",
                self.palette.paint(color, load),
                log::printable(message.as_str())
            );
        }
        for part in [text("FragmentPath"), text("UnitFileState")] {
            if !part.is_empty() {
                parts.push(part.to_owned());
            }
        }
        let preset = text("UnitFilePreset");
        if !preset.is_empty() {
            parts.push(format!("preset: {preset}"));
        }
        let load = self.palette.paint(color, load);
        if parts.is_empty() { load } else { format!("{load} ({})", parts.join("; ")) }
    }

    fn active(&self) -> String {
        let text = |name| self.properties.text(name);
        let (active, sub) = (text("ActiveState"), text("SubState"));
        let state =
            if sub.is_empty() || sub == active { active.to_owned() } else { format!("{active} ({sub})") };
        let mut line = self.palette.paint(color_of_state(active), &state);
        let result = text("Result");
        if !matches!(result, "" | "success") {
            line.push_str(&format!(" (Result: {result})"));
        }
        let name = match active {
            "active" | "reloading" | "refreshing" => "ActiveEnterTimestamp",
            "inactive" | "failed" => "InactiveEnterTimestamp",
            "activating" => "InactiveExitTimestamp",
            _ => "ActiveExitTimestamp",
        };
        let since = self.properties.number(name).unwrap_or(0);
        if since > 0 {
            line.push_str(&format!(" since {}; {}", value::timestamp(since), ago(since)));
        }
        line
    }

    fn main_process(&self) -> Option<String> {
        let pid = self.properties.number("MainPID").filter(|pid| *pid != 0)?;
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        Some(format!("{pid} ({})", log::printable(name.trim())))
    }

    fn last_process(&self) -> Option<String> {
        let pid = self.properties.number("ExecMainPID").filter(|pid| *pid != 0)?;
        let status = i32::try_from(self.properties.number("ExecMainStatus")?).ok()?;
        Some(match self.properties.number("ExecMainCode")? {
            1 => {
                let color = if status == 0 { None } else { Some(Color::Red) };
                format!("{pid} ({})", self.palette.paint(color, &format!("exited, status={status}")))
            }
            code => {
                let how = if code == 3 { "dumped" } else { "killed" };
                let how = format!("{how}, signal={}", signal::name(status));
                format!("{pid} ({})", self.palette.paint(Some(Color::Red), &how))
            }
        })
    }
}

/// How long ago something was, in its two largest units.
fn ago(microseconds: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
    let passed = now.saturating_sub(microseconds);
    let passed = if passed < 1_000_000 { passed / 1000 * 1000 } else { passed / 1_000_000 * 1_000_000 };
    let text = value::duration(passed);
    let parts: Vec<&str> = text.split(' ').take(2).collect();
    format!("{} ago", parts.join(" "))
}

fn bytes(count: u64) -> String {
    let mut value = count;
    let mut rest = 0;
    for unit in ["B", "K", "M", "G", "T"] {
        if value < 1024 || unit == "T" {
            return if rest == 0 {
                format!("{value}{unit}")
            } else {
                format!("{value}.{}{unit}", rest * 10 / 1024)
            };
        }
        (value, rest) = (value / 1024, value % 1024);
    }
    count.to_string()
}

/// How the manager is, and what runs.
async fn of_manager(manager: &Manager, arguments: &Arguments, output: &mut dyn Write) -> Result {
    let failed = |error| Failure::call("Failed to get properties", error);
    let properties = manager.properties(PATH, INTERFACE).await.map_err(failed)?;
    let units = manager.list_units(&[], &[]).await.map_err(failed)?;
    let palette = Palette::of_stdout();
    let text = |name| properties.text(name);
    let count = |name| properties.number(name).unwrap_or(0);
    if arguments.json != Json::Off {
        let state = serde_json::json!({
            "version": text("Version"),
            "state": text("SystemState"),
            "units": units.len(),
            "failed": count("NFailedUnits"),
            "jobs": count("NJobs"),
        });
        output::json(output, arguments, &state)?;
        return Ok(0);
    }
    let state = text("SystemState");
    let color = match state {
        "running" => Color::Green,
        "degraded" => Color::Red,
        _ => Color::Yellow,
    };
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    writeln!(output, "{} {}", palette.paint(Some(color), "●"), host.trim())?;
    let mut line = |heading: &str, value: String| writeln!(output, "{heading:>11}: {value}");
    line("State", palette.paint(Some(color), state))?;
    line("Units", format!("{} loaded", units.len()))?;
    line("Jobs", format!("{} queued", count("NJobs")))?;
    line("Failed", format!("{} units", count("NFailedUnits")))?;
    let since = count("UserspaceTimestamp");
    if since > 0 {
        line("Since", format!("{}; {}", value::timestamp(since), ago(since)))?;
    }
    line("Manager", text("Version").to_owned())?;
    for unit in units.iter().filter(|unit| unit.name.ends_with(".service") || unit.name.ends_with(".scope")) {
        let processes = process_tree::lines(manager, &unit.name, None).await;
        if processes.is_empty() {
            continue;
        }
        writeln!(output, "{:13}{}", "", palette.paint(Some(Color::Bold), &unit.name))?;
        for process in processes {
            writeln!(output, "{:13}{}", "", palette.paint(Some(Color::Grey), &process))?;
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory() {
        assert_eq!(bytes(512), "512B");
        assert_eq!(bytes(1536), "1.5K");
        assert_eq!(bytes(3 << 20), "3M");
    }
}
