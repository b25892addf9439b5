//! Translates units into native service files of Dinit, OpenRC and the Shepherd.
//!
//! - [`portable`] keeps what differs from user to user out of the files,
//! - [`names`] and [`links`] are native names and dependencies,
//! - [`ability`] is what a manager does itself; [`runner`] says when a service needs `run-service` nevertheless, and [`arguments`]
//!   what that is told,
//! - [`draft`] is a service as every manager can have it,
//! - [`dinit`], [`openrc`] and [`shepherd`] write it down,
//! - [`losses`] and [`report`] are what cannot be written.

pub mod ability;
mod arguments;
pub mod dinit;
pub mod draft;
pub mod links;
pub mod losses;
pub mod names;
pub mod openrc;
pub mod portable;
pub mod report;
pub mod runner;
pub mod shepherd;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::unit::diagnostic::Severity;
use crate::unit::install::Installation;
use crate::unit::load::{Loader, UnitSet};
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::spec::{
    CommandLine, Listen, ListenKind, LoadState, ServiceSettings, Settings, SocketSettings, Unit,
};

use crate::unit::syntax;
use draft::Draft;
use links::Batch;
use names::Names;
use report::{Finding, Findings, Loss, Report, Verdict};

/// The descriptor on which services tell that they are up.
const READY_FD: u32 = 3;

/// The section of units that says what only managers other than systemd need to know.
const OWN_SECTION: &str = "X-SessionLauncher";

/// Whom a translation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Dinit.
    Dinit,
    /// OpenRC.
    Openrc,
    /// The Shepherd.
    Shepherd,
}

impl Manager {
    /// As a sentence has it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Dinit => "Dinit",
            Self::Openrc => "OpenRC",
            Self::Shepherd => "the Shepherd",
        }
    }

    /// As an argument has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dinit => "dinit",
            Self::Openrc => "openrc",
            Self::Shepherd => "shepherd",
        }
    }
}

/// What is to be translated, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whom it is for.
    pub manager: Manager,
    /// Units of the system, not of users.
    pub system: bool,
    /// Where this program is on the machine that gets the files.
    pub program: String,
    /// Native names that the caller chose, by unit.
    pub names: BTreeMap<String, String>,
    /// The command that translates again, for the files' headers.
    pub command: String,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeFile {
    /// Its name in the output directory.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its mode.
    pub mode: u32,
}

impl NativeFile {
    fn plain(name: &str, text: String) -> Self {
        Self { name: name.to_owned(), text, mode: 0o644 }
    }
}

/// What a file begins with.
#[derive(Debug)]
pub struct Header {
    origin: Vec<String>,
    remarks: Vec<String>,
}

impl Header {
    /// Where the file comes from, and what is to be known of it, as comments.
    pub fn text(&self, comment: &str) -> String {
        let mut text = self.origin(comment);
        text.push_str(&commented(&self.remarks, comment));
        text.push('\n');
        text
    }

    /// Where the file comes from.
    pub fn origin(&self, comment: &str) -> String {
        commented(&self.origin, comment)
    }
}

fn commented(lines: &[String], comment: &str) -> String {
    lines.iter().map(|line| format!("{}\n", format!("{comment} {line}").trim_end())).collect()
}

/// Seconds, with a fraction only where there is one.
fn seconds(span: Duration) -> String {
    let text = format!("{:.3}", span.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Seconds, rounded up.
fn whole_seconds(span: Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0))
}

/// Translates units. The reports are in the order of the units, each with its files.
pub fn translate(loader: &Loader, units: &[UnitName], request: &Request) -> Vec<(Report, Vec<NativeFile>)> {
    let names = Names::new(request.manager, request.system, request.names.clone());
    let set = loader.closure(units);
    let (services, clashes) = native_services(&set, &names, units);
    let mut translator = Translator {
        loader,
        set: &set,
        batch: Batch { set: &set, names: &names, services },
        request,
        clashes,
    };
    let first: Vec<_> = units.iter().map(|name| translator.unit(name)).collect();
    // What is refused is not there for the others to depend on.
    let refused: Vec<&UnitName> = first
        .iter()
        .filter(|(report, _)| report.verdict == Verdict::Refused)
        .map(|(report, _)| set.primary(&report.unit))
        .filter(|name| translator.batch.services.contains_key(*name))
        .collect();
    if refused.is_empty() {
        return first;
    }
    for name in refused {
        translator.batch.services.remove(name);
    }
    units.iter().map(|name| translator.unit(name)).collect()
}

type Services = BTreeMap<UnitName, String>;

/// The units that get a native service, with its name; and those whose name is taken, with the unit that has it.
fn native_services(
    set: &UnitSet,
    names: &Names,
    units: &[UnitName],
) -> (Services, BTreeMap<UnitName, UnitName>) {
    let mut services = Services::new();
    let mut taken: BTreeMap<String, UnitName> = BTreeMap::new();
    let mut clashes = BTreeMap::new();
    for name in units {
        let Some(unit) = set.get(name).filter(|unit| unit.load_state == LoadState::Loaded) else { continue };
        if !matches!(unit.kind(), UnitKind::Service | UnitKind::Target) {
            continue;
        }
        let native = names.own(&unit.name);
        match taken.get(&native) {
            Some(first) if *first != unit.name => {
                clashes.insert(unit.name.clone(), first.clone());
            }
            _ => {
                taken.insert(native.clone(), unit.name.clone());
                services.insert(unit.name.clone(), native);
            }
        }
    }
    (services, clashes)
}

struct Translator<'a> {
    loader: &'a Loader,
    set: &'a UnitSet,
    batch: Batch<'a>,
    request: &'a Request,
    clashes: BTreeMap<UnitName, UnitName>,
}

impl Translator<'_> {
    fn unit(&self, name: &UnitName) -> (Report, Vec<NativeFile>) {
        let mut findings = Findings::default();
        let mut files = Vec::new();
        if name.is_template() {
            findings.refuse("template", "name an instance of it");
        } else if let Some(unit) = self.set.get(name) {
            if unit.load_state == LoadState::Loaded {
                self.report_findings(unit, &mut findings);
                files = self.loaded(unit, &mut findings);
            } else {
                losses::not_loaded(unit, &mut findings);
            }
        }
        if findings.verdict() == Verdict::Refused {
            files.clear();
        }
        let service =
            if files.is_empty() { None } else { Some(self.batch.names.own(self.set.primary(name))) };
        let report = Report {
            unit: name.clone(),
            verdict: findings.verdict(),
            service,
            files: files.iter().map(|file| file.name.clone()).collect(),
            findings: findings.iter().cloned().collect(),
        };
        (report, files)
    }

    /// What systemd would complain of too.
    fn report_findings(&self, unit: &Unit, findings: &mut Findings) {
        let own = self.set.findings().iter().filter(|(name, _)| *name == unit.name);
        for (_, finding) in own.filter(|(_, finding)| finding.severity == Severity::Warning) {
            let place = finding.path.as_ref().map(|path| format!("{}:{}", place(path), finding.line));
            let message = portable::readable(&finding.message);
            findings.note(place.unwrap_or_else(|| unit.name.to_string()), message);
        }
    }

    fn loaded(&self, unit: &Unit, findings: &mut Findings) -> Vec<NativeFile> {
        if let Some(first) = self.clashes.get(&unit.name) {
            findings
                .refuse("name", format!("its native name is that of {first} too; choose one with --name"));
            return Vec::new();
        }
        match &unit.settings {
            Settings::Service(service) => self.service(unit, service, findings),
            Settings::Target => self.target(unit, findings),
            Settings::Socket(socket) => {
                self.socket(unit, socket, findings);
                Vec::new()
            }
            _ => {
                let reason = format!("{} has no {} units", self.request.manager.title(), unit.kind());
                findings.refuse(unit.kind().as_str(), reason);
                Vec::new()
            }
        }
    }

    /// The sockets that belong to a service: translated along, or needed by it.
    fn sockets_of(&self, unit: &Unit) -> Vec<(&UnitName, &SocketSettings)> {
        let mut found: Vec<(&UnitName, &SocketSettings)> = Vec::new();
        for other in self.set.iter() {
            let Settings::Socket(socket) = &other.settings else { continue };
            let mine = socket.service.as_ref().map(|service| self.set.primary(service)) == Some(&unit.name)
                || unit.service().is_some_and(|service| service.sockets.contains(&other.name));
            if mine && other.load_state == LoadState::Loaded {
                found.push((&other.name, socket));
            }
        }
        found
    }

    fn service(&self, unit: &Unit, service: &ServiceSettings, findings: &mut Findings) -> Vec<NativeFile> {
        let manager = self.request.manager;
        let sockets = self.sockets_of(unit);
        let merged: Vec<UnitName> = sockets.iter().map(|(name, _)| (*name).clone()).collect();
        for (_, socket) in &sockets {
            socket_losses(socket, self.request, findings);
        }
        let sockets: Vec<&SocketSettings> = sockets.iter().map(|(_, socket)| *socket).collect();
        let links = links::links(unit, &merged, &self.batch, manager, findings);
        losses::of_service(unit, service, manager, findings);
        draft::report_links(&service.exec, findings);
        let name = self.batch.names.own(&unit.name);
        let option = self.ready_option(unit);
        let mut draft = Draft::new(unit, service, &sockets, name, links, option.as_deref(), self.request);
        self.locate_program(&mut draft);
        leave_activation(&mut draft, findings);
        if manager == Manager::Openrc && draft.identity.user.is_some() && service.exec.umask.is_none() {
            findings.note("UMask=", "OpenRC opens a PAM session for User=, which may set another one");
        }
        self.aliases(unit, &mut draft, findings);
        if let Some(specifier) = draft.texts().find_map(portable::unknown) {
            findings.refuse(specifier, "its value is not known before the service runs");
            return Vec::new();
        }
        let header = self.header(unit, &draft.name, findings);
        match manager {
            Manager::Dinit => dinit::service(&draft, &header),
            Manager::Openrc => vec![openrc::service(&draft, &header)],
            Manager::Shepherd => vec![shepherd::service(&draft, &header)],
        }
    }

    /// How the program is told of a descriptor for its readiness: `ReadyFdOption=` in a section of our own.
    fn ready_option(&self, unit: &Unit) -> Option<String> {
        let path = self.loader.path().locate(unit.fragment_path.as_ref()?);
        let file = syntax::parse(&std::fs::read(path).ok()?);
        let mut lines = file.assignments.into_iter();
        lines.find(|line| line.section == OWN_SECTION && line.key == "ReadyFdOption").map(|line| line.value)
    }

    /// A program without a path is looked up now, in the directories that systemd has for that.
    fn locate_program(&self, draft: &mut Draft<'_>) {
        let Some(program) = draft.command.first_mut().filter(|program| !program.contains('/')) else {
            return;
        };
        let places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let mut places = places.iter().map(|directory| format!("{directory}/{program}"));
        if let Some(place) = places.find(|place| self.loader.path().locate(Path::new(place)).is_file()) {
            *program = place;
        }
    }

    fn target(&self, unit: &Unit, findings: &mut Findings) -> Vec<NativeFile> {
        let manager = self.request.manager;
        let links = links::links(unit, &[], &self.batch, manager, findings);
        losses::of_unit(unit, manager, findings);
        losses::of_conditions(unit, manager, findings);
        let name = self.batch.names.own(&unit.name);
        let header = self.header(unit, &name, findings);
        match manager {
            Manager::Dinit => {
                for name in &links.requisite {
                    findings.lost(format!("Requisite={name}"), "Dinit starts without it being there");
                }
                vec![dinit::target(&name, &links, &header)]
            }
            Manager::Openrc => vec![openrc::target(&name, &unit.description, &links, &header)],
            Manager::Shepherd => vec![shepherd::target(&name, &unit.description, &links, &header)],
        }
    }

    /// A socket has no file: it is written into its service's.
    fn socket(&self, unit: &Unit, socket: &SocketSettings, findings: &mut Findings) {
        if socket.accept {
            findings.refuse("Accept=yes", "no manager starts a service for each connection as systemd does");
            return;
        }
        let service = socket.service.as_ref().map(|service| self.set.primary(service));
        match service.and_then(|service| self.batch.services.get(service)) {
            Some(name) => {
                findings.note("ListenStream=", format!("is part of the service {name}"));
                socket_losses(socket, self.request, findings);
            }
            None => {
                let service = service.map_or_else(|| unit.name.to_string(), ToString::to_string);
                findings.refuse("socket", format!("translate {service} along, which it is part of"));
            }
        }
    }

    /// Second names: `Alias=`, and links.
    fn aliases(&self, unit: &Unit, draft: &mut Draft<'_>, findings: &mut Findings) {
        let installed = Installation::of(self.loader, &unit.name).map(|section| section.aliases);
        let mut aliases: Vec<String> = unit.aliases.iter().map(|alias| self.batch.names.own(alias)).collect();
        let names = installed.unwrap_or_default().into_iter().filter_map(|alias| UnitName::new(alias).ok());
        aliases.extend(names.map(|alias| self.batch.names.own(&alias)));
        aliases.retain(|alias| *alias != draft.name && !alias.starts_with("dbus-org."));
        aliases.sort();
        aliases.dedup();
        if self.request.manager == Manager::Dinit {
            for alias in aliases {
                findings.note(format!("Alias={alias}"), "Dinit knows a service by one name");
            }
        } else {
            draft.aliases = aliases;
        }
    }

    fn header(&self, unit: &Unit, name: &str, findings: &Findings) -> Header {
        let mut origin = vec![format!(
            "Made by session-launcher {} from a systemd unit; change that, not this file:",
            env!("CARGO_PKG_VERSION")
        )];
        let files = unit.fragment_path.iter().chain(&unit.drop_in_paths);
        let mut sources: Vec<String> = files.map(|path| place(path)).collect();
        for (socket, _) in self.sockets_of(unit) {
            let file = self.set.get(socket).and_then(|socket| socket.fragment_path.as_ref());
            sources.extend(file.map(|path| place(path)));
        }
        origin.extend(sources.into_iter().map(|path| format!("  {path}")));
        origin.push(format!("by: {}", self.request.command));
        let mut remarks = vec![String::new(), self.enabling(unit, name)];
        let lost: Vec<&Finding> = findings.iter().filter(|finding| finding.loss >= Loss::Hardening).collect();
        if !lost.is_empty() {
            remarks.push(String::new());
            remarks.push("Of the unit, this does not say:".to_owned());
            remarks.extend(lost.into_iter().map(|finding| format!("  {finding}")));
        }
        Header { origin, remarks }
    }

    fn enabling(&self, unit: &Unit, name: &str) -> String {
        let wanted = Installation::of(self.loader, &unit.name).unwrap_or_default();
        let by: Vec<String> = wanted.wanted_by.into_iter().chain(wanted.required_by).collect();
        let user = if self.request.system { "" } else { "--user " };
        let command = match self.request.manager {
            Manager::Dinit => format!("dinitctl {user}enable {name}"),
            Manager::Openrc => format!("rc-update {user}add {name} default"),
            Manager::Shepherd => format!("(start-in-the-background '({name}))"),
        };
        if by.is_empty() {
            format!("Others start it; the unit has no WantedBy=. To enable it anyway: {command}")
        } else {
            format!("WantedBy={}. To enable it: {command}", by.join(" "))
        }
    }
}

/// A message bus that leaves starting services to systemd would start none.
fn leave_activation(draft: &mut Draft<'_>, findings: &mut Findings) {
    const OPTION: &str = "--systemd-activation";
    let program = |command: &CommandLine| command.path.ends_with("/dbus-daemon");
    if draft.service.commands.start.iter().any(program) && draft.command.iter().any(|word| word == OPTION) {
        draft.command.retain(|word| word != OPTION);
        findings.note(OPTION, "is left out: the bus starts services itself");
    }
}

/// How a file names the unit's: below the current directory, if it is there, so that the place does not matter.
fn place(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

fn socket_losses(socket: &SocketSettings, request: &Request, findings: &mut Findings) {
    let Request { manager, system, .. } = *request;
    for listen in &socket.listen {
        if listen.kind != ListenKind::Stream {
            findings.refuse(
                format!("Listen{:?}={}", listen.kind, portable::readable(&listen.address)),
                "only ListenStream= can be handed over",
            );
        }
    }
    if socket.accept {
        findings.refuse("Accept=yes", "no service is started for each connection");
    }
    let shared = |listen: &&Listen| {
        matches!(Path::new(&listen.address).parent().and_then(Path::to_str), Some("/tmp" | "/var/tmp"))
    };
    if manager == Manager::Shepherd && socket.listen.iter().any(|listen| shared(&listen)) {
        findings.refuse("ListenStream=", "the Shepherd would close the directory, which others share");
    }
    if manager != Manager::Shepherd {
        findings.lost("ListenStream=", "it listens from the start of the service on, and does not start it");
    } else if system && socket.socket_mode != 0o666 {
        findings.unguarded("SocketMode=", "every user may connect who reaches the socket's directory");
    }
    if !socket.symlinks.is_empty() {
        findings.lost("Symlinks=", "no links are made to the socket");
    }
    for name in socket.options.keys() {
        findings.lost(format!("{name}="), "the option is not set");
    }
    let commands = [&socket.start_pre, &socket.start_post, &socket.stop_pre, &socket.stop_post];
    if commands.iter().any(|list| !list.is_empty()) {
        findings.lost("ExecStartPre=, ExecStartPost=...", "of a socket no commands are run");
    }
}
