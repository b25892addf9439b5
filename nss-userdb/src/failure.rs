//! What the C library is told when there is no answer.

use std::io::ErrorKind;

use userdb::client::ClientError;
use userdb::interface::error;
use userdb::varlink::service_error;

/// Why a lookup has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no such user or group, or none that the caller may see.
    NotFound,
    /// The daemon does not run, or cannot answer. The number is for `errno`.
    Unavailable(i32),
    /// It might work later. The number is for `errno`.
    TryAgain(i32),
    /// The caller's buffer is too small.
    BufferTooSmall,
}

impl Failure {
    /// No daemon is there. Callers take ENOENT for "not found" (`getpwnam(3)`), and nothing more is known.
    pub const NO_DAEMON: Self = Self::Unavailable(libc::ENOENT);
    /// Nothing usable was answered.
    pub const NO_ANSWER: Self = Self::Unavailable(libc::EIO);
}

impl From<&ClientError> for Failure {
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Service { name, .. } => of_service_error(name),
            ClientError::Malformed { .. } => Self::NO_ANSWER,
            ClientError::Connect { source, .. } | ClientError::Io { source, .. } => of_io_error(source),
        }
    }
}

fn of_service_error(name: &str) -> Failure {
    match name {
        // An invalid parameter is a name or id that no record can have.
        error::NO_RECORD_FOUND
        | error::CONFLICTING_RECORD_FOUND
        | error::NON_MATCHING_RECORD_FOUND
        | service_error::INVALID_PARAMETER => Failure::NotFound,
        _ => Failure::NO_ANSWER,
    }
}

fn of_io_error(source: &std::io::Error) -> Failure {
    match (source.kind(), source.raw_os_error()) {
        // Nobody accepted or answered in time.
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => Failure::TryAgain(libc::EAGAIN),
        (_, Some(errno @ (libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS))) => {
            Failure::TryAgain(errno)
        }
        (ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::PermissionDenied, _) => {
            Failure::NO_DAEMON
        }
        _ => Failure::NO_ANSWER,
    }
}

/// Whether the other side is gone, so that another connection may work.
pub fn is_disconnect(error: &ClientError) -> bool {
    let ClientError::Io { source, .. } = error else { return false };
    // The program may also have closed the descriptor in another thread, at this very moment.
    matches!(source.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
        || matches!(source.raw_os_error(), Some(libc::EBADF | libc::ENOTSOCK | libc::ENOTCONN))
}
