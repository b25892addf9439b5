//! What every call of the C library does first and last.

use std::ffi::{CStr, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use super::fork;
use crate::enumeration::{Enumeration, Listed};
use crate::failure::Failure;

/// `enum nss_status` of nss.h.
pub type Status = c_int;

const TRY_AGAIN: Status = -2;
const UNAVAILABLE: Status = -1;
const NOT_FOUND: Status = 0;
const SUCCESS: Status = 1;

const CANCEL_DISABLE: c_int = 1;

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old_state: *mut c_int) -> c_int;
    fn secure_getenv(name: *const c_char) -> *mut c_char;
}

/// Runs a lookup, and tells the C library how it went.
///
/// Nothing unwinds into the C library: a panic is caught, and the thread is not cancelled meanwhile. `errno` changes only
/// together with a status that says so.
///
/// # Safety
/// `errno` may be written to, or is null.
pub unsafe fn answer(errno: *mut c_int, lookup: impl FnOnce() -> Result<(), Failure>) -> Status {
    let mut cancel_state = 0;
    // SAFETY: the state is a valid one, and the pointer is to a local variable.
    unsafe { pthread_setcancelstate(CANCEL_DISABLE, &raw mut cancel_state) };
    // SAFETY: it is always valid for the calling thread.
    let thread_errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let errno_before = unsafe { thread_errno.read() };

    let result = catch_unwind(AssertUnwindSafe(|| {
        if is_bypassed() {
            return Err(Failure::NO_DAEMON);
        }
        fork::watch();
        lookup()
    }));

    // SAFETY: as above.
    unsafe { thread_errno.write(errno_before) };
    let (status, number) = match result.unwrap_or(Err(Failure::NO_ANSWER)) {
        Ok(()) => (SUCCESS, None),
        Err(Failure::NotFound) => (NOT_FOUND, None),
        Err(Failure::Unavailable(number)) => (UNAVAILABLE, Some(number)),
        Err(Failure::TryAgain(number)) => (TRY_AGAIN, Some(number)),
        Err(Failure::BufferTooSmall) => (TRY_AGAIN, Some(libc::ERANGE)),
    };
    if let Some(number) = number
        && !errno.is_null()
    {
        // SAFETY: the caller vouches for it.
        unsafe { errno.write(number) };
    }
    // SAFETY: as above.
    unsafe { pthread_setcancelstate(cancel_state, &raw mut cancel_state) };
    status
}

/// Lets an enumeration begin anew, or ends it.
pub fn restart<E: Listed>(enumeration: &Mutex<Enumeration<E>>) -> Status {
    let restart = || enumeration.lock().unwrap_or_else(PoisonError::into_inner).reset();
    if catch_unwind(AssertUnwindSafe(restart)).is_ok() { SUCCESS } else { UNAVAILABLE }
}

/// A name that the C library passed.
///
/// # Errors
/// [`Failure::NotFound`] for what cannot be a name.
///
/// # Safety
/// The pointer is null or to a string that ends with NUL and outlives the result.
pub unsafe fn name<'a>(pointer: *const c_char) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::NotFound);
    }
    // SAFETY: the caller vouches for it.
    unsafe { CStr::from_ptr(pointer) }.to_str().map_err(|_| Failure::NotFound)
}

/// Whether this process must not ask the daemon: `SYSTEMD_BYPASS_USERDB` says so to processes that answer for it, in the form
/// that systemd's own module knows (a boolean, or services separated by colons). Set-user-ID programs do not heed it.
fn is_bypassed() -> bool {
    // SAFETY: the name ends with NUL; the result is a string of the environment or null.
    let value = unsafe { secure_getenv(c"SYSTEMD_BYPASS_USERDB".as_ptr()) };
    if value.is_null() {
        return false;
    }
    // SAFETY: strings of the environment end with NUL; it is not kept.
    bypasses(&unsafe { CStr::from_ptr(value) }.to_string_lossy())
}

fn bypasses(value: &str) -> bool {
    let is_true = ["1", "yes", "y", "true", "t", "on"].iter().any(|word| value.eq_ignore_ascii_case(word));
    is_true || value.split(':').any(|service| service == crate::lookup::SERVICE)
}

#[cfg(test)]
mod tests {
    use super::bypasses;

    #[test]
    fn a_process_that_answers_for_the_daemon_does_not_ask_it() {
        for value in ["1", "yes", "TRUE", "io.systemd.Multiplexer", "a:io.systemd.Multiplexer:b"] {
            assert!(bypasses(value), "{value}");
        }
        for value in ["", "0", "no", "io.systemd.DropIn", "io.systemd.Multiplexer.other"] {
            assert!(!bypasses(value), "{value}");
        }
    }
}
