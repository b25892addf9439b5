//! `cargo xtask demo gnome`: real GNOME in a Debian system without systemd as its first process, and a picture of it.

use std::time::Duration;

use usher_tests::gnome::artefacts::Artefacts;
use usher_tests::gnome::ending::Ending;
use usher_tests::gnome::session::Session;
use usher_tests::gnome::side::{Side, Stage, Usher, leftovers};

use super::say;

/// How long the log-out may take.
const END_LIMIT: Duration = Duration::from_secs(60);

/// Shows a session of GNOME.
///
/// # Errors
/// What went wrong, for a person.
pub fn show() -> Result<(), String> {
    if !rustix::process::getuid().is_root() {
        return Err("a Debian system in a directory is entered as root: run it with sudo".into());
    }
    say(
        "A Debian system with GNOME 51, OpenRC and elogind (the first time it is built, which takes minutes)",
    );
    let artefacts = Artefacts::of("demo-gnome");
    let stage = Stage::open(Side::Usher(Usher::USUAL), &artefacts).ok_or("the system cannot be entered")?;
    say("Unmodified gnome-session logs alice in, on session-launcher");
    let mut session = Session::log_in(&stage, "session");
    let start = session.wait_until_running();
    println!("(the session runs after {:.1} s)", start.as_secs_f64());
    session.settle();
    print(&stage, "systemctl", &["--user", "list-units", "--no-pager", "--plain", "--type=service,target"])?;
    print(
        &stage,
        "systemctl",
        &["--user", "status", "--no-pager", "--lines=3", "org.gnome.Shell@user.service"],
    )?;
    let picture = session.photograph();
    if picture.is_blank() {
        return Err("the picture of the desktop shows nothing".into());
    }
    say("Alice logs out");
    Ending::LogOut.bring_about(&session);
    let status = session.wait_for_end(END_LIMIT);
    println!("(the leader has ended: {status})");
    let left: Vec<String> = leftovers(&stage).into_iter().map(|process| process.name).collect();
    println!(
        "(alice's processes but for her bus and the manager: {})",
        if left.is_empty() { "none".into() } else { left.join(", ") }
    );
    println!("\nA picture of the desktop: {}", artefacts.path().join("usher/session.png").display());
    Ok(())
}

fn print(stage: &Stage, program: &str, arguments: &[&str]) -> Result<(), String> {
    println!("$ {program} {}", arguments.join(" "));
    let output = stage.command(program).args(arguments).output();
    print!("{}", output.stdout);
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", output.stderr)) }
}
