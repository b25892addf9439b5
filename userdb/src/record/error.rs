//! What can be wrong with a record.

use std::fmt;

use thiserror::Error;

/// A field whose value is not valid. The rest of the record can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the field stands, such as `perMachine[0].uid`.
    pub field: String,
    /// What is wrong with it. Values of `privileged` are never shown.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Why a record cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The text is not a JSON object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// The field that names the account is missing.
    #[error("{field}: missing, a record needs it")]
    NameMissing {
        /// `userName` or `groupName`.
        field: &'static str,
    },
    /// The field that names the account holds no valid name.
    #[error("{field}: {value} is not a valid name")]
    NameInvalid {
        /// `userName` or `groupName`.
        field: &'static str,
        /// The value as JSON.
        value: String,
    },
    /// A section that a record from this source must not have.
    #[error("{section}: this section is not allowed here")]
    SectionRefused {
        /// The name of the section.
        section: &'static str,
    },
    /// Strict loading found invalid fields.
    #[error("{}", Joined(.0))]
    Invalid(Vec<Problem>),
}

struct Joined<'a>(&'a [Problem]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}
