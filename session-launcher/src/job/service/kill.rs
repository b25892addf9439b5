//! Whom a stop signals, and with what (systemd.kill(5)).

use crate::job::engine::Engine;
use crate::job::event::{Action, Host, KillTarget, ProcessId};
use crate::job::units::UnitId;
use crate::unit::spec::{KillMode, KillSettings};

const SIGHUP: i32 = 1;

/// Why a signal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::job) enum KillOperation {
    Terminate,
    Restart,
    Watchdog,
    Kill,
}

impl KillOperation {
    pub(in crate::job) fn signal(self, kill: &KillSettings) -> i32 {
        match self {
            Self::Terminate => kill.signal,
            Self::Restart => kill.restart_signal.unwrap_or(kill.signal),
            Self::Watchdog => kill.watchdog_signal,
            Self::Kill => kill.final_signal,
        }
    }
}

impl<H: Host> Engine<H> {
    /// True when there is somebody whose end is worth waiting for.
    pub(super) fn kill_service(&mut self, id: UnitId, operation: KillOperation) -> bool {
        let kill = self.service_settings(id).kill.clone();
        let (main, control) = (self.service(id).main, self.service(id).control);
        self.kill_processes(id, &kill, operation, main, control)
    }

    /// The same for any type of unit.
    pub(in crate::job) fn kill_processes(
        &mut self,
        id: UnitId,
        kill: &KillSettings,
        operation: KillOperation,
        main: Option<ProcessId>,
        control: Option<ProcessId>,
    ) -> bool {
        if kill.mode == KillMode::None {
            return false;
        }
        let signal = operation.signal(kill);
        let sighup = kill.send_sighup && operation == KillOperation::Terminate && signal != SIGHUP;
        let mut targets: Vec<_> = main.into_iter().chain(control).map(KillTarget::Process).collect();
        let whole_group = kill.mode == KillMode::ControlGroup
            || kill.mode == KillMode::Mixed && operation == KillOperation::Kill;
        if whole_group && self.has_other_processes(id) {
            targets.push(KillTarget::AllBut(self.known_processes(id)));
        }
        let unit = self.units[id].name().clone();
        for target in &targets {
            self.actions.push(Action::Kill { unit: unit.clone(), target: target.clone(), signal });
            if sighup {
                self.actions.push(Action::Kill {
                    unit: unit.clone(),
                    target: target.clone(),
                    signal: SIGHUP,
                });
            }
        }
        !targets.is_empty()
    }

    pub(super) fn kill_control_process(&mut self, id: UnitId) {
        const SIGKILL: i32 = 9;
        if let Some(control) = self.service(id).control {
            let unit = self.units[id].name().clone();
            self.actions.push(Action::Kill { unit, target: KillTarget::Process(control), signal: SIGKILL });
        }
    }
}
