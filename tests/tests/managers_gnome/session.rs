//! A session runs as without the manager, whose own tool shows it whole and is understood.

use usher_tests::gnome::environment;
use usher_tests::gnome::look::Look;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Stage, Supervisor};
use usher_tests::gnome::supervision::{above, list, open};
use usher_tests::gnome::units::Table;

use crate::reference::{Reference, artefacts};

/// A service that nothing depends on.
const INDEPENDENT: &str = "gvfs-goa-volume-monitor.service";

on_each_manager!(a_session_is_as_without: |on| {
    static REFERENCE: Reference<Look> = Reference::new();
    let artefacts = artefacts("session");
    let Some(stage) = open(on, &artefacts) else { return };
    let session = log_in(&stage, on);
    let ours = Look::at(&session);
    let mut wrong = ours.faults();
    match list(on, &|program| stage.command(program)) {
        Ok(listing) => {
            println!("{listing}");
            stage.artefacts.keep("listing.txt", &listing);
            assert!(listing.contains("org.gnome.Shell"), "{listing}");
        }
        Err(error) => wrong.push(error),
    }
    for name in ["gnome-shell", "gsd-datetime", "pipewire"] {
        let above = above(&ours.processes, name);
        if !above.iter().any(|process| on.is_supervisor(process)) {
            wrong.push(format!("nothing of {} is above {name}: {above:?}", on.name()));
        }
    }
    act(&session, &ours.units, on);
    drop(session);
    drop(stage);

    let reference = REFERENCE.of("session", |stage| Look::at(&log_in(stage, Supervisor::Direct)));
    wrong.extend(ours.units.differences(&reference.units, &[]));
    for ((whose, ours), (_, reference)) in ours.environments().into_iter().zip(reference.environments()) {
        let lines = environment::differences(ours, reference, &[]);
        wrong.extend(lines.iter().map(|line| format!("environment of {whose}: {line}")));
    }
    assert_eq!(ours.power, reference.power);
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), artefacts.path().display());
});

fn log_in<'s>(stage: &'s Stage, supervisor: Supervisor) -> Session<'s> {
    let mut session = Session::log_in(stage, "session");
    let start = session.wait_until_running();
    println!("{}: runs after {:.2} s", supervisor.name(), start.as_secs_f64());
    session
}

/// What the user does with the manager's own tool is a job of the engine's.
fn act(session: &Session<'_>, before: &Table, supervisor: Supervisor) {
    let stage = session.stage();
    let act = |verb: &str, unit: &str| {
        let line = supervisor.act(verb, unit);
        stage.command(&line[0]).args(&line[1..]).output()
    };
    let done = |verb: &str| {
        let output = act(verb, INDEPENDENT);
        assert!(output.status.success(), "{verb}: {}{}", output.stdout, output.stderr);
        list(supervisor, &|program| stage.command(program)).unwrap_or_else(|wrong| panic!("{verb}: {wrong}"));
        session.settle()
    };
    let is_same = |when: &str, now: &Table| {
        assert_eq!(now.differences(before, &[]), Vec::<String>::new(), "{when}\n{}", session.story());
    };
    is_same("after a restart", &done("restart"));
    let stopped = done("stop");
    assert_eq!(stopped.state(INDEPENDENT).active, "inactive", "{}", session.story());
    is_same("after a start", &done("start"));
    if supervisor == Supervisor::OpenRc {
        // The others have no way to refuse.
        let stop = act("stop", "org.gnome.SettingsDaemon.Datetime.service");
        assert!(!stop.status.success() && stop.stderr.contains("RefuseManualStop"), "{}", stop.stderr);
        is_same("after a stop that is refused", &session.settle());
    }
}
