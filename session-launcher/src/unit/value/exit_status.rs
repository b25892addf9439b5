//! Names of exit codes (systemd.exec(5), "Process Exit Codes"; sysexits.h).

use super::super::spec::ExitStatusSet;
use super::signal;

const NAMES: [(&str, u8); 60] = [
    ("SUCCESS", 0),
    ("FAILURE", 1),
    ("INVALIDARGUMENT", 2),
    ("NOTIMPLEMENTED", 3),
    ("NOPERMISSION", 4),
    ("NOTINSTALLED", 5),
    ("NOTCONFIGURED", 6),
    ("NOTRUNNING", 7),
    ("USAGE", 64),
    ("DATAERR", 65),
    ("NOINPUT", 66),
    ("NOUSER", 67),
    ("NOHOST", 68),
    ("UNAVAILABLE", 69),
    ("SOFTWARE", 70),
    ("OSERR", 71),
    ("OSFILE", 72),
    ("CANTCREAT", 73),
    ("IOERR", 74),
    ("TEMPFAIL", 75),
    ("PROTOCOL", 76),
    ("NOPERM", 77),
    ("CONFIG", 78),
    ("CHDIR", 200),
    ("NICE", 201),
    ("FDS", 202),
    ("EXEC", 203),
    ("MEMORY", 204),
    ("LIMITS", 205),
    ("OOM_ADJUST", 206),
    ("SIGNAL_MASK", 207),
    ("STDIN", 208),
    ("STDOUT", 209),
    ("CHROOT", 210),
    ("IOPRIO", 211),
    ("TIMERSLACK", 212),
    ("SECUREBITS", 213),
    ("SETSCHEDULER", 214),
    ("CPUAFFINITY", 215),
    ("GROUP", 216),
    ("USER", 217),
    ("CAPABILITIES", 218),
    ("CGROUP", 219),
    ("SETSID", 220),
    ("CONFIRM", 221),
    ("STDERR", 222),
    ("PAM", 224),
    ("NETWORK", 225),
    ("NAMESPACE", 226),
    ("NO_NEW_PRIVILEGES", 227),
    ("SECCOMP", 228),
    ("SELINUX_CONTEXT", 229),
    ("PERSONALITY", 230),
    ("APPARMOR_PROFILE", 231),
    ("ADDRESS_FAMILIES", 232),
    ("RUNTIME_DIRECTORY", 233),
    ("CHOWN", 235),
    ("SMACK_PROCESS_LABEL", 236),
    ("KEYRING", 237),
    ("STATE_DIRECTORY", 238),
];
const LATER_NAMES: [(&str, u8); 8] = [
    ("CACHE_DIRECTORY", 239),
    ("LOGS_DIRECTORY", 240),
    ("CONFIGURATION_DIRECTORY", 241),
    ("NUMA_POLICY", 242),
    ("CREDENTIALS", 243),
    ("BPF", 245),
    ("KSM", 246),
    ("EXCEPTION", 255),
];

/// Reads an exit code: a number from 0 to 255, or a name.
pub fn code(text: &str) -> Option<u8> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    NAMES.iter().chain(&LATER_NAMES).find(|(name, _)| *name == text).map(|(_, number)| *number)
}

/// Adds a word of `SuccessExitStatus=` to a set: an exit code or a signal. False when it is neither.
pub fn add(set: &mut ExitStatusSet, word: &str) -> bool {
    if let Some(code) = code(word) {
        if !set.codes.contains(&code) {
            set.codes.push(code);
            set.codes.sort_unstable();
        }
    } else if let Some(signal) = signal::parse(word) {
        if !set.signals.contains(&signal) {
            set.signals.push(signal);
            set.signals.sort_unstable();
        }
    } else {
        return false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_before_signals() {
        let mut set = ExitStatusSet::default();
        for word in ["TEMPFAIL", "250", "SIGUSR1", "9", "9"] {
            assert!(add(&mut set, word));
        }
        assert_eq!(
            (set.codes.as_slice(), set.signals.as_slice()),
            ([9, 75, 250].as_slice(), [10].as_slice())
        );
        assert!(!add(&mut set, "256"));
        assert!(!add(&mut set, "tempfail"));
    }
}
