//! An X11 program in a session: Xwayland and gsd-xsettings come up.

use super::session::Session;
use super::side::Stage;
use super::units::Table;
use crate::lab::desktop::wait_for;
use crate::lab::process::Daemon;
use std::time::Duration;

/// What has to be active then.
const UNITS: [&str; 3] = [
    "gnome-session-x11-services.target",
    "gnome-session-x11-services-ready.target",
    "org.gnome.SettingsDaemon.XSettings.service",
];

/// A running X11 program.
#[derive(Debug)]
pub struct Program<'s> {
    /// The states of the units since it has come.
    pub units: Table,
    _process: Daemon,
    _session: Session<'s>,
}

/// Logs in and starts an X11 program. `on_demand` tells whether its services come with
/// the program, and not before.
///
/// # Panics
/// When they do not come up, or too early, or the program sees no window manager.
pub fn connect(stage: &Stage, on_demand: bool) -> Program<'_> {
    let mut session = Session::log_in(stage, "x11");
    session.wait_until_running();
    session.settle();
    let before = !session.processes("gsd-xsettings").is_empty();
    assert_eq!(before, !on_demand, "gsd-xsettings before any X11 program\n{}", session.story());

    let manager = stage.manager_environment();
    let mut client = stage.command("xprop").args(["-spy", "-root"]);
    for variable in ["DISPLAY", "XAUTHORITY"] {
        let value = manager.get(variable).unwrap_or_else(|| panic!("no {variable}\n{}", session.story()));
        client = client.env(variable, value);
    }
    let mut client = client.spawn();
    let up = || ["Xwayland", "gsd-xsettings"].iter().all(|name| !session.processes(name).is_empty());
    assert!(wait_for(Duration::from_secs(30), Duration::from_millis(100), up), "{}", session.story());
    let units = session.settle();
    stage.artefacts.keep("units.txt", units.to_string());
    let missing: Vec<_> = UNITS.iter().filter(|unit| !units.is_active(unit)).collect();
    assert!(missing.is_empty(), "not active: {missing:?}\n{}", session.story());
    assert!(client.runs(), "the X11 program has ended: {}", client.log());
    assert!(client.log().contains("_NET_"), "the X11 program sees no window manager: {}", client.log());
    Program { units, _process: client, _session: session }
}
