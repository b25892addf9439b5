//! The unit files of GNOME, from Debian's packages, with stand-ins for its programs.
//!
//! Nothing of the packages is kept in the repository: they are fetched into the cache of test roots.

use crate::lab::machine::Machine;
use std::fs;
use std::path::{Path, PathBuf};

/// The packages that hold the unit files.
const PACKAGES: &str = "gnome-session-common gnome-session gnome-session-bin gnome-shell gnome-shell-common gnome-settings-daemon gnome-settings-daemon-common gdm3";

/// The directories of the set.
#[derive(Debug)]
pub struct UnitSet {
    /// Drop-ins that put a stand-in in the place of each program.
    stand_ins: tempfile::TempDir,
    units: PathBuf,
}

impl UnitSet {
    /// Fetches the packages unless they are cached.
    pub fn open(cache: &Path) -> Option<Self> {
        let directory = cache.join("gnome-units");
        let units = directory.join("usr/lib/systemd/user");
        if !units.join("gnome-session.target").exists() {
            fetch(&directory)?;
        }
        let stand_ins = tempfile::tempdir().expect("a directory can be made");
        write_stand_ins(&units, stand_ins.path());
        Some(Self { stand_ins, units })
    }

    /// The unit directories, the most important first.
    pub fn directories(&self) -> [PathBuf; 2] {
        [self.stand_ins.path().to_owned(), self.units.clone()]
    }

    /// The units that are looked at: all but templates.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = entries(&self.units)
            .into_iter()
            .filter(|name| {
                [".service", ".target"].iter().any(|end| name.ends_with(end)) && !name.contains('@')
            })
            .collect();
        names.extend(["graphical-session.target", "graphical-session-pre.target"].map(str::to_owned));
        names
    }
}

fn fetch(directory: &Path) -> Option<()> {
    fs::create_dir_all(directory).expect("the cache can be written");
    let machine = Machine::builder("systemd-user").bind(directory, "/gnome").start_or_skip()?;
    let script = format!(
        "cd /tmp && apt-get -q update && apt-get -q download {PACKAGES} && for package in *.deb; do dpkg -x $package out; done
         mkdir -p /gnome/usr/lib/systemd && cp -r out/usr/lib/systemd/user /gnome/usr/lib/systemd/"
    );
    let output = machine.command("sh").args(["-ec", &script]).output();
    if output.code() == 0 {
        return Some(());
    }
    let reason = format!("GNOME's packages cannot be fetched: {}", output.stderr);
    assert!(crate::continuous_integration(), "{reason}");
    crate::skip(&reason);
    None
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn write_stand_ins(units: &Path, to: &Path) {
    for name in entries(units).into_iter().filter(|name| name.ends_with(".service")) {
        let text = fs::read_to_string(units.join(&name)).expect("a unit file can be read");
        let directory = to.join(format!("{name}.d"));
        fs::create_dir(&directory).expect("a directory can be made");
        fs::write(directory.join("stand-in.conf"), stand_in(&text)).expect("a drop-in can be written");
    }
}

/// The drop-in for a unit file.
fn stand_in(text: &str) -> String {
    let value = |key: &str| {
        text.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
    };
    let program = value("ExecStart");
    let script = if program.ends_with("--monitor") {
        // It stops the session when it is told to end. The pause keeps that from being a race.
        "ready on:TERM=wait:150ms,start:gnome-session-shutdown.target/replace-irreversibly,exit:0".to_owned()
    } else if program.contains("gnome-session-ctl") {
        "ready exit:0".to_owned()
    } else {
        match value("Type") {
            "dbus" => format!("wait:20ms own:{}", value("BusName")),
            "notify" | "notify-reload" => "wait:20ms ready".to_owned(),
            "oneshot" => "exit:0".to_owned(),
            _ => String::new(),
        }
    };
    let mut drop_in = format!("[Service]\nExecStart=\nExecStart=stand-in {script}\nOOMScoreAdjust=\n");
    let stop_post = value("ExecStopPost");
    if !stop_post.is_empty() {
        let words = if stop_post.ends_with("--exec-stop-check") {
            "if:SERVICE_RESULT=start-limit-hit,start:gnome-session-shutdown.target/fail wait:150ms env:SERVICE_RESULT exit:0"
        } else if stop_post.ends_with("--shutdown") {
            // Long enough for what it has started to have stopped the rest, however busy the machine is, and short enough for the
            // scenario not to settle before it ends.
            "start:gnome-session-shutdown.target/replace-irreversibly wait:400ms exit:0"
        } else {
            "exit:0"
        };
        drop_in.push_str(&format!("ExecStopPost=\nExecStopPost=stand-in {words}\n"));
    }
    drop_in
}
