//! Descriptors that come from the manager or go to the service. Numbers are promises of the program that started this
//! one, which the language cannot check: all of that is here.
#![allow(unsafe_code, reason = "descriptors by number, and a step between fork and exec")]

use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::FdFlags;

use super::Error;
use super::identity::Identity;

/// Variables that are between the manager and this process.
pub const OWN_VARIABLES: [&str; 6] =
    ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// The first descriptor that is handed over by the LISTEN_FDS protocol (sd_listen_fds(3)).
const FIRST: i32 = 3;

/// The end of the pipe on which the manager waits.
#[derive(Debug)]
pub struct ReadyPipe {
    pipe: Option<File>,
    told: bool,
}

impl ReadyPipe {
    /// Takes the descriptor; children do not inherit it, so that its closing is seen.
    ///
    /// # Errors
    /// There is no such descriptor.
    pub fn take(number: Option<u32>) -> Result<Self, Error> {
        let Some(number) = number else { return Ok(Self { pipe: None, told: false }) };
        let raw = i32::try_from(number).unwrap_or(-1);
        if !std::path::Path::new(&format!("/proc/self/fd/{raw}")).exists() {
            return Err(Error::Argument(format!("--ready-fd {number}: not open")));
        }
        // SAFETY: it is open, the manager gave it to this process alone, and it is taken once.
        let file = unsafe { File::from_raw_fd(raw) };
        rustix::io::fcntl_setfd(&file, FdFlags::CLOEXEC)
            .map_err(|error| Error::system("--ready-fd", error))?;
        Ok(Self { pipe: Some(file), told: false })
    }

    /// Tells the manager. Nobody listens when it has started the service again by itself.
    pub fn tell(&mut self) {
        self.told = true;
        if let Some(mut file) = self.pipe.take() {
            let _ = file.write_all(b"\n");
        }
    }

    /// Whether the service was up once.
    pub const fn is_told(&self) -> bool {
        self.told
    }
}

/// Sockets for the service.
#[derive(Debug, Default)]
pub struct Sockets {
    descriptors: Vec<OwnedFd>,
    names: Vec<String>,
}

impl Sockets {
    /// Those that the manager handed to this process, and others.
    ///
    /// # Errors
    /// A descriptor is not open.
    pub fn take(own: Vec<OwnedFd>, names: Vec<String>) -> Result<Self, Error> {
        let mut sockets = Self { descriptors: Vec::new(), names };
        let variable = |name: &str| std::env::var(name).ok();
        let count: i32 = variable("LISTEN_FDS").and_then(|count| count.parse().ok()).unwrap_or(0);
        let ours = variable("LISTEN_PID").is_none_or(|pid| pid == std::process::id().to_string());
        if ours && (1..=1024).contains(&count) {
            for raw in FIRST..FIRST.saturating_add(count) {
                // SAFETY: the protocol says that it is open and ours; a wrong one fails in dup().
                let borrowed = unsafe { BorrowedFd::borrow_raw(raw) };
                let kept = rustix::io::fcntl_dupfd_cloexec(borrowed, 64)
                    .map_err(|error| Error::system(format!("descriptor {raw} of LISTEN_FDS"), error))?;
                // Else it would go to every child, wherever it then lies.
                let _ = rustix::io::fcntl_setfd(borrowed, FdFlags::CLOEXEC);
                sockets.descriptors.push(kept);
            }
            let given = variable("LISTEN_FDNAMES").unwrap_or_default();
            sockets.names.extend(given.split(':').filter(|name| !name.is_empty()).map(str::to_owned));
        }
        for descriptor in own {
            // Out of the way of the numbers that they get in the child.
            let kept = rustix::io::fcntl_dupfd_cloexec(&descriptor, 64)
                .map_err(|error| Error::system("a listening socket", error))?;
            sockets.descriptors.push(kept);
        }
        Ok(sockets)
    }

    fn is_empty(&self) -> bool {
        self.descriptors.is_empty()
    }
}

/// A process beside the main one.
pub fn other_process(mut command: Command, identity: Option<Identity>) -> Command {
    if let Some(identity) = identity {
        // SAFETY: between fork and exec only system calls run, and nothing is allocated.
        unsafe { command.pre_exec(move || identity.assume()) };
    }
    command
}

/// A main process: it gets the sockets, a process group of its own, and ends when this process is killed.
pub fn main_process(command: Command, sockets: &Sockets, identity: Option<Identity>) -> Command {
    let mut command = if sockets.is_empty() { command } else { with_own_pid(&command, sockets) };
    let numbers: Vec<i32> = sockets.descriptors.iter().map(|fd| fd.as_fd().as_raw_fd()).collect();
    command.process_group(0);
    // SAFETY: between fork and exec only system calls run, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            for (number, target) in numbers.iter().zip(FIRST..) {
                let mut target = ManuallyDrop::new(OwnedFd::from_raw_fd(target));
                rustix::io::dup2(BorrowedFd::borrow_raw(*number), &mut target)?;
            }
            if let Some(identity) = &identity {
                identity.assume()?;
            }
            // A manager that loses patience kills this process only. After the identity, a change of which forgets it.
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            Ok(())
        });
    }
    command
}

/// LISTEN_PID has to be the pid of the process that gets the sockets; a shell knows its own and keeps it over exec.
fn with_own_pid(command: &Command, sockets: &Sockets) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "export LISTEN_PID=$$; exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.env("LISTEN_FDS", sockets.descriptors.len().to_string());
    if !sockets.names.is_empty() {
        shell.env("LISTEN_FDNAMES", sockets.names.join(":"));
    }
    shell
}
