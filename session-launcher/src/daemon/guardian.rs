//! The guardian: the parent of the engine, and of every process whose own parent is gone.
//!
//! It does next to nothing, so that nothing can go wrong with it. It starts the engine again when that was killed, tells
//! it of the ends of the processes that the old one had started, and holds the sockets of socket units meanwhile. When the
//! engine ends in order, no process of the session is left behind.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

use super::census;
use super::guardian_link::{self, FromEngine, ToEngine};
use crate::standard_error::say;

/// Who speaks on standard error.
const NAME: &str = "session-launcher";

/// An engine that is killed that often within [`WINDOW`] is not started again.
const MAX_RESTARTS: usize = 10;

/// See [`MAX_RESTARTS`].
const WINDOW: Duration = Duration::from_secs(60);

/// How long processes that are left at the end may take to follow SIGTERM.
const LAST_WAIT: Duration = Duration::from_secs(2);

struct Guardian {
    arguments: Vec<String>,
    channel: OwnedFd,
    engine: Pid,
    kept: BTreeMap<String, OwnedFd>,
    starts: Vec<Instant>,
    /// The last children that have ended: an engine that was killed has not taken note of all of them.
    ended: VecDeque<(i32, i32)>,
    /// What the engine could not be told yet, since it was busy.
    unsaid: VecDeque<ToEngine>,
}

/// How many ends are remembered.
const MAX_ENDED: usize = 256;

/// Runs an engine until it has ended in order. `arguments` are handed on to it.
///
/// # Errors
/// The engine cannot be started.
pub fn run(arguments: &[String]) -> io::Result<ExitCode> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let (reader, writer) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK)?;
    signal_hook::low_level::pipe::register(SIGCHLD, writer.try_clone()?)?;
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    // GDM sends SIGHUP to what a session leaves of its process group.
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
        signal_hook::flag::register(signal, std::sync::Arc::clone(&asked))?;
    }
    let (channel, engine) = start_engine(arguments)?;
    let mut guardian = Guardian {
        arguments: arguments.to_vec(),
        channel,
        engine,
        kept: BTreeMap::new(),
        starts: vec![Instant::now()],
        ended: VecDeque::new(),
        unsaid: VecDeque::new(),
    };
    guardian.greet();
    loop {
        let mut interest = PollFlags::IN;
        if !guardian.unsaid.is_empty() {
            interest |= PollFlags::OUT;
        }
        let mut descriptors = [PollFd::new(&reader, PollFlags::IN), PollFd::new(&guardian.channel, interest)];
        match poll(&mut descriptors, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut buffer = [0u8; 64];
        while rustix::io::read(&reader, &mut buffer).is_ok_and(|count| count > 0) {}
        if asked.swap(false, std::sync::atomic::Ordering::Relaxed) {
            let _ = rustix::process::kill_process(guardian.engine, Signal::TERM);
        }
        let asked = guardian.listen();
        let ended = guardian.reap();
        if asked {
            guardian.unsaid.push_back(ToEngine::Told);
        }
        if let Some(code) = ended {
            guardian.sweep();
            return Ok(code);
        }
        guardian.say();
    }
}

impl Guardian {
    /// Hands a new engine what the old one had given to keep.
    fn greet(&mut self) {
        self.unsaid.clear();
        // It may be more than the channel holds, and the engine reads all of it before anything else.
        let _ = rustix::io::ioctl_fionbio(&self.channel, false);
        for (name, descriptor) in &self.kept {
            let message = ToEngine::Kept { name: name.clone() };
            let _ = guardian_link::send(&self.channel, &message, Some(descriptor.as_fd()));
        }
        for (pid, status) in &self.ended {
            let message = ToEngine::Exited { pid: *pid, status: *status };
            let _ = guardian_link::send(&self.channel, &message, None);
        }
        let _ = guardian_link::send(&self.channel, &ToEngine::Begin, None);
        let _ = rustix::io::ioctl_fionbio(&self.channel, true);
    }

    /// Tells the engine what there is to tell, as far as it listens.
    fn say(&mut self) {
        while let Some(message) = self.unsaid.front() {
            match guardian_link::send(&self.channel, message, None) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // An engine that is gone is told everything again when it is back.
                _ => self.unsaid.pop_front(),
            };
        }
    }

    /// Takes what the engine gives to keep. Whether it asks for all ends.
    fn listen(&mut self) -> bool {
        let mut asked = false;
        while let Ok(Some((message, descriptor))) = guardian_link::receive::<FromEngine>(&self.channel) {
            match (message, descriptor) {
                (FromEngine::Keep { name }, Some(descriptor)) => {
                    self.kept.insert(name, descriptor);
                }
                (FromEngine::Keep { .. }, None) => {}
                (FromEngine::Drop { name }, _) => {
                    self.kept.remove(&name);
                }
                (FromEngine::Ask, _) => asked = true,
            }
        }
        asked
    }

    /// Looks at ended children. Gives the exit code once the engine has ended for good.
    fn reap(&mut self) -> Option<ExitCode> {
        let mut engine = None;
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid == self.engine {
                engine = Some(status);
            } else {
                let (pid, status) = (pid.as_raw_nonzero().get(), status.as_raw());
                if self.ended.len() >= MAX_ENDED {
                    self.ended.pop_front();
                }
                self.ended.push_back((pid, status));
                self.unsaid.push_back(ToEngine::Exited { pid, status });
            }
        }
        let status = engine?;
        // What it had still said before it ended.
        self.listen();
        if let Some(code) = status.exit_status().filter(|code| *code != PANIC) {
            return Some(ExitCode::from(u8::try_from(code).unwrap_or(1)));
        }
        // After the other ends, so that the next engine begins with all of them.
        if let Err(error) = self.restart(status) {
            say(NAME, error);
            return Some(ExitCode::FAILURE);
        }
        None
    }

    fn restart(&mut self, status: WaitStatus) -> io::Result<()> {
        let now = Instant::now();
        self.starts.retain(|start| now.duration_since(*start) < WINDOW);
        if self.starts.len() > MAX_RESTARTS {
            return Err(io::Error::other("the engine ends again and again; giving up"));
        }
        self.starts.push(now);
        match status.terminating_signal() {
            Some(signal) => {
                say(NAME, format_args!("the engine was ended by signal {signal}; it starts again"))
            }
            None => say(NAME, "the engine has crashed; it starts again"),
        }
        (self.channel, self.engine) = start_engine(&self.arguments)?;
        self.greet();
        Ok(())
    }

    /// Ends every process that is left.
    fn sweep(&self) {
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let began = Instant::now();
        let mut signal = Signal::TERM;
        loop {
            let left = census::descendants(own, &[]);
            if left.is_empty() {
                return;
            }
            for pid in left.into_iter().filter_map(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, signal);
            }
            while matches!(rustix::process::wait(WaitOptions::NOHANG), Ok(Some(_))) {}
            std::thread::sleep(Duration::from_millis(20));
            if began.elapsed() > LAST_WAIT {
                signal = Signal::KILL;
            }
            if began.elapsed() > LAST_WAIT * 2 {
                return;
            }
        }
    }
}

/// What Rust's runtime exits with after a panic.
const PANIC: i32 = 101;

fn start_engine(arguments: &[String]) -> io::Result<(OwnedFd, Pid)> {
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    let child = Command::new("/proc/self/exe")
        .arg0("session-launcher")
        .args(["daemon", "--engine"])
        .args(arguments)
        .stdin(Stdio::from(theirs))
        .spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.map(|pid| (ours, pid)).ok_or_else(|| io::Error::other("no process number"))
}
