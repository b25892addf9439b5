//! `session-launcher translate`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::units::unit_name;
use super::{Error, Result};
use crate::translate::report::{Finding, Loss, Report, Verdict};
use crate::translate::{Manager, NativeFile, Request, portable, translate};
use crate::unit::load::Loader;
use crate::unit::search_path::SearchPath;

/// Arguments of `translate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The service manager.
    #[arg(long, value_enum, value_name = "MANAGER")]
    to: Target,
    /// Where the files go; without it they are only reported.
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Units of users; the default.
    #[arg(long, conflicts_with = "system")]
    user: bool,
    /// Units of the system.
    #[arg(long)]
    system: bool,
    /// Fail when anything is not expressed.
    #[arg(long)]
    strict: bool,
    /// Units lie below this directory.
    #[arg(long, value_name = "DIRECTORY")]
    root: Option<PathBuf>,
    /// Only these directories of units, the most important first.
    #[arg(long = "unit-path", value_name = "DIRECTORY")]
    unit_path: Vec<PathBuf>,
    /// The native name of a unit, as in dbus.socket=dbus-daemon.
    #[arg(long = "name", value_name = "UNIT=SERVICE")]
    names: Vec<String>,
    /// Where this program is on the machine that gets the files.
    #[arg(long, default_value = "/usr/bin/session-launcher", value_name = "PATH")]
    own_program: String,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// The units; without any, all that there are.
    units: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    Dinit,
    Openrc,
    Shepherd,
}

/// Translates units and reports what became of each.
///
/// # Errors
/// A file cannot be written, or a name is none.
pub fn run(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let loader = loader(arguments);
    let mut units = Vec::new();
    for text in &arguments.units {
        units.push(unit_name(text)?);
    }
    if units.is_empty() {
        // Each under its first name; templates are told of.
        let names = loader.catalog().names();
        units = names.filter(|name| loader.catalog().find(name).name == **name).cloned().collect();
        units.sort();
    }
    let request = request(arguments)?;
    let translated = translate(&loader, &units, &request);
    if let Some(directory) = &arguments.out {
        for file in translated.iter().flat_map(|(_, files)| files) {
            write(directory, file)?;
        }
    }
    let reports: Vec<&Report> = translated.iter().map(|(report, _)| report).collect();
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &reports)?;
        writeln!(output)?;
    } else {
        print(&reports, output)?;
    }
    let faithful = reports.iter().all(|report| report.verdict == Verdict::Faithful);
    Ok(if arguments.strict && !faithful { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn loader(arguments: &Arguments) -> Loader {
    let host = if arguments.system { portable::system() } else { portable::user() };
    let root = arguments.root.as_deref();
    let path = if !arguments.unit_path.is_empty() {
        SearchPath::of_directories(
            arguments.unit_path.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        )
    } else if arguments.system {
        SearchPath::system(root)
    } else {
        SearchPath::global(root)
    };
    Loader::new(path, host)
}

fn request(arguments: &Arguments) -> std::result::Result<Request, Error> {
    let manager = match arguments.to {
        Target::Dinit => Manager::Dinit,
        Target::Openrc => Manager::Openrc,
        Target::Shepherd => Manager::Shepherd,
    };
    let mut names = BTreeMap::new();
    for text in &arguments.names {
        let (unit, service) = text
            .split_once('=')
            .filter(|(_, service)| is_native_name(service))
            .ok_or_else(|| Error::Other(format!("--name {text}: not UNIT=SERVICE")))?;
        names.insert(unit_name(unit)?.to_string(), service.to_owned());
    }
    Ok(Request {
        manager,
        system: arguments.system,
        program: arguments.own_program.clone(),
        names,
        command: again(arguments, manager),
    })
}

fn is_native_name(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(inside)
}

/// The command that makes the same files.
fn again(arguments: &Arguments, manager: Manager) -> String {
    let mut words = vec!["session-launcher translate".to_owned(), format!("--to {}", manager.as_str())];
    if arguments.system {
        words.push("--system".to_owned());
    }
    words.extend(arguments.unit_path.iter().map(|path| format!("--unit-path {}", path.display())));
    words.extend(arguments.names.iter().map(|name| format!("--name {name}")));
    const MANY: usize = 6;
    words.extend(arguments.units.iter().take(MANY).cloned());
    if arguments.units.len() > MANY {
        words.push("...".to_owned());
    }
    words.join(" ")
}

fn write(directory: &std::path::Path, file: &NativeFile) -> std::result::Result<(), Error> {
    let path = directory.join(&file.name);
    let failed = |error| Error::File { path: path.clone(), error };
    fs::create_dir_all(directory).map_err(failed)?;
    fs::write(&path, &file.text).map_err(failed)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).map_err(failed)
}

fn print(reports: &[&Report], output: &mut dyn Write) -> std::io::Result<()> {
    for report in reports {
        let service = report.service.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
        writeln!(output, "{}: {}{service}", report.unit, report.verdict.as_str())?;
        for finding in &report.findings {
            writeln!(output, "  {}{finding}", mark(finding))?;
        }
    }
    let count = |verdict| reports.iter().filter(|report| report.verdict == verdict).count();
    let walls = reports.iter().filter(|report| {
        report.verdict == Verdict::Reported
            && report.findings.iter().all(|finding| finding.loss <= Loss::Hardening)
    });
    writeln!(
        output,
        "{} units: {} faithful, {} reported ({} of them only for hardening), {} refused",
        reports.len(),
        count(Verdict::Faithful),
        count(Verdict::Reported),
        walls.count(),
        count(Verdict::Refused)
    )
}

const fn mark(finding: &Finding) -> &'static str {
    match finding.loss {
        Loss::Note => "note: ",
        Loss::Hardening => "hardening: ",
        Loss::Behaviour => "lost: ",
        Loss::Refused => "refused: ",
    }
}
