//! The userdb directories: JSON records and memberships as files (systemd-userdbd.service(8), "drop-in").
//!
//! Of files with the same name the one in the first directory counts, and a link to /dev/null or an empty file there hides
//! the others. Records are told apart by the name in them, so a record needs no second file under its id to be found by
//! it, and a hidden one is hidden under all its names.

mod file;
mod merge;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use userdb::Host;

use super::FileProblem;
use crate::index::{Kind, Source};
use file::RecordFile;
use merge::ReservedBy;

/// Where they are, below the root, in the order of precedence.
pub const DIRECTORIES: [&str; 5] =
    ["etc/userdb", "run/userdb", "run/host/userdb", "usr/local/lib/userdb", "usr/lib/userdb"];

/// All directories as they were read last.
#[derive(Debug)]
pub struct DropIns {
    directories: Vec<Directory>,
    /// Conflicts between files, as of the last time that they were taken together.
    conflicts: Vec<FileProblem>,
}

/// Record files by their stems.
type RecordFiles = BTreeMap<Box<str>, RecordFile>;

/// One directory.
#[derive(Debug, Default)]
struct Directory {
    path: PathBuf,
    users: RecordFiles,
    groups: RecordFiles,
    /// User and group, and whether the file hides the membership instead of stating it.
    memberships: BTreeMap<(String, String), bool>,
    /// What is wrong with names of files.
    problems: Vec<FileProblem>,
}

/// What a file's name says it is.
enum FileName<'a> {
    Record(Kind, &'a str),
    Privileged(Kind, &'a str),
    Membership(&'a str, &'a str),
    Other,
}

impl DropIns {
    /// Reads all directories below `root`. One that is not there holds nothing.
    pub fn read(root: &Path, host: &Host) -> Self {
        let directories = DIRECTORIES.iter().map(|directory| Directory::read(root.join(directory), host));
        Self { directories: directories.collect(), conflicts: Vec::new() }
    }

    /// Reads one file again, and what depends on it.
    pub fn read_file(&mut self, directory: usize, file: &OsStr, host: &Host) {
        if let (Some(directory), Some(file)) = (self.directories.get_mut(directory), file.to_str()) {
            directory.read_again(file, host);
        }
    }

    /// The records and memberships that count. `reserved_by` says who has a user name for itself, so that no file can take it.
    pub fn source(&mut self, reserved_by: &ReservedBy<'_>) -> Source {
        let (source, conflicts) = merge::merge(&self.directories, reserved_by);
        self.conflicts = conflicts;
        source
    }

    /// All that is wrong, conflicts as of the last [`DropIns::source`].
    pub fn problems(&self) -> Vec<FileProblem> {
        let mut problems = Vec::new();
        for directory in &self.directories {
            problems.extend(directory.problems.iter().cloned());
            let files = directory.users.values().chain(directory.groups.values());
            problems.extend(files.flat_map(|file| file.problems().iter().cloned()));
        }
        problems.extend(self.conflicts.iter().cloned());
        problems
    }

    /// Files elsewhere that links lead to.
    pub fn link_targets(&self) -> HashSet<PathBuf> {
        let files = |directory: &Directory| {
            let files = directory.users.values().chain(directory.groups.values());
            files.filter_map(|file| file.target().map(Path::to_owned)).collect::<Vec<_>>()
        };
        self.directories.iter().flat_map(files).collect()
    }
}

impl Directory {
    fn read(path: PathBuf, host: &Host) -> Self {
        let mut directory = Self { path, ..Self::default() };
        let names = match std::fs::read_dir(&directory.path) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect::<Vec<_>>(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let problem =
                    FileProblem { path: directory.path.clone(), place: None, message: error.to_string() };
                directory.problems.push(problem);
                Vec::new()
            }
        };
        let is_privileged = |name: &&str| matches!(FileName::parse(name), FileName::Privileged(..));
        let privileged: HashSet<&str> =
            names.iter().filter_map(|name| name.to_str()).filter(is_privileged).collect();
        for name in &names {
            match name.to_str().map(FileName::parse) {
                Some(FileName::Record(kind, stem)) => {
                    directory.read_record(kind, stem, host, &|name| privileged.contains(name));
                }
                Some(FileName::Membership(user, group)) => directory.read_membership(user, group),
                Some(FileName::Privileged(..) | FileName::Other) => {}
                None => directory.problems.push(FileProblem {
                    path: directory.path.join(name),
                    place: None,
                    message: "the name is not UTF-8; ignored".into(),
                }),
            }
        }
        directory
    }

    fn read_again(&mut self, file: &str, host: &Host) {
        match FileName::parse(file) {
            FileName::Record(kind, stem) => self.read_record(kind, stem, host, &|_| true),
            FileName::Membership(user, group) => self.read_membership(user, group),
            FileName::Privileged(kind, stem) => {
                for owner in self.owners_of_privileged(kind, stem) {
                    self.read_record(kind, &owner, host, &|_| true);
                }
            }
            FileName::Other => {}
        }
    }

    fn files(&mut self, kind: Kind) -> &mut RecordFiles {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }

    /// `may_exist` spares looking for privileged files that a listing of the directory did not have.
    fn read_record(&mut self, kind: Kind, stem: &str, host: &Host, may_exist: &dyn Fn(&str) -> bool) {
        let file = RecordFile::read(&self.path, kind, stem, host, may_exist);
        let files = self.files(kind);
        match file {
            Some(file) => drop(files.insert(stem.into(), file)),
            None => drop(files.remove(stem)),
        }
    }

    /// The stems of the record files that take their `privileged` section from a file with this stem: the one of the same
    /// stem, or else, when the file goes by another name of the record, whichever holds that record.
    fn owners_of_privileged(&mut self, kind: Kind, stem: &str) -> Vec<Box<str>> {
        let files = self.files(kind);
        match files.get(stem) {
            Some(RecordFile::Link { stem, .. }) => vec![stem.clone()],
            Some(RecordFile::Record { .. }) => vec![stem.into()],
            _ => files
                .iter()
                .filter(|(_, file)| file.entry().is_some_and(|entry| file::is_called(entry, stem)))
                .map(|(stem, _)| stem.clone())
                .collect(),
        }
    }

    fn read_membership(&mut self, user: &str, group: &str) {
        let path = self.path.join(format!("{user}:{group}.membership"));
        let pair = (user.to_owned(), group.to_owned());
        match std::fs::symlink_metadata(&path) {
            Ok(found) => {
                let masked =
                    found.is_symlink() && std::fs::read_link(&path).is_ok_and(|to| file::is_null(&to));
                self.memberships.insert(pair, masked);
            }
            Err(_) => drop(self.memberships.remove(&pair)),
        }
    }
}

impl<'a> FileName<'a> {
    fn parse(name: &'a str) -> Self {
        let Some((stem, suffix)) = name.rsplit_once('.') else { return Self::Other };
        match suffix {
            "user" => Self::Record(Kind::User, stem),
            "group" => Self::Record(Kind::Group, stem),
            "user-privileged" => Self::Privileged(Kind::User, stem),
            "group-privileged" => Self::Privileged(Kind::Group, stem),
            "membership" => match stem.split_once(':') {
                Some((user, group))
                    if userdb::name::is_valid_relaxed(user) && userdb::name::is_valid_relaxed(group) =>
                {
                    Self::Membership(user, group)
                }
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests;
