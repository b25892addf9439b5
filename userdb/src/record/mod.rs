//! JSON user and group records: loading, judging and reading them.
//!
//! A record is a JSON object with sections. `regular` (the top level), `perMachine`, `binding` and `status` are laid
//! over each other in this order, each as far as it is meant for this host, and the last one that has a field wins;
//! lists of names add up instead. `privileged` is for root and the account itself, `signature` is kept unread, and
//! `secret` never stays in a record.
//!
//! [`UserRecord::load`] keeps the object as it came, key order and unknown fields included, but drops each known field
//! whose value is not valid and reports it as a [`Problem`]. systemd passes such values on, and each reader then
//! has to notice for itself.

mod error;
mod group;
mod label;
mod layers;
mod load;
mod machine;
mod names;
mod parse;
pub mod rule;
pub mod schema;
mod section;
pub mod strip;
mod user;

pub use error::{Problem, RecordError};
pub use group::GroupRecord;
pub use load::Loaded;
pub use parse::{Parsed, parse_object};
pub use rule::string::parse_uuid;
pub use section::Sections;
pub use user::{DEFAULT_SHELL, NOLOGIN, ROOT_SHELL, UserRecord};

/// A JSON object whose keys keep their order.
pub type Object = serde_json::Map<String, serde_json::Value>;
