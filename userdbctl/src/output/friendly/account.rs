//! Who it is.

use userdb::record::{Group, Key};
use userdb::{Filter, UserRecord};

use super::Fields;
use crate::database::Database;
use crate::format::{text, time};
use crate::output::color::Color;

/// `name@realm`, or the name alone.
pub fn with_realm(name: &str, realm: Option<&str>) -> String {
    realm.map_or_else(|| name.to_owned(), |realm| format!("{name}@{realm}"))
}

/// Names, state, kind and changes.
pub(super) fn add_name(fields: &mut Fields, user: &UserRecord, now: u64) {
    fields.add("User name", with_realm(user.name(), user.realm()));
    let aliases = user.aliases();
    if !aliases.is_empty() {
        fields.add("Alias", aliases.join(", "));
    }
    if let Some(state) = user.str("state") {
        match state {
            "unfixated" | "absent" => fields.add_colored("State", Color::Grey, state, ""),
            "active" => fields.add_colored("State", Color::HighlightGreen, state, ""),
            "locked" | "dirty" => fields.add_colored("State", Color::HighlightYellow, state, ""),
            _ => fields.add("State", state),
        }
    }
    fields.add_optional("Disposition", user.disposition().map(|disposition| disposition.as_str()));
    let last_change = user.u64("lastChangeUSec");
    if let Some(time) = last_change {
        fields.add("Last Change", time::timestamp(time));
        if time > now {
            let warning = "Modification time lies in the future, system clock wrong?";
            let line = format!("{:14}{}", "", fields.palette.paint(Color::HighlightYellow, warning));
            fields.add_line(&line);
        }
    }
    let password_change = user.last_password_change().filter(|time| Some(*time) != last_change);
    fields.add_optional("Last Passw.", password_change.map(time::timestamp));
}

/// Numbers and groups.
pub(super) fn add_ids(fields: &mut Fields, user: &UserRecord, database: &mut Database) {
    fields.add_number("UID", user.uid());
    if let Some(gid) = user.gid() {
        fields.add(
            "GID",
            match database.find::<Group>(Key::Id(gid), &Filter::default()) {
                Ok(group) => format!("{gid} ({})", group.record.name()),
                Err(error) => format!("{gid} (unresolvable: {error})"),
            },
        );
    }
    fields.add_memberships("Aux. Groups", |each| {
        database.memberships(Some(user.name()), None, |membership| {
            each(membership.group);
            Ok(())
        })
    });
    fields.add_optional("UUID", user.uuid().filter(|uuid| *uuid != 0).map(text::uuid));
    let real_name = user.real_name();
    if real_name != user.name() {
        fields.add("Real Name", real_name);
    }
}

/// What describes a person, and whether and when the account may be used.
pub(super) fn add_person(fields: &mut Fields, user: &UserRecord) {
    fields.add_optional("Email", user.email());
    fields.add_optional("Location", user.str("location"));
    fields.add_optional("Birth Date", user.str("birthDate"));
    fields.add_optional("Passw. Hint", user.str("passwordHint"));
    fields.add_optional("Icon Name", user.str("iconName"));
    fields.add_optional("Time Zone", user.str("timeZone"));
    let mut languages: Vec<&str> = Vec::new();
    for language in user.str("preferredLanguage").into_iter().chain(user.strings("additionalLanguages")) {
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    if !languages.is_empty() {
        fields.add("Languages", languages.join(", "));
    }
    fields.add_bool("Locked", user.bool("locked"));
    fields.add_optional("Not Before", user.not_before().map(time::timestamp));
    fields.add_optional("Not After", user.not_after().map(time::timestamp));
}
