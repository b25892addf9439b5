//! Where the socket is: both libraries have the path compiled in.

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use crate::listen::{self, ListenError};

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
    /// When somebody else serves it, when something else is in its place, or when the file system does not let us.
    pub fn bind(path: PathBuf) -> Result<Self, ListenError> {
        if let Some(directory) = path.parent() {
            listen::make_directory(directory)?;
        }
        listen::remove_left_over(&path)?;
        let listener = listen::bind(&path)?;
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
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_left_over_is_replaced_and_a_live_one_left_alone() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("nscd/socket");
        std::fs::create_dir(top.path().join("nscd")).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        let socket = Socket::bind(path.clone()).unwrap();
        assert!(matches!(Socket::bind(path.clone()), Err(ListenError::InUse(_))));
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert!(!top.path().join("nscd").exists());
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("socket");
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(Socket::bind(path.clone()), Err(ListenError::InTheWay(_))));
        assert_eq!(std::fs::read(path).unwrap(), b"precious");
    }
}
