//! The pager.

use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// Shows the text in the pager. False if there is to be none, or it does not start.
pub fn show(text: &str) -> std::io::Result<bool> {
    if !std::io::stdout().is_terminal() {
        return Ok(false);
    }
    let chosen = ["SYSTEMD_PAGER", "PAGER"].iter().find_map(|name| std::env::var(name).ok());
    let chosen = chosen.unwrap_or_else(|| "less".to_owned());
    let mut words = chosen.split_whitespace();
    let Some(program) = words.next().filter(|program| *program != "cat") else { return Ok(false) };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours as they are, and no pager at all for what fits on the screen.
        command.env("LESS", "FRSXMK");
    }
    // No shell and no other files from within: the caller may be root.
    command.env("LESSSECURE", "1");
    let Ok(mut child) = command.spawn() else { return Ok(false) };
    if let Some(mut stdin) = child.stdin.take() {
        // Who leaves the pager early has seen enough.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait()?;
    Ok(true)
}
