//! Making and removing home directories of users that are lent.
//!
//! Every step goes by descriptors of directories that were opened without following a link, so that nobody who can write
//! somewhere on the way can lead the daemon elsewhere. Removing goes only so deep, and moves up what lies deeper: it needs few
//! descriptors and little stack, however deep a borrower has built.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

/// How long removing one home may take. Somebody may be filling it meanwhile.
const REMOVE_AT_MOST: Duration = Duration::from_secs(10);

/// Mode of directories above homes.
const SEARCHABLE: Mode = Mode::RWXU.union(Mode::RGRP).union(Mode::XGRP).union(Mode::ROTH).union(Mode::XOTH);
/// How deep removing descends.
const MAX_DEPTH: usize = 64;

/// Why a home could not be made or removed.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A system call failed.
    #[error("{}: {errno}", path.display())]
    System {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        errno: Errno,
    },
    /// Something of this name is there.
    #[error("{}: exists already, and is not ours", .0.display())]
    Exists(PathBuf),
    /// Others than root can change what is in the directory above.
    #[error("{}: others than root can write there", .0.display())]
    UnsafeParent(PathBuf),
    /// It is not right below the directory for homes.
    #[error("{}: not a name of a directory", .0.display())]
    NotBelow(PathBuf),
    /// There is always more.
    #[error("{}: not empty after {REMOVE_AT_MOST:?}", .0.display())]
    Endless(PathBuf),
}

/// A home that is made and removed.
#[derive(Debug, Clone)]
pub struct Home {
    /// What paths are below.
    pub root: PathBuf,
    /// The directory that homes are in, as users see it.
    pub parent: String,
    /// The home, as users see it.
    pub path: String,
    /// The user that it is for.
    pub uid: u32,
    /// The user's primary group.
    pub gid: u32,
}

impl Home {
    /// Makes it: empty, mode 0700, with its owner. It appears with all of that at once.
    ///
    /// # Errors
    /// When something of its name is there already, or the parent is not for root only.
    pub fn make(&self) -> Result<(), HomeError> {
        let name = self.name()?;
        let parent = self.open_parent(true)?;
        // What a crash has left half made.
        let partial = format!(".{name}.new");
        self.remove_below(parent.as_fd(), &partial)?;
        let at = |errno| self.at(errno);
        rustix::fs::mkdirat(&parent, &*partial, Mode::RWXU).map_err(at)?;
        let home = open_directory(parent.as_fd(), &partial).map_err(at)?;
        rustix::fs::fchown(&home, Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))
            .map_err(at)?;
        rustix::fs::fchmod(&home, Mode::RWXU).map_err(at)?;
        match rustix::fs::renameat_with(&parent, &*partial, &parent, name, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            Err(errno) => {
                let _ = rustix::fs::unlinkat(&parent, &*partial, AtFlags::REMOVEDIR);
                let exists = errno == Errno::EXIST || errno == Errno::NOTEMPTY;
                Err(if exists { HomeError::Exists(PathBuf::from(&self.path)) } else { at(errno) })
            }
        }
    }

    /// Removes it with everything in it. What is not a directory of the user's own is not ours, and stays.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove(&self) -> Result<(), HomeError> {
        let name = self.name()?;
        let parent = match self.open_parent(false) {
            Err(HomeError::System { errno: Errno::NOENT, .. }) => return Ok(()),
            parent => parent?,
        };
        self.remove_below(parent.as_fd(), &format!(".{name}.new"))?;
        let home = match open_directory(parent.as_fd(), name) {
            Ok(home) => home,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            Err(errno) => return Err(self.at(errno)),
        };
        let found = rustix::fs::fstat(&home).map_err(|errno| self.at(errno))?;
        if found.st_uid != self.uid {
            tracing::warn!(
                "{}: belongs to uid {} and not to {}; left alone",
                self.path,
                found.st_uid,
                self.uid
            );
            return Ok(());
        }
        drop(home);
        self.remove_below(parent.as_fd(), name)
    }

    /// The last component, if the path is right below the parent.
    fn name(&self) -> Result<&str, HomeError> {
        let name = self.path.strip_prefix(&self.parent).and_then(|rest| rest.strip_prefix('/'));
        // What begins with a dot is for homes that are half made.
        name.filter(|name| !name.is_empty() && !name.contains('/') && !name.starts_with('.'))
            .ok_or_else(|| HomeError::NotBelow(PathBuf::from(&self.path)))
    }

    fn at(&self, errno: Errno) -> HomeError {
        HomeError::System { path: PathBuf::from(&self.path), errno }
    }

    /// Opens the directory for homes, component by component, each of which must be a real directory that only root can
    /// write to. Makes those that are missing if told to.
    fn open_parent(&self, make: bool) -> Result<OwnedFd, HomeError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut path = PathBuf::from("/");
        let failed = |path: &Path, errno| HomeError::System { path: path.to_owned(), errno };
        let mut directory =
            rustix::fs::open(&self.root, flags, Mode::empty()).map_err(|errno| failed(&self.root, errno))?;
        let me = rustix::process::geteuid().as_raw();
        let mut components = Path::new(&self.parent).components().peekable();
        while let Some(component) = components.next() {
            let Component::Normal(name) = component else { continue };
            path.push(name);
            let at = |errno| failed(&path, errno);
            let made = make
                && match rustix::fs::mkdirat(&directory, name, SEARCHABLE) {
                    Ok(()) => true,
                    Err(Errno::EXIST) => false,
                    Err(errno) => return Err(at(errno)),
                };
            directory = open_directory(directory.as_fd(), name).map_err(at)?;
            if made {
                // Whatever the umask is.
                rustix::fs::fchmod(&directory, SEARCHABLE).map_err(at)?;
            }
            let found = rustix::fs::fstat(&directory).map_err(at)?;
            let mode = Mode::from_raw_mode(found.st_mode);
            // On the way, a directory like /tmp will do: what is root's in it, only root can replace.
            let others_write = mode.intersects(Mode::WGRP | Mode::WOTH)
                && (components.peek().is_none() || !mode.contains(Mode::SVTX));
            if others_write || (found.st_uid != 0 && found.st_uid != me) {
                return Err(HomeError::UnsafeParent(path));
            }
        }
        Ok(directory)
    }

    /// Removes an entry of a directory, and all that is below it.
    fn remove_below(&self, parent: BorrowedFd<'_>, name: &str) -> Result<(), HomeError> {
        let at = |errno| self.at(errno);
        let top = match open_directory(parent, name) {
            Ok(top) => top,
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                return rustix::fs::unlinkat(parent, name, AtFlags::empty()).map_err(at);
            }
            Err(errno) => return Err(at(errno)),
        };
        let device = rustix::fs::fstat(parent).map_err(at)?.st_dev;
        if rustix::fs::fstat(&top).map_err(at)?.st_dev != device {
            return Err(at(Errno::XDEV));
        }
        let until = Instant::now() + REMOVE_AT_MOST;
        let mut removal = Removal { top: &top, device, moved: 0, until };
        loop {
            let more = removal.empty(&top, 0).map_err(at)?;
            if !more && rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR).is_ok() {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(HomeError::Endless(PathBuf::from(&self.path)));
            }
        }
    }
}

/// Empties a directory. What lies deep in it moves up to its top first.
struct Removal<'a> {
    top: &'a OwnedFd,
    /// Where another file system is mounted, nothing is removed.
    device: u64,
    /// How many directories have moved up, for their new names.
    moved: u64,
    until: Instant,
}

impl Removal<'_> {
    /// Goes through a directory once. True when there may be more in it.
    fn empty(&mut self, directory: &OwnedFd, depth: usize) -> Result<bool, Errno> {
        let mut more = false;
        for entry in Dir::read_from(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." || remove_file(directory.as_fd(), name, entry.file_type())? {
                continue;
            }
            if depth >= MAX_DEPTH {
                self.move_up(directory, name)?;
                more = true;
                continue;
            }
            let below = match open_directory(directory.as_fd(), name) {
                Err(Errno::NOENT) => continue,
                below => below?,
            };
            if rustix::fs::fstat(&below)?.st_dev != self.device {
                return Err(Errno::XDEV);
            }
            more |= self.empty(&below, depth + 1)?;
            match rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::NOTEMPTY | Errno::EXIST) => more = true,
                Err(errno) => return Err(errno),
            }
            if Instant::now() > self.until {
                return Ok(true);
            }
        }
        Ok(more)
    }

    fn move_up(&mut self, directory: &OwnedFd, name: &std::ffi::CStr) -> Result<(), Errno> {
        loop {
            let up = format!(".removed-{}", self.moved);
            self.moved += 1;
            match rustix::fs::renameat_with(directory, name, self.top, &*up, RenameFlags::NOREPLACE) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                Err(Errno::EXIST) if Instant::now() < self.until => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Removes what is no directory. False when it is one.
fn remove_file(directory: BorrowedFd<'_>, name: &std::ffi::CStr, kind: FileType) -> Result<bool, Errno> {
    if kind == FileType::Directory {
        return Ok(false);
    }
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR | Errno::PERM) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Opens a directory right below another. A link is an error.
fn open_directory<P: rustix::path::Arg + Copy>(parent: BorrowedFd<'_>, name: P) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests;
