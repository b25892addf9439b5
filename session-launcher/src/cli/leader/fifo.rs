//! The fifo between a session's leader and its monitor: `$XDG_RUNTIME_DIR/gnome-session-leader-fifo`.
//!
//! The leader opens it for writing, the monitor for reading, and each sees when the other is gone. One byte from the
//! leader asks for the end of the session.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Its name in the run-time directory.
pub const NAME: &str = "gnome-session-leader-fifo";

/// What happens at the fifo.
#[derive(Debug)]
pub enum Event {
    /// The other side has opened it too.
    Opened(Arc<OwnedFd>),
    /// The leader wrote.
    Byte,
    /// The other side is gone.
    Closed,
    /// It cannot be used.
    Failed(io::Error),
}

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The leader's.
    Write,
    /// The monitor's.
    Read,
}

/// Where the fifo is. `None` without `$XDG_RUNTIME_DIR`.
pub fn path() -> Option<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR").map(|directory| Path::new(&directory).join(NAME))
}

/// Makes the fifo if need be, opens one end and watches it, on a thread of its own: opening lasts until the other side
/// comes, and only an open that blocks tells that without asking again and again.
pub fn watch(path: PathBuf, end: End) -> Receiver<Event> {
    let (sender, receiver) = channel(4);
    let failure = sender.clone();
    let thread = std::thread::Builder::new().name("fifo".to_owned()).spawn(move || {
        if let Err(error) = follow(&path, end, &sender) {
            let _ = sender.blocking_send(Event::Failed(error));
        }
    });
    if let Err(error) = thread {
        let _ = failure.try_send(Event::Failed(error));
    }
    receiver
}

/// Writes the byte that asks for the end of the session.
///
/// # Errors
/// The monitor is gone.
pub fn ask_to_end(fifo: &OwnedFd) -> io::Result<()> {
    rustix::io::write(fifo, b"S").map(drop).map_err(io::Error::from)
}

fn follow(path: &Path, end: End, sender: &Sender<Event>) -> io::Result<()> {
    let fifo = Arc::new(open(path, end)?);
    // Nobody listens any more when the program ends.
    if sender.blocking_send(Event::Opened(Arc::clone(&fifo))).is_err() {
        return Ok(());
    }
    // Writers are told that the reader is gone without asking for it.
    let interest = if end == End::Read { PollFlags::IN } else { PollFlags::empty() };
    loop {
        let mut polled = [PollFd::from_borrowed_fd(fifo.as_fd(), interest)];
        match poll(&mut polled, None) {
            Err(Errno::INTR) => continue,
            result => result?,
        };
        if end == End::Read && rustix::io::read(&fifo, &mut [0])? > 0 {
            let _ = sender.blocking_send(Event::Byte);
        } else {
            let _ = sender.blocking_send(Event::Closed);
            return Ok(());
        }
    }
}

fn open(path: &Path, end: End) -> io::Result<OwnedFd> {
    let mode = Mode::from_raw_mode(0o666);
    match rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    // A file of another kind would not block, and nothing that waits for the other side would be true.
    if FileType::from_raw_mode(rustix::fs::stat(path)?.st_mode) != FileType::Fifo {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "is there, and is no fifo"));
    }
    let access = if end == End::Write { OFlags::WRONLY } else { OFlags::RDONLY };
    loop {
        match rustix::fs::open(path, access | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_see_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let mut reader = watch(path.clone(), End::Read);
        let mut writer = watch(path, End::Write);
        let Some(Event::Opened(fifo)) = writer.blocking_recv() else { panic!() };
        assert!(matches!(reader.blocking_recv(), Some(Event::Opened(_))));
        ask_to_end(&fifo).unwrap();
        assert!(matches!(reader.blocking_recv(), Some(Event::Byte)));
        // The monitor ends; its thread still holds the fifo, as a process that lives does.
        drop(reader);
    }

    #[test]
    fn the_end_of_the_reader_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let mut writer = watch(path.clone(), End::Write);
        while !path.exists() {
            std::thread::yield_now();
        }
        let reader = std::fs::File::open(&path).unwrap();
        assert!(matches!(writer.blocking_recv(), Some(Event::Opened(_))));
        drop(reader);
        assert!(matches!(writer.blocking_recv(), Some(Event::Closed)));
    }

    #[test]
    fn another_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, "").unwrap();
        assert!(matches!(watch(path, End::Write).blocking_recv(), Some(Event::Failed(_))));
    }
}
