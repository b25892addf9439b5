//! Giving memory back to the system after much of it was used for a moment.

#![allow(unsafe_code)]

/// Returns what was freed. glibc keeps it, for a process that seldom needs it again; musl returns it by itself.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim may be called at any time, from any thread; it touches only memory that is free.
    unsafe {
        libc::malloc_trim(0);
    }
}
