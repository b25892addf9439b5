//! Processes of units: lists and signals.

use zbus::Message;

use super::units;
use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::table::Method;
use crate::daemon::driver::{KillError, KillWhom};
use crate::unit::spec::UnitName;

/// The methods.
pub const METHODS: &[Method] = &[
    Method::looking("GetUnitProcesses", ("s", "name"), ("a(sus)", "processes"), list),
    Method::changing("KillUnit", ("ssi", "name whom signal"), ("", ""), kill),
    Method::changing("QueueSignalUnit", ("ssii", "name whom signal value"), ("", ""), queue_signal),
];

fn list(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = units::loaded_or_own(call, &name)?;
    list_of(call, &unit)
}

/// The processes of a unit: control group, number, command line.
///
/// # Errors
/// The list is too long for a message.
pub fn list_of(call: &Call<'_>, unit: &UnitName) -> Result<Message, Failure> {
    let engine = call.driver.engine();
    let group = engine.spec(unit).map(|unit| call.driver.control_group(unit)).unwrap_or_default();
    let rows: Vec<(String, u32, String)> = call
        .driver
        .processes_of(unit)
        .into_iter()
        .filter_map(|pid| Some((group.clone(), u32::try_from(pid).ok()?, command_line(pid))))
        .collect();
    call.answer(&rows)
}

fn command_line(pid: i32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = bytes
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    if words.is_empty() {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        return format!("[{}]", name.trim());
    }
    words.join(" ")
}

fn kill(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, whom, signal): (String, String, i32) = call.arguments()?;
    let unit = units::loaded_or_own(call, &name)?;
    kill_unit(call, &unit, &whom, signal)
}

/// Sends a signal to processes of a unit.
///
/// # Errors
/// There is no such signal, no such choice of processes, or nobody to signal.
pub fn kill_unit(call: &mut Call<'_>, unit: &UnitName, whom: &str, signal: i32) -> Result<Message, Failure> {
    let (choice, must_hit) = match whom.strip_suffix("-fail") {
        Some(choice) => (choice, true),
        None => (whom, false),
    };
    let choice = match choice {
        "" | "all" | "cgroup" => KillWhom::All,
        "main" => KillWhom::Main,
        "control" => KillWhom::Control,
        _ => return Err(Failure::invalid_arguments(format!("Invalid whom argument: {whom}"))),
    };
    // Signal 0 asks only whether somebody is there, which the bus does not offer.
    if !(1..=libc_signal_max()).contains(&signal) {
        return Err(KillError::NoSignal.into());
    }
    if must_hit && call.driver.processes_of(unit).is_empty() {
        return Err(Failure::no_such_process("No matching processes to kill"));
    }
    call.driver.kill_unit(unit, choice, signal)?;
    call.answer(&())
}

/// The last real-time signal of Linux.
const fn libc_signal_max() -> i32 {
    64
}

fn queue_signal(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, whom, signal, value): (String, String, i32, i32) = call.arguments()?;
    let unit = units::loaded_or_own(call, &name)?;
    queue_signal_of(call, &unit, &whom, signal, value)
}

/// Real-time signals carry a value; others cannot.
///
/// # Errors
/// As [`kill_unit`].
pub fn queue_signal_of(
    call: &mut Call<'_>,
    unit: &UnitName,
    whom: &str,
    signal: i32,
    value: i32,
) -> Result<Message, Failure> {
    if value == 0 {
        return kill_unit(call, unit, whom, signal);
    }
    if (34..=libc_signal_max()).contains(&signal) {
        return Err(Failure::not_supported("Signals with a value are not sent here."));
    }
    let name = crate::unit::value::signal::name(signal);
    Err(Failure::invalid_arguments(format!(
        "Value parameter only accepted for realtime signals (SIGRTMIN…SIGRTMAX), refusing for signal SIG{name}."
    )))
}
