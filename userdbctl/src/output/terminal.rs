//! The terminal on standard output.

use std::io::IsTerminal;

/// Its width in columns. None where output is not to be cut, as in a pipe.
pub fn columns() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let named =
        std::env::var("COLUMNS").ok().and_then(|value| value.parse().ok()).filter(|columns| *columns > 0);
    named
        .or_else(|| rustix::termios::tcgetwinsize(&stdout).ok().map(|size| usize::from(size.ws_col)))
        .filter(|columns| *columns > 0)
}
