//! Passwords and other credentials.

use userdb::{Disposition, UserRecord};

use super::Fields;
use crate::format::time;
use crate::output::color::Color;

/// What is to be done about the password.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    ChangeNow,
    Expired,
    ExpiredForGood,
    ExpiresSoon,
    NoTimestamp,
    ChangeNotPermitted,
    ChangedInFuture,
    Fine,
}

/// By the rules of shadow(5), which systemd refines.
fn judge(user: &UserRecord, now: u64) -> Verdict {
    if user.password_change_now() == Some(true) {
        return Verdict::ChangeNow;
    }
    let changed = user.last_password_change();
    let (min, max) = (user.password_change_min(), user.password_change_max());
    let inactive = user.password_change_inactive();
    let ages = min.or(max).or(inactive).is_some();
    if ages && changed.is_some_and(|time| time > now) {
        return Verdict::ChangedInFuture;
    }
    let is_permitted = match (min, changed) {
        (None, _) => true,
        (Some(_), None) => return Verdict::NoTimestamp,
        (Some(min), Some(changed)) => changed.saturating_add(min) <= now,
    };
    // An end beyond all time is none.
    if let Some(end) = max.zip(changed).and_then(|(max, changed)| changed.checked_add(max)) {
        if end <= now {
            let last = inactive.map(|inactive| end.saturating_add(inactive));
            let is_for_good = !is_permitted || last.is_some_and(|last| last <= now);
            return if is_for_good { Verdict::ExpiredForGood } else { Verdict::Expired };
        }
        if user.password_change_warn().is_some_and(|warn| end.saturating_sub(warn) <= now) && is_permitted {
            return Verdict::ExpiresSoon;
        }
    }
    if is_permitted { Verdict::Fine } else { Verdict::ChangeNotPermitted }
}

/// Whether a password is there and can be used.
pub(super) fn add_verdict(fields: &mut Fields, user: &UserRecord, is_incomplete: bool, now: u64) {
    let (color, word, remark) = match judge(user, now) {
        Verdict::ChangeNow => (Color::HighlightYellow, "change now", ""),
        Verdict::Expired => (Color::HighlightYellow, "expired", " (change now!)"),
        Verdict::ExpiredForGood => (Color::HighlightRed, "expired", " (for good)"),
        Verdict::ExpiresSoon => (Color::HighlightYellow, "expires soon", ""),
        Verdict::NoTimestamp => (Color::HighlightRed, "no timestamp", ""),
        Verdict::ChangeNotPermitted => (Color::HighlightYellow, "change not permitted", ""),
        Verdict::ChangedInFuture => (Color::HighlightYellow, "last password change in future", ""),
        Verdict::Fine => {
            let hashes = user.hashed_passwords();
            if hashes.is_empty() {
                if is_incomplete {
                    // There may be one that the caller may not see.
                    return;
                }
                (Color::Highlight, "no", " (none set)")
            } else if hashes.contains(&"") {
                (Color::HighlightRed, "no", " (empty set)")
            } else if hashes.iter().any(|hash| hash.starts_with('$')) {
                (Color::HighlightGreen, "yes", "")
            } else {
                (Color::Highlight, "no", " (locked)")
            }
        }
    };
    fields.add_colored("Password OK", color, word, remark);
}

/// How often a password has to be changed.
pub(super) fn add_rules(fields: &mut Fields, user: &UserRecord) {
    fields.add_bool("Passwd Pol.", user.bool("enforcePasswordPolicy"));
    let [min, max, warn, inactive] = [
        user.password_change_min(),
        user.password_change_max(),
        user.password_change_warn(),
        user.password_change_inactive(),
    ]
    .map(|time| time.map(time::duration));
    let mut rules = String::new();
    if let Some(min) = &min {
        rules.push_str(&format!(" min {min}"));
        if max.is_some() {
            rules.push_str(" …");
        }
    }
    for (prefix, rule) in [(" max ", max), ("/warn ", warn), ("/inactive ", inactive)] {
        if let Some(rule) = rule {
            rules.push_str(prefix);
            rules.push_str(&rule);
        }
    }
    if !rules.is_empty() {
        fields.add_line(&format!(" Passwd Chg.:{rules}"));
    }
    fields.add_bool("Pas. Ch. Now", user.password_change_now());
}

/// What the user can log in with.
pub(super) fn add_credentials(fields: &mut Fields, user: &UserRecord) {
    let count = |field| Some(user.strings(field).len()).filter(|count| *count > 0);
    fields.add_number("SSH Pub. Key", count("sshAuthorizedKeys"));
    fields.add_list("PKCS11 Token", &user.strings("pkcs11TokenUri"));
    fields.add_number("FIDO2 Token", count("fido2HmacCredential"));
    fields.add_number("Recovery Key", count("recoveryKeyType"));
    match user.hashed_passwords().len() {
        0 => {
            let is_regular = user.disposition() == Some(Disposition::Regular);
            let color = if is_regular { Color::HighlightYellow } else { Color::Normal };
            fields.add_colored("Passwords", color, "none", "");
        }
        count => fields.add_number("Passwords", Some(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use userdb::{Host, Sections};

    const NOW: u64 = 1000;

    fn verdict(fields: Value) -> Verdict {
        let mut json = fields.as_object().unwrap().clone();
        json.insert("userName".to_owned(), "a".into());
        judge(&UserRecord::load(json, &Host::default(), Sections::ANY).unwrap().record, NOW)
    }

    #[test]
    fn passwords_age() {
        for (fields, expected) in [
            (json!({}), Verdict::Fine),
            (json!({"passwordChangeNow": true, "lastPasswordChangeUSec": 5000}), Verdict::ChangeNow),
            (json!({"lastPasswordChangeUSec": 5000}), Verdict::Fine),
            (json!({"lastPasswordChangeUSec": 5000, "passwordChangeMaxUSec": 1}), Verdict::ChangedInFuture),
            (
                json!({"lastPasswordChangeUSec": 5000, "passwordChangeInactiveUSec": 1}),
                Verdict::ChangedInFuture,
            ),
            (json!({"lastPasswordChangeUSec": 5000, "passwordChangeWarnUSec": 1}), Verdict::Fine),
            (json!({"passwordChangeMinUSec": 1}), Verdict::NoTimestamp),
            (json!({"passwordChangeMaxUSec": 1}), Verdict::Fine),
            (
                json!({"lastPasswordChangeUSec": 500, "passwordChangeMinUSec": 501}),
                Verdict::ChangeNotPermitted,
            ),
            (json!({"lastPasswordChangeUSec": 500, "passwordChangeMinUSec": 500}), Verdict::Fine),
            (json!({"lastPasswordChangeUSec": 500, "passwordChangeMaxUSec": 500}), Verdict::Expired),
            (
                json!({"lastPasswordChangeUSec": 1, "passwordChangeMaxUSec": 1, "passwordChangeInactiveUSec": 1}),
                Verdict::ExpiredForGood,
            ),
            (
                json!({"lastPasswordChangeUSec": 1, "passwordChangeMaxUSec": 1, "passwordChangeMinUSec": 9999}),
                Verdict::ExpiredForGood,
            ),
            (
                json!({"lastPasswordChangeUSec": 500, "passwordChangeMaxUSec": 600, "passwordChangeWarnUSec": 200}),
                Verdict::ExpiresSoon,
            ),
            (json!({"lastPasswordChangeUSec": 500, "passwordChangeMaxUSec": u64::MAX - 1}), Verdict::Fine),
        ] {
            assert_eq!(verdict(fields.clone()), expected, "{fields}");
        }
    }
}
