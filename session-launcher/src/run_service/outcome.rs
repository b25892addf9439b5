//! How a service ended, and what that means: systemd's results (systemd.service(5), "Restart=" and
//! "SuccessExitStatus="; systemd.exec(5), "$SERVICE_RESULT").

use super::Error;
use crate::unit::spec::{ExitStatusSet, RestartPolicy};
use crate::unit::value::{exit_status, signal};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With that exit code.
    Exited(i32),
    /// By that signal.
    Killed(i32),
    /// By that signal, with a core dump.
    Dumped(i32),
}

/// `$SERVICE_RESULT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceResult {
    /// All went well.
    Success,
    /// It did not start as its type wants.
    Protocol,
    /// Something took too long.
    Timeout,
    /// An exit code that is a failure.
    ExitCode,
    /// A signal that is a failure.
    Signal,
    /// The same with a core dump.
    CoreDump,
    /// The watchdog barked.
    Watchdog,
    /// It cannot be run at all.
    Resources,
}

impl ServiceResult {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Protocol => "protocol",
            Self::Timeout => "timeout",
            Self::ExitCode => "exit-code",
            Self::Signal => "signal",
            Self::CoreDump => "core-dump",
            Self::Watchdog => "watchdog",
            Self::Resources => "resources",
        }
    }
}

/// Which endings are successes, and which start the service again.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `SuccessExitStatus=`.
    pub success: ExitStatusSet,
    /// `RestartPreventExitStatus=`.
    pub prevent: ExitStatusSet,
    /// `RestartForceExitStatus=`.
    pub force: ExitStatusSet,
    /// `Restart=`.
    pub restart: Option<RestartPolicy>,
}

/// Reads a list of exit codes and signals.
///
/// # Errors
/// A word is neither.
pub fn statuses(list: Option<&str>) -> Result<ExitStatusSet, Error> {
    let mut set = ExitStatusSet::default();
    for word in list.unwrap_or_default().split_ascii_whitespace() {
        if !exit_status::add(&mut set, word) {
            return Err(Error::Argument(format!("{word}: neither an exit code nor a signal")));
        }
    }
    Ok(set)
}

/// Signals that are no failure of a main process: HUP, INT, PIPE, TERM.
const CLEAN_SIGNALS: [i32; 4] = [1, 2, 13, 15];

impl Rules {
    /// What the ending of a main process means.
    pub fn result(&self, ending: Ending) -> ServiceResult {
        match ending {
            Ending::Exited(0) => ServiceResult::Success,
            Ending::Exited(_) | Ending::Killed(_) if contains(&self.success, ending) => {
                ServiceResult::Success
            }
            Ending::Exited(_) => ServiceResult::ExitCode,
            Ending::Killed(signal) if CLEAN_SIGNALS.contains(&signal) => ServiceResult::Success,
            Ending::Killed(_) => ServiceResult::Signal,
            Ending::Dumped(_) => ServiceResult::CoreDump,
        }
    }

    /// Whether the manager shall start the service again.
    pub fn restarts(&self, result: ServiceResult, ending: Option<Ending>) -> bool {
        if ending.is_some_and(|ending| contains(&self.prevent, ending)) {
            return false;
        }
        if ending.is_some_and(|ending| contains(&self.force, ending)) {
            return true;
        }
        match self.restart.unwrap_or(RestartPolicy::No) {
            RestartPolicy::No => false,
            RestartPolicy::Always => true,
            RestartPolicy::OnSuccess => result == ServiceResult::Success,
            RestartPolicy::OnFailure => result != ServiceResult::Success,
            RestartPolicy::OnAbnormal => !matches!(result, ServiceResult::Success | ServiceResult::ExitCode),
            RestartPolicy::OnAbort => matches!(result, ServiceResult::Signal | ServiceResult::CoreDump),
            RestartPolicy::OnWatchdog => result == ServiceResult::Watchdog,
        }
    }

    /// The exit code for the manager: 0 tells it to leave the service alone. Without a policy, success and failure
    /// are told apart and nothing more.
    pub fn exit_code(&self, result: ServiceResult, ending: Option<Ending>) -> u8 {
        let failure = match ending {
            Some(Ending::Exited(code)) => u8::try_from(code).unwrap_or(1).max(1),
            Some(Ending::Killed(signal) | Ending::Dumped(signal)) => {
                u8::try_from(128_i32.saturating_add(signal)).unwrap_or(1)
            }
            None => 1,
        };
        let again = match self.restart {
            None | Some(RestartPolicy::No) => result != ServiceResult::Success,
            Some(_) => self.restarts(result, ending),
        };
        if again { failure } else { 0 }
    }
}

fn contains(set: &ExitStatusSet, ending: Ending) -> bool {
    match ending {
        Ending::Exited(code) => u8::try_from(code).is_ok_and(|code| set.codes.contains(&code)),
        Ending::Killed(signal) | Ending::Dumped(signal) => set.signals.contains(&signal),
    }
}

/// `$EXIT_CODE` and `$EXIT_STATUS`.
pub fn exit_variables(ending: Ending) -> (&'static str, String) {
    match ending {
        Ending::Exited(code) => ("exited", code.to_string()),
        Ending::Killed(number) => ("killed", signal::name(number)),
        Ending::Dumped(number) => ("dumped", signal::name(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_endings_start_it_again() {
        let endings = [
            ("clean", Ending::Exited(0)),
            ("code", Ending::Exited(3)),
            ("term", Ending::Killed(15)),
            ("segv", Ending::Dumped(11)),
        ];
        // The table of systemd.service(5), "Restart=".
        let cases = [
            (RestartPolicy::No, [false, false, false, false]),
            (RestartPolicy::Always, [true, true, true, true]),
            (RestartPolicy::OnSuccess, [true, false, true, false]),
            (RestartPolicy::OnFailure, [false, true, false, true]),
            (RestartPolicy::OnAbnormal, [false, false, false, true]),
            (RestartPolicy::OnAbort, [false, false, false, true]),
            (RestartPolicy::OnWatchdog, [false, false, false, false]),
        ];
        for (policy, expected) in cases {
            let rules = Rules { restart: Some(policy), ..Rules::default() };
            for ((name, ending), expected) in endings.iter().zip(expected) {
                let restarts = rules.restarts(rules.result(*ending), Some(*ending));
                assert_eq!(restarts, expected, "{policy:?} {name}");
            }
        }
    }

    #[test]
    fn lists_of_statuses() {
        let rules = Rules {
            success: statuses(Some("1 SIGUSR1")).unwrap(),
            prevent: statuses(Some("5")).unwrap(),
            force: statuses(Some("6")).unwrap(),
            restart: Some(RestartPolicy::OnFailure),
        };
        assert_eq!(rules.result(Ending::Exited(1)), ServiceResult::Success);
        assert_eq!(rules.result(Ending::Killed(10)), ServiceResult::Success);
        assert_eq!(rules.exit_code(ServiceResult::ExitCode, Some(Ending::Exited(5))), 0);
        assert_eq!(rules.exit_code(ServiceResult::ExitCode, Some(Ending::Exited(6))), 6);
        assert_eq!(rules.exit_code(ServiceResult::Signal, Some(Ending::Killed(9))), 137);
        assert!(statuses(Some("nonsense")).is_err());
    }
}
