//! What the output can show: colours, dots, JSON.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::arguments::{Arguments, Json};
use super::{Failure, Result};

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// What is well.
    Green,
    /// What failed.
    Red,
    /// What is under way, or odd.
    Yellow,
    /// Less important.
    Grey,
    /// Headings.
    Bold,
}

/// Whether colours are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette(bool);

impl Palette {
    /// For standard output: `$SYSTEMD_COLORS` decides, then `$NO_COLOR`, then whether a terminal is there.
    pub fn of_stdout() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        match variable("SYSTEMD_COLORS").as_deref() {
            Some("0" | "no" | "n" | "false" | "f" | "off") => return Self(false),
            Some("1" | "yes" | "y" | "true" | "t" | "on" | "16" | "256" | "24bit") => return Self(true),
            _ => {}
        }
        let is_dumb = variable("TERM").is_none_or(|terminal| terminal == "dumb");
        let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(!is_dumb && !refused && io::stdout().is_terminal())
    }

    /// A text in a colour.
    pub fn paint(self, color: Option<Color>, text: &str) -> String {
        let Some(color) = color.filter(|_| self.0 && !text.is_empty()) else { return text.to_owned() };
        let start = match color {
            Color::Green => "\x1b[0;1;32m",
            Color::Red => "\x1b[0;1;31m",
            Color::Yellow => "\x1b[0;1;33m",
            Color::Grey => "\x1b[0;90m",
            Color::Bold => "\x1b[0;1;39m",
        };
        format!("{start}{text}\x1b[0m")
    }
}

/// The colour of an active state.
pub fn color_of_state(active: &str) -> Option<Color> {
    match active {
        "active" => Some(Color::Green),
        "failed" => Some(Color::Red),
        "activating" | "deactivating" | "reloading" | "refreshing" | "maintenance" => Some(Color::Yellow),
        _ => None,
    }
}

/// The dot of an active state.
pub fn dot(active: &str) -> &'static str {
    match active {
        "inactive" | "maintenance" => "○",
        "failed" => "×",
        "reloading" | "refreshing" => "↻",
        _ => "●",
    }
}

/// Writes a line, unless `--quiet`.
pub fn line(output: &mut dyn Write, arguments: &Arguments, text: &str) -> io::Result<()> {
    if arguments.quiet { Ok(()) } else { writeln!(output, "{text}") }
}

/// Writes JSON, if it is asked for.
pub fn json<T: Serialize>(output: &mut dyn Write, arguments: &Arguments, value: &T) -> Result<bool> {
    let failed = |error: serde_json::Error| Failure::Other(error.to_string());
    match arguments.json {
        Json::Off => return Ok(false),
        Json::Short => serde_json::to_writer(&mut *output, value).map_err(failed)?,
        Json::Pretty => serde_json::to_writer_pretty(&mut *output, value).map_err(failed)?,
    }
    writeln!(output)?;
    Ok(true)
}

/// The columns of the terminal; `None` if the output is none.
pub fn columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    told.or_else(|| {
        rustix::termios::tcgetwinsize(io::stdout())
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|n| *n > 0)
    })
}

/// Shortens a text to a number of characters, with an ellipsis.
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}
