//! From the conditions until the service is up.

use tokio::time::Instant;

use super::super::events::Event;
use super::super::identity::Identity;
use super::super::outcome::{Ending, ServiceResult};
use super::super::{Error, command, descriptors};
use super::commands::Commands;
use super::{Interruption, Service, Step, deadline};
use crate::unit::condition::Surroundings;
use crate::unit::spec::{CommandLine, Condition, ConditionKind, ConditionSet};
use crate::unit::specifier::Host;

impl Service {
    /// Whether conditions and asserts hold.
    pub(super) fn conditions(&self) -> Result<Option<Interruption>, Error> {
        let host = Host::detect(&self.environment, None);
        let surroundings = Surroundings { host: &host, environment: &self.environment, root: None };
        let conditions = condition_set(&self.options.conditions)?;
        if !conditions.holds(|condition| surroundings.test(condition)) {
            self.say(&format!("skipped: a condition does not hold: {}", self.options.conditions.join(", ")));
            return Ok(Some(Interruption::Skipped));
        }
        let asserts = condition_set(&self.options.asserts)?;
        if !asserts.holds(|condition| surroundings.test(condition)) {
            self.say(&format!("failed: an assert does not hold: {}", self.options.asserts.join(", ")));
            return Ok(Some(Interruption::Failed(ServiceResult::Resources)));
        }
        Ok(None)
    }

    pub(super) async fn start(&mut self, commands: &Commands) -> Step {
        let until = deadline(self.options.start_timeout);
        for command in &commands.condition {
            match self.command(command, until, true).await? {
                Ending::Exited(0) => {}
                Ending::Exited(code) if code < 255 => return Err(Interruption::Skipped),
                ending => return Err(Interruption::Failed(self.failure_of(ending))),
            }
        }
        self.commands(&commands.start_pre, until).await?;
        if self.options.oneshot {
            self.commands(&commands.start, until).await?;
            if !self.options.command.is_empty() {
                self.commands(&[Commands::main(&self.options)], until).await?;
            }
            return self.commands(&commands.start_post, until).await;
        }
        self.spawn_main()?;
        self.wait_until_up(until).await?;
        self.commands(&commands.start_post, until).await?;
        self.ready.tell();
        Ok(())
    }

    pub(super) fn spawn_main(&mut self) -> Step {
        let command = Commands::main(&self.options);
        let process = command::process(&command, &self.environment)
            .map(|process| descriptors::main_process(process, &self.sockets, self.identity_of(&command)));
        let child = process
            .map_err(|error| error.to_string())
            .and_then(|mut process| process.spawn().map_err(|error| format!("{}: {error}", command.path)));
        match child {
            Ok(child) => {
                self.main = Some(child.id().cast_signed());
                self.arm_watchdog();
                Ok(())
            }
            Err(error) => {
                self.say(&error);
                // systemd gives such a process the exit code 203.
                self.main_ending = Some(Ending::Exited(203));
                Err(Interruption::Failed(ServiceResult::ExitCode))
            }
        }
    }

    /// `+` and `!` leave a command root's.
    pub(super) fn identity_of(&self, command: &CommandLine) -> Option<Identity> {
        self.identity.clone().filter(|_| !command.privileged)
    }

    pub(super) fn is_up(&self) -> bool {
        let notified = !self.options.notify || self.notified_ready;
        let owned = self.options.bus_name.is_none() || self.bus_owned == Some(true);
        notified && owned
    }

    pub(super) async fn wait_until_up(&mut self, until: Option<Instant>) -> Step {
        while !self.is_up() {
            match self.next(until).await {
                Event::Stop => return Err(Interruption::Stopped),
                Event::Deadline => {
                    self.say("not started in time");
                    return Err(Interruption::Failed(ServiceResult::Timeout));
                }
                _ => {}
            }
            if self.no_bus {
                return Err(Interruption::Failed(ServiceResult::Resources));
            }
            if self.main.is_none() {
                let result =
                    self.main_ending.map_or(ServiceResult::Protocol, |ending| self.failure_of(ending));
                self.say("ended before it was up");
                return Err(Interruption::Failed(result));
            }
        }
        Ok(())
    }

    /// What a process that ended too early means: a success is none.
    pub(super) fn failure_of(&self, ending: Ending) -> ServiceResult {
        match self.rules.result(ending) {
            ServiceResult::Success => ServiceResult::Protocol,
            result => result,
        }
    }
}

/// Reads `PathExists=|!/path`.
fn condition_set(texts: &[String]) -> Result<ConditionSet, Error> {
    let mut set = ConditionSet::default();
    for text in texts {
        let invalid = || Error::Argument(format!("{text}: no condition"));
        let (name, value) = text.split_once('=').ok_or_else(invalid)?;
        let kind = ConditionKind::from_name(name).ok_or_else(invalid)?;
        let (trigger, value) = value.strip_prefix('|').map_or((false, value), |value| (true, value));
        let (negate, value) = value.strip_prefix('!').map_or((false, value), |value| (true, value));
        set.0.push(Condition { kind, trigger, negate, parameter: value.to_owned() });
    }
    Ok(set)
}
