//! What a unit is doing, by its type.

use super::path::PathRuntime;
use super::scope::ScopeRuntime;
use super::service::ServiceRuntime;
use super::socket::SocketRuntime;
use super::state::{ActiveState, PlainState, UnitResult};
use super::timer::TimerRuntime;
use crate::unit::spec::{ServiceType, Settings, Unit as Spec};

/// The changing half of a unit.
#[derive(Debug)]
pub(super) enum Runtime {
    Service(Box<ServiceRuntime>),
    Socket(Box<SocketRuntime>),
    Timer(Box<TimerRuntime>),
    Path(Box<PathRuntime>),
    Scope(Box<ScopeRuntime>),
    /// A target or slice, and a unit whose type belongs to the system manager.
    Plain(PlainState),
}

impl Runtime {
    pub(super) fn new(spec: &Spec) -> Self {
        match &spec.settings {
            Settings::Service(_) => Self::Service(Box::default()),
            Settings::Socket(_) => Self::Socket(Box::default()),
            Settings::Timer(_) => Self::Timer(Box::default()),
            Settings::Path(_) => Self::Path(Box::default()),
            Settings::Scope(_) => Self::Scope(Box::default()),
            Settings::Target | Settings::Slice(_) | Settings::Foreign => Self::Plain(PlainState::Dead),
        }
    }

    pub(super) fn active(&self, spec: &Spec) -> ActiveState {
        match self {
            Self::Service(service) => {
                let idle = spec.service().is_some_and(|s| s.service_type == ServiceType::Idle);
                service.state.active(idle)
            }
            Self::Socket(socket) => socket.state.active(),
            Self::Timer(timer) => timer.state.active(),
            Self::Path(path) => path.state.active(),
            Self::Scope(scope) => scope.state.active(),
            Self::Plain(PlainState::Active) => ActiveState::Active,
            Self::Plain(PlainState::Dead) => ActiveState::Inactive,
        }
    }

    pub(super) const fn sub_state(&self) -> &'static str {
        match self {
            Self::Service(service) => service.state.as_str(),
            Self::Socket(socket) => socket.state.as_str(),
            Self::Timer(timer) => timer.state.as_str(),
            Self::Path(path) => path.state.as_str(),
            Self::Scope(scope) => scope.state.as_str(),
            Self::Plain(state) => state.as_str(),
        }
    }

    pub(super) const fn result(&self) -> UnitResult {
        match self {
            Self::Service(service) => service.result,
            Self::Socket(socket) => socket.result,
            Self::Timer(timer) => timer.result,
            Self::Path(path) => path.result,
            Self::Scope(scope) => scope.result,
            Self::Plain(_) => UnitResult::Success,
        }
    }
}
