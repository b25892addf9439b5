//! The wrapper of a native service: what another service manager runs for a unit. The process is its child, so that the
//! manager supervises it, and everything else is the engine's: what it starts with, when it stops, whether it starts again.

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, Signal};
use rustix::time::Timespec;

use super::native_message::{FromWrapper, SOCKET, ToWrapper};
use crate::daemon::guardian_link::{receive, send};
use crate::job::ProcessId;
use crate::standard_error::say;
use crate::unit::spec::UnitName;

/// How often an engine that is not there is looked for.
const RETRY: Duration = Duration::from_millis(50);

/// How long an engine may be away before a process ends or a service starts without it.
const ENGINE_WAIT: Duration = Duration::from_secs(10);

/// How long a process that shall stop waits for an engine that is away.
const STOP_WAIT: Duration = Duration::from_secs(1);

/// How long supervise-daemon may take to answer. It misses a signal that comes at a bad moment.
const SUPERVISOR_WAIT: Duration = Duration::from_secs(3);

/// What a wrapper is called with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The unit.
    pub unit: UnitName,
    /// Where to write a newline once the unit is up.
    pub ready_fd: Option<i32>,
    /// The name of the OpenRC service whose supervise-daemon has started this.
    pub openrc_service: Option<String>,
}

/// Runs until the unit's process has ended.
///
/// # Errors
/// Signals cannot be caught.
pub fn run(options: Options) -> io::Result<ExitCode> {
    if options.openrc_service.as_deref().is_some_and(is_respawn) {
        // The wrapper before was killed. What becomes of the unit is not for supervise-daemon to decide.
        end_supervisor(false);
        return Ok(ExitCode::FAILURE);
    }
    let mut wrapper = Wrapper::new(options)?;
    let code = wrapper.serve()?;
    // Readers of the descriptor learn that nothing comes any more.
    drop(wrapper.ready.take());
    if wrapper.options.openrc_service.is_some() {
        end_supervisor(wrapper.is_stopping);
    }
    if let Some(signal) = wrapper.killed_by {
        end_by(signal);
    }
    Ok(code)
}

/// Has the engine start a unit, and waits until it is up. Fails when it does not come up.
///
/// # Errors
/// The engine cannot be asked.
pub fn ask(unit: &UnitName) -> io::Result<ExitCode> {
    let until = Instant::now() + ENGINE_WAIT;
    // An engine that was killed is back in a moment, and then has to be asked again.
    while Instant::now() < until {
        match ask_once(unit) {
            Ok(Some(code)) => return Ok(code),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            Ok(None) | Err(_) => std::thread::sleep(RETRY),
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "session-launcher does not answer"))
}

fn ask_once(unit: &UnitName) -> io::Result<Option<ExitCode>> {
    let channel = connect(&socket_path())?;
    rustix::io::ioctl_fionbio(&channel, false)?;
    send(&channel, &FromWrapper::StartAsked { unit: unit.to_string() }, None)?;
    loop {
        match receive::<ToWrapper>(&channel)? {
            Some((ToWrapper::Ready, _)) => return Ok(Some(ExitCode::SUCCESS)),
            Some((ToWrapper::Refused, _)) => return Ok(Some(ExitCode::FAILURE)),
            Some(_) => {}
            None => return Ok(None),
        }
    }
}

/// Ends as the process did, for the service manager to see. The process may have left a core already; this is none of its.
fn end_by(signal: i32) {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

struct Wrapper {
    options: Options,
    ready: Option<OwnedFd>,
    signals: OwnedFd,
    asked: std::sync::Arc<std::sync::atomic::AtomicBool>,
    channel: Option<OwnedFd>,
    child: Option<(ProcessId, Child)>,
    /// The manager has sent SIGTERM.
    is_stopping: bool,
    /// What has ended the process, if it did not exit.
    killed_by: Option<i32>,
}

/// How the wrapper goes on.
enum Step {
    On,
    End(ExitCode),
}

impl Wrapper {
    fn new(options: Options) -> io::Result<Self> {
        let (signals, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGTERM, std::sync::Arc::clone(&asked))?;
        for signal in [signal_hook::consts::SIGCHLD, signal_hook::consts::SIGTERM] {
            signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        let ready = options.ready_fd.map(take_descriptor).transpose()?;
        Ok(Self {
            options,
            ready,
            signals,
            asked,
            channel: None,
            child: None,
            is_stopping: false,
            killed_by: None,
        })
    }

    fn serve(&mut self) -> io::Result<ExitCode> {
        let mut away_since = Instant::now();
        loop {
            if self.channel.is_none() {
                self.connect();
                if self.is_stopping {
                    self.ask_for_stop();
                }
            }
            if self.channel.is_some() {
                away_since = Instant::now();
            } else if self.is_stopping && away_since.elapsed() > STOP_WAIT {
                // The engine went with the session's bus, before it had done what it was asked.
                self.terminate();
                away_since = Instant::now();
            } else if self.child.is_none() && away_since.elapsed() > ENGINE_WAIT {
                say(&self.options.unit, "session-launcher does not run");
                return Ok(ExitCode::FAILURE);
            }
            self.wait()?;
            let mut buffer = [0u8; 64];
            while rustix::io::read(&self.signals, &mut buffer).is_ok_and(|count| count > 0) {}
            for step in [self.listen(), self.stop_if_asked(), self.reap()] {
                if let Step::End(code) = step {
                    return Ok(code);
                }
            }
        }
    }

    fn wait(&self) -> io::Result<()> {
        let mut descriptors = vec![PollFd::new(&self.signals, PollFlags::IN)];
        descriptors.extend(self.channel.as_ref().map(|channel| PollFd::new(channel, PollFlags::IN)));
        let retry = Timespec::try_from(RETRY).ok();
        let timeout = if self.channel.is_none() { retry.as_ref() } else { None };
        match poll(&mut descriptors, timeout) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn connect(&mut self) {
        let Ok(channel) = connect(&socket_path()) else { return };
        let unit = self.options.unit.to_string();
        let greeting = match &self.child {
            None => FromWrapper::Wanted { unit },
            Some((process, child)) => FromWrapper::Runs { unit, process: *process, pid: pid_of(child) },
        };
        if send(&channel, &greeting, None).is_ok() {
            self.channel = Some(channel);
        }
    }

    fn tell(&mut self, message: &FromWrapper) -> bool {
        let told = self.channel.as_ref().is_some_and(|channel| send(channel, message, None).is_ok());
        if !told {
            self.channel = None;
        }
        told
    }

    fn listen(&mut self) -> Step {
        while let Some(channel) = &self.channel {
            match receive::<ToWrapper>(channel) {
                Ok(Some((ToWrapper::Start { process }, Some(input)))) => {
                    if self.child.is_none() {
                        self.start(process, input);
                    }
                }
                Ok(Some((ToWrapper::Ready, _))) => {
                    if let Some(ready) = self.ready.take() {
                        let _ = rustix::io::write(&ready, b"\n");
                    }
                }
                Ok(Some((ToWrapper::Refused, _))) if self.child.is_none() => {
                    return Step::End(ExitCode::FAILURE);
                }
                // A unit that stops as a dependency only. The service manager will have it stopped nevertheless.
                Ok(Some((ToWrapper::Refused, _))) if self.is_stopping => self.terminate(),
                Ok(Some(_)) => {}
                Ok(None) => self.channel = None,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.channel = None,
            }
        }
        Step::On
    }

    fn start(&mut self, process: ProcessId, input: OwnedFd) {
        let child = Command::new("/proc/self/exe")
            .arg0("session-launcher")
            .arg("exec")
            .env_clear()
            .stdin(Stdio::from(input))
            .stdout(Stdio::null())
            .spawn();
        match child {
            Ok(child) => {
                let unit = self.options.unit.to_string();
                let pid = pid_of(&child);
                self.child = Some((process, child));
                self.tell(&FromWrapper::Runs { unit, process, pid });
            }
            Err(error) => {
                say(&self.options.unit, error);
                self.tell(&FromWrapper::Failed { process });
            }
        }
    }

    /// SIGTERM: the engine stops the unit as it has to be stopped. Without an engine, or a process, there is not much to it.
    fn stop_if_asked(&mut self) -> Step {
        if !self.asked.swap(false, std::sync::atomic::Ordering::Relaxed) {
            return Step::On;
        }
        self.is_stopping = true;
        if self.child.is_none() {
            return Step::End(ExitCode::FAILURE);
        }
        if !self.ask_for_stop() {
            self.terminate();
        }
        Step::On
    }

    fn ask_for_stop(&mut self) -> bool {
        let unit = self.options.unit.to_string();
        self.tell(&FromWrapper::StopAsked { unit })
    }

    fn terminate(&self) {
        if let Some((_, child)) = &self.child
            && let Some(pid) = Pid::from_raw(pid_of(child))
        {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }

    fn reap(&mut self) -> Step {
        let Some((process, child)) = &mut self.child else { return Step::On };
        let Ok(Some(status)) = child.try_wait() else { return Step::On };
        let message = FromWrapper::Ended {
            unit: self.options.unit.to_string(),
            process: *process,
            pid: pid_of(child),
            status: status.into_raw(),
        };
        // An engine that is being started again has to hear of it as well, and one that was just killed does not count.
        let until = Instant::now() + ENGINE_WAIT;
        while !(self.tell(&message) && self.is_noted(until)) && Instant::now() < until && !self.is_stopping {
            std::thread::sleep(RETRY);
            self.channel = connect(&socket_path()).ok();
        }
        self.killed_by = status.signal();
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Step::End(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }

    /// Whether the engine has taken note of the process's end.
    fn is_noted(&mut self, until: Instant) -> bool {
        while let Some(channel) = &self.channel {
            let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
            if matches!(poll(&mut [PollFd::new(channel, PollFlags::IN)], left.as_ref()), Ok(0)) {
                return false;
            }
            match receive::<ToWrapper>(channel) {
                Ok(Some((ToWrapper::Noted, _))) => return true,
                Ok(Some(_)) => {}
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Ok(None) | Err(_) => self.channel = None,
            }
        }
        false
    }
}

fn pid_of(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap_or_default()
}

fn socket_path() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    runtime.join("session-launcher").join(SOCKET)
}

fn connect(path: &Path) -> io::Result<OwnedFd> {
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// The descriptor of that number, which the service manager has left open for us; the process does not get it.
#[allow(unsafe_code, reason = "the number comes from the command line")]
fn take_descriptor(number: i32) -> io::Result<OwnedFd> {
    if number <= 2 || !Path::new(&format!("/proc/self/fd/{number}")).exists() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("--ready-fd: {number} is not open")));
    }
    // SAFETY: it is open, and nothing else here knows of it: the command line gives it to us.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::fcntl_setfd(descriptor.as_fd(), rustix::io::FdFlags::CLOEXEC)?;
    Ok(descriptor)
}

/// Whether supervise-daemon has started its service before: it counts.
fn is_respawn(service: &str) -> bool {
    let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR") else { return false };
    let path = Path::new(&runtime).join("openrc/options").join(service).join("start_count");
    std::fs::read_to_string(path).is_ok_and(|count| count.trim() != "0")
}

/// Makes supervise-daemon end instead of starting the service again. It must hear of that before the wrapper ends, and the
/// wrapper must not end before it has: a child that ends while the signal is on its way is never waited for. It answers with
/// a SIGTERM of its own, which here ends the wrapper.
fn end_supervisor(is_stopping: bool) {
    let Some(parent) = rustix::process::getppid() else { return };
    let name = std::fs::read_to_string(format!("/proc/{}/comm", parent.as_raw_nonzero())).unwrap_or_default();
    if is_stopping || !name.starts_with("supervise-daemo") {
        return;
    }
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    if signal_hook::flag::register(signal_hook::consts::SIGTERM, std::sync::Arc::clone(&asked)).is_err() {
        return;
    }
    let until = Instant::now() + SUPERVISOR_WAIT;
    while !asked.load(std::sync::atomic::Ordering::Relaxed)
        && rustix::process::getppid() == Some(parent)
        && Instant::now() < until
    {
        let _ = rustix::process::kill_process(parent, Signal::TERM);
        // A signal cuts the wait short.
        let nap = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        let _ = rustix::thread::nanosleep(&nap);
    }
}
