//! Where the two differ on purpose.

use super::case::{Case, case};

/// A command line, and what ours has to show.
pub struct Difference {
    pub case: Case,
    pub reason: &'static str,
    pub code: i32,
    pub shows: &'static str,
}

fn difference(line: &str, reason: &'static str, code: i32, shows: &'static str) -> Difference {
    Difference { case: case(line), reason, code, shows }
}

pub fn all() -> Vec<Difference> {
    vec![
        difference(
            "user nouid",
            "a record without a uid is shown; systemd's client says that it does not match a filter that nobody gave",
            0,
            "User name: nouid",
        ),
        difference(
            "-s io.systemd.DropIn user root",
            "-s asks the named services only; systemd's client also looks into the files by itself",
            1,
            "User root does not exist.",
        ),
        difference("-B user", "lists have records without a uid too", 0, "\nnouid "),
        difference("-B group", "lists have records without a gid too", 0, "\ngnogid "),
        difference(
            "-s org.example.None",
            "a service that is not there is an error with its socket; systemd's client reads the files by itself",
            1,
            "Failed to enumerate users: /run/systemd/userdb/org.example.None: No such file or directory",
        ),
        difference(
            "-s org.example.None user alice",
            "a service that is not there is an error with its socket; systemd's client reads the files by itself",
            1,
            "/run/systemd/userdb/org.example.None: No such file or directory",
        ),
        difference(
            "user escape",
            "control characters of a record do not reach the terminal",
            0,
            "Location: a\\x1b[31m\\x0ab\n",
        ),
        difference(
            "user epoch",
            "the first moment of 1970 is a time; systemd prints (null)",
            0,
            "Not Before: Thu 1970-01-01 00:00:00 UTC",
        ),
        difference(
            "user unmodifiable",
            "an empty list is not an absent one: the documentation says so, and systemd's text for it, which its parser never reaches",
            0,
            "(Blobs) disabled by administrator",
        ),
        difference(
            "--json=short user delete",
            "DEL and C1 controls are escaped in JSON too: terminals obey them",
            0,
            "\"a\\u007fb\\u009b\"",
        ),
        difference(
            "-F /nonexistent",
            "a file that cannot be read is not called a parse failure",
            1,
            "/nonexistent: No such file or directory",
        ),
        difference(
            "-F /etc/passwd",
            "a parse failure says what is wrong and where",
            1,
            "/etc/passwd: not a JSON object: expected value at line 1 column 1",
        ),
        difference(
            "-F /etc/userdb/fullgroup.group user",
            "our own wording",
            1,
            "/etc/userdb/fullgroup.group: userName: missing, a record needs it",
        ),
        difference("--fuzzy=x", "lexopt's wording", 1, "--fuzzy"),
    ]
}
