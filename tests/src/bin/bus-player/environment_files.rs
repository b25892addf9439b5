//! environment.d(5) changes while the manager runs, and clients set variables over it.

use std::fs;

use crate::player::Player;
use crate::sequences::{UNIT, unit};

/// Replaces the user's file, or removes it, and has the manager read everything again.
async fn reload_with(player: &mut Player, content: Option<&str>) {
    let directory = format!("{}/.config/environment.d", std::env::var("HOME").unwrap());
    fs::create_dir_all(&directory).unwrap();
    let file = format!("{directory}/50-player.conf");
    match content {
        Some(content) => fs::write(file, content).unwrap(),
        None => fs::remove_file(file).unwrap(),
    }
    player.manager("Reload", &()).await;
    player.variables("PLAYER_").await;
}

pub async fn play(player: &mut Player) {
    player.manager("StartUnit", &("with-variable.service", "replace")).await;
    player.properties(&unit("with-variable.service"), UNIT, &["ConditionResult", "ActiveState"]).await;
    reload_with(player, Some("PLAYER_A=1\nPLAYER_B=x=y z\nPLAYER_C=3\nPLAYER_D=${PLAYER_A}x\nPLAYER_E=\n"))
        .await;
    // Conditions and services see them at once.
    player.manager("StartUnit", &("with-variable.service", "replace")).await;
    player.properties(&unit("with-variable.service"), UNIT, &["ConditionResult", "ActiveState"]).await;
    player.manager("StartUnit", &("prints.service", "replace")).await;

    player.manager("SetEnvironment", &vec!["PLAYER_C=client", "PLAYER_X=client"]).await;
    player.variables("PLAYER_").await;
    // Changed, gone, set over, of what a client has set, of the file itself.
    let changed = "PLAYER_A=changed\nPLAYER_C=new\nPLAYER_D=${PLAYER_X}x\nPLAYER_F=$PLAYER_C\n";
    reload_with(player, Some(changed)).await;
    player.manager("UnsetEnvironment", &vec!["PLAYER_A", "PLAYER_C"]).await;
    player.variables("PLAYER_").await;
    player.manager("SetEnvironment", &vec!["PLAYER_A=mine"]).await;
    reload_with(player, None).await;
    reload_with(player, Some("PLAYER_A=again\nUSER=somebody\nSHELL=\n")).await;
    for name in ["USER=", "SHELL="] {
        player.variables(name).await;
    }
    player.manager("UnsetEnvironment", &vec!["PLAYER_A=mine"]).await;
    player.variables("PLAYER_").await;
    reload_with(player, None).await;
    player.variables("USER=").await;
}
