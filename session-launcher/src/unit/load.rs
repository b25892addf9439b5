//! Loads units: finds the file, applies it and its drop-ins, completes and checks the result.

mod complete;
mod set;
mod validate;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

use super::catalog::{Catalog, Found};
use super::conf_files::is_mask;
use super::diagnostic::{Diagnostic, Severity};
use super::directive::{self, Fault, Line, unit_section};
use super::drop_in;
use super::manager_config::ManagerConfig;
use super::name::{UnitKind, UnitName};
use super::search_path::SearchPath;
use super::spec::{DependencyKind, DependencyOrigin, LoadState, Settings, Unit};
use super::specifier::{Host, Specifiers};
use super::syntax::{self, Assignment, UnitFile};

pub use set::UnitSet;

/// A file larger than that is no unit file.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// A unit and what was found while loading it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The unit; look at its load state before using it.
    pub unit: Unit,
    /// What is wrong with its files, in the order of reading.
    pub findings: Vec<Diagnostic>,
}

/// Loads units of one search path. It reads the directories once; make a new one to see changes.
#[derive(Debug)]
pub struct Loader {
    host: Host,
    path: SearchPath,
    config: ManagerConfig,
    catalog: Catalog,
    read_at: std::time::SystemTime,
    /// Files are parsed once, though a template or a type-wide drop-in serves many units.
    files: RefCell<HashMap<PathBuf, Rc<UnitFile>>>,
}

impl Loader {
    /// Reads the directories of the path, and the manager's configuration.
    pub fn new(path: SearchPath, host: Host) -> Self {
        let (config, _) = ManagerConfig::load(&host, &path);
        // Taken first: what changes while the directories are read counts as newer.
        let read_at = std::time::SystemTime::now();
        Self { catalog: Catalog::read(&path), host, path, config, read_at, files: RefCell::default() }
    }

    /// When the directories were read.
    pub fn read_at(&self) -> std::time::SystemTime {
        self.read_at
    }

    /// The names and links of the search path.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The directories.
    pub fn path(&self) -> &SearchPath {
        &self.path
    }

    /// The user and the machine.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The manager's defaults.
    pub fn config(&self) -> &ManagerConfig {
        &self.config
    }

    /// Loads one unit, by any of its names. It never fails: see [`Unit::load_state`].
    pub fn load(&self, name: &UnitName) -> Loaded {
        self.load_from(&self.catalog.find(name), None)
    }

    /// Loads a unit from a text instead of a file, with the links and drop-ins that its name has. Findings about the text
    /// have no path.
    pub fn load_text(&self, name: &UnitName, text: &str) -> Loaded {
        let found = Found { name: name.clone(), aliases: Vec::new(), file: None };
        self.load_from(&found, Some(&syntax::parse(text.as_bytes())))
    }

    fn load_from(&self, found: &Found, text: Option<&UnitFile>) -> Loaded {
        let mut unit = Unit::new(found.name.clone(), LoadState::Loaded);
        unit.aliases.clone_from(&found.aliases);
        complete::set_defaults(&mut unit, &self.config);
        let mut reading = Reading { loader: self, unit, given: Given::default(), findings: Vec::new() };
        if let Err(failure) = reading.read(found, text) {
            reading.unit.load_state = failure.state;
            reading.unit.load_error = Some(failure.message);
        }
        if reading.unit.load_state == LoadState::Loaded {
            complete::complete(&mut reading.unit, reading.given, &self.config, self.host.system);
            match validate::validate(&mut reading.unit, &mut reading.findings) {
                Ok(()) => complete::add_slice_dependencies(&mut reading.unit),
                Err(message) => {
                    let path = reading.unit.fragment_path.clone();
                    reading.findings.push(Diagnostic::general(
                        Severity::Error,
                        path.as_deref(),
                        message.as_str(),
                    ));
                    reading.unit.load_state = LoadState::BadSetting;
                    reading.unit.load_error = Some(message);
                }
            }
        }
        Loaded { unit: reading.unit, findings: reading.findings }
    }

    /// Loads units and all that they refer to.
    pub fn closure<'a>(&self, names: impl IntoIterator<Item = &'a UnitName>) -> UnitSet {
        UnitSet::load(self, names)
    }

    fn parse(&self, path: &Path) -> io::Result<Rc<UnitFile>> {
        if let Some(file) = self.files.borrow().get(path) {
            return Ok(Rc::clone(file));
        }
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        if metadata.len() > MAX_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 16 MiB"));
        }
        let file = Rc::new(syntax::parse(&fs::read(path)?));
        self.files.borrow_mut().insert(path.to_owned(), Rc::clone(&file));
        Ok(file)
    }
}

/// Which settings were given, where a default depends on others.
#[derive(Debug, Clone, Copy, Default)]
struct Given {
    service: directive::service::Given,
    jobs: unit_section::JobTimeouts,
}

/// Why a unit is not loaded.
struct Failure {
    state: LoadState,
    message: String,
}

/// A unit while its files are read.
struct Reading<'a> {
    loader: &'a Loader,
    unit: Unit,
    given: Given,
    findings: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn read(&mut self, found: &Found, text: Option<&UnitFile>) -> Result<(), Failure> {
        let kind = self.unit.kind();
        if matches!(self.unit.settings, Settings::Foreign) {
            return Err(not_found(format!("{kind} units belong to the system manager")));
        }
        if self.unit.name.is_template() {
            return Err(not_found("a template has no unit of its own, give an instance".to_owned()));
        }
        if kind == UnitKind::Slice && !directive::resource::is_slice_name(&self.unit.name) {
            let message = format!("{} is not a valid name of a slice", self.unit.name);
            return Err(Failure { state: LoadState::Error, message });
        }
        if let Some(text) = text {
            self.apply_file(text, Path::new(""), Path::new(""))?;
            self.read_links();
            self.read_drop_ins();
            return Ok(());
        }
        match &found.file {
            Some(path) if is_mask(path) => {
                self.unit.fragment_path = Some(self.loader.path.describe(path).into_owned());
                self.unit.load_state = LoadState::Masked;
                self.unit.load_error = Some(format!("Unit {} is masked", self.unit.name));
                return Ok(());
            }
            Some(path) => self.read_main_file(path)?,
            // A slice needs no file.
            None if kind == UnitKind::Slice => {}
            None => return Err(not_found(format!("Unit {} not found", self.unit.name))),
        }
        self.read_links();
        self.read_drop_ins();
        Ok(())
    }

    fn read_main_file(&mut self, path: &Path) -> Result<(), Failure> {
        let described = self.loader.path.describe(path).into_owned();
        let file = match self.loader.parse(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(not_found(format!("{}: {error}", described.display())));
            }
            Err(error) => {
                let message = format!("{}: {error}", described.display());
                self.findings.push(Diagnostic::general(Severity::Error, Some(&described), error.to_string()));
                return Err(Failure { state: LoadState::Error, message });
            }
        };
        self.unit.fragment_path = Some(described.clone());
        self.apply_file(&file, &described, &described)
    }

    /// What is wrong in a drop-in does not stop the unit, as in systemd: only the drop-in is read no further.
    fn read_drop_ins(&mut self) {
        let names: Vec<UnitName> =
            std::iter::once(&self.unit.name).chain(&self.unit.aliases).cloned().collect();
        let names: Vec<&UnitName> = names.iter().collect();
        let fragment = self.unit.fragment_path.clone().unwrap_or_default();
        for path in drop_in::files(&self.loader.catalog, &names) {
            let described = self.loader.path.describe(&path).into_owned();
            match self.loader.parse(&path) {
                Ok(file) => {
                    self.unit.drop_in_paths.push(described.clone());
                    // The finding is recorded already.
                    let _ = self.apply_file(&file, &described, &fragment);
                }
                Err(error) => {
                    self.findings.push(Diagnostic::general(
                        Severity::Warning,
                        Some(&described),
                        error.to_string(),
                    ));
                }
            }
        }
    }

    /// `.wants/`, `.requires/` and `.upholds/`.
    fn read_links(&mut self) {
        let names: Vec<UnitName> =
            std::iter::once(&self.unit.name).chain(&self.unit.aliases).cloned().collect();
        let names: Vec<&UnitName> = names.iter().collect();
        for (suffix, kind) in [
            ("wants", DependencyKind::Wants),
            ("requires", DependencyKind::Requires),
            ("upholds", DependencyKind::Upholds),
        ] {
            for link in dependency_links(&drop_in::directories(&self.loader.catalog, &names, suffix)) {
                let described = self.loader.path.describe(&link).into_owned();
                let name = link.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                match UnitName::new(name) {
                    Ok(name) => {
                        let name = directive::resolve_template(&self.unit.name, name);
                        if name != self.unit.name && !self.unit.aliases.contains(&name) {
                            self.unit.dependencies.add(kind, name, DependencyOrigin::Link(described));
                        }
                    }
                    Err(error) => {
                        let message = format!("{error}, the link is ignored");
                        self.findings.push(Diagnostic::general(Severity::Warning, Some(&described), message));
                    }
                }
            }
        }
    }

    fn apply_file(&mut self, file: &UnitFile, path: &Path, fragment: &Path) -> Result<(), Failure> {
        self.report_sections(file, path);
        let fatal = file.errors.iter().find(|(_, error)| error.is_fatal());
        for (line, error) in file.errors.iter().filter(|(_, error)| !error.is_fatal()) {
            self.findings.push(Diagnostic::at(Severity::Warning, path, *line, error.to_string()));
        }
        for assignment in &file.assignments {
            self.apply(assignment, path, fragment)?;
        }
        if let Some((line, error)) = fatal {
            return Err(self.fail(LoadState::Error, path, *line, error.to_string()));
        }
        Ok(())
    }

    fn report_sections(&mut self, file: &UnitFile, path: &Path) {
        let own = own_section(self.unit.kind());
        for (section, line) in &file.sections {
            let known = section == "Unit" || section == "Install" || Some(section.as_str()) == own;
            if !known && !section.starts_with("X-") {
                let message = format!("unknown section [{section}], it is ignored");
                self.findings.push(Diagnostic::at(Severity::Warning, path, *line, message));
            }
        }
    }

    fn apply(&mut self, assignment: &Assignment, path: &Path, fragment: &Path) -> Result<(), Failure> {
        if assignment.key.starts_with("X-") || assignment.section.starts_with("X-") {
            return Ok(());
        }
        let name = self.unit.name.clone();
        let mut line = Line {
            key: &assignment.key,
            value: &assignment.value,
            specifiers: Specifiers::new(&self.loader.host, &name, Some(fragment)),
            host: &self.loader.host,
            findings: Vec::new(),
        };
        let origin = DependencyOrigin::File { path: path.to_owned(), line: assignment.line };
        let own = own_section(self.unit.kind());
        let result = match assignment.section.as_str() {
            "Unit" => unit_section::apply(&mut self.unit, &mut self.given.jobs, &mut line, &origin),
            "Install" => super::install::is_directive(&assignment.key).then_some(Ok(())),
            section if Some(section) == own => self.apply_own(&mut line),
            // The section was reported.
            _ => Some(Ok(())),
        };
        for (severity, message) in std::mem::take(&mut line.findings) {
            self.findings.push(Diagnostic::at(severity, path, assignment.line, message));
        }
        match result {
            Some(Ok(())) => Ok(()),
            None => {
                let message = unknown_directive(&assignment.key, &assignment.section);
                self.findings.push(Diagnostic::at(Severity::Warning, path, assignment.line, message));
                Ok(())
            }
            Some(Err(Fault::Ignored(message))) => {
                self.findings.push(Diagnostic::at(Severity::Warning, path, assignment.line, message));
                Ok(())
            }
            Some(Err(Fault::Fatal(message) | Fault::Unsupported(message))) => {
                Err(self.fail(LoadState::BadSetting, path, assignment.line, message))
            }
        }
    }

    fn apply_own(&mut self, line: &mut Line<'_>) -> Option<directive::Applied> {
        let unit = &mut self.unit;
        let result = match &mut unit.settings {
            Settings::Service(service) => {
                directive::service::apply(service, &mut self.given.service, &unit.name, line)
            }
            Settings::Socket(socket) => directive::socket::apply(socket, &unit.name, line),
            Settings::Timer(timer) => directive::timer::apply(timer, &unit.name, line),
            Settings::Path(path) => directive::path::apply(path, &unit.name, line),
            Settings::Slice(_) if line.key == "Slice" => Some(Err(Fault::Ignored(
                "Slice=: a slice lies where its name says, the line is ignored".to_owned(),
            ))),
            Settings::Slice(slice) => directive::resource::apply(slice, line),
            Settings::Scope(scope) => directive::scope::apply(scope, line),
            Settings::Target | Settings::Foreign => None,
        };
        if result.is_none() && unit.kind() == UnitKind::Service {
            return unit_section::apply_in_service(unit, line);
        }
        result
    }

    fn fail(&mut self, state: LoadState, path: &Path, line: u32, message: String) -> Failure {
        let finding = Diagnostic::at(Severity::Error, path, line, message);
        let message = format!("{}:{}: {}", path.display(), line, finding.message);
        self.findings.push(finding);
        Failure { state, message }
    }
}

fn not_found(message: String) -> Failure {
    Failure { state: LoadState::NotFound, message }
}

/// The section of a unit type. A target has none.
fn own_section(kind: UnitKind) -> Option<&'static str> {
    Some(match kind {
        UnitKind::Service => "Service",
        UnitKind::Socket => "Socket",
        UnitKind::Timer => "Timer",
        UnitKind::Path => "Path",
        UnitKind::Slice => "Slice",
        UnitKind::Scope => "Scope",
        _ => return None,
    })
}

/// Directives of older systemd that 262 passes over with a warning.
const RETIRED: [&str; 16] = [
    "CPUShares",
    "StartupCPUShares",
    "MemoryLimit",
    "BlockIOAccounting",
    "BlockIOWeight",
    "StartupBlockIOWeight",
    "BlockIODeviceWeight",
    "BlockIOReadBandwidth",
    "BlockIOWriteBandwidth",
    "ConditionNull",
    "SysVStartPriority",
    "TCPWrapName",
    "Capabilities",
    "NetClass",
    "FsckPassNo",
    "IgnoreOnSnapshot",
];

fn unknown_directive(key: &str, section: &str) -> String {
    if RETIRED.contains(&key) {
        return format!("{key}= is gone from systemd, the line is ignored");
    }
    format!("unknown directive {key}= in [{section}], the line is ignored")
}

/// The links of some directories, of each name the first; a link to /dev/null takes the name away.
fn dependency_links(directories: &[PathBuf]) -> Vec<PathBuf> {
    let mut links = std::collections::BTreeMap::new();
    for directory in directories {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            // systemd takes nothing but links.
            let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if link && !name.as_encoded_bytes().starts_with(b".") {
                links.entry(name).or_insert_with(|| entry.path());
            }
        }
    }
    links.into_values().filter(|link| !is_mask(link)).collect()
}

#[cfg(test)]
mod tests;
