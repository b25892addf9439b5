//! What each directive does to a unit: one module for each group of directives.

pub mod exec;
pub mod kill;
pub mod limit;
pub mod path;
pub mod resource;
pub mod scope;
pub mod service;
pub mod socket;
pub mod stream;
pub mod support;
pub mod timer;
pub mod unit_section;

use std::time::Duration;

use super::diagnostic::Severity;
use super::name::UnitName;
use super::specifier::{Host, Specifiers};
use super::value::{boolean, number, timespan};
use super::words::{self, Backslash};

/// Why a line has no effect, or ends the loading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// systemd ignores the line too.
    Ignored(String),
    /// systemd does not load the unit either.
    Fatal(String),
    /// systemd knows it, we do not, and the unit would not mean the same.
    Unsupported(String),
}

/// What became of a line.
pub type Applied = Result<(), Fault>;

/// One assignment while it is applied.
#[derive(Debug)]
pub struct Line<'a> {
    /// The directive.
    pub key: &'a str,
    /// Its value; empty to reset.
    pub value: &'a str,
    /// Specifiers of the unit.
    pub specifiers: Specifiers<'a>,
    /// The user and the machine.
    pub host: &'a Host,
    /// What is to be said although the line has an effect.
    pub findings: Vec<(Severity, String)>,
}

impl Line<'_> {
    /// Notes something that systemd warns about too.
    pub fn warn(&mut self, message: impl Into<String>) {
        self.findings.push((Severity::Warning, message.into()));
    }

    /// The value is not what the directive takes.
    pub fn invalid<T>(&self, what: &str) -> Result<T, Fault> {
        Err(Fault::Ignored(format!("{}={}: not {what}, the line is ignored", self.key, self.value)))
    }

    /// The value as it is, when it is not empty.
    pub fn given(&self) -> Option<&str> {
        Some(self.value).filter(|value| !value.is_empty())
    }

    /// A boolean.
    pub fn boolean(&self) -> Result<bool, Fault> {
        boolean::parse(self.value).map_or_else(|| self.invalid("a boolean"), Ok)
    }

    /// A time span; `None` is infinity.
    pub fn span(&self) -> Result<Option<Duration>, Fault> {
        timespan::parse(self.value).map_or_else(|| self.invalid("a time span"), |span| Ok(span.finite()))
    }

    /// A time span where infinity means nothing more than very long.
    pub fn finite_span(&self) -> Result<Duration, Fault> {
        Ok(self.span()?.unwrap_or(Duration::MAX))
    }

    /// A time span in which zero is infinity too.
    pub fn span_or_never(&self) -> Result<Option<Duration>, Fault> {
        Ok(self.span()?.filter(|span| !span.is_zero()))
    }

    /// An unsigned number.
    pub fn unsigned(&self) -> Result<u32, Fault> {
        number::unsigned(self.value).map_or_else(|| self.invalid("an unsigned number"), Ok)
    }

    /// An octal mode.
    pub fn mode(&self) -> Result<u32, Fault> {
        number::mode(self.value).map_or_else(|| self.invalid("an octal mode"), Ok)
    }

    /// A signal.
    pub fn signal(&self) -> Result<i32, Fault> {
        super::value::signal::parse(self.value).map_or_else(|| self.invalid("a signal"), Ok)
    }

    /// The value with specifiers expanded.
    pub fn expanded(&self) -> Result<String, Fault> {
        self.expand(self.value)
    }

    /// A text with specifiers expanded; on failure the line is ignored.
    pub fn expand(&self, text: &str) -> Result<String, Fault> {
        self.specifiers.expand(text).map_err(|error| {
            Fault::Ignored(format!("{}={}: {error}, the line is ignored", self.key, self.value))
        })
    }

    /// The words of a list: quotes removed, backslashes kept.
    pub fn words(&self) -> Result<Vec<String>, Fault> {
        self.split(Backslash::Literal)
    }

    /// The words of a list with C escapes.
    pub fn escaped_words(&self) -> Result<Vec<String>, Fault> {
        self.split(Backslash::Escape)
    }

    fn split(&self, backslash: Backslash) -> Result<Vec<String>, Fault> {
        words::split(self.value, backslash).map_err(|error| {
            Fault::Ignored(format!("{}={}: {error}, the line is ignored", self.key, self.value))
        })
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Fault> {
        let found = choices.iter().find(|(word, _)| *word == self.value);
        found.map_or_else(
            || {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                self.invalid(&format!("one of {}", words.join(", ")))
            },
            |(_, choice)| Ok(*choice),
        )
    }

    /// An absolute path, specifiers expanded, without double slashes and dots.
    pub fn path(&self) -> Result<String, Fault> {
        let path = self.expanded()?;
        simplified(&path).map_or_else(|| self.invalid("an absolute path"), Ok)
    }

    /// One unit name, specifiers expanded, templates made instances.
    pub fn unit(&self, owner: &UnitName, text: &str) -> Result<UnitName, Fault> {
        let text = self.expand(text)?;
        let name = UnitName::new(text.as_str()).map_err(|error| {
            Fault::Ignored(format!("{}={}: {error}, it is ignored", self.key, self.value))
        })?;
        Ok(resolve_template(owner, name))
    }
}

/// A template among the dependencies of a unit means the instance of the same name; for a unit that is no instance,
/// the one named like the unit.
pub fn resolve_template(owner: &UnitName, name: UnitName) -> UnitName {
    if !name.is_template() {
        return name;
    }
    let instance = owner.instance().unwrap_or_else(|| owner.prefix());
    name.instantiate(instance).unwrap_or(name)
}

/// An absolute path without double slashes and dots; `None` when it is not absolute or goes up.
pub fn simplified(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.contains(&"..")).then(|| format!("/{}", parts.join("/")))
}
