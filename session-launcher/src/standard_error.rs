//! What is said on standard error by whatever has to go on when nobody reads it.

use std::fmt::Display;
use std::io::Write;

/// Writes `who: what`. Whoever reads it may have gone before us, as at the end of a session; println! would panic.
pub fn say(who: impl Display, what: impl Display) {
    let _ = writeln!(std::io::stderr(), "{who}: {what}");
}
