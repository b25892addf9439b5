//! `user`: shows users.

use userdb::UserRecord;
use userdb::record::User;

use super::records::Shown;
use super::{USER, Words};
use crate::database::{Database, Found};
use crate::output::boundaries::USER_MAP;
use crate::output::color::{Color, Palette};
use crate::output::table::{Cell, Column};
use crate::output::{classic, friendly};

impl Shown for User {
    const WORDS: Words = USER;
    const ID_MAP: &'static str = USER_MAP;
    const BLANK: [usize; 2] = [1, 2];

    fn columns() -> Vec<Column> {
        vec![
            Column::right("uid"),
            Column::right("gid"),
            Column::left("realname"),
            Column::left("home"),
            Column::left("shell"),
        ]
    }

    fn cells(user: &UserRecord) -> Vec<Cell> {
        let shell = user.shell();
        let real_name = user.str("realName").filter(|name| !name.is_empty()).map(|_| user.real_name());
        vec![
            Cell::optional(user.uid().map(|uid| uid.to_string())),
            Cell::optional(user.gid().map(|gid| gid.to_string())),
            Cell::optional(real_name),
            Cell::text(user.home_directory()),
            Cell::text(shell).colored(friendly::login::is_nologin(shell).then_some(Color::Grey)),
        ]
    }

    fn classic(user: &UserRecord) -> String {
        classic::user(user)
    }

    fn friendly(found: &Found<Self>, database: &mut Database, palette: Palette) -> String {
        friendly::user::text(found, database, palette)
    }
}
