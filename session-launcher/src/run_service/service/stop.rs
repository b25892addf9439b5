//! From the last day of a service until nothing is left of it.

use std::os::unix::process::CommandExt;
use std::time::Duration;

use tokio::time::Instant;

use super::super::events::Event;
use super::super::options::KillMode;
use super::super::outcome::{self, ServiceResult};
use super::super::{Error, command, process_tree};
use super::commands::Commands;
use super::{Service, deadline};
use crate::unit::spec::CommandLine;

impl Service {
    /// Runs the stop commands, and ends what is left. False when SIGKILL was needed.
    pub(super) async fn end_processes(&mut self, stop: &[CommandLine]) -> bool {
        let until = deadline(self.options.stop_timeout);
        if self.main.is_some() {
            for command in stop {
                let _ = self.command(command, until, false).await;
            }
        }
        let all = self.options.kill_mode == KillMode::ControlGroup;
        let mut targets = if all { self.tree.processes() } else { Vec::new() };
        targets.extend(self.main.filter(|main| !targets.contains(main)));
        for pid in targets {
            process_tree::signal(pid, self.kill_signal);
            // A stopped process could not see it.
            process_tree::signal(pid, 18);
        }
        let mut in_time = true;
        loop {
            let rest = if all { self.tree.processes() } else { Vec::new() };
            if self.main.is_none() && rest.is_empty() {
                break;
            }
            // Orphans that still have a parent end unseen, so it is looked again now and then.
            let look = Instant::now() + Duration::from_millis(100);
            let next = until.map_or(look, |until| until.min(look));
            self.next(if all { Some(next) } else { until }).await;
            if until.is_some_and(|until| Instant::now() >= until) {
                in_time = self.main.is_none() && !all;
                break;
            }
        }
        if self.options.kill_mode == KillMode::Process {
            if let Some(main) = self.main {
                process_tree::signal(main, 9);
            }
        } else {
            for pid in self.tree.processes() {
                process_tree::signal(pid, 9);
            }
        }
        let soon = Instant::now() + Duration::from_secs(2);
        while self.main.is_some() && Instant::now() < soon {
            self.next(Some(soon)).await;
        }
        in_time
    }

    /// `ExecStopPost=`.
    pub(super) async fn after(&mut self, commands: &Commands, result: ServiceResult) {
        self.environment.insert("SERVICE_RESULT".to_owned(), result.as_str().to_owned());
        if let Some(ending) = self.main_ending {
            let (code, status) = outcome::exit_variables(ending);
            self.environment.insert("EXIT_CODE".to_owned(), code.to_owned());
            self.environment.insert("EXIT_STATUS".to_owned(), status);
        }
        let until = deadline(self.options.stop_timeout);
        for command in &commands.stop_post {
            if self.command(command, until, false).await.is_err() {
                break;
            }
        }
    }

    /// Tells the manager that the service is over, and waits until it believes it.
    pub(super) async fn leave(&mut self, commands: &[CommandLine]) {
        if self.stop_wanted {
            return;
        }
        for command in commands {
            let process = command::process(command, &self.environment);
            if let Err(error) = process.and_then(|mut process| {
                process.process_group(0).spawn().map_err(|error| Error::system(command.path.clone(), error))
            }) {
                self.say(&error.to_string());
                return;
            }
        }
        let until = Instant::now() + Duration::from_secs(30);
        while !matches!(self.events.next(Some(until)).await, Event::Stop | Event::Deadline) {}
    }
}
