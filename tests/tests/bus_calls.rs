//! The same calls on `org.freedesktop.systemd1` of the real `systemd --user` and of our daemon: every answer, every error
//! with its name and words, and every signal about jobs and states, in order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

use serde_json::Value;
use usher_tests::user_manager::UserManager;

/// What is played with.
const UNITS: [(&str, &str); 21] = [
    (
        "one.service",
        "[Unit]\nDescription=One\nDocumentation=man:one(1)\nConditionPathExists=/\nConditionPathExists=|!/nope\n[Service]\nExecStart=/bin/sleep 1000\nEnvironment=A=1 \"B=2 3\"\n",
    ),
    ("quick.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"),
    ("fails.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n"),
    ("slow.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n"),
    ("skipped.service", "[Unit]\nConditionPathExists=/nope\n[Service]\nExecStart=/bin/true\n"),
    ("prints.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c '[ \"$PLAYER_B\" = \"x=y z\" ]'\n"),
    ("group.target", "[Unit]\nDescription=Group\nRequires=member.service\nAfter=member.service\n"),
    (
        "member.service",
        "[Unit]\nPartOf=group.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n",
    ),
    (
        "by-dependency.target",
        "[Unit]\nRefuseManualStart=yes\nOnFailure=one.service\nStopWhenUnneeded=yes\nAllowIsolate=yes\n",
    ),
    ("bad-setting.service", "[Service]\nType=simple\n"),
    ("template@.service", "[Service]\nExecStart=/bin/true\n"),
    ("-> masked.service", "/dev/null"),
    ("-> alias.service", "one.service"),
    (
        "many.service",
        "[Unit]\nPartOf=group.target\nCollectMode=inactive-or-failed\nStartLimitBurst=7\nJobTimeoutSec=9\nFailureAction=exit-force\n[Service]\nType=notify\nExecStart=/bin/sleep 1\nRestart=on-failure\nRestartSec=2\nRestartSteps=3\nRestartMaxDelaySec=30\nSuccessExitStatus=3 SIGUSR1\nTimeoutStartSec=5\nWatchdogSec=20\nRuntimeMaxSec=1h\nSlice=session.slice\nNotifyAccess=all\nLimitNOFILE=100:200\nUMask=0077\nWorkingDirectory=-/tmp\nStandardOutput=null\nStandardError=append:/tmp/x\nRuntimeDirectory=many\nKillMode=mixed\nKillSignal=SIGINT\nSendSIGHUP=yes\nCPUWeight=30\nMemoryHigh=1M\nEnvironmentFile=-/nope\nOOMPolicy=continue\n",
    ),
    (
        "t.timer",
        "[Timer]\nOnCalendar=*-*-* 04:00\nOnActiveSec=1h\nOnUnitActiveSec=2h\nUnit=one.service\nPersistent=yes\n",
    ),
    ("p.path", "[Path]\nPathExists=/nonexistent\nPathChanged=/tmp\nUnit=one.service\n"),
    ("s.socket", "[Socket]\nListenStream=%t/x.sock\nListenFIFO=/tmp/fifo\nService=one.service\nBacklog=5\n"),
    (
        "installable.service",
        "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=group.target\nAlias=other-name.service\n",
    ),
    ("app-gnome-.scope.d/override.conf", "[Scope]\nTimeoutStopSec=5s\n"),
    (
        "with-variable.service",
        "[Unit]\nConditionEnvironment=PLAYER_A=1\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n",
    ),
    ("default.target", "[Unit]\nDescription=Default\n"),
];

/// Where the answers differ, and why. A row that fits no difference any more is an error.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "files",
        "GetUnitFileState [\"one.service\"]",
        "a link in the directory of the file that [Install] does not name counts as an alias here, and as enabled",
    ),
    (
        "jobs",
        "StopUnit [\"slow.service\",\"replace\"]",
        "the stop has begun when the end of the replaced job is told, and the unit is told as it is then",
    ),
    ("properties", "Unit.UnitFileState", "as in the first row"),
    (
        "properties",
        "LimitNOFILESoft",
        "systemd lowers the soft limit of its services; here they inherit the manager's",
    ),
    (
        "properties",
        "/masked_2eservice org.freedesktop.systemd1.Service.",
        "defaults are shown where there is no unit",
    ),
    (
        "properties",
        "/nope_2eservice org.freedesktop.systemd1.Service.",
        "defaults are shown where there is no unit",
    ),
    ("transient", "[\"Restart\",\"sometimes\"]", "the message names the choices"),
];

fn play(manager: &UserManager, sequence: &str) -> Vec<Value> {
    let output = manager.shell_in_group(&format!("$OURS/bus-player {sequence}"));
    assert!(output.status.success(), "{sequence}: {}{}", output.stdout, output.stderr);
    output.stdout.lines().map(|line| without_order(serde_json::from_str(line).unwrap())).collect()
}

/// Lists of units have an order of chance in systemd.
fn without_order(mut step: Value) -> Value {
    if let Some(list) = step["answer"].get_mut(0).and_then(Value::as_array_mut)
        && list.iter().all(Value::is_string)
    {
        list.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    }
    step
}

fn compare(sequence: &str) {
    let player = Path::new(env!("CARGO_BIN_EXE_bus-player"));
    let Some(mut theirs) = UserManager::machine_with(&UNITS, &[player]) else { return };
    theirs.start_manager();
    let mut ours = UserManager::machine_with(&UNITS, &[player]).unwrap();
    ours.start_daemon();
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| play(&theirs, sequence));
        let ours = play(&ours, sequence);
        (theirs.join().unwrap(), ours)
    });
    assert_eq!(theirs.len(), ours.len());
    assert!(!theirs.is_empty());
    let mut used = vec![false; DIFFERENCES.len()];
    let mut found = Vec::new();
    for (theirs, ours) in theirs.iter().zip(&ours) {
        if theirs == ours {
            continue;
        }
        let call = theirs["call"].as_str().unwrap();
        match DIFFERENCES.iter().position(|(of, part, _)| *of == sequence && call.contains(part)) {
            Some(place) => used[place] = true,
            None => found.push(format!("{call}\n  systemd: {}\n  ours:    {}", rest(theirs), rest(ours))),
        }
    }
    assert!(found.is_empty(), "{} of {} differ:\n{}", found.len(), ours.len(), found.join("\n"));
    for ((of, part, reason), used) in DIFFERENCES.iter().zip(used) {
        assert!(used || *of != sequence, "nothing differs any more: {part} ({reason})");
    }
}

fn rest(step: &Value) -> String {
    let mut step = step.clone();
    step.as_object_mut().unwrap().remove("call");
    step.to_string()
}

#[test]
fn errors() {
    compare("errors");
}

#[test]
fn jobs() {
    compare("jobs");
}

#[test]
fn jobs_of_a_client_that_has_not_subscribed() {
    compare("jobs-unsubscribed");
}

#[test]
fn environment() {
    compare("environment");
}

#[test]
fn environment_files() {
    compare("environment-files");
}

#[test]
fn properties() {
    compare("properties");
}

#[test]
fn files() {
    compare("files");
}

#[test]
fn transient() {
    compare("transient");
}
