//! What happens around OpenRC's services: marks that its tools set, locks that they give up, supervisors that end. All of it
//! makes one descriptor readable.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fs::inotify::{self, WatchFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_settime};

use super::dependency_cache;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A service has been marked as stopping.
    Stopping(String),
    /// Somebody has given up the lock of a service.
    Unlocked(String),
    /// The cache of dependencies was made anew.
    CacheMade,
    /// The supervisor of a service has ended.
    SupervisorEnded(String),
    /// Time is up.
    Timer,
}

/// The keys of descriptors that are no supervisors.
const INOTIFY: u64 = 0;
const TIMER: u64 = 1;
const FIRST_SUPERVISOR: u64 = 2;

/// Which directory a watch is for.
#[derive(Debug, Clone, Copy)]
enum Directory {
    Top,
    Stopping,
    Exclusive,
}

/// All that is waited for.
#[derive(Debug)]
pub struct Watch {
    epoll: OwnedFd,
    inotify: OwnedFd,
    timer: OwnedFd,
    directories: HashMap<i32, Directory>,
    supervisors: HashMap<u64, (String, OwnedFd)>,
    next: u64,
}

impl Watch {
    /// Watches `$XDG_RUNTIME_DIR/openrc`.
    ///
    /// # Errors
    /// The kernel gives no descriptors.
    pub fn new(directory: &Path) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let inotify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let timer = rustix::time::timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )?;
        let mut directories = HashMap::new();
        let mut add = |path: &Path, flags, meaning| -> io::Result<()> {
            directories.insert(inotify::add_watch(&inotify, path, flags)?, meaning);
            Ok(())
        };
        add(directory, WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO, Directory::Top)?;
        add(&directory.join("stopping"), WatchFlags::CREATE | WatchFlags::MOVED_TO, Directory::Stopping)?;
        add(&directory.join("exclusive"), WatchFlags::DELETE, Directory::Exclusive)?;
        epoll::add(&epoll, &inotify, EventData::new_u64(INOTIFY), EventFlags::IN)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN)?;
        Ok(Self { epoll, inotify, timer, directories, supervisors: HashMap::new(), next: FIRST_SUPERVISOR })
    }

    /// Readable when something has happened.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Waits for the end of a service's supervisor. One that has ended meanwhile is reported as well.
    ///
    /// # Errors
    /// The process is gone already.
    pub fn supervisor(&mut self, service: &str, pid: Pid) -> io::Result<()> {
        if self.supervisors.values().any(|(watched, _)| watched == service) {
            return Ok(());
        }
        let descriptor = pidfd_open(pid, PidfdFlags::empty())?;
        epoll::add(&self.epoll, &descriptor, EventData::new_u64(self.next), EventFlags::IN)?;
        self.supervisors.insert(self.next, (service.to_owned(), descriptor));
        self.next += 1;
        Ok(())
    }

    /// Asks for a [`Change::Timer`].
    pub fn set_timer(&self, after: Duration) {
        let value = Timespec::try_from(after).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        if let Err(error) = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once) {
            tracing::warn!("timer: {error}");
        }
    }

    /// What has happened since the last call.
    pub fn changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 32];
        let nothing = Timespec { tv_sec: 0, tv_nsec: 0 };
        // Whoever waits for the descriptor hears only of what comes new: everything that is there has to be taken.
        while let Ok(count @ 1..) = epoll::wait(&self.epoll, &mut events, Some(&nothing)) {
            for event in events.iter().take(count) {
                self.take(event.data.u64(), &mut changes);
            }
        }
        changes
    }

    fn take(&mut self, key: u64, changes: &mut Vec<Change>) {
        match key {
            INOTIFY => self.read_inotify(changes),
            TIMER => {
                let mut expirations = [0u8; 8];
                if rustix::io::read(&self.timer, &mut expirations).is_ok() {
                    changes.push(Change::Timer);
                }
            }
            key => {
                // Closing its descriptor ends the wait for it.
                if let Some((service, _)) = self.supervisors.remove(&key) {
                    changes.push(Change::SupervisorEnded(service));
                }
            }
        }
    }

    fn read_inotify(&self, changes: &mut Vec<Change>) {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        while let Ok(event) = reader.next() {
            let Some(directory) = self.directories.get(&event.wd()) else { continue };
            let Some(name) = event.file_name().and_then(|name| name.to_str().ok()) else { continue };
            changes.push(match directory {
                Directory::Stopping => Change::Stopping(name.to_owned()),
                Directory::Exclusive => Change::Unlocked(name.to_owned()),
                Directory::Top if name == dependency_cache::NAME => Change::CacheMade,
                Directory::Top => continue,
            });
        }
    }
}
