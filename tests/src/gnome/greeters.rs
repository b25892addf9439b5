//! What a display manager is for: two greeters at once, each for a user that GDM lends, and then a user's session. In the
//! end a greeter goes and leaves nothing.

use super::gdm::{DisplayManager, Seat};
use crate::lab::Process;
use crate::lab::desktop::{UID, USER, wait_for};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// How long a display may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How often it is looked for.
const INTERVAL: Duration = Duration::from_millis(200);

/// What GDM writes into environment.d of a greeter's home, and nowhere else.
const GREETER_VARIABLES: [(&str, &str); 4] = [
    ("DCONF_PROFILE", "gdm"),
    ("GIO_USE_VFS", "local"),
    ("GVFS_DISABLE_FUSE", "1"),
    ("RUNNING_UNDER_GDM", "true"),
];

/// Plays it; what is wrong. `look` tells what else is wrong with each of the three sessions, of which it gets a name.
///
/// # Panics
/// When a session does not come up.
pub fn play(gdm: &DisplayManager, look: &dyn Fn(&Seat, &str) -> Vec<String>) -> Vec<String> {
    let asked = Instant::now();
    std::thread::scope(|scope| {
        for remote in ["/lab/one", "/lab/two"] {
            let argument = format!("{{'remote-id': <objectpath '{remote}'>}}");
            scope.spawn(move || gdm.make_display("CreateRemoteDisplay", &argument).unwrap());
        }
    });
    let registered =
        wait_for(LIMIT, INTERVAL, || gdm.registered_displays() == 2 && gdm.greeters().len() == 2);
    assert!(registered, "{} of 2 displays registered\n{}", gdm.registered_displays(), gdm.story());
    println!("two greeters are there after {:.2} s", asked.elapsed().as_secs_f64());
    let mut wrong = Vec::new();
    for (uid, name) in gdm.greeters().into_iter().zip(["greeter-1", "greeter-2"]) {
        let seat = gdm.seat(uid).unwrap();
        wrong.extend(check_greeter(gdm, &seat).into_iter().map(|what| format!("{name}: {what}")));
        check_picture(gdm, &seat, name, &mut wrong);
        wrong.extend(look(&seat, name).into_iter().map(|what| format!("{name}: {what}")));
    }

    // It answers with an error although the session runs: nobody waits for such a display.
    let _ = gdm.make_display("CreateUserDisplay", USER);
    let registered = wait_for(LIMIT, INTERVAL, || gdm.registered_displays() == 3 && gdm.seat(UID).is_some());
    assert!(registered, "{USER}'s display has not registered\n{}", gdm.story());
    let seat = gdm.seat(UID).unwrap();
    let running = || {
        let answer = gdm.call(
            &seat,
            "org.gnome.SessionManager",
            "/org/gnome/SessionManager",
            "org.gnome.SessionManager.IsSessionRunning",
            &[],
        );
        answer.is_ok_and(|answer| answer.contains("true"))
    };
    assert!(wait_for(LIMIT, INTERVAL, running), "{USER}'s session does not run\n{}", gdm.story());
    check_picture(gdm, &seat, "user", &mut wrong);
    wrong.extend(look(&seat, "user").into_iter().map(|what| format!("{USER}: {what}")));
    for program in ["pipewire", "wireplumber"] {
        if !wait_for(LIMIT, INTERVAL, || runs(gdm, UID, program)) {
            wrong.push(format!("{USER}: {program} does not run"));
        }
    }
    wrong.extend(gdm.registration_errors());
    wrong.extend(end_greeter(gdm));
    wrong
}

/// Ends a greeter as GDM does; what is left then.
fn end_greeter(gdm: &DisplayManager) -> Vec<String> {
    let Some(uid) = gdm.greeters().first().copied() else { return vec!["no greeter is left".to_owned()] };
    let processes = || gdm.desktop.machine.processes_of(uid);
    let is_leader = |process: &&Process| process.command_line.contains("gdm-wayland-session");
    processes().iter().filter(is_leader).for_each(|process| process.signal(Signal::TERM));
    let mut left = Vec::new();
    wait_for(LIMIT, INTERVAL, || {
        left = processes();
        left.is_empty()
    });
    left.iter().map(|process| format!("left of a greeter: {process}")).collect()
}

fn check_greeter(gdm: &DisplayManager, seat: &Seat) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, value) in GREETER_VARIABLES {
        if seat.shell.get(name).map(String::as_str) != Some(value) {
            wrong.push(format!(
                "{name} is {:?}, GDM wrote {value:?} into environment.d",
                seat.shell.get(name)
            ));
        }
    }
    if seat.shell.get("XDG_SESSION_CLASS").map(String::as_str) != Some("greeter") {
        wrong.push("XDG_SESSION_CLASS is not greeter".to_owned());
    }
    for program in ["pipewire", "wireplumber"] {
        if runs(gdm, seat.uid, program) {
            wrong.push(format!("{program} runs, for a greeter"));
        }
    }
    wrong
}

fn runs(gdm: &DisplayManager, uid: u32, program: &str) -> bool {
    gdm.desktop.machine.processes_of(uid).iter().any(|process| process.name == program)
}

fn check_picture(gdm: &DisplayManager, seat: &Seat, name: &str, wrong: &mut Vec<String>) {
    // A display registers when the shell has started; what it shows is drawn a moment later.
    let mut fault = String::new();
    let shown = wait_for(LIMIT, INTERVAL, || match gdm.photograph(seat, name) {
        Ok(picture) => {
            fault = format!("the picture shows nothing: {picture:?}");
            !picture.is_blank()
        }
        Err(error) => {
            fault = format!("no picture: {error}");
            false
        }
    });
    if !shown {
        wrong.push(format!("{name}: {fault}"));
    }
}
