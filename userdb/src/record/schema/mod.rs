//! The tables of fields: which exist, in which sections, and by which rule a value is judged.

mod group;
mod user;

pub use group::GROUP;
pub use user::USER;

use super::rule::Rule;

/// A section of a record, as a bit.
pub type SectionBits = u8;

/// Regular: the top level.
pub const R: SectionBits = 1;
/// An entry of `perMachine`.
pub const M: SectionBits = 1 << 1;
/// The machine's entry of `binding`.
pub const B: SectionBits = 1 << 2;
/// The machine's entry of `status`.
pub const S: SectionBits = 1 << 3;
/// `privileged`.
pub const P: SectionBits = 1 << 4;
/// `secret`.
pub const X: SectionBits = 1 << 5;

/// One field, or the variant of it that some sections have.
#[derive(Debug)]
pub struct Field {
    /// The name in JSON.
    pub name: &'static str,
    /// The sections that know the field.
    pub sections: SectionBits,
    /// How a value is judged.
    pub rule: Rule,
    /// True if null is taken: it resets what an earlier section set.
    pub nullable: bool,
}

/// A field that refuses null.
const fn field(name: &'static str, sections: SectionBits, rule: Rule) -> Field {
    Field { name, sections, rule, nullable: false }
}

/// A field that null resets.
const fn nullable(name: &'static str, sections: SectionBits, rule: Rule) -> Field {
    Field { name, sections, rule, nullable: true }
}

/// The field of this name as a section knows it.
pub fn find(table: &'static [Field], name: &str, section: SectionBits) -> Option<&'static Field> {
    variants(table, name).find(|f| f.sections & section != 0)
}

/// All sections that know a field of this name; none if there is no such field.
pub fn sections_of(table: &'static [Field], name: &str) -> SectionBits {
    variants(table, name).fold(0, |sections, f| sections | f.sections)
}

fn variants(table: &'static [Field], name: &str) -> impl Iterator<Item = &'static Field> {
    let start = table.partition_point(|f| f.name < name);
    table.iter().skip(start).take_while(move |f| f.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_so_that_they_can_be_searched() {
        for table in [USER, GROUP] {
            assert!(table.is_sorted_by_key(|f| f.name));
            for f in table {
                for bit in [R, M, B, S, P, X].into_iter().filter(|bit| f.sections & bit != 0) {
                    assert!(std::ptr::eq(find(table, f.name, bit).unwrap(), f), "{} appears twice", f.name);
                }
            }
        }
    }

    #[test]
    fn a_field_is_known_only_where_it_belongs() {
        assert!(find(USER, "shell", R).is_some());
        assert!(find(USER, "shell", S).is_none());
        assert!(find(USER, "hashedPassword", R).is_none());
        assert!(find(USER, "nosuch", R).is_none());
        assert!(find(GROUP, "userName", R).is_none());
        assert_eq!(sections_of(USER, "imagePath"), R | M | B);
        assert_eq!(sections_of(USER, "nosuch"), 0);
    }
}
