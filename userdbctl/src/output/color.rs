//! Colours, by the conventions of systemd's programs.

use std::borrow::Cow;
use std::io::IsTerminal;

use userdb::Disposition;

/// A colour, or another way to stand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Red,
    Green,
    Cyan,
    Grey,
    Highlight,
    HighlightRed,
    HighlightGreen,
    HighlightYellow,
    HighlightBlue,
    Underline,
    Normal,
}

/// What the output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// No colours.
    None,
    /// The sixteen that every terminal has.
    Basic,
    /// Softer shades besides.
    Full,
}

const RESET: &str = "\x1b[0m";

impl Palette {
    /// For standard output.
    pub fn of_stdout() -> Self {
        Self::choose(|name| std::env::var(name).ok(), std::io::stdout().is_terminal())
    }

    /// For standard error.
    pub fn of_stderr() -> Self {
        Self::choose(|name| std::env::var(name).ok(), std::io::stderr().is_terminal())
    }

    /// `SYSTEMD_COLORS` decides, then `NO_COLOR`, then whether a terminal is there.
    fn choose(variable: impl Fn(&str) -> Option<String>, is_terminal: bool) -> Self {
        let mut full = Self::Full;
        match variable("SYSTEMD_COLORS").as_deref() {
            Some("0" | "no" | "n" | "false" | "f" | "off") => return Self::None,
            Some("1" | "yes" | "y" | "true" | "t" | "on" | "256" | "24bit") => return Self::Full,
            Some("16") => return Self::Basic,
            Some("auto-16") => full = Self::Basic,
            _ => {}
        }
        let is_dumb = variable("TERM").is_none_or(|terminal| terminal == "dumb");
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || !is_terminal || is_dumb {
            return Self::None;
        }
        full
    }

    /// The text in the colour.
    pub fn paint<'a>(self, color: Color, text: &'a str) -> Cow<'a, str> {
        if self == Self::None {
            return Cow::Borrowed(text);
        }
        Cow::Owned(format!("{}{text}{RESET}", self.start(color)))
    }

    /// The text in the colour, if there is one.
    pub fn paint_optional<'a>(self, color: Option<Color>, text: &'a str) -> Cow<'a, str> {
        color.map_or(Cow::Borrowed(text), |color| self.paint(color, text))
    }

    /// What switches the colour on. A soft shade comes after the basic one, which a terminal without shades keeps.
    fn start(self, color: Color) -> &'static str {
        let full = self == Self::Full;
        match color {
            Color::Red => "\x1b[0;31m",
            Color::Green => "\x1b[0;32m",
            Color::Cyan => "\x1b[0;36m",
            Color::Grey if full => "\x1b[0;90m\x1b[0;38:5:245m",
            Color::Grey => "\x1b[0;90m",
            Color::Highlight => "\x1b[0;1;39m",
            Color::HighlightRed => "\x1b[0;1;31m",
            Color::HighlightGreen => "\x1b[0;1;32m",
            Color::HighlightYellow if full => "\x1b[0;1;33m\x1b[0;1;38:5:185m",
            Color::HighlightYellow => "\x1b[0;1;33m",
            Color::HighlightBlue => "\x1b[0;1;34m",
            Color::Underline => "\x1b[4m",
            Color::Normal => RESET,
        }
    }
}

/// The colour of a name.
pub fn of_disposition(disposition: Disposition) -> Option<Color> {
    match disposition {
        Disposition::Intrinsic | Disposition::Reserved => Some(Color::Red),
        Disposition::System | Disposition::Dynamic => Some(Color::Green),
        Disposition::Container | Disposition::Foreign => Some(Color::Cyan),
        Disposition::Regular => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(variables: &[(&str, &str)], is_terminal: bool) -> Palette {
        let find =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Palette::choose(find, is_terminal)
    }

    #[test]
    fn colors_need_a_terminal_or_a_wish() {
        assert_eq!(choose(&[("TERM", "xterm")], true), Palette::Full);
        assert_eq!(choose(&[("TERM", "xterm")], false), Palette::None);
        assert_eq!(choose(&[("TERM", "dumb")], true), Palette::None);
        assert_eq!(choose(&[("TERM", "xterm"), ("NO_COLOR", "1")], true), Palette::None);
        assert_eq!(choose(&[("TERM", "xterm"), ("NO_COLOR", "")], true), Palette::Full);
        assert_eq!(choose(&[("SYSTEMD_COLORS", "1"), ("NO_COLOR", "1")], false), Palette::Full);
        assert_eq!(choose(&[("SYSTEMD_COLORS", "16")], false), Palette::Basic);
        assert_eq!(choose(&[("TERM", "xterm"), ("SYSTEMD_COLORS", "0")], true), Palette::None);
    }

    #[test]
    fn without_colors_text_stays_as_it_is() {
        assert_eq!(Palette::None.paint(Color::Red, "a"), "a");
        assert_eq!(Palette::Full.paint(Color::Red, "a"), "\x1b[0;31ma\x1b[0m");
    }
}
