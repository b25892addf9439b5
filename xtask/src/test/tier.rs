//! The table of test tiers.

/// A named part of the tests.
#[derive(Debug)]
pub struct Tier {
    /// What `cargo xtask test NAME` says.
    pub name: &'static str,
    /// One line for people.
    pub purpose: &'static str,
    /// Arguments for each `cargo test` run of the tier.
    pub runs: &'static [&'static [&'static str]],
    /// Test roots that it uses; they are built before its tests start.
    pub roots: &'static [&'static str],
    /// Whether it needs uid 0.
    pub needs_root: bool,
    /// Whether formatting, lints and dependencies are checked as well.
    pub checks: bool,
}

/// Every tier, in the order in which they run.
pub const TIERS: &[Tier] = &[
    Tier {
        name: "unit",
        purpose: "every crate by itself, formatting, lints, dependencies",
        runs: &[&["--workspace", "--exclude", "usher-tests"], &["--package", "usher-tests", "--lib"]],
        roots: &[],
        needs_root: false,
        checks: true,
    },
    Tier {
        name: "userdb",
        purpose: "userdbd against systemd's daemon and clients",
        runs: &[&[
            "--package",
            "usher-tests",
            "--test",
            "lab_*",
            "--test",
            "userdb_*",
            "--test",
            "dynamic_*",
        ]],
        roots: &["userdb", "systemd-user"],
        needs_root: true,
        checks: false,
    },
    Tier {
        name: "libc",
        purpose: "users and groups as the C library sees them: glibc's module, musl's nscd client, static musl binaries",
        runs: &[&["--package", "usher-tests", "--test", "libc_*"]],
        roots: &["userdb", "musl"],
        needs_root: true,
        checks: false,
    },
    Tier {
        name: "scenarios",
        purpose: "units and the job engine against systemd --user",
        runs: &[&[
            "--package",
            "usher-tests",
            "--test",
            "scenarios",
            "--test",
            "units_*",
            "--test",
            "daemon_*",
        ]],
        roots: &["systemd-user"],
        needs_root: true,
        checks: false,
    },
    Tier {
        name: "managers",
        purpose: "units on Dinit (where it is installed), OpenRC and the Shepherd",
        runs: &[&["--package", "usher-tests", "--test", "managers_*"]],
        roots: &["gnome", "gnome-systemd", "systemd-user"],
        needs_root: true,
        checks: false,
    },
    Tier {
        name: "bus",
        purpose: "org.freedesktop.systemd1 of our daemon against that of systemd --user",
        runs: &[&["--package", "usher-tests", "--test", "bus_*"]],
        roots: &["systemd-user"],
        needs_root: true,
        checks: false,
    },
    Tier {
        name: "gnome",
        purpose: "real GNOME on session-launcher against the same on systemd --user",
        runs: &[&["--package", "usher-tests", "--test", "gnome_*"]],
        roots: &["gnome", "gnome-systemd"],
        needs_root: true,
        checks: false,
    },
    Tier {
        name: "cli",
        purpose: "our command lines against systemd's",
        runs: &[&["--package", "usher-tests", "--test", "cli_*"]],
        roots: &["userdb", "systemd-user"],
        needs_root: true,
        checks: false,
    },
];

/// The tier called `name`.
pub fn find(name: &str) -> Option<&'static Tier> {
    TIERS.iter().find(|tier| tier.name == name)
}
