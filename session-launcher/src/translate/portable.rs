//! Texts that hold on every machine and for every user.
//!
//! Specifiers such as `%h` are expanded while a unit is loaded, but a translated file is for others than the one who
//! translates. So the loader is told of a host whose values are marks, and what writes a file turns each mark into a
//! variable of the manager's language.

use std::path::PathBuf;

use crate::unit::specifier::Host;

/// Begins the mark of a variable.
const WORD: char = '\u{e000}';
/// Begins the mark of a variable that is an absolute path; the slash before it belongs to the mark.
const PATH: char = '\u{e002}';
/// Begins the mark of a specifier whose value nobody knows beforehand.
const UNKNOWN: char = '\u{e003}';
/// Ends a mark.
const END: char = '\u{e001}';
/// A number that no user has, for `%U` and `%G`.
const NO_ID: u32 = 4_294_900_001;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// The value that a variable has when the service starts.
    Variable(&'a str),
}

/// A user whose directories are marks, on a machine of which nothing is known.
pub fn user() -> Host {
    let home = PathBuf::from(path_mark("HOME"));
    Host {
        user: word_mark("USER"),
        uid: NO_ID,
        group: unknown_mark("%g"),
        gid: NO_ID,
        shell: path_mark("SHELL").into(),
        runtime_dir: Some(path_mark("XDG_RUNTIME_DIR").into()),
        config_home: home.join(".config"),
        data_home: home.join(".local/share"),
        state_home: home.join(".local/state"),
        cache_home: home.join(".cache"),
        home,
        ..machine()
    }
}

/// The system manager of such a machine.
pub fn system() -> Host {
    Host {
        system: true,
        user: "root".to_owned(),
        group: "root".to_owned(),
        home: "/root".into(),
        shell: "/bin/sh".into(),
        runtime_dir: Some("/run".into()),
        config_home: "/etc".into(),
        data_home: "/usr/share".into(),
        state_home: "/var/lib".into(),
        cache_home: "/var/cache".into(),
        ..machine()
    }
}

fn machine() -> Host {
    Host {
        architecture: unknown_mark("%a"),
        boot_id: Some(unknown_mark("%b")),
        machine_id: Some(unknown_mark("%m")),
        host_name: unknown_mark("%H"),
        pretty_host_name: Some(unknown_mark("%q")),
        kernel_release: unknown_mark("%v"),
        ..Host::default()
    }
}

fn path_mark(name: &str) -> String {
    format!("/{PATH}{name}{END}")
}

fn word_mark(name: &str) -> String {
    format!("{WORD}{name}{END}")
}

fn unknown_mark(specifier: &str) -> String {
    format!("{UNKNOWN}{specifier}{END}")
}

/// The specifier of a text whose value nobody knows beforehand.
pub fn unknown(text: &str) -> Option<String> {
    if text.contains(&NO_ID.to_string()) {
        return Some("%U".to_owned());
    }
    let (_, after) = text.split_once(UNKNOWN)?;
    after.split_once(END).map(|(specifier, _)| specifier.to_owned())
}

/// Whether a text has a variable in it.
pub fn varies(text: &str) -> bool {
    text.contains([WORD, PATH])
}

/// The parts of a text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once([WORD, PATH]) {
        let is_path = rest.get(before.len()..).is_some_and(|mark| mark.starts_with(PATH));
        let before = if is_path { before.strip_suffix('/').unwrap_or(before) } else { before };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let (name, after) = after.split_once(END).unwrap_or((after, ""));
        pieces.push(Piece::Variable(name));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Puts a text together from its parts.
pub fn render(
    text: &str,
    mut literal: impl FnMut(&str) -> String,
    variable: impl Fn(&str) -> String,
) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => literal(text),
            Piece::Variable(name) => variable(name),
        })
        .collect()
}

/// For people: variables as a shell has them.
pub fn readable(text: &str) -> String {
    render(text, str::to_owned, |name| format!("${{{name}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::name::UnitName;
    use crate::unit::specifier::Specifiers;

    fn expand(host: &Host, text: &str) -> String {
        let name = UnitName::new("a.service").unwrap();
        Specifiers::new(host, &name, None).expand(text).unwrap()
    }

    #[test]
    fn users_become_variables() {
        assert_eq!(readable(&expand(&user(), "%h/x:%t/bus")), "${HOME}/x:${XDG_RUNTIME_DIR}/bus");
        assert_eq!(readable(&expand(&user(), "/run/%u/x")), "/run/${USER}/x");
        assert_eq!(readable(&expand(&user(), "%E/a")), "${HOME}/.config/a");
        assert_eq!(readable("plain"), "plain");
    }

    #[test]
    fn machines_are_unknown() {
        assert_eq!(unknown(&expand(&system(), "/etc/%H")).as_deref(), Some("%H"));
        assert_eq!(unknown(&expand(&user(), "/run/user/%U")).as_deref(), Some("%U"));
        assert_eq!(unknown(&expand(&system(), "%t/%S/%h")), None);
        assert_eq!(expand(&system(), "%t %S %C %L"), "/run /var/lib /var/cache /var/log");
    }
}
