//! JSON user and group records: loading, judging and reading them.
//!
//! A record is a JSON object with sections. `regular` (the top level), `perMachine`, `binding` and `status` are laid
//! over each other in this order, each as far as it is meant for this host, and the last one that has a field wins;
//! lists of names add up instead. `privileged` is for root and the account itself, `signature` is kept unread, and
//! `secret` never stays in a record.
//!
//! [`Record::load`] keeps the object as it came, key order and unknown fields included, but drops each known field
//! whose value is not valid and reports it as a [`Problem`]. systemd passes such values on, and each reader then
//! has to notice for itself.

mod error;
mod group;
mod key;
mod kind;
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

use std::borrow::Cow;
use std::marker::PhantomData;

use serde_json::Value;

use crate::{Disposition, Host};
use layers::Layers;
use load::{Strictness, load};

pub use error::{Problem, RecordError};
pub use group::{Group, GroupRecord};
pub use key::Key;
pub use kind::{Kind, RecordKind};
pub use load::Loaded;
pub use parse::{Parsed, parse_object};
pub use rule::string::parse_uuid;
pub use section::Sections;
pub use user::{DEFAULT_SHELL, NOLOGIN, ROOT_SHELL, User, UserRecord};

/// A JSON object whose keys keep their order.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// A record, as it goes over the wire, and the view of it that holds on this host.
///
/// Accessors read the view: the last of regular, perMachine, binding and status that has the field, or the default
/// that systemd defines. Times are microseconds since 1970 (UTC), durations microseconds.
#[derive(Clone, Debug)]
pub struct Record<K> {
    layers: Layers,
    kind: PhantomData<K>,
}

impl<K: RecordKind> Record<K> {
    /// Loads a record, dropping fields that are not valid.
    ///
    /// # Errors
    ///
    /// If the name is missing or not valid, or a section is there that `sections` refuses.
    pub fn load(json: Object, host: &Host, sections: Sections) -> Result<Loaded<Self>, RecordError> {
        let Loaded { record, problems } =
            load(json, host, sections, K::FIELDS, K::KIND.name_field(), Strictness::Permissive)?;
        Ok(Loaded { record: Self::of(record), problems })
    }

    /// Loads a record in which everything has to be valid. An unknown field is not, except on the top level and in
    /// `privileged`.
    ///
    /// # Errors
    ///
    /// As [`Record::load`], and [`RecordError::Invalid`] with all fields that are not valid.
    pub fn load_strict(json: Object, host: &Host, sections: Sections) -> Result<Self, RecordError> {
        load(json, host, sections, K::FIELDS, K::KIND.name_field(), Strictness::Strict)?
            .without_problems()
            .map(Self::of)
    }

    /// A record made by this software itself, of regular and privileged fields that need no judging.
    pub fn from_own(json: Object) -> Self {
        Self::of(Layers::new(json, K::FIELDS, Vec::new(), None))
    }

    fn of(layers: Layers) -> Self {
        Self { layers, kind: PhantomData }
    }

    /// The record as it goes over the wire, `privileged` included.
    pub fn json(&self) -> &Object {
        self.layers.json()
    }

    /// The record as it goes over the wire.
    pub fn into_json(self) -> Object {
        self.layers.into_json()
    }

    /// True if there is a `privileged` section, which only root and the user itself may see.
    pub fn has_privileged(&self) -> bool {
        self.json().contains_key("privileged")
    }

    /// Names the userdb service that the record comes from, unless the record does.
    pub fn set_service_label(&mut self, service: &str, host: &Host) {
        self.layers.set_service_label(service, host);
    }

    /// The value of any field in the view. For a list of names this is the last layer's; see [`Record::names`].
    pub fn effective<'a>(&'a self, field: &'a str) -> Option<&'a Value> {
        self.layers.effective(field)
    }

    /// A list of names to which all layers add (`aliases`, `memberOf`, `members`, `administrators`).
    pub fn names<'a>(&'a self, field: &'a str) -> Vec<&'a str> {
        self.layers.names(field)
    }

    /// The strings of any other field that is a string or an array of strings.
    pub fn strings<'a>(&'a self, field: &'a str) -> Vec<&'a str> {
        self.layers.strings(field)
    }

    /// Any field that is a u64 or a time.
    pub fn u64(&self, field: &str) -> Option<u64> {
        self.layers.u64(field)
    }

    /// Any field that is a boolean.
    pub fn bool(&self, field: &str) -> Option<bool> {
        self.layers.bool(field)
    }

    /// Any field that is a single string.
    pub fn str<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        self.layers.str(field)
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.str(K::KIND.name_field()).unwrap_or_default()
    }

    /// The realm, if it is not the root domain.
    pub fn realm(&self) -> Option<&str> {
        self.str("realm").filter(|realm| !realm.is_empty())
    }

    /// Further names.
    pub fn aliases(&self) -> Vec<&str> {
        self.names("aliases")
    }

    /// All names under which the account is found, each once: name, name@realm, aliases, aliases@realm.
    pub fn all_names(&self) -> Vec<Cow<'_, str>> {
        names::all(self.name(), self.realm(), self.aliases())
    }

    /// True if the account is found under this name.
    pub fn matches_name(&self, name: &str) -> bool {
        names::is_named(name, self.name(), self.realm(), || self.aliases())
    }

    /// The uid of a user, the gid of a group.
    pub fn id(&self) -> Option<u32> {
        self.layers.id(K::KIND.id_field())
    }

    /// What kind of account it is, if the record says so or has an id.
    pub fn disposition(&self) -> Option<Disposition> {
        let stated = self.str("disposition").and_then(Disposition::parse);
        stated.or_else(|| K::disposition(self))
    }

    /// The UUID.
    pub fn uuid(&self) -> Option<u128> {
        self.str("uuid").and_then(parse_uuid)
    }

    /// The hashes of the passwords.
    pub fn hashed_passwords(&self) -> Vec<&str> {
        self.strings("hashedPassword")
    }

    /// The userdb service that the record comes from.
    pub fn service(&self) -> Option<&str> {
        self.str("service")
    }
}
