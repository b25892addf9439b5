//! The order of jobs, what units have stored, and units that are suspended.

use std::time::Duration;

use zbus::Message;

use crate::player::{MANAGER, Player};
use crate::sequences::{UNIT, unit};

const JOB: &str = "org.freedesktop.systemd1.Job";

fn job_number(answer: &Message) -> u32 {
    let body = answer.body();
    let path: zbus::ObjectPath<'_> = body.deserialize().unwrap();
    path.as_str().rsplit('/').next().unwrap().parse().unwrap()
}

/// Prints which jobs wait for a job, and for which it waits.
async fn look_around(player: &mut Player, number: u32) {
    player.manager("GetJobAfter", &number).await;
    player.manager("GetJobBefore", &number).await;
    let path = format!("{MANAGER}/job/{number}");
    player.call(&path, JOB, "GetAfter", &()).await;
    player.call(&path, JOB, "GetBefore", &()).await;
}

pub async fn order(player: &mut Player) {
    let mut numbers = Vec::new();
    for name in ["slow.service", "waits.service", "last.service"] {
        let answer = player.manager("StartUnit", &(name, "replace")).await.unwrap();
        numbers.push(job_number(&answer));
    }
    for number in &numbers {
        look_around(player, *number).await;
    }
    player.manager("GetJobAfter", &99_999u32).await;
    // What waited for it runs.
    player.manager("CancelJob", &numbers[1]).await;
    player.manager("StartUnit", &("waits.service", "replace")).await;
    look_around(player, numbers[0]).await;
    // None of them runs because another one has gone.
    player.manager("ClearJobs", &()).await;
    player.properties(&unit("waits.service"), UNIT, &["ActiveState"]).await;
}

fn directories() -> Vec<String> {
    let home = std::env::var("HOME").unwrap();
    let runtime = std::env::var("XDG_RUNTIME_DIR").unwrap();
    [
        format!("{runtime}/dirs"),
        format!("{runtime}/dirs2/sub"),
        format!("{home}/.local/state/dirs"),
        format!("{home}/.local/state/log/dirs"),
        format!("{home}/.cache/dirs"),
        format!("{home}/.config/dirs"),
    ]
    .to_vec()
}

/// Cleans, waits until that is done, and shows what is left.
async fn clean_and_look(player: &mut Player, what: &[&str]) {
    player.manager("CleanUnit", &("dirs.service", what)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    player.paths(&directories());
}

pub async fn clean(player: &mut Player) {
    for (name, what) in [
        ("one.service", "runtime"),
        ("dirs.service", "nonsense"),
        ("group.target", "runtime"),
        ("nope.service", "runtime"),
        ("masked.service", "runtime"),
        ("template@.service", "runtime"),
        ("bad", "runtime"),
    ] {
        player.manager("CleanUnit", &(name, vec![what])).await;
    }
    player.manager("StartUnit", &("dirs.service", "replace")).await;
    player.properties(&unit("dirs.service"), UNIT, &["CanClean"]).await;
    player.properties(&unit("group.target"), UNIT, &["CanClean"]).await;
    clean_and_look(player, &["runtime"]).await;
    player.manager("StopUnit", &("dirs.service", "replace")).await;
    clean_and_look(player, &[]).await;
    clean_and_look(player, &["runtime"]).await;
    clean_and_look(player, &["cache", "runtime", "fdstore"]).await;
    clean_and_look(player, &["logs", "configuration"]).await;
    player.properties(&unit("dirs.service"), UNIT, &["ActiveState", "SubState"]).await;
    player.manager("StartUnit", &("dirs.service", "replace")).await;
    player.manager("StopUnit", &("dirs.service", "replace")).await;
    player.call(&unit("dirs.service"), UNIT, "Clean", &vec!["all"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    player.paths(&directories());
}

pub async fn freeze(player: &mut Player) {
    let one = unit("one.service");
    for name in ["nope.service", "bad"] {
        player.manager("FreezeUnit", &name).await;
        player.manager("ThawUnit", &name).await;
    }
    for name in ["one.service", "quick.service", "group.target"] {
        player.manager("StartUnit", &(name, "replace")).await;
    }
    for name in ["one.service", "group.target", "app.slice"] {
        player.properties(&unit(name), UNIT, &["CanFreeze", "FreezerState"]).await;
    }
    player.manager("FreezeUnit", &"group.target").await;
    for method in ["FreezeUnit", "FreezeUnit", "ThawUnit", "ThawUnit"] {
        player.manager(method, &"one.service").await;
        player.properties(&one, UNIT, &["FreezerState", "ActiveState"]).await;
    }
    player.call(&one, UNIT, "Freeze", &()).await;
    player.properties(&one, UNIT, &["FreezerState"]).await;
    player.call(&one, UNIT, "Thaw", &()).await;
    player.properties(&one, UNIT, &["FreezerState"]).await;
    // What kills reaches who is suspended.
    player.call(&one, UNIT, "Freeze", &()).await;
    player.manager("RefUnit", &"one.service").await;
    player.manager("KillUnit", &("one.service", "all", 15)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    player.properties(&one, UNIT, &["ActiveState"]).await;
    player.manager("FreezeUnit", &"one.service").await;
    // What is handled waits until it goes on.
    let handles = unit("handles.service");
    player.manager("StartUnit", &("handles.service", "replace")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    player.manager("RefUnit", &"handles.service").await;
    player.call(&handles, UNIT, "Freeze", &()).await;
    player.manager("KillUnit", &("handles.service", "all", 15)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    player.properties(&handles, UNIT, &["ActiveState"]).await;
}
