//! Object paths, and how unit names are written in them.

use std::fmt::Write as _;

use zbus::ObjectPath;

use crate::job::JobId;
use crate::unit::spec::UnitName;

/// The path of the manager.
pub const MANAGER: &str = "/org/freedesktop/systemd1";
const UNITS: &str = "/org/freedesktop/systemd1/unit";
const JOBS: &str = "/org/freedesktop/systemd1/job";

/// The unit that the caller's own process belongs to.
pub const CALLERS_UNIT: &str = "/org/freedesktop/systemd1/unit/self";

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// The manager.
    Manager,
    /// A unit, loaded or not.
    Unit(UnitName),
    /// What is where a unit would be, and is no unit's name: it may be the name of a run.
    Run(String),
    /// A job, known or not.
    Job(JobId),
    /// Nothing but the parent of the others, with its children's names.
    Node(&'static [&'static str]),
}

impl Object {
    /// The object of that path, if there can be one.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            MANAGER => return Some(Self::Manager),
            UNITS | JOBS => return Some(Self::Node(&[])),
            "/" => return Some(Self::Node(&["org"])),
            "/org" => return Some(Self::Node(&["freedesktop"])),
            "/org/freedesktop" => return Some(Self::Node(&["systemd1"])),
            _ => {}
        }
        if let Some(label) = child(path, UNITS) {
            let text = unescape(label)?;
            return Some(UnitName::new(text.as_str()).map_or(Self::Run(text), Self::Unit));
        }
        child(path, JOBS)?.parse().ok().map(|number| Self::Job(JobId(number)))
    }
}

fn child<'a>(path: &'a str, parent: &str) -> Option<&'a str> {
    path.strip_prefix(parent)?.strip_prefix('/').filter(|label| !label.contains('/'))
}

/// The path of a unit.
pub fn unit(name: &UnitName) -> ObjectPath<'static> {
    valid(format!("{UNITS}/{}", escape(name.as_str())))
}

/// The path of a job.
pub fn job(id: JobId) -> ObjectPath<'static> {
    valid(format!("{JOBS}/{}", id.0))
}

/// The path that means "none".
pub fn none() -> ObjectPath<'static> {
    ObjectPath::default()
}

fn valid(path: String) -> ObjectPath<'static> {
    ObjectPath::try_from(path).unwrap_or_default()
}

/// Writes all but letters and digits, and a digit at the beginning, as `_` and two hexadecimal digits.
fn escape(text: &str) -> String {
    let mut label = String::with_capacity(text.len() + 8);
    for (place, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (place > 0 && byte.is_ascii_digit()) {
            label.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(label, "_{byte:02x}");
        }
    }
    if label.is_empty() {
        label.push('_');
    }
    label
}

fn unescape(label: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(label.len());
    let mut rest = label.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok(),
            [b'_', high, low, rest @ ..] => {
                let high = char::from(*high).to_digit(16)?;
                let low = char::from(*low).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
                rest
            }
            [b'_', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UnitName {
        UnitName::new(text).unwrap()
    }

    #[test]
    fn names_are_written_as_systemd_writes_them() {
        for (text, label) in [
            ("dbus.service", "dbus_2eservice"),
            ("org.gnome.Shell@user.service", "org_2egnome_2eShell_40user_2eservice"),
            (r"a\x2db.scope", "a_5cx2db_2escope"),
            ("0a1.target", "_30a1_2etarget"),
            ("-.slice", "_2d_2eslice"),
            ("a_b.service", "a_5fb_2eservice"),
        ] {
            assert_eq!(unit(&name(text)).as_str(), format!("{UNITS}/{label}"));
            assert_eq!(Object::at(&format!("{UNITS}/{label}")), Some(Object::Unit(name(text))));
        }
    }

    #[test]
    fn paths_that_mean_nothing() {
        for path in [
            "/org/freedesktop/systemd1/unit/a_2",
            "/org/freedesktop/systemd1/unit/a_zz_2eservice",
            "/org/freedesktop/systemd1/unit/a_2eservice/b",
            "/org/freedesktop/systemd1/job/x",
            "/org/freedesktop/systemd1/job/-1",
            "/org/freedesktop/systemd2",
        ] {
            assert_eq!(Object::at(path), None, "{path}");
        }
        assert_eq!(Object::at("/org/freedesktop/systemd1/job/7"), Some(Object::Job(JobId(7))));
        assert_eq!(Object::at("/org/freedesktop/systemd1/unit/a"), Some(Object::Run("a".to_owned())));
    }
}
