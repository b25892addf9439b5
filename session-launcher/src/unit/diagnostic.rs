//! What is wrong with a unit, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The unit means the same without the line; nothing to do.
    Note,
    /// The line is ignored, as systemd ignores it, or its effect is lost here.
    Warning,
    /// The unit is not loaded.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, if it is about one.
    pub path: Option<PathBuf>,
    /// The line, counted from 1, on which the assignment begins. 0: the whole file.
    pub line: u32,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
}

impl Diagnostic {
    /// A finding about one line.
    pub fn at(severity: Severity, path: &Path, line: u32, message: impl Into<String>) -> Self {
        Self { severity, path: Some(path.to_owned()), line, message: message.into() }
    }

    /// A finding about no line in particular.
    pub fn general(severity: Severity, path: Option<&Path>, message: impl Into<String>) -> Self {
        Self { severity, path: path.map(Path::to_owned), line: 0, message: message.into() }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) if self.line > 0 => write!(f, "{}:{}: ", path.display(), self.line)?,
            Some(path) => write!(f, "{}: ", path.display())?,
            None => {}
        }
        write!(f, "{}: {}", self.severity, self.message)
    }
}
