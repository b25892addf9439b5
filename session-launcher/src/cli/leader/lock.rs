//! One leader at a time: a lock that the kernel takes back when the leader is gone, however it ended.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// A lock that this process holds until it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What came of taking a lock.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Ours(Lock),
    /// Another process has it; its number if it wrote it.
    By(Option<u32>),
}

/// Takes the lock `name` in a directory, which is made if need be.
///
/// # Errors
/// The directory cannot be written to.
pub fn take(directory: &Path, name: &str) -> io::Result<Taken> {
    fs::create_dir_all(directory)?;
    let path = directory.join(name);
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())?;
            Ok(Taken::Ours(Lock { _file: file }))
        }
        Err(Errno::WOULDBLOCK) => {
            let mut text = String::new();
            file.seek(SeekFrom::Start(0))?;
            file.take(16).read_to_string(&mut text)?;
            Ok(Taken::By(text.trim().parse().ok()))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let Taken::Ours(first) = take(dir.path(), "lock").unwrap() else { panic!() };
        assert!(
            matches!(take(dir.path(), "lock").unwrap(), Taken::By(Some(pid)) if pid == std::process::id())
        );
        drop(first);
        assert!(matches!(take(dir.path(), "lock").unwrap(), Taken::Ours(_)));
    }
}
