//! The socket directory: binding the one socket that is served, the other names of it, and cleaning up.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags};

/// The service that answers for all the others, and the name of the socket.
pub const MULTIPLEXER: &str = "io.systemd.Multiplexer";
/// The service that answers from passwd, group, shadow and gshadow.
pub const NAME_SERVICE_SWITCH: &str = "io.systemd.NameServiceSwitch";
/// The service that answers from the JSON records in the userdb directories.
pub const DROP_IN: &str = "io.systemd.DropIn";
/// The service that answers from pools, and for users that are lent.
pub const DYNAMIC_USER: &str = "io.systemd.DynamicUser";

/// The interface, as the registry of entry points names it.
const INTERFACE: &str = "io.systemd.UserDatabase";

/// Why the daemon cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// A file system call failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something else than a socket is in the way.
    #[error("{}: not a socket; move it away", .0.display())]
    InTheWay(PathBuf),
    /// Somebody answers there already.
    #[error("{}: another daemon is serving this socket; stop it first", .0.display())]
    InUse(PathBuf),
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> ListenError {
    let path = path.to_owned();
    move |source| ListenError::Io { path, source }
}

fn at_errno(path: &Path) -> impl FnOnce(rustix::io::Errno) -> ListenError {
    let at = at(path);
    move |errno| at(errno.into())
}

/// The listening socket and every name that was made for it. Dropping it removes the names.
#[derive(Debug)]
pub struct Listening {
    listeners: Vec<UnixListener>,
    names: Vec<PathBuf>,
    /// Held as long as the daemon runs, so that two starting at once cannot both take over a stale socket.
    _lock: OwnedFd,
}

impl Listening {
    /// Creates the directory, binds the socket and links its other names.
    ///
    /// `inherited` are listening sockets from whoever started the daemon. They are served instead of one of our own, and
    /// their names are left alone, now and at the end.
    ///
    /// # Errors
    /// When another daemon serves the directory, or the file system does not let us.
    pub fn open(
        directory: &Path,
        registry: Option<&Path>,
        inherited: Vec<UnixListener>,
    ) -> Result<Self, ListenError> {
        make_directory(directory)?;
        let lock = lock(directory)?;
        let socket = directory.join(MULTIPLEXER);
        let theirs: Vec<PathBuf> = inherited.iter().filter_map(path_of).collect();
        let ours = inherited.is_empty();
        // Before any name is made, since a live daemon's must not be touched.
        if ours && let Ok(found) = std::fs::symlink_metadata(&socket) {
            remove_left_over(&socket, &found)?;
        }
        let mut listening = Self { listeners: inherited, names: Vec::new(), _lock: lock };
        for service in [NAME_SERVICE_SWITCH, DROP_IN] {
            let name = directory.join(service);
            if !theirs.contains(&name) {
                listening.link(&name, Path::new(MULTIPLEXER))?;
            }
        }
        // systemd as PID 1 has a service of this name for its own dynamic users. It is asked like any other.
        let dynamic_user = directory.join(DYNAMIC_USER);
        if !theirs.contains(&dynamic_user) && !is_foreign(&dynamic_user) {
            listening.link(&dynamic_user, Path::new(MULTIPLEXER))?;
        }
        if let Some(registry) = registry {
            make_directory(registry)?;
            for interface in [INTERFACE, crate::lending::interface::INTERFACE] {
                listening.link(&registry.join(interface), &socket)?;
            }
        }
        // Last, so that whoever waits for the socket finds the other names, too.
        if ours {
            listening.listeners.push(bind(&socket)?);
            listening.names.push(socket);
        }
        Ok(listening)
    }

    /// Other handles on the listening sockets.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn listeners(&self) -> std::io::Result<Vec<UnixListener>> {
        self.listeners.iter().map(UnixListener::try_clone).collect()
    }

    fn link(&mut self, name: &Path, target: &Path) -> Result<(), ListenError> {
        let is_ours = std::fs::read_link(name).is_ok_and(|found| found == target);
        if !is_ours {
            if let Ok(found) = std::fs::symlink_metadata(name) {
                remove_left_over(name, &found)?;
            }
            std::os::unix::fs::symlink(target, name).map_err(at(name))?;
        }
        self.names.push(name.to_owned());
        Ok(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        for name in self.names.iter().rev() {
            if let Err(error) = std::fs::remove_file(name) {
                tracing::warn!("{}: {error}", name.display());
            }
        }
    }
}

/// Whether the socket of a service that others have, too, is another daemon's, and lives.
fn is_foreign(name: &Path) -> bool {
    std::fs::symlink_metadata(name).is_ok_and(|found| !found.is_symlink())
        && UnixStream::connect(name).is_ok()
}

/// The name in the file system that a socket was bound to.
fn path_of(listener: &UnixListener) -> Option<PathBuf> {
    listener.local_addr().ok()?.as_pathname().map(Path::to_owned)
}

fn make_directory(directory: &Path) -> Result<(), ListenError> {
    std::fs::create_dir_all(directory).map_err(at(directory))
}

fn lock(directory: &Path) -> Result<OwnedFd, ListenError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(directory, flags, Mode::empty()).map_err(at_errno(directory))?;
    match rustix::fs::flock(descriptor.as_fd(), FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(descriptor),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(ListenError::InUse(directory.join(MULTIPLEXER))),
        Err(errno) => Err(at_errno(directory)(errno)),
    }
}

/// Removes a socket that nobody listens on any more, or a link to one: the left-over of a dead daemon.
fn remove_left_over(path: &Path, found: &std::fs::Metadata) -> Result<(), ListenError> {
    if !(found.is_symlink() || found.file_type().is_socket()) {
        return Err(ListenError::InTheWay(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(ListenError::InUse(path.to_owned())),
        Err(_) => std::fs::remove_file(path).map_err(at(path)),
    }
}

fn bind(path: &Path) -> Result<UnixListener, ListenError> {
    let listener = UnixListener::bind(path).map_err(at(path))?;
    // Everybody may ask; what each may see is decided by who asks.
    let mode = Mode::from_raw_mode(0o666);
    rustix::fs::chmodat(CWD, path, mode, AtFlags::empty()).map_err(at_errno(path))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn every_name_is_there_and_goes_with_the_daemon() {
        let top = tempfile::tempdir().unwrap();
        let (sockets, registry) = (top.path().join("a/userdb"), top.path().join("registry"));
        let listening = Listening::open(&sockets, Some(&registry), Vec::new()).unwrap();
        for name in [MULTIPLEXER, NAME_SERVICE_SWITCH, DROP_IN, DYNAMIC_USER] {
            UnixStream::connect(sockets.join(name)).unwrap();
            assert_eq!(std::fs::metadata(sockets.join(name)).unwrap().permissions().mode() & 0o777, 0o666);
        }
        UnixStream::connect(registry.join(INTERFACE)).unwrap();
        drop(listening);
        assert_eq!(std::fs::read_dir(&sockets).unwrap().count(), 0);
        assert_eq!(std::fs::read_dir(&registry).unwrap().count(), 0);
    }

    #[test]
    fn a_second_daemon_is_refused_and_harms_nothing() {
        let top = tempfile::tempdir().unwrap();
        let _first = Listening::open(top.path(), None, Vec::new()).unwrap();
        assert!(matches!(Listening::open(top.path(), None, Vec::new()), Err(ListenError::InUse(_))));
        UnixStream::connect(top.path().join(DROP_IN)).unwrap();
    }

    #[test]
    fn a_socket_that_something_else_serves_is_refused() {
        let top = tempfile::tempdir().unwrap();
        let _other = UnixListener::bind(top.path().join(MULTIPLEXER)).unwrap();
        assert!(matches!(Listening::open(top.path(), None, Vec::new()), Err(ListenError::InUse(_))));
        UnixStream::connect(top.path().join(MULTIPLEXER)).unwrap();
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let top = tempfile::tempdir().unwrap();
        std::fs::write(top.path().join(DROP_IN), "precious").unwrap();
        assert!(matches!(Listening::open(top.path(), None, Vec::new()), Err(ListenError::InTheWay(_))));
        assert_eq!(std::fs::read(top.path().join(DROP_IN)).unwrap(), b"precious");
    }

    #[test]
    fn a_service_of_dynamic_users_that_lives_is_left_alone() {
        let top = tempfile::tempdir().unwrap();
        let foreign = UnixListener::bind(top.path().join(DYNAMIC_USER)).unwrap();
        drop(Listening::open(top.path(), None, Vec::new()).unwrap());
        assert!(top.path().join(DYNAMIC_USER).exists());
        drop(foreign);
        let _listening = Listening::open(top.path(), None, Vec::new()).unwrap();
        assert!(std::fs::symlink_metadata(top.path().join(DYNAMIC_USER)).unwrap().is_symlink());
    }

    #[test]
    fn left_overs_of_a_dead_daemon_are_replaced() {
        let top = tempfile::tempdir().unwrap();
        drop(UnixListener::bind(top.path().join(MULTIPLEXER)).unwrap());
        drop(UnixListener::bind(top.path().join(DROP_IN)).unwrap());
        std::os::unix::fs::symlink("nowhere", top.path().join(NAME_SERVICE_SWITCH)).unwrap();
        let _listening = Listening::open(top.path(), None, Vec::new()).unwrap();
        for name in [MULTIPLEXER, NAME_SERVICE_SWITCH, DROP_IN] {
            UnixStream::connect(top.path().join(name)).unwrap();
        }
    }
}
