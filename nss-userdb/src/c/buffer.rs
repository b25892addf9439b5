//! The memory that the caller gives for what a result points to.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use crate::enumeration::{Enumeration, Listed};
use crate::failure::Failure;
use crate::pool::DAEMON;

/// The part of the caller's memory that is not used yet.
pub struct Buffer<'a> {
    rest: &'a mut [MaybeUninit<u8>],
}

impl Buffer<'_> {
    /// The caller's memory.
    ///
    /// # Safety
    /// `start` points to `length` bytes that only this call uses, or is null.
    pub unsafe fn new(start: *mut c_char, length: usize) -> Self {
        if start.is_null() {
            return Self { rest: &mut [] };
        }
        // SAFETY: the caller vouches for the memory. It need not be initialized, and nothing here reads it.
        let rest = unsafe { std::slice::from_raw_parts_mut(start.cast(), length) };
        Self { rest }
    }

    /// Copies a string, with a NUL.
    pub fn string(&mut self, text: &str) -> Result<*mut c_char, Failure> {
        let place = self.take(text.len() + 1)?;
        let bytes = text.bytes().chain(std::iter::once(0));
        for (to, from) in place.iter_mut().zip(bytes) {
            to.write(from);
        }
        Ok(place.as_mut_ptr().cast())
    }

    /// Copies strings, and an array of pointers to them that ends with null.
    pub fn strings(&mut self, texts: &[String]) -> Result<*mut *mut c_char, Failure> {
        let align = self.rest.as_ptr().align_offset(align_of::<*mut c_char>());
        self.take(align.min(self.rest.len()))?;
        let size = (texts.len() + 1).checked_mul(size_of::<*mut c_char>()).ok_or(Failure::BufferTooSmall)?;
        let array: *mut *mut c_char = self.take(size)?.as_mut_ptr().cast();
        for (index, text) in texts.iter().enumerate() {
            let pointer = self.string(text)?;
            // SAFETY: `array` is aligned and has room for one more than `texts` has.
            unsafe { array.add(index).write(pointer) };
        }
        // SAFETY: as above.
        unsafe { array.add(texts.len()).write(std::ptr::null_mut()) };
        Ok(array)
    }

    fn take(&mut self, length: usize) -> Result<&mut [MaybeUninit<u8>], Failure> {
        let rest = std::mem::take(&mut self.rest);
        let (taken, rest) = rest.split_at_mut_checked(length).ok_or(Failure::BufferTooSmall)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Where the result of a lookup goes.
pub struct Output<T> {
    /// The structure to fill.
    pub structure: *mut T,
    /// Memory for what it points to.
    pub buffer: *mut c_char,
    /// Its size in bytes.
    pub length: usize,
}

/// An entry that C has a structure for.
pub trait IntoC {
    /// The structure.
    type Structure;

    /// The structure for the entry, with all it points to in the buffer.
    ///
    /// # Errors
    /// [`Failure::BufferTooSmall`]
    fn in_buffer(&self, buffer: &mut Buffer<'_>) -> Result<Self::Structure, Failure>;
}

impl<T> Output<T> {
    /// Puts the entry there.
    ///
    /// # Safety
    /// The pointers are what `nss` functions are given: valid and for this call alone.
    pub unsafe fn put(&self, entry: &impl IntoC<Structure = T>) -> Result<(), Failure> {
        // SAFETY: the caller vouches for the memory.
        let mut buffer = unsafe { Buffer::new(self.buffer, self.length) };
        let structure = entry.in_buffer(&mut buffer)?;
        // SAFETY: the caller vouches for the pointer; nothing of the old value needs to be dropped.
        unsafe { self.structure.write(structure) };
        Ok(())
    }

    /// Puts the next entry of an enumeration there. If it does not fit, it stays the next.
    ///
    /// # Safety
    /// As [`Output::put`].
    pub unsafe fn put_next<E: Listed + IntoC<Structure = T>>(
        &self,
        enumeration: &Mutex<Enumeration<E>>,
    ) -> Result<(), Failure> {
        let mut enumeration = enumeration.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the caller vouches for the pointers.
        unsafe { self.put(enumeration.peek(&DAEMON)?)? };
        enumeration.advance();
        Ok(())
    }
}
