//! Unit files that lie elsewhere, and local changes that are taken back.

use std::fs;
use std::os::unix::fs::symlink;

use crate::player::Player;

const FILE: &str = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=default.target\n";

fn own() -> String {
    format!("{}/.config/systemd/user", std::env::var("HOME").unwrap())
}

fn runtime() -> String {
    format!("{}/systemd/user", std::env::var("XDG_RUNTIME_DIR").unwrap())
}

pub async fn links(player: &mut Player) {
    let (here, there) = ("/tmp/here", "/tmp/there");
    for directory in [here, there, &own(), "/tmp/here/directory.service"] {
        fs::create_dir_all(directory).unwrap();
    }
    for file in [here, there].map(|directory| format!("{directory}/linked.service")) {
        fs::write(file, FILE).unwrap();
    }
    fs::write(format!("{}/own.service", own()), FILE).unwrap();
    fs::write("/tmp/there/own.service", FILE).unwrap();
    fs::write("/tmp/here/bad", FILE).unwrap();
    symlink("linked.service", "/tmp/here/link.service").unwrap();
    let places = [own(), runtime()].map(|directory| format!("{directory}/linked.service"));
    let wants = [format!("{}/default.target.wants/linked.service", own())];
    let linked = "/tmp/here/linked.service";

    for runtime in [false, false, true] {
        player.manager("LinkUnitFiles", &(vec![linked], runtime, false)).await;
        player.manager("GetUnitFileState", &"linked.service").await;
    }
    player.paths(&places);
    for file in [
        "/tmp/here/none.service",
        "/tmp/here/bad",
        "/tmp/here/link.service",
        "/tmp/here/directory.service",
        "one.service",
        "/units/one.service",
        "/units/nope.service",
        "/tmp/there/linked.service",
        "/tmp/there/own.service",
    ] {
        player.manager("LinkUnitFiles", &(vec![file], false, false)).await;
    }
    player.manager("GetUnitFileLinks", &("linked.service", false)).await;
    player.manager("EnableUnitFiles", &(vec!["linked.service"], false, false)).await;
    player.paths(&wants);
    player.manager("GetUnitFileState", &"linked.service").await;
    player.manager("GetUnitFileLinks", &("linked.service", false)).await;
    player.manager("DisableUnitFiles", &(vec!["linked.service"], false)).await;
    player.manager("GetUnitFileState", &"linked.service").await;
    player.manager("DisableUnitFiles", &(vec!["linked.service"], true)).await;
    player.manager("GetUnitFileState", &"linked.service").await;
    player.manager("EnableUnitFiles", &(vec![linked], false, false)).await;
    player.paths(&wants);
    player.manager("LinkUnitFiles", &(vec!["/tmp/there/../there/linked.service"], false, true)).await;
    player.manager("LinkUnitFiles", &(vec!["/tmp/there/own.service"], false, true)).await;
    player.paths(&places);
}

pub async fn revert(player: &mut Player) {
    let drop_in = "[Unit]\nDescription=Changed\n";
    let mut changed = Vec::new();
    for directory in [own(), runtime(), format!("{}.control", own())] {
        for name in ["basic.target", "one.service"] {
            fs::create_dir_all(format!("{directory}/{name}.d")).unwrap();
            for file in ["x.conf", "a.conf"].map(|file| format!("{directory}/{name}.d/{file}")) {
                fs::write(&file, drop_in).unwrap();
                changed.push(file);
            }
            fs::write(format!("{directory}/{name}"), drop_in).unwrap();
            changed.push(format!("{directory}/{name}"));
        }
    }
    for name in ["paths.target", "nothing.target"] {
        let mask = format!("{}/{name}", own());
        symlink("/dev/null", &mask).unwrap();
        changed.push(mask);
    }
    player.paths(&changed);
    player.manager("RevertUnitFiles", &vec!["one.service"]).await;
    player.manager("RevertUnitFiles", &vec!["basic.target", "paths.target"]).await;
    for name in ["basic.target", "nothing.target", "nope.service", "bad", "installable.service"] {
        player.manager("RevertUnitFiles", &vec![name]).await;
    }
    player.paths(&changed);
}
