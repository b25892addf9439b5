//! Commands beside the main process.

use tokio::time::Instant;

use super::super::events::Event;
use super::super::outcome::{Ending, Rules, ServiceResult};
use super::super::{Error, command, descriptors, process_tree};
use super::{Interruption, Service, Step};
use crate::unit::spec::CommandLine;

impl Service {
    /// Runs commands one after the other. The first that fails ends it.
    pub(super) async fn commands(&mut self, commands: &[CommandLine], until: Option<Instant>) -> Step {
        for command in commands {
            let ending = self.command(command, until, true).await?;
            let result = self.rules_of_commands().result(ending);
            if result != ServiceResult::Success && !command.ignore_failure {
                self.say(&format!("{}: {}", command.argv.join(" "), result.as_str()));
                if self.options.oneshot {
                    self.main_ending = Some(ending);
                }
                return Err(Interruption::Failed(result));
            }
        }
        Ok(())
    }

    /// `SuccessExitStatus=` is for main processes, which those of a oneshot service are.
    pub(super) fn rules_of_commands(&self) -> Rules {
        if self.options.oneshot { self.rules.clone() } else { Rules::default() }
    }

    /// Runs one command to its end. While starting, a stop ends it.
    pub(super) async fn command(
        &mut self,
        command: &CommandLine,
        until: Option<Instant>,
        starting: bool,
    ) -> Step<Ending> {
        let mut environment = self.environment.clone();
        if let Some(main) = self.main {
            environment.insert("MAINPID".to_owned(), main.to_string());
        }
        let child = command::process(command, &environment)
            .map(|process| descriptors::other_process(process, self.identity_of(command)))
            .and_then(|mut process| process.spawn().map_err(|error| Error::system(&command.path, error)));
        let pid = match child {
            Ok(child) => child.id().cast_signed(),
            Err(error) => {
                self.say(&error.to_string());
                return Ok(Ending::Exited(203));
            }
        };
        loop {
            match self.next(until).await {
                Event::Ended(ended, ending) if ended == pid => return Ok(ending),
                Event::Stop if starting => {
                    process_tree::signal(pid, 15);
                    return Err(Interruption::Stopped);
                }
                Event::Deadline => {
                    process_tree::signal(pid, 9);
                    self.say(&format!("{}: takes too long", command.argv.join(" ")));
                    return Err(Interruption::Failed(ServiceResult::Timeout));
                }
                _ => {}
            }
        }
    }
}
