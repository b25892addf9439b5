//! User records.

use std::borrow::Cow;

use super::rule::string::mangle_gecos;
use super::schema::{Field, USER};
use super::{Kind, Record, RecordKind};
use crate::{Disposition, id};

/// The shell of regular users whose record names none.
pub const DEFAULT_SHELL: &str = "/bin/bash";
/// The shell of root.
pub const ROOT_SHELL: &str = "/bin/sh";
/// The shell of all others.
pub const NOLOGIN: &str = "/usr/sbin/nologin";

/// Users, as a kind of records.
#[derive(Clone, Copy, Debug)]
pub enum User {}

/// A user record.
pub type UserRecord = Record<User>;

impl RecordKind for User {
    const KIND: Kind = Kind::User;
    const FIELDS: &'static [Field] = USER;

    fn disposition(user: &UserRecord) -> Option<Disposition> {
        if user.is_root() || user.is_nobody() {
            return Some(Disposition::Intrinsic);
        }
        user.uid().map(Disposition::of_uid)
    }

    fn descriptions(user: &UserRecord) -> impl Iterator<Item = Cow<'_, str>> {
        let others = [user.email(), user.cifs_user_name()];
        std::iter::once(user.real_name()).chain(others.into_iter().flatten().map(Cow::from))
    }
}

impl UserRecord {
    /// The uid.
    pub fn uid(&self) -> Option<u32> {
        self.id()
    }

    /// The gid of the primary group: the uid if the record names none.
    pub fn gid(&self) -> Option<u32> {
        self.layers.id("gid").or_else(|| self.uid())
    }

    /// True for root, by name or uid.
    pub fn is_root(&self) -> bool {
        self.uid() == Some(0) || self.name() == "root"
    }

    /// True for nobody, by name or uid.
    pub fn is_nobody(&self) -> bool {
        self.uid() == Some(id::NOBODY) || self.name() == crate::synthetic::NOBODY
    }

    /// The real name as passwd can carry it, or the user name.
    pub fn real_name(&self) -> Cow<'_, str> {
        self.layers.str("realName").map_or(Cow::Borrowed(self.name()), mangle_gecos)
    }

    /// The mail address.
    pub fn email(&self) -> Option<&str> {
        self.layers.str("emailAddress")
    }

    /// The user name on a CIFS server.
    pub fn cifs_user_name(&self) -> Option<&str> {
        self.layers.str("cifsUserName")
    }

    /// The home directory. Without one in the record it is /home/NAME for regular users, /root for root, and / for others.
    pub fn home_directory(&self) -> Cow<'_, str> {
        if let Some(home) =
            self.fallback("fallbackHomeDirectory").or_else(|| self.layers.str("homeDirectory"))
        {
            return home.into();
        }
        match self.disposition() {
            Some(Disposition::Regular) => format!("/home/{}", self.name()).into(),
            _ if self.is_root() => "/root".into(),
            _ => "/".into(),
        }
    }

    /// The login shell. Without one in the record root and regular users get a shell, others nologin.
    ///
    /// A fallback shell never opens an account whose own shell lets nobody in.
    pub fn shell(&self) -> &str {
        let own = match self.layers.str("shell") {
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
        self.layers.bool("useFallback").filter(|used| *used).and_then(|_| self.layers.str(field))
    }

    /// The groups that the user is a member of, by the record.
    pub fn member_of(&self) -> Vec<&str> {
        self.layers.names("memberOf")
    }

    /// True if nobody may log in.
    pub fn locked(&self) -> bool {
        self.layers.bool("locked").unwrap_or(false)
    }

    /// From when on nobody may log in.
    pub fn not_after(&self) -> Option<u64> {
        self.layers.u64("notAfterUSec")
    }

    /// Before when nobody may log in.
    pub fn not_before(&self) -> Option<u64> {
        self.layers.u64("notBeforeUSec")
    }

    /// When the password was changed last.
    pub fn last_password_change(&self) -> Option<u64> {
        self.layers.u64("lastPasswordChangeUSec")
    }

    /// True if the password has to be changed at the next login.
    pub fn password_change_now(&self) -> Option<bool> {
        self.layers.bool("passwordChangeNow")
    }

    /// How long a password has to be kept.
    pub fn password_change_min(&self) -> Option<u64> {
        self.layers.u64("passwordChangeMinUSec")
    }

    /// How long a password may be kept.
    pub fn password_change_max(&self) -> Option<u64> {
        self.layers.u64("passwordChangeMaxUSec")
    }

    /// How long before that the user is warned.
    pub fn password_change_warn(&self) -> Option<u64> {
        self.layers.u64("passwordChangeWarnUSec")
    }

    /// How long after that the password can still be changed at login.
    pub fn password_change_inactive(&self) -> Option<u64> {
        self.layers.u64("passwordChangeInactiveUSec")
    }

    /// The keys that may log in over SSH, one line of authorized_keys each.
    pub fn ssh_authorized_keys(&self) -> Vec<&str> {
        self.layers.strings("sshAuthorizedKeys")
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
