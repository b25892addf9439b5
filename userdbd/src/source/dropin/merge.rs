//! What counts when all directories are taken together.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::file::{self, RecordFile};
use super::{Directory, RecordFiles};
use crate::index::entry::Entry;
use crate::index::membership;
use crate::index::table::{Listing, Table};
use crate::index::{Kind, Source};
use crate::source::FileProblem;

/// Who has a user name for itself, if anybody has.
pub type ReservedBy<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The records and memberships that count, and the conflicts between files.
pub fn merge(directories: &[Directory], reserved_by: &ReservedBy<'_>) -> (Source, Vec<FileProblem>) {
    let mut problems = Vec::new();
    let users = Merged::of(directories, |directory| &directory.users, Kind::User, reserved_by, &mut problems);
    let groups =
        Merged::of(directories, |directory| &directory.groups, Kind::Group, &|_| None, &mut problems);
    let memberships = memberships(directories, &users, &groups);
    (Source { users: users.table, groups: groups.table, memberships }, problems)
}

/// The users or the groups that count.
struct Merged<'a> {
    table: Table,
    /// For each of them, what it says of memberships.
    memberships: Vec<(Arc<Entry>, &'a [Box<str>])>,
}

impl<'a> Merged<'a> {
    fn of(
        directories: &'a [Directory],
        files: impl Fn(&'a Directory) -> &'a RecordFiles,
        kind: Kind,
        reserved_by: &ReservedBy<'_>,
        problems: &mut Vec<FileProblem>,
    ) -> Self {
        let mut merged = Self { table: Table::default(), memberships: Vec::new() };
        // Names of files that stood in an earlier directory, and among them those that hide.
        let mut seen: HashSet<&str> = HashSet::new();
        let mut masked: HashSet<&str> = HashSet::new();
        for directory in directories {
            let files = files(directory);
            let all = files.iter().map(|(stem, file)| (&**stem, file));
            let new: Vec<(&str, &RecordFile)> = all.filter(|(stem, _)| !seen.contains(stem)).collect();
            let masks = new.iter().filter(|(_, file)| matches!(file, RecordFile::Mask));
            masked.extend(masks.map(|(stem, _)| stem));
            // The file that bears the record's own name comes before others that hold the same record.
            let own_name =
                |new: &&(&str, &RecordFile)| new.1.entry().is_some_and(|entry| *entry.name == *new.0);
            let (first, second): (Vec<_>, Vec<_>) = new.iter().partition(own_name);
            for (stem, file) in first.into_iter().chain(second) {
                let path = || directory.path.join(format!("{stem}.{}", file::suffix(kind)));
                match file {
                    RecordFile::Record { entry, memberships, .. } if !masked.contains(&*entry.name) => {
                        if let Some(owner) = reserved_by(&entry.name) {
                            let message = format!("{:?} is reserved by {owner}; ignored", entry.name);
                            problems.push(FileProblem { path: path(), place: None, message });
                            continue;
                        }
                        merged.add(entry, memberships, &masked, path, kind, problems);
                    }
                    RecordFile::Link { stem: target } => problems.extend(bad_link(files, stem, target, path)),
                    _ => {}
                }
            }
            seen.extend(new.iter().map(|(stem, _)| stem));
        }
        merged
    }

    fn add(
        &mut self,
        entry: &Arc<Entry>,
        memberships: &'a [Box<str>],
        masked: &HashSet<&str>,
        path: impl Fn() -> std::path::PathBuf,
        kind: Kind,
        problems: &mut Vec<FileProblem>,
    ) {
        let hidden_id =
            entry.id.is_some_and(|id| !masked.is_empty() && masked.contains(id.to_string().as_str()));
        let listing = if hidden_id { Listing::ByName } else { Listing::Everywhere };
        let holder = entry.id.and_then(|id| self.table.by_id(id)).map(Arc::clone);
        if self.table.by_own_name(&entry.name).is_some() {
            return;
        }
        self.table.add(Arc::clone(entry), listing);
        self.memberships.push((Arc::clone(entry), memberships));
        if let Some(holder) = holder
            && listing == Listing::Everywhere
        {
            let (id, field) = (entry.id.unwrap_or_default(), kind.id_field());
            let message =
                format!("{id} belongs to {:?} already; {:?} is found by name only", holder.name, entry.name);
            problems.push(FileProblem { path: path(), place: Some(field.into()), message });
        }
    }
}

/// Says what is wrong with a link to another file in the same directory, if anything is.
fn bad_link(
    files: &RecordFiles,
    stem: &str,
    target: &str,
    path: impl Fn() -> std::path::PathBuf,
) -> Option<FileProblem> {
    let message = match files.get(target) {
        None => format!("leads to {target:?}, which does not exist"),
        Some(file) => {
            let entry = file.entry()?;
            if file::is_called(entry, stem) {
                return None;
            }
            format!("leads to the record of {:?}, which {stem:?} is no name or id of", entry.name)
        }
    };
    Some(FileProblem { path: path(), place: None, message })
}

fn memberships(
    directories: &[Directory],
    users: &Merged<'_>,
    groups: &Merged<'_>,
) -> membership::Memberships {
    let mut files: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for directory in directories {
        for ((user, group), masked) in &directory.memberships {
            files.entry((user, group)).or_insert(*masked);
        }
    }
    let mut builder = membership::Builder::default();
    let entries = users.memberships.iter().chain(&groups.memberships);
    entries.for_each(|(entry, _)| builder.share(&entry.name));
    // A mask hides the membership whatever states it.
    let mut add = |user: &str, group: &str| {
        if files.get(&(user, group)) != Some(&true) {
            builder.add(user, group);
        }
    };
    for (user, group) in files.keys() {
        add(user, group);
    }
    for (user, member_of) in &users.memberships {
        member_of.iter().for_each(|group| add(&user.name, group));
    }
    for (group, members) in &groups.memberships {
        members.iter().for_each(|user| add(user, &group.name));
    }
    builder.finish()
}
