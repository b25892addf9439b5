//! passwd, group, shadow and gshadow: what systemd reaches through the C library, read directly, so that the daemon never
//! asks a lookup function that might ask the daemon.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use userdb::Host;
use userdb::unix::{File, GshadowEntry, ShadowEntry, parse_group, parse_gshadow, parse_passwd, parse_shadow};

use super::FileProblem;
use crate::index::Source;
use crate::index::entry::Entry;
use crate::index::membership;
use crate::index::table::Listing;

/// The service that these records are labelled with.
pub const LABEL: &str = crate::listen::NAME_SERVICE_SWITCH;

/// Reads the four files below `root`, and what is wrong in them. A file that is not there holds nothing.
pub fn read(root: &Path, host: &Host) -> (Source, Vec<FileProblem>) {
    let mut problems = Vec::new();
    let (passwd, _) = read_file(root, "passwd", parse_passwd, &mut problems);
    let (shadow, shadow_denied) = read_file(root, "shadow", parse_shadow, &mut problems);
    let (group, _) = read_file(root, "group", parse_group, &mut problems);
    let (gshadow, gshadow_denied) = read_file(root, "gshadow", parse_gshadow, &mut problems);
    let mut source = Source::default();

    let shadow = first_by_name(shadow, |entry: &ShadowEntry| &entry.name);
    for entry in passwd {
        let mut record = entry.to_record(shadow.get(&entry.name));
        record.set_service_label(LABEL, host);
        source.users.add(Arc::new(Entry::of(&record, shadow_denied)), Listing::Everywhere);
    }
    let gshadow = first_by_name(gshadow, |entry: &GshadowEntry| &entry.name);
    let mut memberships = membership::Builder::default();
    for entry in group {
        let mut record = entry.to_record(gshadow.get(&entry.name));
        record.set_service_label(LABEL, host);
        source.groups.add(Arc::new(Entry::of(&record, gshadow_denied)), Listing::Everywhere);
        // What is no name stays in the record, where it came from, but no client could take it for a membership.
        let names = entry.members.iter().filter(|member| userdb::name::is_valid_relaxed(member));
        names.for_each(|member| memberships.add(member, &entry.name));
    }
    source.memberships = memberships.finish();
    (source, problems)
}

/// Whether one of the tools that edit these files says that it is at work, by the lock files of shadow's commonio.
pub fn are_locked(root: &Path) -> bool {
    ["passwd", "group", "shadow", "gshadow"]
        .iter()
        .any(|file| std::fs::symlink_metadata(root.join("etc").join(format!("{file}.lock"))).is_ok())
}

/// What a file holds, and whether it is there and may not be read.
fn read_file<T>(
    root: &Path,
    name: &str,
    parse: impl Fn(&[u8]) -> File<T>,
    problems: &mut Vec<FileProblem>,
) -> (Vec<T>, bool) {
    let path = root.join("etc").join(name);
    match std::fs::read(&path) {
        Ok(text) => {
            let file = parse(&text);
            problems.extend(file.problems.into_iter().map(|problem| FileProblem {
                path: path.clone(),
                place: Some(format!("line {}", problem.line)),
                message: problem.message,
            }));
            (file.entries, false)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Vec::new(), false),
        Err(error) => {
            problems.push(FileProblem { path, place: None, message: error.to_string() });
            (Vec::new(), error.kind() == std::io::ErrorKind::PermissionDenied)
        }
    }
}

/// Of several entries with the same name the first one counts, as for the C library.
fn first_by_name<T>(entries: Vec<T>, name: impl Fn(&T) -> &String) -> HashMap<String, T> {
    let mut by_name = HashMap::with_capacity(entries.len());
    for entry in entries {
        by_name.entry(name(&entry).clone()).or_insert(entry);
    }
    by_name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        for (name, text) in files {
            std::fs::write(root.path().join("etc").join(name), text).unwrap();
        }
        root
    }

    #[test]
    fn users_get_their_hash_and_groups_their_members() {
        let root = root(&[
            ("passwd", "ann:x:1000:1000:Ann:/home/ann:/bin/sh\n"),
            ("shadow", "ann:$y$hash:1::::::\n"),
            ("group", "audio:x:29:ann,bob\n"),
        ]);
        let (source, problems) = read(root.path(), &Host::default());
        assert_eq!(problems, []);
        let ann = source.users.by_id(1000).unwrap();
        assert!(String::from_utf8_lossy(ann.reply(true)).contains("$y$hash"));
        assert!(!String::from_utf8_lossy(ann.reply(false)).contains("$y$hash"));
        assert!(source.memberships.contains("bob", "audio"));
    }

    #[test]
    fn a_bad_line_costs_itself_and_is_reported() {
        let root = root(&[("passwd", "bad\nann:x:1000:1000:::\nworse:x:zz:0:::\n")]);
        let (source, problems) = read(root.path(), &Host::default());
        assert!(source.users.by_name("ann").is_some());
        let places: Vec<_> = problems.iter().filter_map(|problem| problem.place.as_deref()).collect();
        assert_eq!(places, ["line 1", "line 3"]);
    }

    #[test]
    fn missing_files_are_no_problem() {
        let root = root(&[]);
        let (source, problems) = read(root.path(), &Host::default());
        assert_eq!((source.users.iter().count(), problems.len()), (0, 0));
    }
}
