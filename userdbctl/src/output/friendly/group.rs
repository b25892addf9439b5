//! A group.

use userdb::GroupRecord;

use super::Fields;
use super::account::with_realm;
use crate::database::Database;
use crate::format::{text, time};
use crate::output::color::Palette;

/// All that is known of a group; its members are what the services say.
pub fn text(group: &GroupRecord, database: &Database) -> String {
    let mut fields = Fields::new(Palette::None);
    let name = group.name();
    fields.add("Group name", with_realm(name, group.realm()));
    fields.add_optional("Disposition", group.disposition().map(|disposition| disposition.as_str()));
    let last_change = group.effective("lastChangeUSec").and_then(userdb::record::rule::number::u64_of);
    fields.add_optional("Last Change", last_change.map(time::timestamp));
    fields.add_number("GID", group.gid());
    fields.add_optional("UUID", group.uuid().filter(|uuid| *uuid != 0).map(text::uuid));
    fields.add_memberships("Members", |each| {
        database.memberships(None, Some(name), |membership| {
            each(membership.user);
            Ok(())
        })
    });
    fields.add_list("Admins", &group.administrators());
    fields.add_optional("Description", group.description().filter(|description| *description != name));
    fields.add_number("Passwords", Some(group.hashed_passwords().len()).filter(|count| *count > 0));
    fields.add_optional("Service", group.service());
    fields.text
}
