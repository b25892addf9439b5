//! Where the two differ on purpose.

/// A command line, and what ours has to show.
pub struct Difference {
    pub line: &'static str,
    pub reason: &'static str,
    pub code: i32,
    pub shows: &'static [&'static str],
}

pub const ALL: &[Difference] = &[
    Difference {
        line: "systemctl start w-fails-once.service",
        reason: "there is no journal: the hint names our log",
        code: 1,
        shows: &[
            "Job for w-fails-once.service failed because the control process exited with error code.",
            "session-launcher log w-fails-once.service",
        ],
    },
    Difference {
        line: "systemctl start w-needs.service",
        reason: "there is no journal",
        code: 1,
        shows: &["A dependency job for w-needs.service failed. See 'systemctl --user --failed' for details."],
    },
    Difference {
        line: "systemctl start w-run.service w-none.service",
        reason: "each unit has a job of its own, and the one that is refused is named",
        code: 5,
        shows: &["Failed to start w-none.service: Unit w-none.service not found."],
    },
    Difference {
        line: "systemctl show --value -p Conditions w-once.service",
        reason: "--value prints no name, not even of a property that has no text",
        code: 0,
        shows: &["[unprintable]\n"],
    },
    Difference {
        line: "systemctl list-units 'w-*.target'",
        reason: "the legend is shorter",
        code: 0,
        shows: &["UNIT", "DESCRIPTION", "w-a.target", "3 loaded units listed."],
    },
    Difference {
        line: "systemctl status w-run.service",
        reason: "it shows what matters, and the end of our log in place of the journal's",
        code: 0,
        shows: &[
            "● w-run.service - Runs for long\n",
            "     Loaded: loaded (/units/w-run.service; static; preset: enabled)\n",
            "    Drop-In: /units/w-run.service.d/10.conf\n",
            "     Active: active (running) since ",
            " ago\n",
            "       Docs: man:true(1) https://example.org/\n",
            "   Main PID: ",
            " (sleep)\n",
            " /bin/sleep 1000000\n",
        ],
    },
    Difference {
        line: "systemctl status w-fails.service",
        reason: "the same",
        code: 3,
        shows: &["× w-fails.service - Fails\n", "failed (Result: exit-code) since ", "(exited, status=7)"],
    },
    Difference {
        line: "systemctl status w-killed.service",
        reason: "the same",
        code: 3,
        shows: &["(killed, signal=KILL)"],
    },
    Difference {
        line: "systemctl status",
        reason: "one line for each count, and only units with processes",
        code: 0,
        shows: &["      State: degraded\n", "w-run.service\n"],
    },
    Difference {
        line: "systemctl show --json=short -p ActiveState,MainPID w-fails.service",
        reason: "systemd's show has no JSON",
        code: 0,
        shows: &["{\"ActiveState\":\"failed\",\"MainPID\":0}\n"],
    },
    Difference {
        line: "systemctl status --json=short w-run.service",
        reason: "systemd's status has no JSON",
        code: 0,
        shows: &[
            "[{\"unit\":\"w-run.service\",\"description\":\"Runs for long\",\"load\":\"loaded\",\"active\":\"active\"",
        ],
    },
    Difference {
        line: "systemctl list-units --json=short --type=target 'w-b*'",
        reason: "no job is left out, not null",
        code: 0,
        shows: &["[{\"unit\":\"w-b.target\",\"load\":\"loaded\",\"active\":\"active\",\"sub\":\"active\","],
    },
    Difference {
        line: "systemctl edit w-run.service",
        reason: "unit files are edited with an editor",
        code: 1,
        shows: &["Unknown command verb 'edit'."],
    },
];
