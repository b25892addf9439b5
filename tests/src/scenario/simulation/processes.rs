//! What pretended processes do, step by step, and how signals and their ends go about.

use super::super::script::{self, Step};
use super::Simulation;
use super::world::{Process, TICK};
use crate::scenario::script::Progress;
use session_launcher::job::{Event, ExitStatus, Moment, Notification, NotifySender, ProcessId};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

impl Simulation {
    pub(super) fn process(&mut self, id: ProcessId) -> Option<&mut Process> {
        self.world().processes.iter_mut().find(|process| process.id == id)
    }

    pub(super) fn run_process(&mut self, id: ProcessId) {
        loop {
            let now = self.now();
            let Some(process) = self.process(id) else { return };
            let Some(step) = process.progress.advance() else { return };
            let (unit, notify) = (process.unit.clone(), process.notify);
            match step {
                Step::Wait(span) => {
                    process.wake = Some(now + span);
                    return;
                }
                Step::Exit(code) => return self.end(id, ExitStatus::Code(code)),
                Step::Die(signal) => return self.end(id, ExitStatus::Signal(signal)),
                Step::Notify(text) => {
                    if notify {
                        let message = notification(&text, now);
                        let sender = NotifySender::Process(id);
                        self.world().soon(Event::Notified { unit, sender, message });
                    }
                }
                Step::Reloading => {
                    let message =
                        Notification { reloading: true, monotonic: Some(now), ..Notification::default() };
                    let sender = NotifySender::Process(id);
                    self.world().soon(Event::Notified { unit, sender, message });
                }
                Step::Own(bus_name) => {
                    process.names.insert(bus_name.clone());
                    self.world().names.insert(bus_name.clone(), id);
                    self.world().soon(Event::BusNameOwned { name: bus_name, owned: true });
                }
                Step::Start { unit, mode } => {
                    // What it has said before arrives before, and it goes on when systemctl has ended.
                    process.wake = Some(now + TICK * 20);
                    self.world().requests.push((now + TICK * 10, unit, mode));
                    return;
                }
                Step::If(variable, value, steps) => {
                    if process
                        .environment
                        .iter()
                        .rev()
                        .find(|(known, _)| *known == variable)
                        .map(|(_, set)| set)
                        == Some(&value)
                    {
                        process.progress.insert(steps);
                    }
                }
                Step::Release(bus_name) => self.release(&bus_name),
                Step::Child { stubborn } => {
                    let child = self.foreign();
                    self.world().processes.push(Process {
                        id: child,
                        unit,
                        progress: Progress::default(),
                        wake: None,
                        notify: false,
                        is_child: true,
                        stubborn,
                        environment: Vec::new(),
                        names: BTreeSet::new(),
                        newest_child: None,
                    });
                    if let Some(process) = self.process(id) {
                        process.newest_child = Some(child);
                    }
                }
                Step::PidFile(path) => {
                    let path = PathBuf::from(path.replace('%', "/scenario"));
                    let child = process.newest_child.expect("there is a child");
                    self.world().pid_files.insert(path.clone(), child);
                    let watched = std::mem::take(&mut self.world().watched_pid_files);
                    for (unit, other) in watched {
                        if other == path {
                            self.world().soon(Event::PidFileChanged { unit });
                        } else {
                            self.world().watched_pid_files.push((unit, other));
                        }
                    }
                }
                Step::Environment(wanted) => {
                    let values: Vec<_> = wanted
                        .iter()
                        .map(|name| {
                            let value = process.environment.iter().rev().find(|(known, _)| known == name);
                            format!("{name}={}", value.map_or("", |(_, value)| value.as_str()))
                        })
                        .collect();
                    self.world().reported(&unit, format!("env {}", values.join(" ")));
                }
                Step::On(..) | Step::Label => {}
            }
        }
    }

    pub(super) fn release(&mut self, bus_name: &str) {
        if self.world().names.remove(bus_name).is_some() {
            self.world().soon(Event::BusNameOwned { name: bus_name.to_owned(), owned: false });
        }
    }

    pub(super) fn end(&mut self, id: ProcessId, status: ExitStatus) {
        let world = self.world();
        let Some(place) = world.processes.iter().position(|process| process.id == id) else { return };
        let process = world.processes.remove(place);
        world.soon(Event::Exited { process: id, status });
        // A manager looks at dead children before it reads its mail.
        for bus_name in process.names {
            self.release(&bus_name);
        }
        let world = self.world();
        if !world.processes.iter().any(|other| other.unit == process.unit) {
            world.events.push((world.now + TICK * 2, Event::Empty { unit: process.unit }));
        }
    }

    pub(super) fn deliver(&mut self, id: ProcessId, signal: i32) {
        let now = self.now();
        let Some(process) = self.process(id) else { return };
        let unit = process.unit.clone();
        if process.is_child {
            if !(process.stubborn && signal == 15) {
                self.end(id, ExitStatus::Signal(signal));
            }
        } else if process.progress.signal(signal) {
            if !process.progress.is_idle() {
                process.wake = Some(now + TICK);
            }
            self.world().reported(&unit, format!("signal {}", script::signal_name(signal)));
        } else if signal != 18 {
            self.end(id, ExitStatus::Signal(signal));
        }
    }
}

fn notification(text: &str, now: Moment) -> Notification {
    let mut message = Notification::default();
    let span = |value: &str| value.parse().ok().map(Duration::from_micros);
    for line in text.lines() {
        let (field, value) = line.split_once('=').unwrap_or((line, ""));
        match (field, value) {
            ("READY", "1") => message.ready = true,
            ("RELOADING", "1") => message.reloading = true,
            ("STOPPING", "1") => message.stopping = true,
            ("WATCHDOG", "1") => message.watchdog = true,
            ("WATCHDOG", "trigger") => message.watchdog_trigger = true,
            ("STATUS", status) => message.status = Some(status.to_owned()),
            ("EXTEND_TIMEOUT_USEC", value) => message.extend_timeout = span(value),
            ("WATCHDOG_USEC", value) => message.watchdog_interval = span(value),
            ("MONOTONIC_USEC", _) => message.monotonic = Some(now),
            ("RESTART_RESET", "1") => message.restart_reset = true,
            _ => {}
        }
    }
    message
}
