//! Who plays: the stand-ins that have said hello over the runner's socket, and what they report.

use super::observation::Happening;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

/// A stand-in that has said hello.
#[derive(Debug)]
struct Actor {
    /// As its control group tells; else the manager's log has to.
    unit: Option<String>,
    pid: u32,
    idle: bool,
    gone: bool,
    stream: UnixStream,
}

/// What a stand-in has reported.
#[derive(Debug)]
struct Report {
    pid: u32,
    unit: Option<String>,
    what: String,
}

/// Everybody who has come on in one play.
#[derive(Debug, Clone, Default)]
pub struct Backstage(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    actors: Vec<Actor>,
    reports: Vec<Report>,
    /// The units of processes, from the manager's log.
    units: BTreeMap<u32, String>,
    last: Option<Instant>,
}

impl Backstage {
    /// Listens on that socket as long as the program runs.
    ///
    /// # Panics
    /// When it cannot be bound.
    pub fn open(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).expect("a socket can be made");
        let backstage = Self::default();
        let own = backstage.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let backstage = own.clone();
                std::thread::spawn(move || backstage.listen(&stream));
            }
        });
        backstage
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panics")
    }

    /// The manager has said whose process that is.
    pub fn belongs(&self, pid: u32, unit: &str) {
        self.inner().units.insert(pid, unit.to_owned());
    }

    /// Whether a stand-in of the unit has come on.
    pub fn has(&self, unit: &str) -> bool {
        let inner = self.inner();
        inner.actors.iter().any(|actor| inner.unit_of(actor) == Some(unit))
    }

    /// Whether one of these processes has something to do. Programs of the distribution's unit files never say hello;
    /// they are gone soon or stay.
    pub fn is_busy(&self, mut alive: impl Iterator<Item = u32>) -> bool {
        let inner = self.inner();
        alive.any(|pid| {
            inner.actors.iter().rev().find(|actor| actor.pid == pid).is_some_and(|a| !a.idle && !a.gone)
        })
    }

    /// When the last of them said something.
    pub fn last(&self) -> Option<Instant> {
        self.inner().last
    }

    /// What they have reported since the last call.
    pub fn take_happenings(&self) -> Vec<Happening> {
        let mut inner = self.inner();
        let reports = std::mem::take(&mut inner.reports);
        reports
            .into_iter()
            .map(|report| {
                let unit = report.unit.or_else(|| inner.units.get(&report.pid).cloned());
                let unit = unit.unwrap_or_else(|| "?".to_owned());
                Happening { unit: format!("{unit} process"), what: report.what }
            })
            .collect()
    }

    /// Tells the unit's newest process these words.
    ///
    /// # Errors
    /// It has none, or that does not listen.
    pub fn tell(&self, unit: &str, words: &str) -> Result<(), String> {
        let mut inner = self.inner();
        let place = inner.actors.iter().rposition(|actor| inner.unit_of(actor) == Some(unit) && !actor.gone);
        let Some(actor) = place.and_then(|place| inner.actors.get_mut(place)) else {
            return Err(format!("{unit} has no process"));
        };
        actor.idle = false;
        writeln!(actor.stream, "{words}").map_err(|error| format!("{unit}: {error}"))
    }

    /// Takes down what one stand-in reports.
    fn listen(&self, stream: &UnixStream) {
        let Ok(reader) = stream.try_clone() else { return };
        let mut own: Option<(Option<String>, u32)> = None;
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            let mut inner = self.inner();
            inner.last = Some(Instant::now());
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            if word == "hello" {
                let mut fields = rest.split(' ');
                let unit = fields.next().filter(|unit| *unit != "?").map(str::to_owned);
                let pid = fields.next().and_then(|pid| pid.parse().ok()).unwrap_or_default();
                own = Some((unit.clone(), pid));
                let Ok(stream) = stream.try_clone() else { return };
                inner.actors.push(Actor { unit, pid, idle: false, gone: false, stream });
                continue;
            }
            let Some((unit, pid)) = own.clone() else { continue };
            match word {
                "idle" => inner.set(pid, |actor| actor.idle = true),
                "told" => inner.set(pid, |actor| actor.idle = false),
                "signal" | "env" => {
                    if word == "signal" {
                        inner.set(pid, |actor| actor.idle = false);
                    }
                    inner.reports.push(Report { pid, unit, what: line });
                }
                _ => {}
            }
        }
        if let Some((_, pid)) = own {
            let mut inner = self.inner();
            inner.last = Some(Instant::now());
            inner.set(pid, |actor| actor.gone = true);
        }
    }
}

impl Inner {
    fn unit_of<'a>(&'a self, actor: &'a Actor) -> Option<&'a str> {
        actor.unit.as_ref().or_else(|| self.units.get(&actor.pid)).map(String::as_str)
    }

    fn set(&mut self, pid: u32, change: impl Fn(&mut Actor)) {
        if let Some(actor) = self.actors.iter_mut().rev().find(|actor| actor.pid == pid) {
            change(actor);
        }
    }
}
