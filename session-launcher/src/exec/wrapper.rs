//! The wrapper: a small program that sets up what a unit asks for and then becomes the unit's process.
//!
//! It gets its [`Launch`] over its standard input when the manager started it itself, or over the manager's socket when
//! another service manager did. What fails ends it with the exit codes of systemd.exec(5), "Process Exit Codes".

use std::ffi::CString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::FdFlags;

use super::launch::{Directory, Launch};
use super::message::{self, Parcel};
use super::{process_attributes, resource};
use crate::standard_error::say;
use crate::unit::spec::{Limit, StandardInput, StandardOutput};

/// Exit codes of systemd.exec(5).
mod code {
    pub const CHDIR: u8 = 200;
    pub const NICE: u8 = 201;
    pub const FDS: u8 = 202;
    pub const EXEC: u8 = 203;
    pub const LIMITS: u8 = 205;
    pub const OOM_ADJUST: u8 = 206;
    pub const STDIN: u8 = 208;
    pub const STDOUT: u8 = 209;
    pub const CGROUP: u8 = 219;
    pub const STDERR: u8 = 222;
    pub const CPUAFFINITY: u8 = 214;
    pub const SETSCHEDULER: u8 = 212;
    pub const NO_NEW_PRIVILEGES: u8 = 227;
}

/// The first descriptor that is handed over (sd_listen_fds(3)).
const LISTEN_FDS_START: i32 = 3;

/// What went wrong, and what to exit with.
struct Failure {
    code: u8,
    what: String,
}

type Step = Result<(), Failure>;

fn failed<E: std::fmt::Display>(code: u8, what: impl Into<String>) -> impl FnOnce(E) -> Failure {
    let what = what.into();
    move |error| Failure { code, what: format!("{what}: {error}") }
}

/// Takes the launch that waits at standard input, and becomes that process.
pub fn run_from_standard_input() -> ExitCode {
    // Whoever started the manager may have left descriptors open; nothing here has opened any yet.
    process_attributes::close_from(LISTEN_FDS_START);
    let parcel = match message::receive(io::stdin()) {
        Ok(parcel) => parcel,
        Err(error) => {
            say("session-launcher", format_args!("no launch at standard input: {error}"));
            return ExitCode::from(code::FDS);
        }
    };
    become_process(parcel)
}

/// Becomes the process. It returns only when something fails, with the exit code for that.
pub fn become_process(parcel: Parcel) -> ExitCode {
    let unit = parcel.launch.unit.clone();
    // Standard input is about to become the process's own.
    let channel =
        if parcel.launch.report_exec { io::stdin().as_fd().try_clone_to_owned().ok() } else { None };
    let Failure { code, what } = match set_up(parcel) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    if let Some(channel) = channel {
        let _ = rustix::io::write(&channel, b"x");
    }
    // Standard error may be the unit's log already, or still the manager's: either is read by somebody, unless that one has gone.
    say(&unit, what);
    ExitCode::from(code)
}

fn set_up(parcel: Parcel) -> Result<std::convert::Infallible, Failure> {
    let Parcel { launch, log, sockets } = parcel;
    join_cgroup(&launch)?;
    // A session of its own: no terminal, and a signal to the manager's group does not reach it.
    let _ = rustix::process::setsid();
    wait_while_busy(&launch);
    for directory in &launch.directories {
        make_directory(directory)?;
    }
    adjust(&launch)?;
    connect_streams(&launch, log, sockets.first())?;
    change_directory(&launch)?;
    if launch.no_new_privileges {
        rustix::thread::set_no_new_privs(true)
            .map_err(failed(code::NO_NEW_PRIVILEGES, "NoNewPrivileges="))?;
    }
    let given = sockets.len();
    place_sockets(sockets, launch.sockets_non_blocking)?;
    execute(&launch, given)
}

fn join_cgroup(launch: &Launch) -> Step {
    let Some(processes) = &launch.cgroup else { return Ok(()) };
    fs::write(processes, "0").map_err(failed(code::CGROUP, processes.display().to_string()))
}

/// `Type=idle`: the manager closes the channel at standard input when no job is left.
fn wait_while_busy(launch: &Launch) {
    let Some(milliseconds) = launch.idle_milliseconds else { return };
    let timeout = rustix::time::Timespec::try_from(Duration::from_millis(milliseconds)).ok();
    let stdin = io::stdin();
    let mut descriptors = [PollFd::new(&stdin, PollFlags::IN)];
    let _ = rustix::event::poll(&mut descriptors, timeout.as_ref());
}

fn make_directory(directory: &Directory) -> Step {
    let failure = |error: io::Error| Failure {
        code: directory.failure,
        what: format!("{}: {error}", directory.path.display()),
    };
    DirBuilder::new().recursive(true).mode(directory.mode).create(&directory.path).map_err(failure)?;
    // The umask, or an earlier run, may have given it another mode.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(directory.mode);
    fs::set_permissions(&directory.path, mode).map_err(failure)
}

fn adjust(launch: &Launch) -> Step {
    if let Some(umask) = launch.umask {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
    } else {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    }
    if let Some(nice) = launch.nice {
        rustix::process::setpriority_process(None, nice).map_err(failed(code::NICE, "Nice="))?;
    }
    if let Some(adjust) = launch.oom_score_adjust {
        adjust_oom_score(adjust)?;
    }
    for (name, limit) in &launch.limits {
        set_limit(name, *limit)?;
    }
    if !launch.cpu_affinity.is_empty() {
        process_attributes::set_affinity(&launch.cpu_affinity)
            .map_err(failed(code::CPUAFFINITY, "CPUAffinity="))?;
    }
    if let Some(policy) = &launch.cpu_scheduling_policy {
        process_attributes::set_policy(policy, launch.cpu_scheduling_priority)
            .map_err(failed(code::SETSCHEDULER, "CPUSchedulingPolicy="))?;
    }
    Ok(())
}

/// A value lower than the present one needs a privilege. systemd then goes on without it, as user units are shared with
/// machines where it may be set.
fn adjust_oom_score(adjust: i32) -> Step {
    match fs::write("/proc/self/oom_score_adj", adjust.to_string()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied) => Ok(()),
        result => result.map_err(failed(code::OOM_ADJUST, "OOMScoreAdjust=")),
    }
}

fn set_limit(name: &str, limit: Limit) -> Step {
    let Some(resource) = resource::by_name(name) else { return Ok(()) };
    let present = rustix::process::getrlimit(resource);
    // Beyond the hard limit nothing can be had; the nearest value is what systemd sets for a user.
    let maximum = match (limit.hard, present.maximum) {
        (Some(wanted), Some(allowed)) => Some(wanted.min(allowed)),
        (wanted, allowed) => wanted.or(allowed),
    };
    let current = match (limit.soft, maximum) {
        (Some(wanted), Some(allowed)) => Some(wanted.min(allowed)),
        (wanted, allowed) => wanted.or(allowed),
    };
    rustix::process::setrlimit(resource, rustix::process::Rlimit { current, maximum })
        .map_err(failed(code::LIMITS, format!("Limit{name}=")))
}

fn connect_streams(launch: &Launch, log: Option<OwnedFd>, socket: Option<&OwnedFd>) -> Step {
    let null =
        |code| OpenOptions::new().read(true).write(true).open("/dev/null").map_err(failed(code, "/dev/null"));
    let input: OwnedFd = match &launch.input {
        StandardInput::Data => {
            let memory = rustix::fs::memfd_create("stdin", rustix::fs::MemfdFlags::CLOEXEC)
                .map_err(failed(code::STDIN, "StandardInput=data"))?;
            let mut memory = File::from(memory);
            memory
                .write_all(&launch.input_data)
                .and_then(|()| memory.rewind())
                .map_err(failed(code::STDIN, "StandardInput=data"))?;
            memory.into()
        }
        StandardInput::File(path) => {
            File::open(path).map_err(failed(code::STDIN, format!("StandardInput=file:{path}")))?.into()
        }
        StandardInput::Socket => duplicate(socket, code::STDIN, "StandardInput=socket")?,
        // A user's service has no terminal, and descriptors by name come with sockets only.
        _ => null(code::STDIN)?.into(),
    };
    let output = open_output(&launch.output, log.as_ref(), socket, code::STDOUT, "StandardOutput=")?;
    let output = match output {
        Some(output) => output,
        // StandardOutput=inherit takes over what standard input is, unless that is nothing.
        None => input.try_clone().map_err(failed(code::STDOUT, "StandardOutput="))?,
    };
    let error = open_output(&launch.error, log.as_ref(), socket, code::STDERR, "StandardError=")?;
    rustix::stdio::dup2_stdin(&input).map_err(failed(code::STDIN, "dup2"))?;
    if let Some(error) = &error {
        rustix::stdio::dup2_stderr(error).map_err(failed(code::STDERR, "dup2"))?;
    } else {
        rustix::stdio::dup2_stderr(&output).map_err(failed(code::STDERR, "dup2"))?;
    }
    rustix::stdio::dup2_stdout(&output).map_err(failed(code::STDOUT, "dup2"))
}

/// `None` is inherit.
fn open_output(
    output: &StandardOutput,
    log: Option<&OwnedFd>,
    socket: Option<&OwnedFd>,
    code: u8,
    directive: &str,
) -> Result<Option<OwnedFd>, Failure> {
    let open = |options: &mut OpenOptions, path: &str| {
        options.create(true).open(path).map(OwnedFd::from).map_err(failed(code, format!("{directive}{path}")))
    };
    Ok(Some(match output {
        StandardOutput::Inherit => return Ok(None),
        StandardOutput::File(path) => open(OpenOptions::new().write(true), path)?,
        StandardOutput::Append(path) => open(OpenOptions::new().append(true), path)?,
        StandardOutput::Truncate(path) => open(OpenOptions::new().write(true).truncate(true), path)?,
        StandardOutput::Socket => duplicate(socket, code, directive)?,
        StandardOutput::Null => open(OpenOptions::new().write(true), "/dev/null")?,
        // Everything that systemd would put into its journal goes to the unit's log.
        _ => match log {
            Some(log) => log.try_clone().map_err(failed(code, directive))?,
            None => open(OpenOptions::new().write(true), "/dev/null")?,
        },
    }))
}

fn duplicate(socket: Option<&OwnedFd>, code: u8, directive: &str) -> Result<OwnedFd, Failure> {
    match socket {
        Some(socket) => socket.try_clone().map_err(failed(code, directive)),
        None => Err(Failure { code, what: format!("{directive}: there is no socket") }),
    }
}

fn change_directory(launch: &Launch) -> Step {
    match std::env::set_current_dir(&launch.working_directory) {
        Ok(()) => Ok(()),
        Err(_) if launch.working_directory_optional => {
            std::env::set_current_dir("/").map_err(failed(code::CHDIR, "/"))
        }
        Err(error) => Err(Failure {
            code: code::CHDIR,
            what: format!("{}: {error}", launch.working_directory.display()),
        }),
    }
}

/// Moves the sockets to descriptors 3 and up, in order, without close-on-exec.
fn place_sockets(sockets: Vec<OwnedFd>, non_blocking: bool) -> Step {
    let count = i32::try_from(sockets.len()).unwrap_or(i32::MAX);
    // First out of the way, so that none of them lies where another one goes.
    let above =
        LISTEN_FDS_START.saturating_add(count).max(sockets.iter().map(|s| s.as_raw_fd()).max().unwrap_or(0));
    let mut moved = Vec::new();
    for socket in sockets {
        moved.push(rustix::io::fcntl_dupfd_cloexec(&socket, above).map_err(failed(code::FDS, "sockets"))?);
    }
    for (place, socket) in (LISTEN_FDS_START..).zip(&moved) {
        let mut placed = duplicate_at(socket.as_fd(), place).map_err(failed(code::FDS, "sockets"))?;
        rustix::io::fcntl_setfd(&mut placed, FdFlags::empty()).map_err(failed(code::FDS, "sockets"))?;
        let flags = rustix::fs::fcntl_getfl(&placed).map_err(failed(code::FDS, "sockets"))?;
        let wanted = if non_blocking {
            flags | rustix::fs::OFlags::NONBLOCK
        } else {
            flags - rustix::fs::OFlags::NONBLOCK
        };
        rustix::fs::fcntl_setfl(&placed, wanted).map_err(failed(code::FDS, "sockets"))?;
        // It stays open across the exec.
        let _ = placed.into_raw_fd();
    }
    Ok(())
}

/// Duplicates to exactly that number. Whatever else is there is close-on-exec and of no more use.
fn duplicate_at(descriptor: std::os::fd::BorrowedFd<'_>, place: i32) -> io::Result<OwnedFd> {
    let placed = rustix::io::fcntl_dupfd_cloexec(descriptor, place)?;
    if placed.as_raw_fd() == place {
        Ok(placed)
    } else {
        Err(io::Error::other(format!("descriptor {place} is in use")))
    }
}

fn execute(launch: &Launch, sockets: usize) -> Result<std::convert::Infallible, Failure> {
    let own = rustix::process::getpid().as_raw_nonzero();
    let mut environment = launch.environment.clone();
    environment.insert("SYSTEMD_EXEC_PID".to_owned(), own.to_string());
    if sockets > 0 {
        environment.insert("LISTEN_PID".to_owned(), own.to_string());
    }
    if environment.contains_key("WATCHDOG_USEC") {
        environment.insert("WATCHDOG_PID".to_owned(), own.to_string());
    }
    let text = |text: String| CString::new(text).map_err(failed(code::EXEC, launch.program.clone()));
    let program = text(launch.program.clone())?;
    let arguments: Vec<CString> = launch.arguments.iter().cloned().map(text).collect::<Result<_, _>>()?;
    let environment: Vec<CString> =
        environment.iter().map(|(name, value)| text(format!("{name}={value}"))).collect::<Result<_, _>>()?;
    if launch.default_sigpipe {
        process_attributes::restore_sigpipe().map_err(failed(code::EXEC, "IgnoreSIGPIPE="))?;
    }
    // Not std's exec: it would give SIGPIPE back its default action, which systemd's services do not have.
    nix::unistd::execve(&program, &arguments, &environment)
        .map_err(|error| Failure { code: code::EXEC, what: format!("{}: {error}", launch.program) })
}
