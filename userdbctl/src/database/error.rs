//! Why a lookup has no result.

use userdb::RecordError;
use userdb::client::ClientError;
use userdb::interface::error;

use crate::format::errno;

/// Why a lookup has no result. The texts are those of systemd's clients where they have one.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// Nobody knows it.
    #[error("No such process")]
    NotFound,
    /// It is there and does not meet the other conditions.
    #[error("Exec format error")]
    NotMatching,
    /// The service cannot answer for now.
    #[error("Host is down")]
    Unavailable,
    /// The name is none.
    #[error("Invalid argument")]
    InvalidName,
    /// The service has no lists.
    #[error("Operation not supported")]
    NoEnumeration,
    /// The service answered with another error.
    #[error("{0}")]
    Refused(ClientError),
    /// The service did not answer.
    #[error("{}", describe(.0))]
    NoAnswer(ClientError),
    /// A reply without a record.
    #[error("The reply holds no record")]
    NoRecordInReply,
    /// A reply without what it should hold.
    #[error("{service} sent a reply that is none")]
    NotUnderstood { service: String },
    /// A reply with something else.
    #[error("{service} answered with another record than the one that was asked for")]
    OtherRecord { service: String },
    /// A record that is none.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// The output could not be written.
    #[error("{0}")]
    Output(#[from] std::io::Error),
}

impl From<ClientError> for LookupError {
    fn from(failure: ClientError) -> Self {
        match failure.service_error() {
            None => Self::NoAnswer(failure),
            Some(error::NO_RECORD_FOUND | error::CONFLICTING_RECORD_FOUND) => Self::NotFound,
            Some(error::NON_MATCHING_RECORD_FOUND) => Self::NotMatching,
            Some(error::SERVICE_NOT_AVAILABLE) => Self::Unavailable,
            Some(error::ENUMERATION_NOT_SUPPORTED) => Self::NoEnumeration,
            Some(_) => Self::Refused(failure),
        }
    }
}

/// A failed connection with the system's own words.
fn describe(failure: &ClientError) -> String {
    match failure {
        ClientError::Connect { path, source } | ClientError::Io { path, source } => {
            format!("{}: {}", path.display(), errno::text(source))
        }
        other => other.to_string(),
    }
}
