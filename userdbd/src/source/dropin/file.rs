//! One record file, with the file that holds its privileged section.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use userdb::record::{Group, Object, Record, RecordKind, User, parse_object};
use userdb::{Host, RecordError, Sections};

use crate::index::Kind;
use crate::index::entry::Entry;
use crate::listen::DROP_IN;
use crate::source::FileProblem;

/// What a `.user` or `.group` file turned out to be.
#[derive(Debug)]
pub enum RecordFile {
    /// Hides files of the same name in later directories.
    Mask,
    /// Another name of a file in the same directory.
    Link {
        /// The stem of that file.
        stem: Box<str>,
    },
    /// A record.
    Record {
        /// Ready to be served.
        entry: Arc<Entry>,
        /// `memberOf` of a user, `members` of a group.
        memberships: Box<[Box<str>]>,
        /// Mostly nothing.
        remarks: Option<Box<Remarks>>,
    },
    /// Cannot be used.
    Broken(Box<Remarks>),
}

/// What most files have nothing of. There may be a hundred thousand of them.
#[derive(Debug, Default)]
pub struct Remarks {
    /// Where the file really is, when it is a link out of the directory.
    target: Option<PathBuf>,
    /// Fields that were dropped, or why nothing of it can be used.
    problems: Vec<FileProblem>,
}

impl RecordFile {
    /// Reads the file with this stem. None when there is none. `may_exist` is asked before looking for a privileged file.
    pub fn read(
        directory: &Path,
        kind: Kind,
        stem: &str,
        host: &Host,
        may_exist: &dyn Fn(&str) -> bool,
    ) -> Option<Self> {
        let path = directory.join(format!("{stem}.{}", suffix(kind)));
        let found = std::fs::symlink_metadata(&path).ok()?;
        let mut target = None;
        if found.is_symlink()
            && let Ok(leads_to) = std::fs::read_link(&path)
        {
            if is_null(&leads_to) {
                return Some(Self::Mask);
            }
            if let Some(stem) = stem_in_directory(&leads_to, directory, kind) {
                return Some(Self::Link { stem });
            }
            target = Some(directory.join(leads_to));
        }
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) => {
                let problems = vec![whole_file(&path, &error.to_string())];
                return Some(Self::Broken(Box::new(Remarks { target, problems })));
            }
        };
        if text.is_empty() {
            return Some(Self::Mask);
        }
        let reading = Reading { directory, kind, path: &path, host, may_exist, problems: Vec::new() };
        Some(reading.record(stem, &text, target))
    }

    /// The record, if it is one.
    pub fn entry(&self) -> Option<&Arc<Entry>> {
        match self {
            Self::Record { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// Where the file really is, when it is a link out of the directory.
    pub fn target(&self) -> Option<&Path> {
        self.remarks()?.target.as_deref()
    }

    /// What is wrong with it.
    pub fn problems(&self) -> &[FileProblem] {
        self.remarks().map_or(&[], |remarks| &remarks.problems)
    }

    fn remarks(&self) -> Option<&Remarks> {
        match self {
            Self::Record { remarks, .. } => remarks.as_deref(),
            Self::Broken(remarks) => Some(remarks),
            Self::Mask | Self::Link { .. } => None,
        }
    }
}

/// Whether a record is found by a name, or is the one of this id in text.
pub fn is_called(entry: &Entry, name: &str) -> bool {
    *entry.name == *name
        || entry.other_names.iter().any(|other| **other == *name)
        || (entry.id.is_some() && userdb::id::parse(name) == entry.id)
}

/// Whether a link leads to /dev/null.
pub fn is_null(target: &Path) -> bool {
    target == Path::new("/dev/null") || target.ends_with("dev/null")
}

/// What the names of such files end with.
pub fn suffix(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
    }
}

/// The stem of a record file in the same directory that a link leads to.
fn stem_in_directory(target: &Path, directory: &Path, kind: Kind) -> Option<Box<str>> {
    let parent = target.parent()?;
    if !(parent.as_os_str().is_empty() || parent == directory) {
        return None;
    }
    let stem = target.file_name()?.to_str()?.strip_suffix(suffix(kind))?.strip_suffix('.')?;
    Some(stem.into())
}

fn whole_file(path: &Path, message: &str) -> FileProblem {
    FileProblem { path: path.to_owned(), place: None, message: message.to_owned() }
}

/// What a file holds.
struct Loaded {
    entry: Entry,
    memberships: Box<[Box<str>]>,
}

/// One file being read.
struct Reading<'a> {
    directory: &'a Path,
    kind: Kind,
    path: &'a Path,
    host: &'a Host,
    may_exist: &'a dyn Fn(&str) -> bool,
    problems: Vec<FileProblem>,
}

impl Reading<'_> {
    fn record(mut self, stem: &str, text: &[u8], target: Option<PathBuf>) -> RecordFile {
        match self.load(text) {
            Ok(Loaded { entry, memberships }) if is_called(&entry, stem) => {
                let remarks = Remarks { target, problems: self.problems };
                let worth_keeping = remarks.target.is_some() || !remarks.problems.is_empty();
                let remarks = worth_keeping.then(|| Box::new(remarks));
                RecordFile::Record { entry: Arc::new(entry), memberships, remarks }
            }
            Ok(Loaded { entry, .. }) => {
                let message =
                    format!("the file is called {stem:?}, but holds the record of {:?}; ignored", entry.name);
                self.problems.push(whole_file(self.path, &message));
                RecordFile::Broken(Box::new(Remarks { target, problems: self.problems }))
            }
            Err(error) => {
                self.problems.push(whole_file(self.path, &error.to_string()));
                RecordFile::Broken(Box::new(Remarks { target, problems: self.problems }))
            }
        }
    }

    fn load(&mut self, text: &[u8]) -> Result<Loaded, RecordError> {
        let mut json = self.parse(text)?;
        let incomplete = self.add_privileged(&mut json);
        match self.kind {
            Kind::User => self.load_record::<User>(json, incomplete, "memberOf"),
            Kind::Group => self.load_record::<Group>(json, incomplete, "members"),
        }
    }

    /// `memberships` is the field that names the groups of a user, or the users in a group.
    fn load_record<K: RecordKind>(
        &mut self,
        json: Object,
        incomplete: bool,
        memberships: &str,
    ) -> Result<Loaded, RecordError> {
        let loaded = Record::<K>::load(json, self.host, Sections::DROP_IN)?;
        self.note(loaded.problems);
        let mut record = loaded.record;
        record.set_service_label(DROP_IN, self.host);
        let memberships = record.names(memberships).into_iter().map(Box::from).collect();
        Ok(Loaded { entry: Entry::of(&record, incomplete), memberships })
    }

    fn parse(&mut self, text: &[u8]) -> Result<Object, RecordError> {
        let parsed = parse_object(text)?;
        self.note(parsed.problems);
        Ok(parsed.json)
    }

    fn note(&mut self, problems: Vec<userdb::Problem>) {
        self.problems.extend(problems.into_iter().map(|problem| FileProblem {
            path: self.path.to_owned(),
            place: Some(problem.field),
            message: problem.message,
        }));
    }

    /// Adds what the privileged file holds. True when there is one that could not be used, so the record is incomplete.
    fn add_privileged(&mut self, json: &mut Object) -> bool {
        let Some((path, text)) = self.privileged_file(json) else { return false };
        let problem = match text {
            Ok(text) => match parse_object(&text) {
                Ok(parsed) => {
                    json.extend(parsed.json);
                    return false;
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        self.problems.push(whole_file(&path, &problem));
        true
    }

    /// The privileged file beside the record: under the record's name, or else under its id.
    fn privileged_file(&self, json: &Object) -> Option<(PathBuf, std::io::Result<Vec<u8>>)> {
        let name = json
            .get(self.kind.name_field())
            .and_then(Value::as_str)
            .filter(|name| userdb::name::is_valid_relaxed(name));
        let id =
            json.get(self.kind.id_field()).and_then(userdb::id::from_json_number).map(|id| id.to_string());
        name.map(str::to_owned).into_iter().chain(id).find_map(|stem| {
            let name = format!("{stem}.{}-privileged", suffix(self.kind));
            if !(self.may_exist)(&name) {
                return None;
            }
            let path = self.directory.join(name);
            match std::fs::read(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                // A mask: there is nothing privileged.
                Ok(text) if text.is_empty() => None,
                read => Some((path, read)),
            }
        })
    }
}
