//! Unit names: `prefix.type`, `prefix@.type` (a template), `prefix@instance.type` (systemd.unit(5), "Description").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest unit name that systemd accepts, in bytes.
pub const MAX_LENGTH: usize = 255;

/// Why a text is no unit name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, or longer than [`MAX_LENGTH`].
    #[error("{0:?} is not a unit name: its length is not between 1 and 255 bytes")]
    Length(String),
    /// The part after the last dot is no unit type.
    #[error("{0:?} is not a unit name: it does not end in a unit type such as .service")]
    Type(String),
    /// A character outside letters, digits and `:-_.\@`.
    #[error("{0:?} is not a unit name: only ASCII letters, digits and :-_.\\@ may be in it")]
    Character(String),
    /// Nothing before the `@` or the dot.
    #[error("{0:?} is not a unit name: nothing stands before its type")]
    Prefix(String),
}

/// The unit types of systemd. The last four never load here: they are only names that others may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// Processes that the manager starts and watches.
    Service,
    /// A name that groups others.
    Target,
    /// A listening socket or FIFO that starts a service.
    Socket,
    /// A clock that starts a unit.
    Timer,
    /// A watched file that starts a unit.
    Path,
    /// A node of the tree of control groups.
    Slice,
    /// Processes that somebody else started.
    Scope,
    /// A file system; belongs to the system manager.
    Mount,
    /// A mount on demand; belongs to the system manager.
    Automount,
    /// A swap area; belongs to the system manager.
    Swap,
    /// A device that udev tags; belongs to the system manager.
    Device,
}

impl UnitKind {
    /// All types, in the order above.
    pub const ALL: [UnitKind; 11] = [
        Self::Service,
        Self::Target,
        Self::Socket,
        Self::Timer,
        Self::Path,
        Self::Slice,
        Self::Scope,
        Self::Mount,
        Self::Automount,
        Self::Swap,
        Self::Device,
    ];

    /// The suffix without its dot, as in `service`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Target => "target",
            Self::Socket => "socket",
            Self::Timer => "timer",
            Self::Path => "path",
            Self::Slice => "slice",
            Self::Scope => "scope",
            Self::Mount => "mount",
            Self::Automount => "automount",
            Self::Swap => "swap",
            Self::Device => "device",
        }
    }

    /// The type of that suffix, if it is one.
    pub fn from_suffix(suffix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == suffix)
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A valid unit name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(String);

impl UnitName {
    /// Checks a name.
    ///
    /// # Errors
    /// Names the rule that the text breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check(&text)?;
        Ok(Self(text))
    }

    /// A constant of this program, which is known to be a name.
    pub(crate) fn well_known(text: &'static str) -> Self {
        debug_assert!(check(text).is_ok(), "{text}");
        Self(text.to_owned())
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The type, from the suffix.
    pub fn kind(&self) -> UnitKind {
        split(&self.0).and_then(|(_, suffix)| UnitKind::from_suffix(suffix)).unwrap_or(UnitKind::Target)
    }

    /// The name without its type: `gvfs-daemon`, `org.gnome.Shell@user`.
    pub fn stem(&self) -> &str {
        split(&self.0).map_or(&self.0, |(stem, _)| stem)
    }

    /// What stands before the `@`, or the whole stem: specifier `%p`.
    pub fn prefix(&self) -> &str {
        let stem = self.stem();
        stem.split_once('@').map_or(stem, |(prefix, _)| prefix)
    }

    /// What stands between `@` and the type, if it is an instance: specifier `%i`.
    pub fn instance(&self) -> Option<&str> {
        self.stem().split_once('@').map(|(_, instance)| instance).filter(|instance| !instance.is_empty())
    }

    /// Whether this is `prefix@.type`.
    pub fn is_template(&self) -> bool {
        self.stem().split_once('@').is_some_and(|(_, instance)| instance.is_empty())
    }

    /// Whether this is `prefix@instance.type`.
    pub fn is_instance(&self) -> bool {
        self.instance().is_some()
    }

    /// The template that an instance is made from.
    pub fn template(&self) -> Option<UnitName> {
        self.is_instance().then(|| Self(format!("{}@.{}", self.prefix(), self.kind())))
    }

    /// The instance of a template. `None` when this is no template or the result is no valid name.
    pub fn instantiate(&self, instance: &str) -> Option<UnitName> {
        if !self.is_template() || instance.is_empty() {
            return None;
        }
        Self::new(format!("{}@{instance}.{}", self.prefix(), self.kind())).ok()
    }

    /// The same stem with another type, as a socket names its service.
    pub fn with_kind(&self, kind: UnitKind) -> Option<UnitName> {
        Self::new(format!("{}.{kind}", self.stem())).ok()
    }
}

fn split(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once('.')
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() || text.len() > MAX_LENGTH {
        return Err(NameError::Length(text.to_owned()));
    }
    let Some((stem, suffix)) = split(text) else { return Err(NameError::Type(text.to_owned())) };
    if UnitKind::from_suffix(suffix).is_none() {
        return Err(NameError::Type(text.to_owned()));
    }
    if !stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte)) {
        return Err(NameError::Character(text.to_owned()));
    }
    if stem.is_empty() || stem.starts_with('@') {
        return Err(NameError::Prefix(text.to_owned()));
    }
    Ok(())
}

impl FromStr for UnitName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for UnitName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<UnitName> for String {
    fn from(name: UnitName) -> String {
        name.0
    }
}

impl AsRef<str> for UnitName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not write_str(): tables give widths.
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_names() {
        for name in [
            "a.service",
            "a@.service",
            "a@b.service",
            "a@b@c.service",
            "-.slice",
            "a.b.target",
            r"a\x2db.scope",
            "dev-sda.device",
        ] {
            assert!(UnitName::new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn invalid_names() {
        for name in [
            "",
            "a",
            ".service",
            "@.service",
            "@b.service",
            "a.services",
            "a b.service",
            "a/b.service",
            "a.service.d",
            "\u{e9}.service",
        ] {
            assert!(UnitName::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_length_limit_includes_the_suffix() {
        assert!(UnitName::new(format!("{}.service", "a".repeat(247))).is_ok());
        assert!(UnitName::new(format!("{}.service", "a".repeat(248))).is_err());
    }

    #[test]
    fn parts() {
        let name = UnitName::new("app-gnome@x@y.z.service").unwrap();
        assert_eq!(
            (name.prefix(), name.instance(), name.kind()),
            ("app-gnome", Some("x@y.z"), UnitKind::Service)
        );
        assert_eq!(name.template().unwrap().as_str(), "app-gnome@.service");
        let template = UnitName::new("a@.service").unwrap();
        assert!(template.is_template() && !template.is_instance());
        assert_eq!(template.instantiate("b").unwrap().as_str(), "a@b.service");
        assert_eq!(template.instantiate("b/c"), None);
        let plain = UnitName::new("a.b.service").unwrap();
        assert_eq!((plain.prefix(), plain.instance()), ("a.b", None));
        assert_eq!(plain.with_kind(UnitKind::Socket).unwrap().as_str(), "a.b.socket");
    }
}
