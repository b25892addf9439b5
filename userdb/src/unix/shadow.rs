//! Lines of shadow(5).

use std::fmt;

use serde_json::{Value, json};

use super::field::Fields;
use super::{LOCKED_AND_INVALID, looks_like_hash};
use crate::UserRecord;
use crate::record::Object;

/// A day in microseconds.
const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// A line of shadow. Times and durations are days, times from 1970-01-01 on; `None` is an empty field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowEntry {
    /// The user name.
    pub name: String,
    /// The hash, or what locks the account. `None` if the file's was no text.
    pub hash: Option<String>,
    /// When the password was changed last; 0 means that it has to be changed now.
    pub last_change: Option<u64>,
    /// How long a password has to be kept.
    pub min: Option<u64>,
    /// How long a password may be kept.
    pub max: Option<u64>,
    /// How long before that the user is warned.
    pub warn: Option<u64>,
    /// How long after that the password can still be changed at login.
    pub inactive: Option<u64>,
    /// When the account expires; 0 and 1 are used to lock it.
    pub expire: Option<u64>,
}

pub(super) fn parse(fields: &mut Fields<'_>) -> Result<ShadowEntry, String> {
    Ok(ShadowEntry {
        name: fields.name()?,
        hash: fields.hash(),
        last_change: fields.days("last change")?,
        min: fields.days("minimum age")?,
        max: fields.days("maximum age")?,
        warn: fields.days("warning period")?,
        inactive: fields.days("inactivity period")?,
        expire: fields.days("expiration date")?,
    })
}

impl ShadowEntry {
    /// Adds the fields to a record, in the order in which systemd writes them.
    pub(super) fn add_to_record(&self, json: &mut Object) {
        let mut set = |field: &str, value: Value| json.insert(field.to_owned(), value);
        if let Some(hash) = self.hash.as_deref().filter(|hash| looks_like_hash(hash)) {
            set("privileged", json!({"hashedPassword": [hash]}));
        }
        if let Some(expire) = self.expire {
            set("locked", (expire <= 1).into());
            if expire > 1 {
                set("notAfterUSec", microseconds(expire).into());
            }
        }
        if let Some(last_change) = self.last_change {
            set("passwordChangeNow", (last_change == 0).into());
            if last_change > 0 {
                set("lastPasswordChangeUSec", microseconds(last_change).into());
            }
        }
        for (field, days) in [
            ("passwordChangeMinUSec", self.min),
            ("passwordChangeMaxUSec", self.max),
            ("passwordChangeWarnUSec", self.warn),
            ("passwordChangeInactiveUSec", self.inactive),
        ] {
            if let Some(days) = days.filter(|days| *days > 0) {
                set(field, microseconds(days).into());
            }
        }
    }

    /// The line for a record. Without a hash the account is locked.
    ///
    /// `passwordChangeNow` is left out, as systemd's NSS module leaves it out: it reaches PAM through the record.
    pub fn from_record(user: &UserRecord) -> Self {
        // Time 0 must not become day 0, which would mean that the password has to be changed now.
        let last_change = user.last_password_change().map(|time| if time == 0 { 1 } else { time / DAY });
        let expire = match (user.locked(), user.not_after()) {
            (true, _) | (_, Some(0)) => Some(1),
            (_, time) => time.map(|time| time / DAY),
        };
        Self {
            name: user.name().to_owned(),
            hash: Some((*user.hashed_passwords().first().unwrap_or(&LOCKED_AND_INVALID)).to_owned()),
            last_change,
            min: user.password_change_min().map(|time| time / DAY),
            max: user.password_change_max().map(|time| time / DAY),
            warn: user.password_change_warn().map(|time| time / DAY),
            inactive: user.password_change_inactive().map(|time| time / DAY),
            expire,
        }
    }
}

/// Days as microseconds. The largest number would mean unset, so that the one before it is the longest time.
fn microseconds(days: u64) -> u64 {
    days.checked_mul(DAY).unwrap_or(u64::MAX - 1)
}

impl fmt::Display for ShadowEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.hash.as_deref().unwrap_or(LOCKED_AND_INVALID))?;
        for days in [self.last_change, self.min, self.max, self.warn, self.inactive, self.expire] {
            match days {
                Some(days) => write!(f, ":{days}")?,
                None => f.write_str(":")?,
            }
        }
        // The last field is reserved.
        f.write_str(":")
    }
}
