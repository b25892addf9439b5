//! Whether a service runs again after its end, and when (`Restart=` and its fellows).

use std::time::Duration;

use crate::job::engine::Engine;
use crate::job::event::Host;
use crate::job::kind::JobKind;
use crate::job::state::{ServiceState, UnitResult};
use crate::job::units::UnitId;
use crate::unit::spec::{JobMode, RestartMode, RestartPolicy, ServiceType};

impl<H: Host> Engine<H> {
    pub(super) fn shall_restart(&self, id: UnitId) -> bool {
        let service = self.service(id);
        let settings = self.service_settings(id);
        if service.forbid_restart {
            return false;
        }
        if let Some(exit) = service.main_exit {
            if exit.is_in(&settings.restart_prevent_exit_status) {
                return false;
            }
            if exit.is_in(&settings.restart_force_exit_status) {
                return settings.service_type != ServiceType::Oneshot
                    || service.result != UnitResult::Success;
            }
        }
        let result = service.result;
        match settings.restart {
            RestartPolicy::No => false,
            RestartPolicy::Always => result != UnitResult::ExecCondition,
            RestartPolicy::OnSuccess => result == UnitResult::Success,
            RestartPolicy::OnFailure => !matches!(result, UnitResult::Success | UnitResult::ExecCondition),
            RestartPolicy::OnAbnormal => {
                !matches!(result, UnitResult::Success | UnitResult::ExitCode | UnitResult::ExecCondition)
            }
            RestartPolicy::OnWatchdog => result == UnitResult::Watchdog,
            RestartPolicy::OnAbort => matches!(result, UnitResult::Signal | UnitResult::CoreDump),
        }
    }

    /// The delay before the next restart: it grows geometrically from `RestartSec=` to `RestartMaxDelaySec=`.
    pub(in crate::job) fn restart_delay(&self, id: UnitId) -> Option<Duration> {
        let settings = self.service_settings(id);
        let first = settings.restart_delay?;
        let waiting = self.service(id).state == ServiceState::AutoRestart;
        let next = self.service(id).restarts.saturating_add(u32::from(!waiting));
        let (Some(last), steps) = (settings.restart_max_delay, settings.restart_steps) else {
            return Some(first);
        };
        if next <= 1 || steps == 0 || first.is_zero() || first >= last {
            return Some(first);
        }
        if next > steps {
            return Some(last);
        }
        let ratio = last.as_secs_f64() / first.as_secs_f64();
        let exponent = f64::from(next - 1) / f64::from(steps);
        Some(Duration::try_from_secs_f64(first.as_secs_f64() * ratio.powf(exponent)).unwrap_or(last))
    }

    /// The delay is over, or (`shortcut`) somebody asked for the service before.
    pub(super) fn enter_restart(&mut self, id: UnitId, shortcut: bool) {
        if !shortcut && self.has_job(id, JobKind::Stop) {
            return;
        }
        let mode = match self.service_settings(id).restart_mode {
            RestartMode::Direct => JobMode::Replace,
            RestartMode::Normal | RestartMode::Debug => JobMode::RestartDependencies,
        };
        if let Err(error) = self.add_job(id, JobKind::Start, mode, true) {
            self.log(id, format!("the restart was not queued: {error}"));
            self.enter_dead(id, UnitResult::Resources, false);
            return;
        }
        let service = self.service_mut(id);
        service.restarts = service.restarts.saturating_add(1);
        self.set_service_state(id, ServiceState::AutoRestartQueued);
    }
}
