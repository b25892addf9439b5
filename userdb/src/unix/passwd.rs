//! Lines of passwd(5).

use std::fmt;

use serde_json::Value;

use super::field::Fields;
use super::{SEE_SHADOW, ShadowEntry};
use crate::UserRecord;
use crate::record::Object;
use crate::record::rule::string::mangle_gecos;

/// A line of passwd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswdEntry {
    /// The user name.
    pub name: String,
    /// What stands in the place of the hash: mostly `x`.
    pub password: String,
    /// The uid.
    pub uid: u32,
    /// The gid of the primary group.
    pub gid: u32,
    /// The real name, and whatever else a site keeps there.
    pub gecos: String,
    /// The home directory.
    pub home: String,
    /// The login shell.
    pub shell: String,
}

pub(super) fn parse(fields: &mut Fields<'_>) -> Result<PasswdEntry, String> {
    let name = fields.name()?;
    let password = fields.text("password");
    let uid = fields.id("uid")?;
    Ok(PasswdEntry {
        name,
        password,
        uid,
        gid: fields.gid_or(uid)?,
        gecos: fields.gecos(),
        home: fields.text("home directory"),
        shell: fields.last_text("shell"),
    })
}

impl PasswdEntry {
    /// The record of the user, with what the shadow file knows.
    ///
    /// Home and shell are taken as they are, even where a record's own rules would refuse them: the C library hands
    /// them out too.
    pub fn to_record(&self, shadow: Option<&ShadowEntry>) -> UserRecord {
        let mut json = Object::new();
        let mut set = |field: &str, value: Value| json.insert(field.to_owned(), value);
        set("userName", self.name.as_str().into());
        set("uid", self.uid.into());
        set("gid", self.gid.into());
        if !self.gecos.is_empty() && self.gecos != self.name {
            set("realName", mangle_gecos(&self.gecos).into());
        }
        for (field, value) in [("homeDirectory", &self.home), ("shell", &self.shell)] {
            if !value.is_empty() {
                set(field, value.as_str().into());
            }
        }
        if let Some(shadow) = shadow {
            shadow.add_to_record(&mut json);
        }
        UserRecord::from_own(json)
    }

    /// The line for a record. `None` for a record without a uid.
    pub fn from_record(user: &UserRecord) -> Option<Self> {
        Some(Self {
            name: user.name().to_owned(),
            password: SEE_SHADOW.to_owned(),
            uid: user.uid()?,
            gid: user.gid()?,
            gecos: user.real_name().into_owned(),
            home: user.home_directory().into_owned(),
            shell: user.shell().to_owned(),
        })
    }
}

impl fmt::Display for PasswdEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, password, uid, gid, gecos, home, shell } = self;
        write!(f, "{name}:{password}:{uid}:{gid}:{gecos}:{home}:{shell}")
    }
}
