//! Messages on standard error.

use crate::output::color::{Color, Palette};

/// How grave a message is.
#[derive(Clone, Copy, Debug)]
pub enum Message {
    Error,
    Warning,
    Info,
}

impl Message {
    /// Prints one line. That nobody can read it is no reason to stop.
    pub fn print(self, text: &str) {
        let palette = Palette::of_stderr();
        let color = match self {
            Message::Error => Some(Color::HighlightRed),
            Message::Warning => Some(Color::HighlightYellow),
            Message::Info => None,
        };
        let line = format!("{}\n", palette.paint_optional(color, text));
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), line.as_bytes());
    }
}
