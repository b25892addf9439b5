//! The other services in the socket directory, in the order in which their answers count.

use std::cell::RefCell;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::backend::{Backend, Endpoint};
use crate::config;
use crate::listen::{DROP_IN, DYNAMIC_USER, MULTIPLEXER, NAME_SERVICE_SWITCH};

/// Device, inode and time of the last change, since inode numbers are used again.
type SocketFile = (u64, u64, i64, i64);

/// All other services.
#[derive(Debug)]
pub struct Backends {
    directory: PathBuf,
    config: config::Backends,
    found: RefCell<Vec<Found>>,
}

/// A service, and the file that its socket was when it was found.
#[derive(Debug, Clone)]
struct Found {
    /// Another daemon that takes the name over is a new backend.
    file: SocketFile,
    backend: Rc<Backend>,
}

impl Backends {
    /// Looks for sockets in the directory.
    pub fn new(directory: &Path, config: config::Backends) -> Self {
        let backends = Self { directory: directory.to_owned(), config, found: RefCell::default() };
        backends.look_again();
        backends
    }

    /// All of them, in order.
    pub fn all(&self) -> Vec<Rc<Backend>> {
        self.found.borrow().iter().map(|found| Rc::clone(&found.backend)).collect()
    }

    /// Whether a service runs, also when it hangs.
    pub async fn serves(&self, name: &str) -> bool {
        let backend = self
            .found
            .borrow()
            .iter()
            .map(|found| &found.backend)
            .find(|known| known.name() == name)
            .cloned();
        match backend {
            Some(backend) => backend.runs().await,
            None => false,
        }
    }

    /// How long an answer waits for a backend that comes before it in the order.
    pub fn patience(&self) -> std::time::Duration {
        self.config.patience
    }

    /// Reads the directory again. Services that are still there keep what is known about them.
    pub fn look_again(&self) {
        let mut sockets = self.sockets();
        // By place in the configured order, then by name.
        sockets.sort_by_cached_key(|(name, ..)| {
            let place = self.config.order.iter().position(|ordered| ordered == name);
            (place.unwrap_or(usize::MAX), name.clone())
        });
        let old = self.found.take();
        let found = sockets.into_iter().map(|(name, path, file)| {
            let known = old.iter().find(|found| found.file == file && found.backend.name() == name);
            known.cloned().unwrap_or_else(|| {
                tracing::info!("backend {name} found");
                let backend =
                    Backend::new(name, Endpoint::Socket(path), self.config.deadline, self.config.patience);
                Found { file, backend: Rc::new(backend) }
            })
        });
        let found = found.collect();
        self.found.replace(found);
    }

    fn sockets(&self) -> Vec<(String, PathBuf, SocketFile)> {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return Vec::new() };
        let socket = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let path = entry.path();
            let own = [MULTIPLEXER, NAME_SERVICE_SWITCH, DROP_IN].contains(&name.as_str());
            // That name can be another daemon's, too.
            let own = own
                || (name == DYNAMIC_USER
                    && std::fs::read_link(&path).is_ok_and(|target| target == Path::new(MULTIPLEXER)));
            if own || self.config.ignore.contains(&name) {
                return None;
            }
            // Through links: nsresourced's is one.
            let file = std::fs::metadata(&path).ok()?;
            file.file_type()
                .is_socket()
                .then(|| (name, path, (file.dev(), file.ino(), file.ctime(), file.ctime_nsec())))
        };
        entries.filter_map(socket).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn names(backends: &Backends) -> Vec<String> {
        backends.all().iter().map(|backend| backend.name().to_owned()).collect()
    }

    #[test]
    fn order_is_the_configured_one_then_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let bind = |name: &str| UnixListener::bind(directory.path().join(name)).unwrap();
        let _sockets = ["c", "a", "b", "ignored", MULTIPLEXER].map(bind);
        std::fs::write(directory.path().join("file"), "").unwrap();
        let config = config::Backends {
            order: vec!["b".into()],
            ignore: vec!["ignored".into()],
            ..Default::default()
        };
        let backends = Backends::new(directory.path(), config);
        assert_eq!(names(&backends), ["b", "a", "c"]);
    }

    #[test]
    fn a_backend_is_forgotten_with_its_socket_only() {
        let directory = tempfile::tempdir().unwrap();
        let _a = UnixListener::bind(directory.path().join("a")).unwrap();
        let backends = Backends::new(directory.path(), config::Backends::default());
        let before = backends.all()[0].clone();
        let _b = UnixListener::bind(directory.path().join("b")).unwrap();
        backends.look_again();
        assert_eq!(names(&backends), ["a", "b"]);
        assert!(Rc::ptr_eq(&before, &backends.all()[0].clone()));
        std::fs::remove_file(directory.path().join("a")).unwrap();
        let _again = UnixListener::bind(directory.path().join("a")).unwrap();
        backends.look_again();
        assert!(!Rc::ptr_eq(&before, &backends.all()[0].clone()));
    }
}
