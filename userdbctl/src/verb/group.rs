//! `group`: shows groups.

use userdb::GroupRecord;
use userdb::record::Group;

use super::records::Shown;
use super::{GROUP, Words};
use crate::database::{Database, Found};
use crate::output::boundaries::GROUP_MAP;
use crate::output::color::Palette;
use crate::output::table::{Cell, Column};
use crate::output::{classic, friendly};

impl Shown for Group {
    const WORDS: Words = GROUP;
    const ID_MAP: &'static str = GROUP_MAP;
    const BLANK: [usize; 2] = [0, 0];

    fn columns() -> Vec<Column> {
        vec![Column::right("gid"), Column::left("description")]
    }

    fn cells(group: &GroupRecord) -> Vec<Cell> {
        vec![Cell::optional(group.gid().map(|gid| gid.to_string())), Cell::optional(group.description())]
    }

    fn classic(group: &GroupRecord) -> String {
        classic::group(group)
    }

    fn friendly(found: &Found<Self>, database: &mut Database, _palette: Palette) -> String {
        friendly::group::text(&found.record, database)
    }
}
