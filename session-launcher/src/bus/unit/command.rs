//! Commands, as `Exec...` and `Exec...Ex` have them.

use zbus::Variant;

use super::Subject;
use crate::bus::table::Value;
use crate::daemon::clock::Stamp;
use crate::job::ExitStatus;
use crate::unit::spec::CommandLine;

/// How a command ran: begin and end on both clocks, process, how it ended and with what.
type Run = (u64, u64, u64, u64, u32, i32, i32);

/// Codes of waitid(2).
const CLD_EXITED: i32 = 1;
const CLD_KILLED: i32 = 2;
const CLD_DUMPED: i32 = 3;

/// `a(sasbttttuii)`: path, arguments, whether a failure is passed over, and the run of the main process.
pub fn plain(commands: &[CommandLine], run: Option<Run>) -> Value {
    let rows: Vec<_> = commands
        .iter()
        .map(|command| {
            let (begin, begin_monotonic, end, end_monotonic, pid, code, status) = run.unwrap_or_default();
            (
                command.path.clone(),
                command.argv.clone(),
                command.ignore_failure,
                begin,
                begin_monotonic,
                end,
                end_monotonic,
                pid,
                code,
                status,
            )
        })
        .collect();
    rows.into()
}

/// `a(sasasttttuii)`: the same with the names of flags.
pub fn extended(commands: &[CommandLine], run: Option<Run>) -> Value {
    let rows: Vec<_> = commands
        .iter()
        .map(|command| {
            let (begin, begin_monotonic, end, end_monotonic, pid, code, status) = run.unwrap_or_default();
            (
                command.path.clone(),
                command.argv.clone(),
                flags(command),
                begin,
                begin_monotonic,
                end,
                end_monotonic,
                pid,
                code,
                status,
            )
        })
        .collect();
    Variant::from(rows)
}

fn flags(command: &CommandLine) -> Vec<String> {
    [
        (command.ignore_failure, "ignore-failure"),
        (command.privileged, "privileged"),
        (command.literal, "no-env-expand"),
        (command.via_shell, "via-shell"),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .map(|(_, name)| name.to_owned())
    .collect()
}

/// The last run of a service's main process.
pub fn main_run(unit: &Subject<'_>) -> Option<Run> {
    let run = unit.driver.main_run(&unit.status.name)?;
    let end = run.exited.unwrap_or_default();
    let (code, status) = run.status.map_or((0, 0), exit_words);
    let Stamp { realtime, monotonic } = run.started;
    Some((
        realtime,
        monotonic,
        end.realtime,
        end.monotonic,
        u32::try_from(run.pid).unwrap_or(0),
        code,
        status,
    ))
}

/// How a process ended, as waitid(2) tells it.
pub fn exit_words(status: ExitStatus) -> (i32, i32) {
    match status {
        ExitStatus::Code(code) => (CLD_EXITED, i32::from(code)),
        ExitStatus::Signal(signal) => (CLD_KILLED, signal),
        ExitStatus::CoreDump(signal) => (CLD_DUMPED, signal),
    }
}
