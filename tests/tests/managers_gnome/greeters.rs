//! Greeters of the real GDM, whose users have no home of their own, no log-in shell, and no service manager: each gets one.

use usher_tests::gnome::gdm::{DisplayManager, Seat};
use usher_tests::gnome::greeters;
use usher_tests::gnome::side::Supervisor;
use usher_tests::gnome::supervision::{above, list};
use usher_tests::lab::desktop::UID;

use crate::reference::artefacts;

on_each_manager!(two_greeters_at_once_then_a_users_session: |on| {
    let artefacts = artefacts(&format!("gdm/{}", on.name()));
    let Some(gdm) = DisplayManager::start_or_skip(on, &artefacts) else { return };
    let wrong = greeters::play(&gdm, &|seat, name| look(&gdm, seat, name, on));
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), gdm.story());
});

/// The native tool shows the session's services, and supervises them.
fn look(gdm: &DisplayManager, seat: &Seat, name: &str, supervisor: Supervisor) -> Vec<String> {
    let mut wrong = Vec::new();
    match list(supervisor, &|program| gdm.command_at(seat, program)) {
        Ok(listing) => {
            println!("{name}:\n{listing}");
            gdm.artefacts.keep(&format!("{name}-listing.txt"), &listing);
            let mode = if seat.uid == UID { "user" } else { "gdm" };
            let shell = supervisor.service_name(&format!("org.gnome.Shell@{mode}.service"));
            if !supervisor.shown_as_up(&listing).contains(&shell) {
                wrong.push(format!("{shell} is not shown"));
            }
        }
        Err(error) => wrong.push(error),
    }
    let processes = gdm.desktop.machine.processes_of(seat.uid);
    if !above(&processes, "gnome-shell").iter().any(|process| supervisor.is_supervisor(process)) {
        wrong.push(format!("nothing of {} is above gnome-shell", supervisor.name()));
    }
    wrong
}
