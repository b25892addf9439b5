//! Whether the user may log in.

use userdb::UserRecord;

use super::Fields;
use crate::format::time;
use crate::output::color::Color;

/// Attempts that one interval allows, unless the record says otherwise.
const BURST: u64 = 30;
/// The interval in microseconds, unless the record says otherwise.
const INTERVAL: u64 = 60_000_000;

/// True for a shell that ends every login.
pub fn is_nologin(shell: &str) -> bool {
    let directories = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];
    directories
        .iter()
        .filter_map(|directory| shell.strip_prefix(directory))
        .any(|name| matches!(name, "nologin" | "false" | "true"))
}

/// The verdict.
pub(super) fn add(fields: &mut Fields, user: &UserRecord, now: u64) {
    let reason = if user.locked() {
        " (record is locked)"
    } else if user.not_before().is_some_and(|time| now < time) {
        " (record not valid yet))"
    } else if user.not_after().is_some_and(|time| now > time) {
        " (record not valid anymore))"
    } else if is_nologin(user.shell()) {
        " (nologin shell)"
    } else if matches!(next_attempt(user, now), Some(time) if time > now) {
        " (ratelimit)"
    } else {
        fields.add_colored("Login OK", Color::HighlightGreen, "yes", "");
        return;
    };
    fields.add_colored("Login OK", Color::HighlightRed, "no", reason);
}

/// When the next attempt is allowed; 0 is at any time, and None that nobody counts.
fn next_attempt(user: &UserRecord, now: u64) -> Option<u64> {
    let begin = user.u64("rateLimitBeginUSec")?;
    let count = user.u64("rateLimitCount")?;
    if begin > now {
        // The clock is wrong.
        return None;
    }
    if count < user.u64("rateLimitBurst").unwrap_or(BURST) {
        return Some(0);
    }
    begin.checked_add(user.u64("rateLimitIntervalUSec").unwrap_or(INTERVAL))
}

/// Attempts so far, and how many are allowed.
pub(super) fn add_attempts(fields: &mut Fields, user: &UserRecord, now: u64) {
    fields.add_number("Good Auth.", user.u64("goodAuthenticationCounter"));
    fields.add_optional("Last Good", user.u64("lastGoodAuthenticationUSec").map(time::timestamp));
    fields.add_number("Bad Auth.", user.u64("badAuthenticationCounter"));
    fields.add_optional("Last Bad", user.u64("lastBadAuthenticationUSec").map(time::timestamp));
    match next_attempt(user, now) {
        None => {}
        Some(time) if time <= now => fields.add("Next Try", "anytime"),
        Some(time) => {
            let wait = format!("in {}", time::duration_in_seconds(time - now));
            fields.add_colored("Next Try", Color::HighlightRed, &wait, "");
        }
    }
    if user.str("storage").is_some_and(|storage| storage != "classic") {
        let burst = user.u64("rateLimitBurst").unwrap_or(BURST);
        let interval = time::duration(user.u64("rateLimitIntervalUSec").unwrap_or(INTERVAL));
        fields.add("Auth. Limit", format!("{burst} attempts per {interval}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use userdb::{Host, Sections};

    #[test]
    fn shells_that_end_a_login() {
        for shell in ["/bin/false", "/usr/bin/true", "/sbin/nologin", "/usr/sbin/nologin"] {
            assert!(is_nologin(shell), "{shell}");
        }
        for shell in ["/bin/sh", "/opt/nologin", "nologin", "/bin/nologin2"] {
            assert!(!is_nologin(shell), "{shell}");
        }
    }

    #[test]
    fn attempts_are_limited_once_all_are_used() {
        let user = |count: u64, begin: u64| {
            let json = json!({"userName": "a", "status": {"0123456789abcdef0123456789abcdef":
                {"rateLimitBeginUSec": begin, "rateLimitCount": count}}});
            let host =
                Host { machine_id: Some("0123456789abcdef0123456789abcdef".to_owned()), hostname: None };
            UserRecord::load(json.as_object().unwrap().clone(), &host, Sections::ANY).unwrap().record
        };
        assert_eq!(next_attempt(&user(29, 1), 5), Some(0));
        assert_eq!(next_attempt(&user(30, 1), 5), Some(INTERVAL + 1));
        assert_eq!(next_attempt(&user(30, 9), 5), None);
    }
}
