//! What an exit status means.

use crate::job::event::ExitStatus;
use crate::job::state::UnitResult;
use crate::unit::spec::ExitStatusSet;

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGPIPE: i32 = 13;
const SIGTERM: i32 = 15;

impl ExitStatus {
    /// $EXIT_CODE.
    pub const fn code_word(self) -> &'static str {
        match self {
            Self::Code(_) => "exited",
            Self::Signal(_) => "killed",
            Self::CoreDump(_) => "dumped",
        }
    }

    /// $EXIT_STATUS: the code, or the signal's name without SIG.
    pub fn status_word(self) -> String {
        match self {
            Self::Code(code) => code.to_string(),
            Self::Signal(signal) | Self::CoreDump(signal) => signal_name(signal),
        }
    }

    /// Whether the status is in a list such as `RestartPreventExitStatus=`.
    pub(in crate::job) fn is_in(self, set: &ExitStatusSet) -> bool {
        match self {
            Self::Code(code) => set.codes.contains(&code),
            Self::Signal(signal) | Self::CoreDump(signal) => set.signals.contains(&signal),
        }
    }

    /// The result that it makes. A daemon may also end by one of four signals and be clean.
    pub(in crate::job) fn result(self, daemon: bool, success: &ExitStatusSet) -> UnitResult {
        match self {
            Self::Code(0) => UnitResult::Success,
            Self::Code(code) if success.codes.contains(&code) => UnitResult::Success,
            Self::Code(_) => UnitResult::ExitCode,
            Self::Signal(SIGHUP | SIGINT | SIGTERM | SIGPIPE) if daemon => UnitResult::Success,
            Self::Signal(signal) if success.signals.contains(&signal) => UnitResult::Success,
            Self::Signal(_) => UnitResult::Signal,
            Self::CoreDump(_) => UnitResult::CoreDump,
        }
    }
}

/// The name of a Linux signal without SIG, or its number.
fn signal_name(signal: i32) -> String {
    const NAMES: [&str; 32] = [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
        "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    match usize::try_from(signal).ok().and_then(|place| NAMES.get(place)).filter(|name| !name.is_empty()) {
        Some(name) => (*name).to_owned(),
        None if signal >= 34 => format!("RTMIN+{}", signal.saturating_sub(34)),
        None => signal.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_may_end_by_sigterm_and_a_command_may_not() {
        let none = ExitStatusSet::default();
        assert_eq!(ExitStatus::Signal(15).result(true, &none), UnitResult::Success);
        assert_eq!(ExitStatus::Signal(15).result(false, &none), UnitResult::Signal);
        assert_eq!(ExitStatus::CoreDump(6).result(true, &none), UnitResult::CoreDump);
    }
}
