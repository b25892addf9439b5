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
        difference(
            "groups-of-user bob 0",
            "what was found before a list breaks off is shown in a table too, as in the other modes",
            1,
            "memberships listed.\nFailed to enumerate groups of user: Invalid argument\n",
        ),
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
            "-B --uid-min=81000 --uid-max=81100",
            "an emoji takes two columns, as terminals draw it; systemd counts one",
            0,
            " \u{65e5}\u{672c} \u{1f600} Z\u{fc}rich /home/w\u{ef}de ",
        ),
        Difference {
            case: case("-F - --json=short").input(r#"{"userName":"a","x-text":"b\u007fc\u009b"}"#),
            reason: "DEL and C1 controls are escaped: terminals obey them, and systemd's own parser refuses a bare DEL",
            code: 0,
            shows: "\"b\\u007fc\\u009b\"",
        },
        Difference {
            case: case("user subvolume").env("SYSTEMD_COLORS", "1"),
            reason: "files of a record from elsewhere are not made links",
            code: 0,
            shows: "├─ a ",
        },
        difference(
            "user everything",
            "an empty list is not an absent one, as above",
            0,
            "(Blobs) disabled by administrator",
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
