//! The three functions with which the C library goes through all entries of a database, such as setpwent(3), getpwent(3) and
//! endpwent(3).

/// Defines them for a kind of entry, under the names given.
macro_rules! enumeration {
    ($entry:ty, $set:ident, $get:ident, $end:ident) => {
        static ENUMERATION: std::sync::Mutex<crate::enumeration::Enumeration<$entry>> =
            std::sync::Mutex::new(crate::enumeration::Enumeration::new());

        /// Begins anew with the next entry.
        #[unsafe(no_mangle)]
        pub extern "C" fn $set(_stay_open: std::ffi::c_int) -> super::entry::Status {
            super::entry::restart(&ENUMERATION)
        }

        /// The next entry.
        ///
        /// # Safety
        /// As glibc calls it: all pointers are valid.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $get(
            structure: *mut <$entry as super::buffer::IntoC>::Structure,
            buffer: *mut std::ffi::c_char,
            length: usize,
            errno: *mut std::ffi::c_int,
        ) -> super::entry::Status {
            let output = super::buffer::Output { structure, buffer, length };
            // SAFETY: the C library passes valid pointers.
            unsafe { super::entry::answer(errno, || output.put_next(&ENUMERATION)) }
        }

        /// Gives back what the enumeration holds.
        #[unsafe(no_mangle)]
        pub extern "C" fn $end() -> super::entry::Status {
            super::entry::restart(&ENUMERATION)
        }
    };
}

pub(super) use enumeration;
