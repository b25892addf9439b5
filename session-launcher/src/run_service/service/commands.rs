//! The commands of a service, step by step.

use super::super::Error;
use super::super::command;
use super::super::options::Options;
use crate::unit::spec::CommandLine;

/// The commands of each step.
#[derive(Debug)]
pub struct Commands {
    pub condition: Vec<CommandLine>,
    pub start_pre: Vec<CommandLine>,
    pub start: Vec<CommandLine>,
    pub start_post: Vec<CommandLine>,
    pub reload: Vec<CommandLine>,
    pub stop: Vec<CommandLine>,
    pub stop_post: Vec<CommandLine>,
    pub when_done: Vec<CommandLine>,
}

impl Commands {
    /// Reads them from the command line.
    ///
    /// # Errors
    /// One is no command.
    pub fn parse(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            condition: command::parse(&options.exec_condition)?,
            start_pre: command::parse(&options.start_pre)?,
            start: command::parse(&options.start)?,
            start_post: command::parse(&options.start_post)?,
            reload: command::parse(&options.reload)?,
            stop: command::parse(&options.stop)?,
            stop_post: command::parse(&options.stop_post)?,
            when_done: command::parse(options.when_done.as_slice())?,
        })
    }

    /// The one that is the service itself.
    pub fn main(options: &Options) -> CommandLine {
        let mut argv = options.command.clone();
        if let (Some(first), Some(name)) = (argv.first_mut(), &options.argv0) {
            first.clone_from(name);
        }
        CommandLine {
            path: options.command.first().cloned().unwrap_or_default(),
            argv,
            ignore_failure: options.ignore_failure,
            literal: options.literal,
            privileged: options.privileged,
            ..CommandLine::default()
        }
    }
}
