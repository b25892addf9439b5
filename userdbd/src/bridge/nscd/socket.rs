//! Where the socket is: both libraries have the path compiled in.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode};

/// The socket's path, as the libraries know it (through `/var/run`).
const STANDARD: &str = "/run/nscd/socket";

/// The listening socket. Dropping it removes it, and its directory if that is empty.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Socket {
    /// Where the socket is, unless the configuration says it: a daemon that serves another directory of sockets must not
    /// answer for the whole system.
    pub fn default_path(is_standard: bool, socket_directory: &Path) -> PathBuf {
        if is_standard { STANDARD.into() } else { socket_directory.join("nscd/socket") }
    }

    /// Binds it.
    ///
    /// # Errors
    /// `AddrInUse` when somebody else serves it, or when the file system does not let us.
    pub fn bind(path: PathBuf) -> std::io::Result<Self> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        if std::fs::symlink_metadata(&path).is_ok() {
            if UnixStream::connect(&path).is_ok() {
                return Err(std::io::Error::new(std::io::ErrorKind::AddrInUse, "another daemon serves it"));
            }
            std::fs::remove_file(&path)?;
        }
        let listener = UnixListener::bind(&path)?;
        rustix::fs::chmodat(CWD, &path, Mode::from_raw_mode(0o666), AtFlags::empty())?;
        Ok(Self { path, listener })
    }

    /// Another handle on it.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn listener(&self) -> std::io::Result<UnixListener> {
        self.listener.try_clone()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        if let Some(directory) = self.path.parent() {
            let _ = std::fs::remove_dir(directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_left_over_is_replaced_and_a_live_one_left_alone() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("nscd/socket");
        std::fs::create_dir(top.path().join("nscd")).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        let socket = Socket::bind(path.clone()).unwrap();
        assert_eq!(Socket::bind(path.clone()).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert!(!top.path().join("nscd").exists());
    }
}
