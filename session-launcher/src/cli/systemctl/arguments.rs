//! The command line. As with systemd's systemctl, every option may stand anywhere, and goes with every command.

use std::io::IsTerminal;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, ValueEnum};

use super::Failure;

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Json {
    /// No JSON.
    #[default]
    Off,
    /// With line breaks.
    Pretty,
    /// On one line.
    Short,
}

/// Looks at the units of the user manager and controls them.
#[derive(Debug, Clone, Parser)]
#[command(name = super::PROGRAM, version, after_help = HELP, max_term_width = 100)]
pub struct Arguments {
    /// What to do; list-units if none is given.
    #[arg(value_name = "COMMAND")]
    pub verb: Option<String>,
    /// Units, patterns or variables.
    #[arg(value_name = "ARGUMENT")]
    pub words: Vec<String>,

    /// Talk to the user manager; the only one there is.
    #[arg(long)]
    user: bool,
    #[arg(long, hide = true)]
    system: bool,
    #[arg(long, hide = true)]
    global: bool,
    /// Only units of these kinds, or with this load or active state.
    #[arg(short = 't', long = "type", value_name = "KIND", value_delimiter = ',')]
    pub types: Vec<String>,
    /// Only units in these states.
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',')]
    pub states: Vec<String>,
    /// The same as --state=failed.
    #[arg(long)]
    failed: bool,
    /// Only these properties.
    #[arg(short = 'p', long = "property", value_name = "NAME", value_delimiter = ',')]
    pub properties: Vec<String>,
    /// The same as --value --property=NAME.
    #[arg(short = 'P', value_name = "NAME", value_delimiter = ',')]
    value_of: Vec<String>,
    /// Only the values.
    #[arg(long)]
    pub value: bool,
    /// All units in memory, all properties, all dependencies.
    #[arg(short, long)]
    pub all: bool,
    /// Do not shorten lines.
    #[arg(short = 'l', long)]
    pub full: bool,
    /// Do not wait until the job is done.
    #[arg(long)]
    pub no_block: bool,
    /// Wait until the units are stopped again, or the manager is up.
    #[arg(long)]
    pub wait: bool,
    /// There is no pager.
    #[arg(long, hide = true)]
    no_pager: bool,
    #[arg(long, hide = true)]
    no_ask_password: bool,
    /// No heading and no hints.
    #[arg(long)]
    pub no_legend: bool,
    #[arg(long, value_name = "BOOLEAN", hide = true)]
    legend: Option<String>,
    /// A list instead of a tree, and no dots.
    #[arg(long)]
    pub plain: bool,
    /// Say nothing but errors.
    #[arg(short, long)]
    pub quiet: bool,
    /// What becomes of jobs that are there: fail, replace, replace-irreversibly, isolate, ignore-dependencies, …
    #[arg(long, value_name = "MODE", default_value = "replace")]
    pub job_mode: String,
    /// The same as --job-mode=fail.
    #[arg(long, hide = true)]
    fail: bool,
    /// How many lines of output status shows.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    pub lines: usize,
    /// Accepted and ignored: the format of log lines.
    #[arg(short = 'o', long, value_name = "FORMAT", hide = true)]
    output: Option<String>,
    /// The signal that kill sends.
    #[arg(short = 's', long, value_name = "SIGNAL", default_value = "SIGTERM")]
    pub signal: String,
    /// Which processes kill sends it to: main, control, all, …
    #[arg(long, value_name = "WHOM", default_value = "all")]
    pub kill_whom: String,
    #[arg(long, value_name = "WHOM", hide = true)]
    kill_who: Option<String>,
    /// What clean removes: runtime, state, cache, logs, configuration, all.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub what: Vec<String>,
    /// Until the next log-in only.
    #[arg(long)]
    pub runtime: bool,
    /// Also start or stop the units that are enabled, disabled or masked.
    #[arg(long)]
    pub now: bool,
    /// Replace links that lead elsewhere.
    #[arg(short, long, action = ArgAction::Count)]
    pub force: u8,
    /// Do not have the manager read unit files again.
    #[arg(long)]
    pub no_reload: bool,
    /// What depends on the unit.
    #[arg(long)]
    pub reverse: bool,
    /// What is ordered before the unit.
    #[arg(long)]
    pub after: bool,
    /// What is ordered after the unit.
    #[arg(long)]
    pub before: bool,
    /// As JSON.
    #[arg(long, value_enum, value_name = "pretty|short|off", default_value_t = Json::Off)]
    pub json: Json,
}

const HELP: &str = "\
Commands that look:    list-units, list-jobs, list-unit-files, list-dependencies, status, show, cat,
                       is-active, is-failed, is-enabled, is-system-running, get-default, show-environment
Commands that act:     start, stop, restart, try-restart, reload, reload-or-restart,
                       try-reload-or-restart, isolate, kill, freeze, thaw, clean, reset-failed, daemon-reload,
                       daemon-reexec
Commands that change:  enable, disable, reenable, preset, preset-all, mask, unmask, link, revert,
                       set-environment, unset-environment, import-environment";

/// Commands without arguments.
const WITHOUT: [&str; 6] =
    ["daemon-reload", "daemon-reexec", "get-default", "is-system-running", "preset-all", "show-environment"];
/// Those that need one at least. The rest may have some.
const WITH: [&str; 28] = [
    "cat",
    "clean",
    "condrestart",
    "disable",
    "enable",
    "force-reload",
    "freeze",
    "is-active",
    "is-enabled",
    "isolate",
    "kill",
    "link",
    "mask",
    "preset",
    "reenable",
    "reload",
    "reload-or-restart",
    "reload-or-try-restart",
    "restart",
    "revert",
    "set-environment",
    "start",
    "stop",
    "thaw",
    "try-reload-or-restart",
    "try-restart",
    "unmask",
    "unset-environment",
];

impl Arguments {
    /// Reads the words after the program's name. `Err` is an exit code; what there is to say has been said.
    pub fn read(words: &[String]) -> Result<Self, u8> {
        let all = std::iter::once(super::PROGRAM.to_owned()).chain(words.iter().cloned());
        let parsed =
            Self::command().try_get_matches_from(all).and_then(|found| Self::from_arg_matches(&found));
        let mut arguments = parsed.map_err(|error| {
            let _ = error.print();
            u8::from(error.use_stderr())
        })?;
        if arguments.system || arguments.global || (!arguments.user && rustix::process::getuid().is_root()) {
            eprintln!("There is no system manager here: only --user is served.");
            return Err(1);
        }
        arguments.settle();
        Ok(arguments)
    }

    /// Turns options that stand for others into these.
    fn settle(&mut self) {
        if !self.value_of.is_empty() {
            self.properties.append(&mut self.value_of);
            self.value = true;
        }
        if self.failed {
            self.states.push("failed".to_owned());
        }
        if self.fail {
            "fail".clone_into(&mut self.job_mode);
        }
        if let Some(whom) = self.kill_who.take() {
            self.kill_whom = whom;
        }
        if self.legend.as_deref().and_then(crate::unit::value::boolean::parse) == Some(false) {
            self.no_legend = true;
        }
    }

    /// Whether there are too few or too many arguments.
    pub fn check_count(&self, verb: &str) -> super::Result<()> {
        if WITHOUT.contains(&verb) && !self.words.is_empty() {
            return Err(Failure::Usage("Too many arguments.".to_owned()));
        }
        if self.words.is_empty() && WITH.contains(&verb) {
            return Err(Failure::Usage("Too few arguments.".to_owned()));
        }
        Ok(())
    }

    /// Whether lines are shortened to the terminal.
    pub fn shortens(&self) -> bool {
        !self.full && std::io::stdout().is_terminal()
    }
}
