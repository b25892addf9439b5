//! The language of stand-in processes: the words after `stand-in` in an `Exec...=` line, and of `tell`.
//!
//! The words are done one after the other, and then the process waits until a signal or a `tell` comes.
//!
//! | word | meaning |
//! |-|-|
//! | `wait:100ms` | let time pass |
//! | `exit:3` | exit with that code |
//! | `die:KILL` | end by that signal |
//! | `ready` | notify `READY=1` |
//! | `notify:A=1;B=2` | notify these fields |
//! | `reloading` | notify `RELOADING=1` with the time |
//! | `own:NAME`, `release:NAME` | take or give back a name on the session bus |
//! | `child`, `stubborn-child` | start a child that stays, and one that ignores SIGTERM |
//! | `pidfile:PATH` | write the last child's number into a file; `%` in the path stands for the scenario's directory |
//! | `on:TERM=word,word` | do these words when that signal comes |
//! | `ignore:TERM` | ignore the signal |
//! | `env:A,B` | report these variables |
//! | `start:UNIT/MODE` | ask the manager to start a unit |
//! | `if:NAME=VALUE,word,word` | do these words if the variable is so |
//! | `label:x` | nothing; tells two commands of a unit apart |

use std::collections::BTreeMap;
use std::time::Duration;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `wait:`.
    Wait(Duration),
    /// `exit:`.
    Exit(u8),
    /// `die:`.
    Die(i32),
    /// `notify:` and its short forms; fields are separated by newlines.
    Notify(String),
    /// `reloading`.
    Reloading,
    /// `own:`.
    Own(String),
    /// `release:`.
    Release(String),
    /// `child` and `stubborn-child`.
    Child {
        /// It ignores SIGTERM.
        stubborn: bool,
    },
    /// `pidfile:`.
    PidFile(String),
    /// `on:` and `ignore:`.
    On(i32, Vec<Step>),
    /// `env:`.
    Environment(Vec<String>),
    /// `start:`: ask the manager for a start job.
    Start {
        /// The unit.
        unit: String,
        /// The job mode.
        mode: String,
    },
    /// `if:`: only with that variable.
    If(String, String, Vec<Step>),
    /// `label:`.
    Label,
}

/// Reads the words of a script.
///
/// # Errors
/// Names the word that is none.
pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<Step>, String> {
    words.into_iter().map(parse_word).collect()
}

fn parse_word(word: &str) -> Result<Step, String> {
    let (head, rest) = word.split_once(':').unwrap_or((word, ""));
    let bad = || format!("{word:?} is no word of a stand-in");
    Ok(match head {
        "wait" => Step::Wait(duration(rest).ok_or_else(bad)?),
        "exit" => Step::Exit(rest.parse().map_err(|_| bad())?),
        "die" => Step::Die(signal(rest).ok_or_else(bad)?),
        "ready" => Step::Notify("READY=1".into()),
        "stopping" => Step::Notify("STOPPING=1".into()),
        "notify" => Step::Notify(rest.replace(';', "\n")),
        "reloading" => Step::Reloading,
        "own" => Step::Own(rest.into()),
        "release" => Step::Release(rest.into()),
        "child" => Step::Child { stubborn: false },
        "stubborn-child" => Step::Child { stubborn: true },
        "pidfile" => Step::PidFile(rest.into()),
        "ignore" => Step::On(signal(rest).ok_or_else(bad)?, Vec::new()),
        "on" => {
            let (name, steps) = rest.split_once('=').ok_or_else(bad)?;
            Step::On(signal(name).ok_or_else(bad)?, parse(steps.split(','))?)
        }
        "env" => Step::Environment(rest.split(',').map(str::to_owned).collect()),
        "start" => {
            let (unit, mode) = rest.split_once('/').ok_or_else(bad)?;
            Step::Start { unit: unit.into(), mode: mode.into() }
        }
        "if" => {
            let (test, steps) = rest.split_once(',').ok_or_else(bad)?;
            let (name, value) = test.split_once('=').ok_or_else(bad)?;
            Step::If(name.into(), value.into(), parse(steps.split(','))?)
        }
        "label" => Step::Label,
        _ => return Err(bad()),
    })
}

/// `100ms`, `2s`.
pub fn duration(text: &str) -> Option<Duration> {
    if let Some(number) = text.strip_suffix("ms") {
        return number.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs_f64)
}

const SIGNALS: &[(&str, i32)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ABRT", 6),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("TERM", 15),
    ("CONT", 18),
];

/// The number of a signal.
pub fn signal(name: &str) -> Option<i32> {
    SIGNALS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// The name of a signal.
pub fn signal_name(number: i32) -> &'static str {
    SIGNALS.iter().find(|(_, known)| *known == number).map_or("?", |(name, _)| name)
}

/// A script on its way, without a clock of its own.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    queue: std::collections::VecDeque<Step>,
    handlers: BTreeMap<i32, Vec<Step>>,
}

impl Progress {
    /// A process at its start.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { queue: steps.into(), handlers: BTreeMap::new() }
    }

    /// The next step that does something; handlers are only noted.
    pub fn next(&mut self) -> Option<Step> {
        while let Some(step) = self.queue.pop_front() {
            match step {
                Step::On(signal, steps) => {
                    self.handlers.insert(signal, steps);
                }
                Step::Label => {}
                other => return Some(other),
            }
        }
        None
    }

    /// Whether nothing is left to do.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// To be done before everything else.
    pub fn insert(&mut self, steps: Vec<Step>) {
        for step in steps.into_iter().rev() {
            self.queue.push_front(step);
        }
    }

    /// More to do.
    pub fn tell(&mut self, steps: Vec<Step>) {
        self.queue.extend(steps);
    }

    /// Takes a signal. False when it has no handler.
    pub fn signal(&mut self, number: i32) -> bool {
        match self.handlers.get(&number) {
            // What it was about to do is given up.
            Some(steps) => {
                if !steps.is_empty() {
                    self.queue = steps.clone().into();
                }
                true
            }
            None => false,
        }
    }
}

/// Every signal that a script handles anywhere.
pub fn handled(steps: &[Step]) -> Vec<i32> {
    steps
        .iter()
        .filter_map(|step| if let Step::On(signal, _) = step { Some(*signal) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let steps = parse(["on:TERM=wait:50ms,exit:3", "ready"]).unwrap();
        let mut progress = Progress::new(steps);
        assert_eq!(progress.next(), Some(Step::Notify("READY=1".into())));
        assert_eq!(progress.next(), None);
        assert!(progress.signal(15) && !progress.signal(1));
        assert_eq!(progress.next(), Some(Step::Wait(Duration::from_millis(50))));
        assert_eq!(progress.next(), Some(Step::Exit(3)));
        assert!(parse(["nonsense"]).is_err());
    }
}
