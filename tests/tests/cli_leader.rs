//! The leaders of sessions, `gnome-session-init-worker` and `session-launcher start`, and `gnome-session-ctl`, against
//! the real `systemd --user`, on a session of stand-in units with GNOME's dependencies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use usher_tests::lab::process::Daemon;
use usher_tests::user_manager::UserManager;

/// The units of GNOME 51 that make up the frame of a session, with a shell that sleeps.
const SESSION: &[(&str, &str)] = &[
    (
        "gnome-session@.target",
        "[Unit]\nDescription=GNOME Session (session: %i)\nDefaultDependencies=no\nOnFailure=gnome-session-shutdown.target\n\
         OnFailureJobMode=replace-irreversibly\nConflicts=shutdown.target gnome-session-shutdown.target\n\
         PartOf=graphical-session.target\nRequires=gnome-session-initialized.target gnome-session.target\n\
         After=gnome-session-initialized.target\nPartOf=gnome-session.target\n",
    ),
    ("gnome-session@gnome.target.d/gnome.conf", "[Unit]\nRequires=shell.service\nWants=extra.service"),
    (
        "gnome-session-pre.target",
        "[Unit]\nOnFailure=gnome-session-shutdown.target\nOnFailureJobMode=replace-irreversibly\nDefaultDependencies=no\n\
         RefuseManualStart=yes\nRefuseManualStop=yes\nRequires=graphical-session-pre.target\n\
         After=graphical-session-pre.target\nRequisite=gnome-session-initialized.target\n\
         PartOf=gnome-session-initialized.target\nBefore=gnome-session-initialized.target\n",
    ),
    (
        "gnome-session-initialized.target",
        "[Unit]\nOnFailure=gnome-session-shutdown.target\nOnFailureJobMode=replace-irreversibly\nDefaultDependencies=no\n\
         RefuseManualStart=yes\nRefuseManualStop=yes\nRequires=gnome-session-pre.target\nAfter=gnome-session-pre.target\n",
    ),
    (
        "gnome-session.target",
        "[Unit]\nOnFailure=gnome-session-shutdown.target\nOnFailureJobMode=replace-irreversibly\nDefaultDependencies=no\n\
         RefuseManualStart=yes\nRefuseManualStop=yes\nBindsTo=graphical-session.target\nBefore=graphical-session.target\n\
         BindsTo=gnome-session-monitor.service\nAfter=gnome-session-monitor.service\n",
    ),
    (
        "gnome-session-shutdown.target",
        "[Unit]\nDefaultDependencies=no\nConflicts=graphical-session.target graphical-session-pre.target\n\
         After=graphical-session.target graphical-session-pre.target\nConflicts=gnome-session.target\n\
         After=gnome-session.target\nConflicts=gnome-session-pre.target gnome-session-initialized.target\n\
         After=gnome-session-pre.target gnome-session-initialized.target\nStopWhenUnneeded=true\n\
         Wants=gnome-session-restart-dbus.service\nBefore=gnome-session-restart-dbus.service\n",
    ),
    ("gnome-session-restart-dbus.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
    (
        "gnome-session-monitor.service",
        "[Unit]\nCollectMode=inactive-or-failed\nPartOf=gnome-session-pre.target\nBefore=gnome-session-pre.target\n\
         [Service]\nType=notify\nExecStart=/opt/usher/gnome-session-ctl --monitor\nTimeoutStopSec=5\n",
    ),
    (
        "shell.service",
        "[Unit]\nDescription=The Shell\nRequisite=gnome-session-pre.target\nAfter=gnome-session-pre.target\n\
         PartOf=gnome-session-initialized.target\nBefore=gnome-session-initialized.target\n\
         OnFailure=gnome-session-shutdown.target\nOnFailureJobMode=replace-irreversibly\n\
         [Service]\nExecStartPre=/bin/sh -c 'test ! -e /tmp/broken'\nExecStart=/bin/sleep infinity\n\
         ExecStopPost=/opt/usher/gnome-session-ctl --exec-stop-check\n",
    ),
    ("extra.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n"),
    ("any.target", "[Unit]\nDescription=Of another desktop\nRequires=any.service\nAfter=any.service\n"),
    (
        "any.service",
        "[Unit]\nPartOf=any.target\n[Service]\nExecStartPre=/bin/sh -c 'test ! -e /tmp/broken'\nExecStart=/bin/sleep infinity\n",
    ),
];

const WORKER: &str = "/opt/usher/gnome-session-init-worker gnome";

/// Time enough for anything, on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

fn begin(manager: &UserManager, command: &str, unit: &str) -> Daemon {
    let mut leader = manager.spawn(command);
    leader.wait_until(&format!("{unit} is active"), || manager.state(unit) == "active");
    leader
}

fn signal(leader: &Daemon, signal: rustix::process::Signal) {
    let pid = leader.pid().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

fn is_down(manager: &UserManager) {
    for unit in ["graphical-session.target", "graphical-session-pre.target", "shell.service"] {
        assert_ne!(manager.state(unit), "active", "{unit}");
    }
}

#[test]
fn a_session_ends_with_its_leader_and_another_can_follow() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    for sent in [rustix::process::Signal::TERM, rustix::process::Signal::HUP, rustix::process::Signal::INT] {
        let mut leader = begin(&manager, WORKER, "gnome-session@gnome.target");
        assert_eq!(manager.state("graphical-session.target"), "active");
        signal(&leader, sent);
        assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());
        is_down(&manager);
    }
}

#[test]
fn a_session_that_ends_by_itself_ends_the_leader() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    let mut leader = begin(&manager, WORKER, "gnome-session@gnome.target");
    let output = manager.shell("$OURS/gnome-session-ctl --shutdown");
    assert_eq!((output.code(), output.stderr.as_str()), (0, ""));
    assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());
    is_down(&manager);

    // The shell fails while it runs.
    let mut leader = begin(&manager, WORKER, "gnome-session@gnome.target");
    manager.shell("systemctl --user kill -s KILL shell.service");
    assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());
    is_down(&manager);
}

#[test]
fn a_leader_that_is_killed_leaves_nothing_that_stops_the_next() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    for next in 0..2 {
        let leader = begin(&manager, WORKER, "gnome-session@gnome.target");
        signal(&leader, rustix::process::Signal::KILL);
        drop(leader);
        if next == 1 {
            // The monitor was killed as well, so the manager still has the session.
            break;
        }
    }
    let mut leader = begin(&manager, WORKER, "gnome-session@gnome.target");
    signal(&leader, rustix::process::Signal::TERM);
    assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());
}

#[test]
fn what_an_unclean_end_left_is_taken_down() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    // Nobody watches: a session without a leader stays.
    manager.machine.write(
        "/units/gnome-session-monitor.service.d/dead.conf",
        0o644,
        "[Service]\nType=simple\nExecStart=\nExecStart=/bin/sleep infinity\n",
    );
    manager.shell("systemctl --user daemon-reload; systemctl --user start gnome-session@gnome.target");
    assert_eq!(manager.state("graphical-session.target"), "active");
    let pid = manager.shell("systemctl --user show -P MainPID shell.service").stdout;

    let mut leader = manager.spawn(WORKER);
    leader.wait_until("a new shell", || {
        let now = manager.shell("systemctl --user show -P MainPID shell.service").stdout;
        now != pid && now.trim() != "0" && manager.state("gnome-session@gnome.target") == "active"
    });
    assert!(leader.log().contains("taking down what an earlier session left"), "{}", leader.log());
    signal(&leader, rustix::process::Signal::TERM);
    assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());
    is_down(&manager);
}

#[test]
fn a_live_session_is_not_taken_down() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    let mut leader = begin(&manager, WORKER, "gnome-session@gnome.target");
    let second = manager.shell(WORKER);
    assert_eq!(second.code(), 1);
    assert!(
        second.stderr.contains("A graphical session is already running (its leader is process"),
        "{second:?}"
    );
    assert!(leader.runs());

    // A leader that knows nothing of our lock, such as upstream's, is known by its end of the fifo.
    manager.shell("rm -r $XDG_RUNTIME_DIR/session-launcher");
    let third = manager.shell(WORKER);
    assert_eq!(third.code(), 1, "{third:?}");
    assert!(third.stderr.contains("already running"), "{third:?}");
    assert_eq!(manager.state("gnome-session@gnome.target"), "active");
}

#[test]
fn a_session_that_cannot_start_says_why() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    let log = "/home/user/.local/state/session-launcher/log/shell.service.log";
    manager.machine.write(log, 0o644, "first\ncannot open the display\n");
    manager.shell("touch /tmp/broken");
    let output = manager.shell(WORKER);
    assert_eq!(output.code(), 1, "{output:?}");
    for part in [
        "shell.service (The Shell): ExecStartPre= failed, exit code 1",
        "  | cannot open the display",
        "systemctl --user cat shell.service",
    ] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
    is_down(&manager);
    // Nothing of it stops the next.
    manager.shell("rm /tmp/broken");
    let mut leader = begin(&manager, WORKER, "gnome-session@gnome.target");
    signal(&leader, rustix::process::Signal::TERM);
    assert_eq!(leader.wait(LIMIT).code(), Some(0));
}

#[test]
fn nothing_waits_for_ever() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    manager.machine.write(
        "/units/shell.service.d/slow.conf",
        0o644,
        "[Service]\nExecStartPre=/bin/sleep infinity\nTimeoutStartSec=infinity\n",
    );
    manager.shell("systemctl --user daemon-reload");
    let output = manager.shell(&format!("SESSION_LAUNCHER_START_TIMEOUT=1 {WORKER}"));
    assert_eq!(output.code(), 1, "{output:?}");
    assert!(output.stderr.contains("gnome-session@gnome.target is not up after 1 s."), "{}", output.stderr);
    assert!(output.stderr.contains("shell.service (The Shell)"), "{}", output.stderr);
    is_down(&manager);
}

#[test]
fn a_session_of_no_such_name_is_refused() {
    let Some(manager) = UserManager::start(&[]) else { return };
    let output = manager.shell("$OURS/gnome-session-init-worker nothing");
    assert_eq!(output.code(), 1);
    assert!(
        output.stderr.contains(
            "Failed to start gnome-session@nothing.target: Unit gnome-session@nothing.target not found."
        ),
        "{output:?}"
    );
    for bad in ["", "a b"] {
        let output = manager.shell(&format!("$OURS/gnome-session-init-worker {bad}"));
        assert_eq!(output.code(), 1);
        assert!(output.stderr.contains("usage: gnome-session-init-worker NAME"), "{output:?}");
    }
}

#[test]
fn the_session_of_gnome_49_is_named_by_its_type() {
    let units = [
        ("gnome-session-wayland@.target", "[Unit]\nDescription=49\n"),
        ("gnome-session@.target", "[Unit]\nDescription=of both\n"),
    ];
    let Some(manager) = UserManager::start(&units) else { return };
    let leader = begin(&manager, WORKER, "gnome-session-wayland@gnome.target");
    assert_eq!(manager.state("gnome-session@gnome.target"), "inactive");
    drop(leader);
}

#[test]
fn the_manager_gets_the_environment_without_what_is_the_log_ins_alone() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    manager.shell("systemctl --user set-environment DISPLAY=:7 LC_ALL=C KEPT=1 XDG_SEAT=seat0");
    let leader = begin(
        &manager,
        &format!("env GREETING='hello world' XDG_SESSION_ID=7 XDG_VTNR=2 'TWO=a\nb' {WORKER}"),
        "gnome-session@gnome.target",
    );
    let environment = manager.shell("systemctl --user show-environment").stdout;
    for line in ["GREETING=$'hello world'", "KEPT=1"] {
        assert!(environment.lines().any(|found| found == line), "{line}: {environment}");
    }
    for name in ["DISPLAY", "LC_ALL", "XDG_SEAT", "XDG_SESSION_ID", "XDG_VTNR", "TWO"] {
        assert!(
            !environment.lines().any(|line| line.starts_with(&format!("{name}="))),
            "{name}: {environment}"
        );
    }
    drop(leader);
}

#[test]
fn ctl_does_what_units_ask_of_it() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    for bad in ["", "--shutdown --monitor", "--nothing", "word"] {
        let output = manager.shell(&format!("$OURS/gnome-session-ctl {bad}"));
        assert_eq!(output.code(), 1, "{bad}: {output:?}");
    }
    // Nobody is there: a warning, and success.
    let output = manager.shell("$OURS/gnome-session-ctl --signal-init");
    assert_eq!(output.code(), 0);
    assert!(output.stderr.contains("org.gnome.SessionManager"), "{output:?}");

    let leader = begin(&manager, WORKER, "gnome-session@gnome.target");
    for result in ["", "SERVICE_RESULT=success ", "SERVICE_RESULT=exit-code "] {
        assert_eq!(manager.shell(&format!("{result}$OURS/gnome-session-ctl --exec-stop-check")).code(), 0);
    }
    assert_eq!(manager.state("gnome-session@gnome.target"), "active");
    let output = manager.shell("SERVICE_RESULT=start-limit-hit $OURS/gnome-session-ctl --exec-stop-check");
    assert_eq!((output.code(), output.stderr.as_str()), (0, ""));
    let mut leader = leader;
    assert_eq!(leader.wait(LIMIT).code(), Some(0));
    is_down(&manager);
}

#[test]
fn any_target_can_be_led() {
    let Some(manager) = UserManager::start(SESSION) else { return };
    let start = "/opt/usher/session-launcher start any";
    let mut leader = begin(&manager, &format!("env XDG_CURRENT_DESKTOP=any {start}"), "any.target");
    let environment = manager.shell("systemctl --user show-environment").stdout;
    assert!(environment.contains("XDG_CURRENT_DESKTOP=any\n"), "{environment}");
    let second = manager.shell(start);
    assert_eq!(second.code(), 1);
    assert!(second.stderr.contains("any.target has a leader already"), "{second:?}");
    signal(&leader, rustix::process::Signal::TERM);
    assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());
    assert_eq!(manager.state("any.service"), "inactive");

    // What a leader that was killed left is stopped first.
    let leader = begin(&manager, start, "any.target");
    let pid = manager.shell("systemctl --user show -P MainPID any.service").stdout;
    signal(&leader, rustix::process::Signal::KILL);
    drop(leader);
    let mut leader = manager.spawn(start);
    leader.wait_until("a new service", || {
        let now = manager.shell("systemctl --user show -P MainPID any.service").stdout;
        now != pid && now.trim() != "0" && manager.state("any.target") == "active"
    });
    manager.shell("systemctl --user stop any.target");
    assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());

    manager.shell("touch /tmp/broken");
    let output = manager.shell(start);
    assert_eq!(output.code(), 1);
    assert!(output.stderr.contains("any.service: ExecStartPre= failed, exit code 1"), "{}", output.stderr);
    let output = manager.shell("$OURS/session-launcher start nothing");
    assert!(
        output.stderr.contains("Failed to start nothing.target: Unit nothing.target not found."),
        "{output:?}"
    );
}

#[test]
fn without_a_session_bus_it_says_so() {
    let Some(manager) = UserManager::machine(SESSION) else { return };
    for program in [WORKER, "/opt/usher/session-launcher start any"] {
        let output = manager.shell(program);
        assert_eq!(output.code(), 1);
        for part in ["cannot reach the session bus", "/run/user/1000/bus", "No such file or directory"] {
            assert!(output.stderr.contains(part), "{part}: {output:?}");
        }
    }
}

/// The process that owns the manager's name.
fn owner(manager: &UserManager) -> String {
    let script = "busctl --user call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus \\
                  GetConnectionUnixProcessID s org.freedesktop.systemd1";
    manager.shell(script).stdout.trim().trim_start_matches("u ").to_owned()
}

#[test]
fn without_a_manager_the_leader_starts_ours_and_brings_it_back() {
    let Some(manager) = UserManager::machine(SESSION) else { return };
    let _bus = manager.start_bus();
    let active =
        |unit: &str| manager.shell(&format!("$OURS/systemctl --user is-active {unit}")).stdout == "active\n";
    assert_eq!(owner(&manager), "");
    let mut leader = manager.spawn(WORKER);
    leader.wait_until("up", || !owner(&manager).is_empty() && active("gnome-session@gnome.target"));

    // All of it is killed, and nobody but the leader is there to notice.
    let shell = manager.shell("$OURS/systemctl --user show -P MainPID shell.service").stdout;
    let first = owner(&manager);
    manager.shell(
        "for p in /proc/[0-9]*; do
         case $(tr '\\0' ' ' < $p/cmdline) in 'session-launcher daemon'*) kill -KILL ${p#/proc/};; esac
     done",
    );
    leader.wait_until("back", || {
        let now = owner(&manager);
        !now.is_empty() && now != first && active("gnome-session@gnome.target")
    });
    assert_eq!(manager.shell("$OURS/systemctl --user show -P MainPID shell.service").stdout, shell);
    assert!(leader.log().contains("The user manager is back."), "{}", leader.log());
    signal(&leader, rustix::process::Signal::TERM);
    assert_eq!(leader.wait(LIMIT).code(), Some(0), "{}", leader.log());
}
