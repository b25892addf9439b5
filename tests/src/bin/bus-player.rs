//! Plays one sequence of calls on `org.freedesktop.systemd1` of the session bus, and prints each answer and the signals
//! that followed: one JSON object a line. Numbers that differ from run to run are replaced by names.
//!
//! Arguments: the sequence's name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "bus-player/environment_files.rs"]
mod environment_files;
#[path = "bus-player/player.rs"]
mod player;
#[path = "bus-player/sequences.rs"]
mod sequences;

fn main() {
    let name = std::env::args().nth(1).expect("the name of a sequence");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut player = player::Player::connect().await;
        sequences::play(&name, &mut player).await;
    });
}
