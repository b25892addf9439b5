//! A user.

use userdb::record::User;

use super::{Fields, account, home, limits, login, password, self_modifiable, session};
use crate::database::{Database, Found};
use crate::output::color::Palette;

/// All that is known of a user, in systemd's order; the groups are what the services say.
pub fn text(found: &Found<User>, database: &mut Database, palette: Palette) -> String {
    let user = &found.record;
    let mut fields = Fields::new(palette);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
    account::add_name(&mut fields, user, now);
    login::add(&mut fields, user, now);
    password::add_verdict(&mut fields, user, found.incomplete, now);
    account::add_ids(&mut fields, user, database);
    home::add_directories(&mut fields, user);
    account::add_person(&mut fields, user);
    limits::add(&mut fields, user);
    home::add_storage(&mut fields, user);
    home::add_usage(&mut fields, user);
    login::add_attempts(&mut fields, user, now);
    password::add_rules(&mut fields, user);
    home::add_care(&mut fields, user);
    password::add_credentials(&mut fields, user);
    session::add(&mut fields, user);
    fields.add_optional("Service", user.service());
    self_modifiable::add(&mut fields, user);
    fields.text
}
