//! What has to be so on each native manager.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rustix::process::Signal;

use usher_tests::native::Native;
use usher_tests::native::supervised::{Start, Supervised};

/// Makes the manager.
type Maker<'a> = &'a dyn Fn() -> Box<dyn Native>;

/// What is tried.
type Behaviour = fn(Maker<'_>);

/// Runs all, and fails with the names of those that did not go well.
pub fn play(native: Maker<'_>) {
    let behaviours: [(&str, Behaviour); 13] = [
        ("shown as it is", shown_as_it_is),
        ("readiness and order", readiness_and_order),
        ("the native tool", the_native_tool),
        ("restart and failure", restart_and_failure),
        ("a failed start", failed_start),
        ("the engine is killed", engine_killed),
        ("the engine is killed while a service starts", engine_killed_early),
        ("strays", strays),
        ("asked for while it ends", asked_for_while_it_ends),
        ("the bus is gone", bus_gone),
        ("environment", environment),
        ("names", names),
        ("one of our own", private),
    ];
    let mut failed = Vec::new();
    for (name, behaviour) in behaviours {
        if name == "one of our own" && !native().can_be_private() {
            continue;
        }
        eprintln!("== {name}");
        if catch_unwind(AssertUnwindSafe(|| behaviour(native))).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join(", "));
}

/// A user of it.
fn user(native: Maker<'_>, units: &[(&str, &str)]) -> Option<Supervised> {
    Supervised::new(native(), units, Start::Before)
}

/// Whether a command line is the manager's own.
fn is_manager(command_line: &str, manager: &str) -> bool {
    command_line.split(' ').take(3).any(|word| word.rsplit('/').next() == Some(manager))
}

const SLEEP: &str = "[Service]\nExecStart=/bin/sleep 1000\n";

fn shown_as_it_is(native: Maker<'_>) {
    let Some(user) = user(native, &[("lab-sleep.service", SLEEP)]) else { return };
    user.must(&["start", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", true);
    println!("{}", user.list());
    let first = user.running("lab-sleep.service");
    let above = user.above(first);
    let native = user.native.process();
    assert!(above.iter().any(|line| is_manager(line, native)), "{above:?}\n{}", user.story());
    user.must(&["restart", "lab-sleep.service"]);
    user.wait("a second process runs", || ![0, first].contains(&user.main_pid("lab-sleep.service")));
    user.wait_for_shown("lab-sleep.service", true);
    user.must(&["stop", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", false);
    assert!(user.processes().iter().all(|process| process.name != "sleep"), "{}", user.story());
    user.must(&["start", "lab-sleep.service"]);
    user.engine().signal(Signal::TERM);
    user.wait("the manager has ended", || {
        user.processes().iter().all(|process| !process.command_line.contains("session-launcher"))
    });
    assert!(!user.list().contains("lab-sleep"), "nothing is left of it: {}", user.list());
}

/// One datagram, sent by what every root has.
const NOTIFY: &str = r#"#!/usr/bin/perl
use Socket;
my $path = $ENV{NOTIFY_SOCKET} or exit 1;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or exit 1;
send($socket, "READY=1", 0, pack_sockaddr_un($path)) or exit 1;
# Who has gone cannot be looked up.
sleep 1;
"#;

fn readiness_and_order(native: Maker<'_>) {
    let units = [
        (
            "lab-ready.service",
            "[Service]\nType=notify\nNotifyAccess=all\n\
             ExecStart=/bin/sh -c 'sleep 1; touch /run/user/1000/ready; /usr/local/bin/tell-ready || exit 1; exec sleep 1000'\n",
        ),
        (
            "lab-after.service",
            "[Unit]\nRequires=lab-ready.service\nAfter=lab-ready.service\n[Service]\n\
             ExecStart=/bin/sh -c 'test -e /run/user/1000/ready && exec sleep 1000'\n",
        ),
    ];
    let Some(user) = user(native, &units) else { return };
    user.machine.write("/usr/local/bin/tell-ready", 0o755, NOTIFY);
    user.must(&["start", "--no-block", "lab-after.service"]);
    user.wait("it starts", || !user.state("lab-ready.service").contains("inactive"));
    assert!(!user.is_shown_up("lab-ready.service"), "not before it is ready\n{}", user.story());
    user.wait_for_shown("lab-after.service", true);
    assert!(user.is_shown_up("lab-ready.service"));
    // Requires=: what needs it goes along.
    user.must_tool("stop", "lab-ready.service");
    user.wait_for_state("lab-after.service", "inactive");
    user.wait_for_state("lab-ready.service", "inactive");
    user.machine.command("rm").arg(user.path("ready")).run();
    user.must_tool("start", "lab-after.service");
    assert!(user.machine.path(user.path("ready")).exists());
    user.wait_for_state("lab-after.service", "active");
    assert_eq!(user.state("lab-ready.service"), "active");
}

fn the_native_tool(native: Maker<'_>) {
    let units = [
        (
            "lab-main.service",
            "[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/touch /run/user/1000/stopped\nRestart=always\n",
        ),
        ("lab-part.service", "[Unit]\nPartOf=lab-main.service\n[Service]\nExecStart=/bin/sleep 1000\n"),
        ("lab-other.service", SLEEP),
    ];
    let Some(user) = user(native, &units) else { return };
    user.must(&["start", "lab-main.service", "lab-part.service", "lab-other.service"]);
    user.wait_for_shown("lab-part.service", true);
    user.must_tool("stop", "lab-main.service");
    user.wait_for_state("lab-main.service", "inactive");
    user.wait_for_state("lab-part.service", "inactive");
    assert_eq!(user.state("lab-other.service"), "active");
    assert!(user.machine.path(user.path("stopped")).exists(), "ExecStop= ran");
    user.wait_for_shown("lab-part.service", false);
    assert!(!user.is_shown_up("lab-main.service"));

    user.must_tool("start", "lab-main.service");
    assert_eq!(user.state("lab-main.service"), "active", "{}", user.story());
    assert_eq!(user.state("lab-part.service"), "inactive", "PartOf= starts nothing");
    let first = user.running("lab-main.service");
    user.must_tool("restart", "lab-main.service");
    user.wait_for_state("lab-main.service", "active");
    user.wait("another process", || ![0, first].contains(&user.main_pid("lab-main.service")));
    user.wait_for_shown("lab-main.service", true);
    let sleeps = user.processes().iter().filter(|process| process.name == "sleep").count();
    assert_eq!(sleeps, 2, "{}", user.story());
}

fn restart_and_failure(native: Maker<'_>) {
    let units = [
        ("lab-always.service", "[Service]\nExecStart=/bin/sleep 1000\nRestart=on-failure\nRestartSec=0\n"),
        (
            "lab-needs.service",
            "[Unit]\nRequires=lab-crash.service\nAfter=lab-crash.service\n[Service]\nExecStart=/bin/sleep 1000\n",
        ),
        (
            "lab-bound.service",
            "[Unit]\nBindsTo=lab-once.service\nAfter=lab-once.service\n[Service]\nExecStart=/bin/sleep 1000\n",
        ),
        ("lab-once.service", SLEEP),
        ("lab-crash.service", SLEEP),
    ];
    let Some(user) = user(native, &units) else { return };
    user.must(&["start", "lab-always.service", "lab-needs.service", "lab-bound.service"]);
    user.wait_for_shown("lab-bound.service", true);
    let needs = user.running("lab-needs.service");
    for _ in 0..3 {
        let first = user.running("lab-always.service");
        user.kill(first);
        user.wait("it is started again", || ![0, first].contains(&user.main_pid("lab-always.service")));
        user.wait_for_shown("lab-always.service", true);
    }
    user.kill(user.running("lab-crash.service"));
    user.wait_for_state("lab-crash.service", "failed");
    user.wait_for_shown("lab-crash.service", false);
    assert_eq!(user.main_pid("lab-needs.service"), needs, "Requires= does not follow a crash");
    assert!(user.is_shown_up("lab-needs.service"), "{}", user.story());
    user.kill(user.running("lab-once.service"));
    user.wait_for_state("lab-once.service", "failed");
    user.wait_for_state("lab-bound.service", "inactive");
    user.wait_for_shown("lab-bound.service", false);
    // It can be started again, by either.
    user.must_tool("start", "lab-once.service");
    user.wait_for_state("lab-once.service", "active");
    user.kill(user.running("lab-once.service"));
    user.wait_for_state("lab-once.service", "failed");
    user.must(&["start", "lab-once.service"]);
    user.wait_for_shown("lab-once.service", true);
    let status = user.must(&["show", "--property=NRestarts", "--value", "lab-always.service"]);
    assert_eq!(status.trim(), "3");
}

fn failed_start(native: Maker<'_>) {
    let units = [
        ("lab-never.service", "[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 1000\n"),
        (
            "lab-skipped.service",
            "[Unit]\nConditionPathExists=/nowhere\n[Service]\nExecStart=/bin/sleep 1000\n",
        ),
        (
            "lab-seven.service",
            "[Service]\nType=notify\nExecStart=/bin/sh -c 'echo some last words; exit 7'\n",
        ),
        (
            "lab-skips.service",
            "[Unit]\nRequires=lab-skipped.service\nAfter=lab-skipped.service\n[Service]\nExecStart=/bin/sleep 1000\n",
        ),
    ];
    let Some(user) = user(native, &units) else { return };
    assert!(!user.systemctl(&["start", "lab-never.service"]).status.success());
    assert_eq!(user.state("lab-never.service"), "failed");
    assert!(!user.systemctl(&["start", "lab-seven.service"]).status.success());
    let status = user.must(&["show", "--property=ExecMainStatus", "--value", "lab-seven.service"]);
    assert_eq!(status.trim(), "7");
    let log = user.command("session-launcher").args(["log", "lab-seven.service"]).run();
    assert!(log.contains("some last words"), "{log}");
    // By the native tool, the same, and nothing hangs.
    for unit in ["lab-never.service", "lab-seven.service"] {
        let output = user.tool("start", unit);
        assert!(![0, 124].contains(&output.code()), "{unit}: {} {}", output.code(), user.story());
        user.wait_for_state(unit, "failed");
    }
    assert!(!user.is_shown_up("lab-never.service"));
    // A condition that does not hold is no failure of what requires it.
    user.must(&["start", "lab-skips.service"]);
    user.wait_for_shown("lab-skips.service", true);
}

fn engine_killed(native: Maker<'_>) {
    lives_on(native, Start::Before);
    if native().can_be_private() {
        lives_on(native, Start::Private);
    }
}

/// One of our own is the guardian's child, and so are the wrappers then.
fn lives_on(native: Maker<'_>, start: Start) {
    let units = [
        ("lab-one.service", SLEEP),
        (
            "lab-two.service",
            "[Unit]\nPartOf=lab-one.service\n[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n",
        ),
        ("lab-dies.service", SLEEP),
        ("lab-meanwhile.service", "[Service]\nExecStart=/bin/sh -c 'sleep 1000; exit 9'\n"),
        (
            "lab-later.service",
            "[Unit]\nRequires=lab-one.service\nAfter=lab-one.service\n[Service]\nExecStart=/bin/sleep 1000\n",
        ),
    ];
    let Some(user) = Supervised::new(native(), &units, start) else { return };
    let all = ["lab-one.service", "lab-two.service", "lab-dies.service", "lab-meanwhile.service"];
    for unit in all {
        user.must(&["start", unit]);
        user.wait_for_shown(unit, true);
    }
    let before = all.map(|unit| user.running(unit));
    // What came last is saved a little later.
    std::thread::sleep(Duration::from_millis(500));
    let engine = user.engine();
    let inner = user.child_of(before[3]);
    engine.signal(Signal::KILL);
    // It ends while nobody is there to see it, but its wrapper.
    user.kill(inner);
    user.wait("another engine runs", || {
        user.processes()
            .iter()
            .any(|process| process.command_line.contains("daemon --engine") && process.pid != engine.pid)
    });
    user.wait_for_state("lab-meanwhile.service", "failed");
    let status = user.must(&["show", "--property=ExecMainStatus", "--value", "lab-meanwhile.service"]);
    assert_eq!(status.trim(), "9", "{}", user.story());
    assert_eq!([user.main_pid(all[0]), user.main_pid(all[1]), user.main_pid(all[2])], before[..3]);
    for unit in &all[..3] {
        assert!(user.is_shown_up(unit), "{}", user.story());
    }
    user.kill(before[2]);
    user.wait_for_state("lab-dies.service", "failed");
    user.wait_for_shown("lab-dies.service", false);
    // What starts now knows what was there before.
    user.must(&["start", "lab-later.service"]);
    user.wait_for_shown("lab-later.service", true);
    user.assert_native_dependency("lab-later.service", "lab-one.service");
    user.must_tool("stop", "lab-one.service");
    user.wait_for_state("lab-two.service", "inactive");
    user.wait_for_state("lab-later.service", "inactive");
    user.must(&["start", "lab-one.service", "lab-dies.service"]);
    user.wait_for_shown("lab-one.service", true);
    user.wait_for_shown("lab-dies.service", true);
}

/// Whenever the engine is killed while a service starts: what has been noted comes about.
fn engine_killed_early(native: Maker<'_>) {
    let Some(user) = user(native, &[("lab-sleep.service", SLEEP)]) else { return };
    let mut outcomes = Vec::new();
    for delay in (0..64).step_by(8) {
        user.must(&["daemon-reload"]);
        let engine = user.owner();
        user.must(&["start", "--no-block", "lab-sleep.service"]);
        std::thread::sleep(Duration::from_millis(delay));
        user.kill(engine);
        user.wait("another engine answers", || ![0, engine].contains(&user.owner()));
        let mut state = String::new();
        user.wait("it runs, or nobody has noted that it was to", || {
            state = user.state("lab-sleep.service");
            let runs = |pid: i32| user.read(&format!("/proc/{pid}/comm")).trim() == "sleep";
            state == "inactive" || (state == "active" && runs(user.main_pid("lab-sleep.service")))
        });
        outcomes.push(format!("{delay} ms: {state}"));
        // What had been ordered, but not noted, may come late, as if the native tool had started it.
        user.wait("it is down", || {
            user.must(&["stop", "lab-sleep.service"]);
            !user.is_shown_up("lab-sleep.service") && user.state("lab-sleep.service") == "inactive"
        });
    }
    println!("{}", outcomes.join(", "));
}

/// Whoever gets the processes that are left, the engine hears of their ends, and long before TimeoutStopSec=.
fn strays(native: Maker<'_>) {
    let units = [(
        "lab-stray.service",
        "[Service]\nTimeoutStopSec=10min\n\
         ExecStart=/bin/sh -c 'trap \"\" TERM; (sleep 5 & exec sleep 4) & touch /run/user/1000/stray; exec sleep 1000'\n",
    )];
    let Some(user) = user(native, &units) else { return };
    for is_engine_killed in [false, true] {
        user.must(&["start", "lab-stray.service"]);
        user.wait("it runs", || user.machine.path(user.path("stray")).exists());
        user.kill(user.running("lab-stray.service"));
        user.wait_for_state("lab-stray.service", "deactivating");
        if is_engine_killed {
            user.kill_engine();
        }
        user.wait_for_state("lab-stray.service", "failed");
        assert!(user.processes().iter().all(|process| process.name != "sleep"), "{}", user.story());
    }
}

/// A service that owns a name.
const OWNER: &str = "[Service]\nType=dbus\nBusName=lab.Name\nExecStart=/usr/bin/gjs -c \
                     'imports.gi.Gio.bus_own_name(2, \"lab.Name\", 0, null, null, null); new imports.gi.GLib.MainLoop(null, false).run()'\n";

/// The bus knows sooner than the engine that a service has ended, and whoever hears of it there may ask for the service again.
fn asked_for_while_it_ends(native: Maker<'_>) {
    let Some(mut user) = user(native, &[("lab-name.service", OWNER)]) else { return };
    user.must(&["start", "lab-name.service"]);
    let first = user.running("lab-name.service");
    let is_wrapper = |process: &usher_tests::lab::Process| {
        process.command_line.contains("exec --unit lab-name.service") && process.name == "session-launcher"
    };
    let wrapper = user.processes().into_iter().find(is_wrapper).expect("it has a wrapper");
    wrapper.signal(Signal::STOP);
    user.kill(first);
    user.wait("its name is lost", || !user.has_owner("lab.Name"));
    user.spawn(|user| user.command("systemctl").args(["--user", "start", "lab-name.service"]).spawn());
    std::thread::sleep(Duration::from_millis(300));
    wrapper.signal(Signal::CONT);
    user.wait("a second process runs", || ![0, first].contains(&user.main_pid("lab-name.service")));
    user.wait_for_state("lab-name.service", "active");
}

/// A session ends with its bus: in order, and on whatever its services run.
fn bus_gone(native: Maker<'_>) {
    let unit = "[Service]\nExecStart=/bin/sleep 1000\nExecStop=/bin/touch /run/user/1000/stopped\n";
    let stubborn = "[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'\n";
    for start in [Start::Before, Start::Private] {
        if start == Start::Private && !native().can_be_private() {
            continue;
        }
        let units = [("lab-sleep.service", unit), ("lab-stubborn.service", stubborn)];
        let Some(mut user) = Supervised::new(native(), &units, start) else { return };
        user.must(&["start", "lab-sleep.service", "lab-stubborn.service"]);
        user.wait_for_shown("lab-sleep.service", true);
        user.crash("dbus-daemon");
        let manager = user.native.process();
        user.wait("all have ended", || {
            user.processes().iter().all(|process| {
                let is_private = start == Start::Private && is_manager(&process.command_line, manager);
                !is_private && !["sleep", "sh", "session-launcher"].contains(&process.name.as_str())
            })
        });
        assert!(user.machine.path(user.path("stopped")).exists(), "ExecStop= ran");
        if start == Start::Before {
            assert!(!user.list().contains("lab-sleep"), "{}", user.list());
        }
    }
}

/// What a process starts with is the engine's business, whatever the native manager carries.
fn environment(native: Maker<'_>) {
    let unit = "[Service]\nEnvironment=LAB_UNIT=%n \"LAB_SPACE=a 'b' $c\"\nWorkingDirectory=/tmp\n\
         ExecStart=/bin/sh -c 'env -0 > /run/user/1000/environment; pwd > /run/user/1000/directory; exec sleep 1000'\n\
         ExecStartPost=/bin/sh -c 'echo $$MAINPID > /run/user/1000/main'\n";
    let Some(user) = user(native, &[("lab-environment.service", unit)]) else { return };
    let long = "x".repeat(100_000);
    user.must(&["set-environment", &format!("LAB_LONG={long}"), "WAYLAND_DISPLAY=wayland-7"]);
    let check = |how: &str| {
        user.wait("it has written", || user.read(&user.path("directory")).trim() == "/tmp");
        let text = user.read(&user.path("environment"));
        let variables: BTreeMap<&str, &str> =
            text.split('\0').filter_map(|entry| entry.split_once('=')).collect();
        for (name, value) in [
            ("LAB_UNIT", "lab-environment.service"),
            ("LAB_SPACE", "a 'b' $c"),
            ("LAB_LONG", long.as_str()),
            ("WAYLAND_DISPLAY", "wayland-7"),
        ] {
            assert!(variables.get(name) == Some(&value), "{how}: {name}");
        }
        assert!(!variables.keys().any(|name| name.starts_with("DINIT")), "{how}");
        let main = user.main_pid("lab-environment.service").to_string();
        user.wait("what goes along has known the process", || user.read(&user.path("main")).trim() == main);
    };
    user.must(&["start", "lab-environment.service"]);
    check("systemctl");
    user.must(&["stop", "lab-environment.service"]);
    user.machine.command("rm").args([user.path("environment"), user.path("directory")]).run();
    user.must_tool("start", "lab-environment.service");
    check("the native tool");
}

fn names(native: Maker<'_>) {
    let unit = "[Service]\nExecStart=/bin/sh -c 'echo \"%i\" > $XDG_RUNTIME_DIR/instance; exec sleep 1000'\n";
    let Some(user) = user(native, &[("lab@.service", unit), ("lab-a_x2db.service", SLEEP)]) else {
        return;
    };
    let unit = r"lab@a\x2db.service";
    user.must(&["start", unit]);
    user.wait_for_shown(unit, true);
    user.wait("it runs", || user.read(&user.path("instance")).trim() == r"a\x2db");
    user.must_tool("stop", unit);
    user.wait_for_state(unit, "inactive");
    user.must_tool("start", unit);
    user.wait_for_state(unit, "active");
    // One whose native name would be the same.
    user.must(&["start", "lab-a_x2db.service"]);
    assert_ne!(user.running("lab-a_x2db.service"), user.running(unit));
    assert_eq!(user.state(unit), "active", "{}", user.story());
}

fn private(native: Maker<'_>) {
    let Some(user) = Supervised::new(native(), &[("lab-sleep.service", SLEEP)], Start::Private) else {
        return;
    };
    user.must(&["start", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", true);
    let native = user.native.process();
    let above = user.above(user.running("lab-sleep.service"));
    assert!(above.iter().any(|line| is_manager(line, native)), "{above:?}\n{}", user.story());
    // It lives on with an engine that is killed, even while it has no service.
    user.must(&["stop", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", false);
    user.kill_engine();
    user.must(&["start", "lab-sleep.service"]);
    user.wait_for_shown("lab-sleep.service", true);
    user.engine().signal(Signal::TERM);
    user.wait("all have ended", || {
        user.processes().iter().all(|process| {
            !is_manager(&process.command_line, native) && !process.command_line.contains("session-launcher")
        })
    });
}
