//! Values of properties, as D-Bus has them.

use std::fmt::Display;
use std::time::Duration;

use crate::bus::table::Value;
use crate::daemon::clock::{self, Stamp};
use crate::job::Moment;
use crate::unit::spec::ExitStatusSet;

/// "Not set" and "infinity" of an unsigned number.
pub const NEVER: u64 = u64::MAX;

/// A text.
pub fn text(text: impl Display) -> Value {
    text.to_string().into()
}

/// A text that may be missing.
pub fn optional(text: Option<impl Display>) -> Value {
    text.map(|text| text.to_string()).unwrap_or_default().into()
}

/// A list of texts.
pub fn texts(list: impl IntoIterator<Item = impl Display>) -> Value {
    list.into_iter().map(|text| text.to_string()).collect::<Vec<_>>().into()
}

/// A time span in microseconds; `None` is for ever.
pub fn span(span: Option<Duration>) -> Value {
    span.map_or(NEVER, clock::microseconds).into()
}

/// A moment on the wall clock; zero when it never came.
pub fn realtime(moment: Option<Moment>) -> Value {
    moment.map_or(0, |moment| Stamp::at(moment).realtime).into()
}

/// A moment on the engine's clock; zero when it never came.
pub fn monotonic(moment: Option<Moment>) -> Value {
    moment.map_or(0, clock::microseconds).into()
}

/// Exit codes and signals.
pub fn statuses(set: &ExitStatusSet) -> Value {
    let codes: Vec<i32> = set.codes.iter().copied().map(i32::from).collect();
    Value::from((codes, set.signals.clone()))
}

/// The word that systemd has for a setting.
pub fn word(value: impl serde::Serialize) -> Value {
    crate::unit::property::word(value).into()
}
