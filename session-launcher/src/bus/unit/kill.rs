//! How processes are ended (systemd.kill(5)).

use super::general::constant;
use super::value::word;
use super::{Get, Subject};
use crate::bus::table::{Property, Value};
use crate::unit::spec::KillSettings;

/// Of services, sockets and scopes.
pub const PROPERTIES: &[Property<Get>] = &[
    constant("KillMode", "s", |unit| of(unit, |kill| word(kill.mode))),
    constant("KillSignal", "i", |unit| of(unit, |kill| kill.signal.into())),
    constant("RestartKillSignal", "i", |unit| {
        of(unit, |kill| kill.restart_signal.unwrap_or(kill.signal).into())
    }),
    constant("FinalKillSignal", "i", |unit| of(unit, |kill| kill.final_signal.into())),
    constant("SendSIGKILL", "b", |unit| of(unit, |kill| kill.send_sigkill.into())),
    constant("SendSIGHUP", "b", |unit| of(unit, |kill| kill.send_sighup.into())),
    constant("WatchdogSignal", "i", |unit| of(unit, |kill| kill.watchdog_signal.into())),
];

fn of(unit: &Subject<'_>, get: impl Fn(&KillSettings) -> Value) -> Value {
    match unit.kill() {
        Some(kill) => get(kill),
        // The tables give these to units that have them.
        None => get(&KillSettings::default()),
    }
}
