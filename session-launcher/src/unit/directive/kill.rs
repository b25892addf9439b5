//! systemd.kill(5).

use super::{Applied, Line};
use crate::unit::spec::{KillMode, KillSettings};

/// Applies a directive; `None` when there is none of that name.
pub fn apply(kill: &mut KillSettings, line: &Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "KillMode" => line
            .choice(&[
                ("control-group", KillMode::ControlGroup),
                ("mixed", KillMode::Mixed),
                ("process", KillMode::Process),
                ("none", KillMode::None),
            ])
            .map(|mode| kill.mode = mode),
        "KillSignal" => line.signal().map(|signal| kill.signal = signal),
        "RestartKillSignal" => line.signal().map(|signal| kill.restart_signal = Some(signal)),
        "FinalKillSignal" => line.signal().map(|signal| kill.final_signal = signal),
        "WatchdogSignal" => line.signal().map(|signal| kill.watchdog_signal = signal),
        "SendSIGHUP" => line.boolean().map(|send| kill.send_sighup = send),
        "SendSIGKILL" => line.boolean().map(|send| kill.send_sigkill = send),
        _ => return None,
    })
}
