//! A pool: names and uids that belong together, and what users of it are like.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use userdb::record::rule::path::is_home;

/// A pool as its file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// What borrowers and messages call it: the file's name without `.toml`.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// Shipped with a package, so that what is missing on this host is no mistake of the administrator.
    pub shipped: bool,
    /// The first name; the others are this with `-2`, `-3`, … None: each borrower chooses.
    pub base: Option<String>,
    /// The uids that its users have.
    pub uids: RangeInclusive<u32>,
    /// Primary group. None: a group of the user's own, with the user's name and number.
    pub group: Option<String>,
    /// Further groups that all its users are in.
    pub groups: Vec<String>,
    /// Names that a borrower other than root may choose, where the pool has none of its own.
    pub allowed_names: Vec<String>,
    /// Further groups that a borrower other than root may ask for.
    pub allowed_groups: Vec<String>,
    /// Where the home directories are.
    pub home: HomeTemplate,
    /// Whether the daemon makes the home of a user that is lent, and removes it afterwards.
    pub make_home: bool,
    /// Login shell.
    pub shell: String,
    /// Real name.
    pub real_name: Option<String>,
    /// Whether records say that nobody may log in.
    pub locked: bool,
    /// The userdb service that hands out users of these names itself. While it runs, the pool stands back.
    pub service: Option<String>,
    /// Whether users can be borrowed.
    pub lend: bool,
}

impl Pool {
    /// The name of the user with this number, counted from 1. None for a pool without names.
    pub fn name_of(&self, number: u32) -> Option<String> {
        self.base.as_ref().map(|base| numbered(base, number))
    }

    /// The number of a name; also of those for which there is no uid. None for names of others.
    pub fn number_of(&self, name: &str) -> Option<u32> {
        let rest = name.strip_prefix(self.base.as_deref()?)?;
        if rest.is_empty() {
            return Some(1);
        }
        userdb::id::parse(rest.strip_prefix('-')?).filter(|number| *number >= 2)
    }

    /// How many uids there are.
    pub fn size(&self) -> u32 {
        (self.uids.end() - self.uids.start()).saturating_add(1)
    }
}

/// The name with this number in a row of names that begins with `base`.
pub fn numbered(base: &str, number: u32) -> String {
    if number <= 1 { base.to_owned() } else { format!("{base}-{number}") }
}

/// A path with `{name}` and `{uid}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeTemplate(String);

impl HomeTemplate {
    /// Judges a template.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let template = Self(text.to_owned());
        let example = template.of("name", 1);
        if example.contains(['{', '}']) {
            return Err("only {name} and {uid} can stand in it".into());
        }
        if !is_home(&example) {
            return Err("not an absolute path without \"..\", \"//\" or \":\"".into());
        }
        Ok(template)
    }

    /// The home of users that have none.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// The path for a user.
    pub fn of(&self, name: &str, uid: u32) -> String {
        self.0.replace("{name}", name).replace("{uid}", &uid.to_string())
    }

    /// Whether no two users have the same.
    pub fn is_of_one_user(&self) -> bool {
        self.0.contains('{')
    }

    /// The directory that all the paths are in. None when they differ before the last component, or not at all.
    pub fn parent(&self) -> Option<&str> {
        let (parent, last) = self.0.rsplit_once('/')?;
        (!parent.is_empty() && !parent.contains('{') && last.contains('{')).then_some(parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_have_one_parent_or_cannot_be_made() {
        let home = HomeTemplate::parse("/run/gdm/home/{name}").unwrap();
        assert_eq!(home.of("gdm-greeter-2", 60579), "/run/gdm/home/gdm-greeter-2");
        assert_eq!(home.parent(), Some("/run/gdm/home"));
        assert_eq!(HomeTemplate::parse("/srv/{uid}").unwrap().of("a", 7), "/srv/7");
        for without in ["/", "/srv", "/{name}", "/srv/{name}/home", "/srv/{name}/{uid}"] {
            assert_eq!(HomeTemplate::parse(without).unwrap().parent(), None, "{without}");
        }
        for bad in ["", "srv/{name}", "/srv/../{name}", "/srv/{user}", "/srv/{name", "/a:b"] {
            assert!(HomeTemplate::parse(bad).is_err(), "{bad}");
        }
    }
}
