//! Group records.

use std::borrow::Cow;

use serde_json::Value;

use super::layers::Layers;
use super::load::{Strictness, load};
use super::schema::GROUP;
use super::{Loaded, Object, RecordError, Sections, names, rule::string::mangle_gecos};
use crate::{Disposition, Host};

/// A group record, as it goes over the wire, and the view of it that holds on this host.
#[derive(Clone, Debug)]
pub struct GroupRecord(Layers);

impl GroupRecord {
    /// Loads a record, dropping fields that are not valid.
    ///
    /// # Errors
    ///
    /// If the name is missing or not valid, or a section is there that `sections` refuses.
    pub fn load(json: Object, host: &Host, sections: Sections) -> Result<Loaded<Self>, RecordError> {
        let Loaded { record, problems } =
            load(json, host, sections, GROUP, "groupName", Strictness::Permissive)?;
        Ok(Loaded { record: Self(record), problems })
    }

    /// Loads a record in which everything has to be valid. An unknown field is not, except on the top level and in
    /// `privileged`.
    ///
    /// # Errors
    ///
    /// As [`GroupRecord::load`], and [`RecordError::Invalid`] with all fields that are not valid.
    pub fn load_strict(json: Object, host: &Host, sections: Sections) -> Result<Self, RecordError> {
        load(json, host, sections, GROUP, "groupName", Strictness::Strict)?.without_problems().map(Self)
    }

    /// A record made here, of regular and privileged fields that need no judging.
    pub fn from_own(json: Object) -> Self {
        Self(Layers::new(json, GROUP, Vec::new(), None))
    }

    /// The record as it goes over the wire, `privileged` included.
    pub fn json(&self) -> &Object {
        self.0.json()
    }

    /// The record as it goes over the wire.
    pub fn into_json(self) -> Object {
        self.0.into_json()
    }

    /// True if there is a `privileged` section, which only root may see.
    pub fn has_privileged(&self) -> bool {
        self.json().contains_key("privileged")
    }

    /// Names the userdb service that the record comes from, unless the record does.
    pub fn set_service_label(&mut self, service: &str, host: &Host) {
        self.0.set_service_label(service, host);
    }

    /// The value of any field in the view. For a list of names this is the last layer's; see [`GroupRecord::names`].
    pub fn effective<'a>(&'a self, field: &'a str) -> Option<&'a Value> {
        self.0.effective(field)
    }

    /// A list of names to which all layers add (`aliases`, `members`, `administrators`).
    pub fn names<'a>(&'a self, field: &'a str) -> Vec<&'a str> {
        self.0.names(field)
    }

    /// The name.
    pub fn group_name(&self) -> &str {
        self.0.str("groupName").unwrap_or_default()
    }

    /// The realm, if it is not the root domain.
    pub fn realm(&self) -> Option<&str> {
        self.0.str("realm").filter(|realm| !realm.is_empty())
    }

    /// Further names.
    pub fn aliases(&self) -> Vec<&str> {
        self.0.names("aliases")
    }

    /// All names under which the group is found: name, name@realm, aliases, aliases@realm.
    pub fn all_names(&self) -> Vec<Cow<'_, str>> {
        names::all(self.group_name(), self.realm(), self.aliases())
    }

    /// True if the group is found under this name.
    pub fn matches_name(&self, name: &str) -> bool {
        names::is_named(name, self.group_name(), self.realm(), || self.aliases())
    }

    /// The gid.
    pub fn gid(&self) -> Option<u32> {
        self.0.id("gid")
    }

    /// What kind of group it is, if the record says so or has a gid.
    pub fn disposition(&self) -> Option<Disposition> {
        let stated = self.0.str("disposition").and_then(Disposition::parse);
        stated.or_else(|| self.gid().map(Disposition::of_gid))
    }

    /// The description, if there is one, as one line.
    pub fn description(&self) -> Option<Cow<'_, str>> {
        self.0.str("description").map(mangle_gecos)
    }

    /// The members, by the record.
    pub fn members(&self) -> Vec<&str> {
        self.0.names("members")
    }

    /// Who may change the members.
    pub fn administrators(&self) -> Vec<&str> {
        self.0.names("administrators")
    }

    /// The UUID.
    pub fn uuid(&self) -> Option<u128> {
        self.0.str("uuid").and_then(super::parse_uuid)
    }

    /// The hashes of the group's passwords.
    pub fn hashed_passwords(&self) -> Vec<&str> {
        self.0.strings("hashedPassword")
    }

    /// The userdb service that the record comes from.
    pub fn service(&self) -> Option<&str> {
        self.0.str("service")
    }
}
