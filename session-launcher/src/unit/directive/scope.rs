//! `[Scope]` (systemd.scope(5)).

use super::{Applied, Line, kill, resource, service};
use crate::unit::spec::ScopeSettings;

/// Applies a directive; `None` when there is none of that name.
pub fn apply(scope: &mut ScopeSettings, line: &mut Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "RuntimeMaxSec" => line.span().map(|span| scope.runtime_max = span),
        "RuntimeRandomizedExtraSec" => line.finite_span().map(|span| scope.runtime_randomized_extra = span),
        "TimeoutStopSec" => line.span_or_never().map(|span| scope.timeout_stop = span),
        "OOMPolicy" => service::oom_policy(line).map(|policy| scope.oom_policy = policy),
        _ => {
            return kill::apply(&mut scope.kill, line)
                .or_else(|| resource::apply(&mut scope.resources, line));
        }
    })
}
