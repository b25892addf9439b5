//! What services do on each manager, in the words of the units.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::trial::{Native, within};

type Scenario = (&'static str, fn(&dyn Native));

/// Runs all, and fails with the names of those that did not go well.
pub fn play(native: &dyn Native) {
    let scenarios: [Scenario; 16] = [
        ("readiness and order", readiness_and_order),
        ("stop and its aftermath", stop_and_aftermath),
        ("reload", reload),
        ("a dependency that fails", failing_dependency),
        ("a wish that fails", failing_wish),
        ("start time-out", start_timeout),
        ("restart on failure", restart_on_failure),
        ("no restart after success", no_restart_after_success),
        ("start limit", start_limit),
        ("no restart at all", no_restart),
        ("a condition", condition),
        ("a bus name", bus_name),
        ("processes that were left", left_processes),
        ("words", words),
        ("identity", identity),
        ("a socket, a target, one-shot commands", socket_target_oneshot),
    ];
    let mut failed = Vec::new();
    for (name, scenario) in scenarios {
        native.trial().clear();
        eprintln!("{}: {name}", native.name());
        if catch_unwind(AssertUnwindSafe(|| scenario(native))).is_err() {
            eprintln!("log: {:#?}", native.trial().log());
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{}: {}", native.name(), failed.join(", "));
}

fn readiness_and_order(native: &dyn Native) {
    assert!(native.start("after-ready"));
    let trial = native.trial();
    trial.wait("after-ready runs", || !trial.log_of("after-ready").is_empty());
    assert_eq!(trial.log(), ["ready pre", "ready ready", "ready post", "after-ready run"]);
    assert!(native.is_started("ready") && native.is_started("after-ready"));
}

/// Requires= takes the other along; ExecStop= goes before the signal, ExecStopPost= last.
fn stop_and_aftermath(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.stop("ready"));
    trial.wait("ready ends", || trial.log().contains(&"ready stopped success killed TERM".to_owned()));
    assert_eq!(trial.log(), ["after-ready stop", "ready stopped success killed TERM"]);
    assert!(!native.is_started("ready") && !native.is_started("after-ready"));
    assert_eq!(trial.processes("actor after-ready"), [""; 0]);
}

fn reload(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("ready"));
    assert!(native.reload("ready"));
    trial.wait("ready reloads", || trial.log_of("ready").contains(&"reloaded".to_owned()));
    assert!(native.stop("ready"));
}

fn failing_dependency(native: &dyn Native) {
    let trial = native.trial();
    assert!(!native.start("needs-late"));
    trial.wait("late ends", || trial.log_of("late").len() == 2);
    assert_eq!(trial.log(), ["late exit 3", "late stopped exit-code exited 3"]);
    assert!(!native.is_started("late") && !native.is_started("needs-late"));
    // Restart=no: nobody tries again.
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(trial.log().len(), 2);
}

fn failing_wish(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("wants-late"));
    trial.wait("wants-late runs", || !trial.log_of("wants-late").is_empty());
    assert_eq!(trial.log().last().unwrap(), "wants-late run");
    assert!(trial.log().contains(&"late stopped exit-code exited 3".to_owned()));
    assert!(native.stop("wants-late"));
}

fn start_timeout(native: &dyn Native) {
    let trial = native.trial();
    assert!(!native.start("silent"));
    assert_eq!(trial.log(), ["silent run"]);
    assert!(!native.is_started("silent"));
    trial.wait("silent is gone", || trial.processes("actor silent").is_empty());
}

/// The one that needs it goes on meanwhile, as Requires= says.
fn restart_on_failure(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("needs-crash"));
    trial.wait("crash is up", || trial.log_of("crash").contains(&"start 3".to_owned()));
    std::thread::sleep(Duration::from_millis(400));
    assert!(native.is_started("crash") && native.is_started("needs-crash"));
    assert_eq!(trial.log_of("crash"), ["start 1", "start 2", "start 3"]);
    assert_eq!(trial.log_of("needs-crash"), ["run"]);
    assert!(native.stop("crash"));
    trial.wait("needs-crash stops", || trial.log_of("needs-crash") == ["run", "stop"]);
}

fn no_restart_after_success(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("clean"));
    trial.wait("clean ends", || !trial.log().is_empty());
    trial.wait("clean is stopped", || !native.is_started("clean"));
    std::thread::sleep(Duration::from_millis(1000));
    assert_eq!(trial.log(), ["clean exit 7"]);
    // It can be started again.
    assert!(native.start("clean"));
    trial.wait("clean runs again", || trial.log().len() == 2);
    trial.wait("clean is stopped again", || !native.is_started("clean"));
}

fn start_limit(native: &dyn Native) {
    let trial = native.trial();
    native.start("hopeless");
    trial.wait("hopeless has run three times", || trial.log().len() == 3);
    trial.wait("it is given up", || !native.is_started("hopeless"));
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(trial.log().len(), 3);
}

fn no_restart(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("never-again"));
    trial.wait("never-again ends", || trial.log().len() == 1);
    trial.wait("it is not started", || !native.is_started("never-again"));
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(trial.log().len(), 1);
}

fn condition(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("needs-skipped"));
    trial.wait("needs-skipped runs", || !trial.log().is_empty());
    assert_eq!(trial.log(), ["needs-skipped run"]);
    assert!(native.stop("skipped"));
    assert!(within(Duration::from_secs(5), || !native.is_started("needs-skipped")));
}

fn bus_name(native: &dyn Native) {
    let trial = native.trial();
    let _bus = trial.bus();
    assert!(native.start("bus"));
    trial.wait("bus has said so", || trial.log() == ["bus owns"]);
    assert!(native.is_started("bus"));
    assert!(native.stop("bus"));
    assert!(native.stop("dbus"));
}

fn left_processes(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("leaves"));
    trial.wait("both run", || trial.processes("actor leaves").len() >= 3);
    assert!(native.stop("leaves"));
    trial.wait("nothing is left", || trial.processes("actor leaves").is_empty());
}

fn words(native: &dyn Native) {
    let trial = native.trial();
    let variables = ["SPACED=two  words", "DOLLAR=a$b", "QUOTED=it is \"so\"", r"BACK=a\b"];
    assert!(native.start("words"));
    let log = trial.log_of("words");
    assert_eq!(log[..4], variables);
    assert_eq!(log[4], "arguments two  words|a$b|its \"so\"|a\\b|one two|one|two|%|`x`|*");
    assert!(native.start("plain"));
    trial.wait("plain has run", || trial.log_of("plain").len() == 7);
    let log = trial.log_of("plain");
    let (id, home) = if trial.system { (0, "/".to_owned()) } else { (1000, trial.home()) };
    assert!(log[0].starts_with(&format!("uid={id} gid={id} umask=022 cwd={home} ")), "{}", log[0]);
    assert_eq!(log[1..5], variables);
    assert_eq!(log[6], "arguments two  words|a$b|it\"s \"so\"|a\\b|%|`x`|*");
}

/// Of system services only: a user's manager has no other identities to give.
fn identity(native: &dyn Native) {
    let trial = native.trial();
    if !trial.system {
        return;
    }
    trial.as_root("usermod --append --groups voice games");
    assert!(native.start("identity"));
    trial.wait("identity runs", || trial.log_of("identity").len() == 6);
    let log = trial.log_of("identity");
    assert!(log[0].ends_with(" ambient=0"), "a command with + is root's: {log:?}");
    let expected = [
        "uid=5 gid=44 umask=027 cwd=/usr nice=3",
        "groups=22 29 44 ambient=2000",
        "USER=games",
        "HOME=/usr/games",
        "RUNTIME_DIRECTORY=/run/trial-identity",
    ];
    assert_eq!(log[1..], expected);
    let listing = trial.as_root("stat -c '%a %U' /run/trial-identity");
    assert_eq!(listing.trim(), "750 games");
    assert!(native.stop("identity"));
    assert!(native.start("stranger"));
    trial.wait("stranger runs", || trial.log_of("stranger").len() == 4);
    let log = trial.log_of("stranger");
    // PAM's umask, where OpenRC opens a session for the user.
    let umask = if native.name() == "openrc" { "002" } else { "022" };
    assert_eq!(log[0], format!("uid=5 gid=60 umask={umask} cwd=/ nice=0"));
    let groups = log[1].split([' ', '=']).filter(|word| *word != "60").collect::<Vec<_>>();
    assert_eq!(groups, ["groups", "22", "ambient", "0"]);
    assert_eq!(log[2..], ["USER=games", "HOME=/usr/games"]);
    assert!(native.stop("stranger"));
}

fn socket_target_oneshot(native: &dyn Native) {
    let trial = native.trial();
    assert!(native.start("listens"));
    // The Shepherd starts it with the first connection.
    let path = if trial.system { "/run/trial-socket" } else { "/run/user/1000/trial-socket" };
    let connect = format!("import socket; socket.socket(socket.AF_UNIX).connect('{path}')");
    trial.command("python3").args(["-c", connect.as_str()]).run();
    let directory = trial.as_root("stat -c %a /run /run/user/1000");
    assert_eq!(directory, "755\n700\n", "the directory of a socket keeps its mode");
    trial.wait("listens has its socket", || !trial.log().is_empty());
    assert_eq!(trial.log(), [format!("listens socket {path} 1 True")]);
    assert!(native.stop("listens"));
    trial.clear();
    assert!(native.start("group.target"));
    trial.wait("all run", || trial.log_of("after-ready").len() == 1);
    assert_eq!(trial.log_of("once"), ["one", "exit 4", "two"]);
    assert!(native.is_started("group.target") && native.is_started("once"));
    assert!(native.stop("once"));
    trial.wait("once stops", || trial.log_of("once").last().unwrap() == "stop");
}
