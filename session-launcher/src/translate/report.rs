//! What a translation cannot say.

use std::fmt;

use serde::Serialize;

use crate::unit::name::UnitName;

/// How much is lost with a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// Nothing that the service needs; something to know.
    Note,
    /// A wall around the service: it does the same without, but may do more.
    Hardening,
    /// The service behaves differently.
    Behaviour,
    /// The unit cannot be translated.
    Refused,
}

/// One directive and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much is lost.
    pub loss: Loss,
    /// The directive, with its value where there are several.
    pub directive: String,
    /// Why, in one sentence without a full stop.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.directive, self.reason)
    }
}

/// All findings about one unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Something to know.
    pub fn note(&mut self, directive: impl Into<String>, reason: impl Into<String>) {
        self.add(Loss::Note, directive, reason);
    }

    /// A wall that is not built.
    pub fn unguarded(&mut self, directive: impl Into<String>, reason: impl Into<String>) {
        self.add(Loss::Hardening, directive, reason);
    }

    /// Something is different.
    pub fn lost(&mut self, directive: impl Into<String>, reason: impl Into<String>) {
        self.add(Loss::Behaviour, directive, reason);
    }

    /// The unit cannot be translated.
    pub fn refuse(&mut self, directive: impl Into<String>, reason: impl Into<String>) {
        self.add(Loss::Refused, directive, reason);
    }

    fn add(&mut self, loss: Loss, directive: impl Into<String>, reason: impl Into<String>) {
        let finding = Finding { loss, directive: directive.into(), reason: reason.into() };
        if !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }

    /// The worst of them.
    pub fn verdict(&self) -> Verdict {
        match self.0.iter().map(|finding| finding.loss).max() {
            Some(Loss::Refused) => Verdict::Refused,
            Some(Loss::Behaviour | Loss::Hardening) => Verdict::Reported,
            Some(Loss::Note) | None => Verdict::Faithful,
        }
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }
}

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The native service does what the unit says.
    Faithful,
    /// It does, but for what is reported.
    Reported,
    /// There is no native service.
    Refused,
}

impl Verdict {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Faithful => "faithful",
            Self::Reported => "reported",
            Self::Refused => "refused",
        }
    }
}

/// What became of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The unit.
    pub unit: UnitName,
    /// What became of it.
    pub verdict: Verdict,
    /// The native service, if there is one.
    pub service: Option<String>,
    /// The files that were written, below the output directory.
    pub files: Vec<String>,
    /// The findings.
    pub findings: Vec<Finding>,
}
