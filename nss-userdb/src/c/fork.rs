//! What happens in the child of a fork: it closes the sockets of its parent. Were it to use them, each of the two would get
//! answers that are for the other.

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::open_sockets;

/// Makes every later fork(2) of this process call [`in_child`]. Children that are made in another way close the sockets when
/// they call exec, and recognize by their pid that they must not use them.
pub fn watch() {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if !WATCHED.swap(true, Ordering::Relaxed) {
        // SAFETY: `in_child` calls nothing but fstat(2) and close(2), which are allowed in the child of a process with
        // threads, and the module is linked so that it is never unloaded. Without memory for it there is no handler, which
        // costs the child a descriptor until exec.
        unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    }
}

extern "C" fn before() {
    open_sockets::before_fork();
}

extern "C" fn in_parent() {
    open_sockets::after_fork_in_parent();
}

extern "C" fn in_child() {
    open_sockets::after_fork_in_child(close_if_ours);
}

fn close_if_ours(descriptor: RawFd, inode: u64) {
    // SAFETY: the descriptor is only used for fstat(2), which is harmless whatever it is.
    let status = rustix::fs::fstat(unsafe { BorrowedFd::borrow_raw(descriptor) });
    let is_ours = status.is_ok_and(|status| {
        status.st_ino == inode && rustix::fs::FileType::from_raw_mode(status.st_mode).is_socket()
    });
    if is_ours {
        // SAFETY: it is the socket that this module opened, and whoever owns it checks what it is before closing it.
        unsafe { rustix::io::close(descriptor) };
    }
}
