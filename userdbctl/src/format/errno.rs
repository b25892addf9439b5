//! System errors in the C library's words.

use std::io::Error;

/// `No such file or directory`, without the number that Rust adds.
pub fn text(error: &Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// `ENOENT`.
pub fn name(error: &Error) -> String {
    let Some(number) = error.raw_os_error() else { return text(error) };
    // Those that connecting to a socket can end in.
    let known = [
        (rustix::io::Errno::ACCESS, "EACCES"),
        (rustix::io::Errno::AGAIN, "EAGAIN"),
        (rustix::io::Errno::CONNREFUSED, "ECONNREFUSED"),
        (rustix::io::Errno::INTR, "EINTR"),
        (rustix::io::Errno::LOOP, "ELOOP"),
        (rustix::io::Errno::NAMETOOLONG, "ENAMETOOLONG"),
        (rustix::io::Errno::NOENT, "ENOENT"),
        (rustix::io::Errno::NOTDIR, "ENOTDIR"),
        (rustix::io::Errno::NOTSOCK, "ENOTSOCK"),
        (rustix::io::Errno::PERM, "EPERM"),
        (rustix::io::Errno::PROTOTYPE, "EPROTOTYPE"),
        (rustix::io::Errno::TIMEDOUT, "ETIMEDOUT"),
    ];
    known
        .iter()
        .find(|(errno, _)| errno.raw_os_error() == number)
        .map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_left_out() {
        let error = Error::from(rustix::io::Errno::NOENT);
        assert_eq!(text(&error), "No such file or directory");
        assert_eq!(name(&error), "ENOENT");
        assert_eq!(name(&Error::from_raw_os_error(122)), "122");
        assert_eq!(text(&Error::other("x")), "x");
    }
}
