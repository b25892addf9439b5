//! Units that a client describes instead of a file (`StartTransientUnit`).

use super::table::Method;

/// The methods.
pub const METHODS: &[Method] = &[];
