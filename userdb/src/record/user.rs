//! User records.

use std::borrow::Cow;

use serde_json::Value;

use super::layers::Layers;
use super::load::{Strictness, load};
use super::schema::USER;
use super::{Loaded, Object, RecordError, Sections, names, rule::string::mangle_gecos};
use crate::{Disposition, Host, id};

/// The shell of regular users whose record names none.
pub const DEFAULT_SHELL: &str = "/bin/bash";
/// The shell of root.
pub const ROOT_SHELL: &str = "/bin/sh";
/// The shell of all others.
pub const NOLOGIN: &str = "/usr/sbin/nologin";

/// A user record, as it goes over the wire, and the view of it that holds on this host.
///
/// Accessors read the view: the last of regular, perMachine, binding and status that has the field, or the default
/// that systemd defines. Times are microseconds since 1970 (UTC), durations microseconds.
#[derive(Clone, Debug)]
pub struct UserRecord(Layers);

impl UserRecord {
    /// Loads a record, dropping fields that are not valid.
    ///
    /// # Errors
    ///
    /// If the name is missing or not valid, or a section is there that `sections` refuses.
    pub fn load(json: Object, host: &Host, sections: Sections) -> Result<Loaded<Self>, RecordError> {
        let Loaded { record, problems } =
            load(json, host, sections, USER, "userName", Strictness::Permissive)?;
        Ok(Loaded { record: Self(record), problems })
    }

    /// Loads a record in which everything has to be valid. An unknown field is not, except on the top level and in
    /// `privileged`.
    ///
    /// # Errors
    ///
    /// As [`UserRecord::load`], and [`RecordError::Invalid`] with all fields that are not valid.
    pub fn load_strict(json: Object, host: &Host, sections: Sections) -> Result<Self, RecordError> {
        load(json, host, sections, USER, "userName", Strictness::Strict)?.without_problems().map(Self)
    }

    /// A record made by this software itself, of regular and privileged fields that need no judging.
    pub fn from_own(json: Object) -> Self {
        Self(Layers::new(json, USER, Vec::new(), None))
    }

    /// The record as it goes over the wire, `privileged` included.
    pub fn json(&self) -> &Object {
        self.0.json()
    }

    /// The record as it goes over the wire.
    pub fn into_json(self) -> Object {
        self.0.into_json()
    }

    /// True if there is a `privileged` section, which only root and the user may see.
    pub fn has_privileged(&self) -> bool {
        self.json().contains_key("privileged")
    }

    /// Names the userdb service that the record comes from, unless the record does.
    pub fn set_service_label(&mut self, service: &str, host: &Host) {
        self.0.set_service_label(service, host);
    }

    /// The value of any field in the view. For a list of names this is the last layer's; see [`UserRecord::names`].
    pub fn effective<'a>(&'a self, field: &'a str) -> Option<&'a Value> {
        self.0.effective(field)
    }

    /// A list of names to which all layers add (`aliases`, `memberOf`).
    pub fn names<'a>(&'a self, field: &'a str) -> Vec<&'a str> {
        self.0.names(field)
    }

    /// The strings of any other field that is a string or an array of strings.
    pub fn strings<'a>(&'a self, field: &'a str) -> Vec<&'a str> {
        self.0.strings(field)
    }

    /// Any field that is a u64 or a time.
    pub fn u64(&self, field: &str) -> Option<u64> {
        self.0.u64(field)
    }

    /// Any field that is a boolean.
    pub fn bool(&self, field: &str) -> Option<bool> {
        self.0.bool(field)
    }

    /// Any field that is a single string.
    pub fn str<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        self.0.str(field)
    }

    /// The name.
    pub fn user_name(&self) -> &str {
        self.0.str("userName").unwrap_or_default()
    }

    /// The realm, if it is not the root domain.
    pub fn realm(&self) -> Option<&str> {
        self.0.str("realm").filter(|realm| !realm.is_empty())
    }

    /// Further names.
    pub fn aliases(&self) -> Vec<&str> {
        self.0.names("aliases")
    }

    /// All names under which the user is found: name, name@realm, aliases, aliases@realm.
    pub fn all_names(&self) -> Vec<Cow<'_, str>> {
        names::all(self.user_name(), self.realm(), self.aliases())
    }

    /// True if the user is found under this name.
    pub fn matches_name(&self, name: &str) -> bool {
        names::is_named(name, self.user_name(), self.realm(), || self.aliases())
    }

    /// The uid.
    pub fn uid(&self) -> Option<u32> {
        self.0.id("uid")
    }

    /// The gid of the primary group: the uid if the record names none.
    pub fn gid(&self) -> Option<u32> {
        self.0.id("gid").or_else(|| self.uid())
    }

    /// True for root, by name or uid.
    pub fn is_root(&self) -> bool {
        self.uid() == Some(0) || self.user_name() == "root"
    }

    /// True for nobody, by name or uid.
    pub fn is_nobody(&self) -> bool {
        self.uid() == Some(id::NOBODY) || self.user_name() == crate::synthetic::NOBODY
    }

    /// What kind of account it is, if the record says so or has a uid.
    pub fn disposition(&self) -> Option<Disposition> {
        if let Some(stated) = self.0.str("disposition").and_then(Disposition::parse) {
            return Some(stated);
        }
        if self.is_root() || self.is_nobody() {
            return Some(Disposition::Intrinsic);
        }
        self.uid().map(Disposition::of_uid)
    }

    /// The real name as passwd can carry it, or the user name.
    pub fn real_name(&self) -> Cow<'_, str> {
        self.0.str("realName").map_or(Cow::Borrowed(self.user_name()), mangle_gecos)
    }

    /// The mail address.
    pub fn email(&self) -> Option<&str> {
        self.0.str("emailAddress")
    }

    /// The user name on a CIFS server.
    pub fn cifs_user_name(&self) -> Option<&str> {
        self.0.str("cifsUserName")
    }

    /// The home directory. Without one in the record it is /home/NAME for regular users, /root for root, and / for others.
    pub fn home_directory(&self) -> Cow<'_, str> {
        if let Some(home) = self.fallback("fallbackHomeDirectory").or_else(|| self.0.str("homeDirectory")) {
            return home.into();
        }
        match self.disposition() {
            Some(Disposition::Regular) => format!("/home/{}", self.user_name()).into(),
            _ if self.is_root() => "/root".into(),
            _ => "/".into(),
        }
    }

    /// The login shell. Without one in the record root and regular users get a shell, others nologin.
    ///
    /// A fallback shell never opens an account whose own shell lets nobody in.
    pub fn shell(&self) -> &str {
        let own = match self.0.str("shell") {
            Some(shell) => shell,
            None if self.is_root() => ROOT_SHELL,
            None if self.disposition() == Some(Disposition::Regular) => DEFAULT_SHELL,
            None => NOLOGIN,
        };
        match self.fallback("fallbackShell") {
            Some(_) if is_nologin(own) => NOLOGIN,
            Some(fallback) => fallback,
            None => own,
        }
    }

    /// What homed offers while the home is not active.
    fn fallback<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        self.0.bool("useFallback").filter(|used| *used).and_then(|_| self.0.str(field))
    }

    /// The groups that the user is a member of, by the record.
    pub fn member_of(&self) -> Vec<&str> {
        self.0.names("memberOf")
    }

    /// The UUID.
    pub fn uuid(&self) -> Option<u128> {
        self.0.str("uuid").and_then(super::parse_uuid)
    }

    /// True if nobody may log in.
    pub fn locked(&self) -> bool {
        self.0.bool("locked").unwrap_or(false)
    }

    /// From when on nobody may log in.
    pub fn not_after(&self) -> Option<u64> {
        self.0.u64("notAfterUSec")
    }

    /// Before when nobody may log in.
    pub fn not_before(&self) -> Option<u64> {
        self.0.u64("notBeforeUSec")
    }

    /// When the password was changed last.
    pub fn last_password_change(&self) -> Option<u64> {
        self.0.u64("lastPasswordChangeUSec")
    }

    /// True if the password has to be changed at the next login.
    pub fn password_change_now(&self) -> Option<bool> {
        self.0.bool("passwordChangeNow")
    }

    /// How long a password has to be kept.
    pub fn password_change_min(&self) -> Option<u64> {
        self.0.u64("passwordChangeMinUSec")
    }

    /// How long a password may be kept.
    pub fn password_change_max(&self) -> Option<u64> {
        self.0.u64("passwordChangeMaxUSec")
    }

    /// How long before that the user is warned.
    pub fn password_change_warn(&self) -> Option<u64> {
        self.0.u64("passwordChangeWarnUSec")
    }

    /// How long after that the password can still be changed at login.
    pub fn password_change_inactive(&self) -> Option<u64> {
        self.0.u64("passwordChangeInactiveUSec")
    }

    /// The hashes of the passwords.
    pub fn hashed_passwords(&self) -> Vec<&str> {
        self.0.strings("hashedPassword")
    }

    /// The keys that may log in over SSH, one line of authorized_keys each.
    pub fn ssh_authorized_keys(&self) -> Vec<&str> {
        self.0.strings("sshAuthorizedKeys")
    }

    /// The userdb service that the record comes from.
    pub fn service(&self) -> Option<&str> {
        self.0.str("service")
    }
}

/// True for the programs that systemd knows to let nobody in.
fn is_nologin(shell: &str) -> bool {
    matches!(
        shell,
        "/bin/nologin"
            | "/sbin/nologin"
            | "/usr/bin/nologin"
            | "/usr/sbin/nologin"
            | "/bin/false"
            | "/usr/bin/false"
            | "/bin/true"
            | "/usr/bin/true"
    )
}
