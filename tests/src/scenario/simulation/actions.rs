//! What the engine decides, done to the pretended machine.

use super::super::script::{self, Progress, Step};
use super::Simulation;
use super::world::{Process, TICK};
use session_launcher::job::{Action, Event, KillTarget, Phase, Spawn};
use session_launcher::unit::spec::{CommandLine, Settings};
use std::collections::BTreeSet;

impl Simulation {
    pub(super) fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.carry_out_one(action);
        }
    }

    pub(super) fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::Spawn(spawn) => self.spawn(&spawn),
            Action::Kill { unit, target, signal } => match target {
                KillTarget::Process(id) => self.deliver(id, signal),
                KillTarget::AllBut(known) => {
                    let others: Vec<_> = self
                        .world()
                        .processes
                        .iter()
                        .filter(|process| process.unit == unit && !known.contains(&process.id))
                        .map(|process| process.id)
                        .collect();
                    for id in others {
                        self.deliver(id, signal);
                    }
                }
            },
            Action::WatchBusName { name } => {
                self.world().watched_names.insert(name.clone());
                if self.world().names.contains_key(&name) {
                    self.world().soon(Event::BusNameOwned { name, owned: true });
                }
            }
            Action::WatchPidFile { unit, path } => self.world().watched_pid_files.push((unit, path)),
            Action::Listen { unit, settings } => {
                let addresses = settings.listen.iter().map(|listen| listen.address.clone()).collect();
                self.world().listening.insert(unit, addresses);
            }
            Action::WatchSocket { unit, watch: true } => {
                let addresses = self.world().listening.get(&unit).cloned().unwrap_or_default();
                if addresses.iter().any(|address| self.world().waiting_connections.contains(address)) {
                    self.world().soon(Event::SocketReady { unit, instance: None });
                }
            }
            Action::FlushSocket { unit } => {
                let addresses = self.world().listening.get(&unit).cloned().unwrap_or_default();
                self.world().waiting_connections.retain(|address| !addresses.contains(address));
            }
            Action::CloseSockets { unit } => {
                let addresses = self.world().listening.remove(&unit).unwrap_or_default();
                self.world().waiting_connections.retain(|address| !addresses.contains(address));
            }
            Action::WatchPaths { unit, watches } => {
                self.world().watched_paths.insert(unit, watches);
            }
            Action::WatchSocket { .. } | Action::Release { .. } => {}
            Action::JobNew { unit, kind, .. } => {
                self.world().happened(&unit, format!("job {} new", kind.as_str()));
            }
            Action::JobMerged { unit, kind, .. } => {
                self.world().happened(&unit, format!("job {} merged", kind.as_str()));
            }
            Action::JobRemoved { unit, kind, result, .. } => {
                self.world().happened(&unit, format!("job {} {}", kind.as_str(), result.as_str()));
            }
            Action::StateChanged { unit, from, to, .. } => {
                self.world().happened(&unit, format!("{from} -> {to}"));
            }
            Action::UnitRemoved { unit } => {
                self.world().transient.remove(&unit);
            }
            Action::Emergency { .. } | Action::JobRunning { .. } => {}
            Action::UnitNew { .. } | Action::Log { .. } => {}
        }
    }

    pub(super) fn spawn(&mut self, spawn: &Spawn) {
        let now = self.now();
        let command = self.command(spawn);
        let argv = command.argv.get(1..).unwrap_or_default().to_vec();
        let text = if argv.is_empty() { String::new() } else { format!(" {}", argv.join(" ")) };
        self.world().happened(&spawn.unit, format!("exec{text}"));
        let steps = if command.path.ends_with("stand-in") {
            script::parse(argv.iter().map(String::as_str)).expect("the script is right")
        } else if command.path.starts_with("/nowhere") {
            // What a child of systemd ends with when there is no such program.
            vec![Step::Exit(203)]
        } else {
            // Every other program of a unit file is replaced by one that does nothing.
            vec![Step::Exit(0)]
        };
        let mut environment: Vec<_> = self.world().environment.clone().into_iter().collect();
        environment.extend(spawn.environment.clone());
        self.world().processes.push(Process {
            id: spawn.process,
            unit: spawn.unit.clone(),
            progress: Progress::new(steps),
            wake: Some(now + TICK * 3),
            notify: spawn.notify != session_launcher::unit::spec::NotifyAccess::None,
            is_child: false,
            stubborn: false,
            environment,
            names: BTreeSet::new(),
            newest_child: None,
        });
        if spawn.report_exec && !command.path.starts_with("/nowhere") {
            self.world().soon(Event::Executed { process: spawn.process });
        }
    }

    pub(super) fn command(&mut self, spawn: &Spawn) -> CommandLine {
        let spec = self.engine.spec(&spawn.unit).expect("it has been loaded");
        let list = match &spec.settings {
            Settings::Service(service) => match spawn.phase {
                Phase::Condition => &service.commands.condition,
                Phase::StartPre => &service.commands.start_pre,
                Phase::Start => &service.commands.start,
                Phase::StartPost => &service.commands.start_post,
                Phase::Reload => &service.commands.reload,
                Phase::ReloadPost => &service.commands.reload_post,
                Phase::Stop => &service.commands.stop,
                Phase::StopPost => &service.commands.stop_post,
            },
            Settings::Socket(socket) => match spawn.phase {
                Phase::StartPre => &socket.start_pre,
                Phase::StartPost => &socket.start_post,
                Phase::Stop => &socket.stop_pre,
                _ => &socket.stop_post,
            },
            other => panic!("{other:?} has no commands"),
        };
        list[spawn.index].clone()
    }
}
