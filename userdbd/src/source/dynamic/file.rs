//! Pool files: `*.toml` in the pool directories. A file that is wrong anywhere costs the whole pool, since half a pool
//! would give users other groups or homes than its author meant.
//!
//! | key | what | if it is not there |
//! |-----|------|--------------------|
//! | `uids` | the range, as `"60578-60673"` | an error |
//! | `name` | the first name; then come `NAME-2`, `NAME-3`, … | each borrower chooses |
//! | `group` | primary group; while it does not exist, the pool has no users | a group of the user's own name and number |
//! | `groups` | further groups | none |
//! | `home` | home directory, with `{name}` or `{uid}` in it | `/` |
//! | `make-home` | the daemon makes homes when it lends users, and removes them | `false` |
//! | `shell` | login shell | `/usr/sbin/nologin` |
//! | `real-name` | real name | none |
//! | `locked` | records say that nobody may log in | `true` |
//! | `service` | the userdb service that hands out these names itself; while it runs, the pool stands back | none |
//! | `lend` | users can be borrowed | `true` |
//! | `allowed-names` | names that borrowers other than root may choose | none |
//! | `allowed-groups` | groups, besides `groups`, that borrowers other than root may ask for | none |

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use userdb::id::NOBODY;
use userdb::name::{STRICT_MAX, is_valid_relaxed, is_valid_strict};
use userdb::record::NOLOGIN;
use userdb::record::rule::path::is_shell;
use userdb::record::rule::string::is_gecos;

use super::pool::{HomeTemplate, Pool};
use crate::source::FileProblem;

/// Where they are, below the root. Of files with the same name the one in the first directory counts; an empty one hides
/// the others.
pub const DIRECTORIES: [&str; 3] = ["etc/usher/pools.d", "run/usher/pools.d", "usr/lib/usher/pools.d"];
/// The last of [`DIRECTORIES`] is for packages.
const SHIPPED: usize = DIRECTORIES.len() - 1;
/// The most uids of one pool, so that a typing mistake does not cost memory.
const MAX_UIDS: u32 = 4096;

/// Reads all pools below `root`, in the order of the files' names, and what is wrong with their files.
pub fn read_all(root: &Path) -> (Vec<Pool>, Vec<FileProblem>) {
    let mut problems = Vec::new();
    let mut files: BTreeMap<String, (PathBuf, bool)> = BTreeMap::new();
    for (place, directory) in DIRECTORIES.iter().enumerate() {
        let directory = root.join(directory);
        let names = match std::fs::read_dir(&directory) {
            Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                problems.push(whole_file(&directory, error.to_string()));
                continue;
            }
        };
        for name in names {
            let Some(stem) = name.strip_suffix(".toml").filter(|stem| !stem.starts_with('.')) else {
                continue;
            };
            files.entry(stem.to_owned()).or_insert_with(|| (directory.join(&name), place == SHIPPED));
        }
    }
    let mut pools: Vec<Pool> = Vec::new();
    for (id, (path, shipped)) in files {
        let read = match std::fs::read_to_string(&path) {
            Ok(text) if text.is_empty() => continue,
            Ok(text) => parse(&id, &path, shipped, &text),
            Err(error) => Err(vec![whole_file(&path, error.to_string())]),
        };
        match read {
            Ok(pool) => match pools.iter().find_map(|earlier| contradiction(earlier, &pool)) {
                Some(problem) => problems.push(problem),
                None => pools.push(pool),
            },
            Err(found) => problems.extend(found),
        }
    }
    (pools, problems)
}

/// What keeps a pool from existing beside an earlier one.
fn contradiction(earlier: &Pool, pool: &Pool) -> Option<FileProblem> {
    let problem = |field: &str, what: &str| FileProblem {
        path: pool.path.clone(),
        place: Some(field.into()),
        message: format!("{what} belong to {} already; the pool is ignored", earlier.path.display()),
    };
    if pool.uids.start() <= earlier.uids.end() && earlier.uids.start() <= pool.uids.end() {
        return Some(problem("uids", "some of them"));
    }
    let takes =
        |of: &Pool, other: &Pool| other.base.as_deref().is_some_and(|base| of.number_of(base).is_some());
    (takes(earlier, pool) || takes(pool, earlier)).then(|| problem("name", "such names"))
}

/// Reads one file.
fn parse(id: &str, path: &Path, shipped: bool, text: &str) -> Result<Pool, Vec<FileProblem>> {
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return Err(vec![not_toml(path, text, &error)]),
    };
    let mut fields = Fields { path, table: table.into_iter().collect(), problems: Vec::new() };
    let is_base = text_that(is_base, "not a name with room for a number after it");
    let base = fields.take("name", &is_base);
    let uids = fields.take("uids", uids);
    if uids.is_none() && !fields.complains_of("uids") {
        fields.problem("uids", "missing: a range such as \"60578-60673\"".into());
    }
    let is_group = text_that(is_valid_relaxed, "not a valid group name");
    let group = fields.take("group", &is_group);
    let groups = fields.take("groups", list_of(&is_group)).unwrap_or_default();
    let allowed_groups = fields.take("allowed-groups", list_of(&is_group)).unwrap_or_default();
    let allowed_names = fields.take("allowed-names", list_of(&is_base)).unwrap_or_default();
    let home = fields.take("home", |value| HomeTemplate::parse(string(value)?));
    let make_home = fields.take("make-home", boolean).unwrap_or(false);
    let is_shell = text_that(is_shell, "not an absolute path of a program");
    let shell = fields.take("shell", is_shell).unwrap_or_else(|| NOLOGIN.to_owned());
    let real_name = fields.take("real-name", text_that(is_gecos, "holds \":\" or a control character"));
    let locked = fields.take("locked", boolean).unwrap_or(true);
    let is_service = |name: &str| !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    let service = fields.take("service", text_that(is_service, "not a name of a service"));
    let lend = fields.take("lend", boolean).unwrap_or(true);
    if make_home && home.as_ref().is_none_or(|home| home.parent().is_none()) && !fields.complains_of("home") {
        let message =
            "with make-home, it must be a directory with {name} or {uid} as the last component below it";
        fields.problem("home", message.into());
    }
    fields.refuse_the_rest();
    match (uids, fields.problems) {
        (Some(uids), problems) if problems.is_empty() => Ok(Pool {
            id: id.to_owned(),
            path: path.to_owned(),
            shipped,
            base,
            uids,
            group,
            groups,
            allowed_names,
            allowed_groups,
            home: home.unwrap_or_else(HomeTemplate::root),
            make_home,
            shell,
            real_name,
            locked,
            service,
            lend,
        }),
        (_, problems) => Err(problems),
    }
}

/// The keys of a file that have not been taken yet.
struct Fields<'a> {
    path: &'a Path,
    table: HashMap<String, Value>,
    problems: Vec<FileProblem>,
}

impl Fields<'_> {
    fn take<T>(&mut self, key: &str, read: impl Fn(&Value) -> Result<T, String>) -> Option<T> {
        match read(&self.table.remove(key)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(key, message);
                None
            }
        }
    }

    fn problem(&mut self, key: &str, message: String) {
        self.problems.push(FileProblem { path: self.path.to_owned(), place: Some(key.into()), message });
    }

    fn complains_of(&self, key: &str) -> bool {
        self.problems.iter().any(|problem| problem.place.as_deref() == Some(key))
    }

    fn refuse_the_rest(&mut self) {
        let mut unknown: Vec<String> = self.table.drain().map(|(key, _)| key).collect();
        unknown.sort_unstable();
        for key in unknown {
            self.problem(&key, "there is no such key".into());
        }
    }
}

fn whole_file(path: &Path, message: String) -> FileProblem {
    FileProblem { path: path.to_owned(), place: None, message }
}

fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> FileProblem {
    let place = error.span().and_then(|span| text.get(..span.start)).map(|before| {
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        format!("line {line}")
    });
    FileProblem { path: path.to_owned(), place, message: error.message().replace('\n', " ") }
}

fn string(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("a string is expected, not {}", value.type_str()))
}

fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("true or false is expected, not {}", value.type_str()))
}

fn text_that(valid: impl Fn(&str) -> bool, else_is: &str) -> impl Fn(&Value) -> Result<String, String> {
    move |value| {
        let text = string(value)?;
        if valid(text) { Ok(text.to_owned()) } else { Err(format!("{text:?} is {else_is}")) }
    }
}

fn list_of<T>(read: impl Fn(&Value) -> Result<T, String>) -> impl Fn(&Value) -> Result<Vec<T>, String> {
    move |value| {
        let items =
            value.as_array().ok_or_else(|| format!("a list is expected, not {}", value.type_str()))?;
        items.iter().map(&read).collect()
    }
}

/// A name to which `-4096` can be added.
fn is_base(name: &str) -> bool {
    is_valid_strict(name) && name.len() + 5 <= STRICT_MAX
}

fn uids(value: &Value) -> Result<RangeInclusive<u32>, String> {
    let text = string(value)?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let id = |text: &str| userdb::id::parse(text.trim()).filter(|id| *id != 0);
    let (Some(first), Some(last)) = (id(first), id(last)) else {
        return Err(format!("{text:?} is not a range of uids such as \"60578-60673\""));
    };
    let range = first..=last;
    if range.is_empty() {
        return Err(format!("{text:?} is empty"));
    }
    if last - first >= MAX_UIDS {
        return Err(format!("{text:?} holds more than {MAX_UIDS} uids"));
    }
    if range.contains(&NOBODY) || range.contains(&0xFFFF) {
        return Err(format!("{text:?} holds {NOBODY} or 65535, which stand for nobody"));
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Pool, Vec<String>> {
        parse("p", Path::new("p.toml"), false, text)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    /// A root with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_shipped_files_are_good_and_go_together() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("pools.d");
        let root = tempfile::tempdir().unwrap();
        let installed = root.path().join(DIRECTORIES[SHIPPED]);
        std::fs::create_dir_all(installed.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(directory, installed).unwrap();
        let (pools, problems) = read_all(root.path());
        assert_eq!(problems, []);
        let greeters: Vec<_> = pools.iter().filter(|pool| pool.service.is_some()).collect();
        let bases: Vec<_> = greeters.iter().filter_map(|pool| pool.base.as_deref()).collect();
        assert_eq!(bases, ["gdm-greeter", "gnome-initial-setup"]);
        for pool in greeters {
            assert!(userdb::disposition::GREETER.contains(pool.uids.start()));
            assert!(userdb::disposition::GREETER.contains(pool.uids.end()));
            assert_eq!(pool.home.of("x", 1), "/run/gdm/home/x");
            assert!(!pool.lend && pool.locked && pool.shipped);
        }
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let pool = read("uids = \"70000-70009\"").unwrap();
        assert_eq!((pool.base.clone(), pool.group.clone(), pool.shell.as_str()), (None, None, NOLOGIN));
        assert!(pool.locked && pool.lend && !pool.make_home);
        assert_eq!(pool.home.of("x", 1), "/");
        assert_eq!(pool.size(), 10);
        assert_eq!(read("uids = \"7\"").unwrap().uids, 7..=7);
    }

    #[test]
    fn every_mistake_is_named_with_its_key() {
        let wrong = [
            ("name", "name = 5"),
            ("name", "name = \"1a\""),
            ("name", "name = \"abcdefghijklmnopqrstuvwxyz-0\""),
            ("uids", "uids = 5"),
            ("uids", "uids = \"0-5\""),
            ("uids", "uids = \"9-5\""),
            ("uids", "uids = \"65530-65536\""),
            ("uids", "uids = \"100000-900000\""),
            ("group", "group = \"a:b\""),
            ("groups", "groups = \"video\""),
            ("groups", "groups = [\"\"]"),
            ("allowed-groups", "allowed-groups = [1]"),
            ("allowed-names", "allowed-names = [\"a b\"]"),
            ("home", "home = \"relative\""),
            ("home", "make-home = true"),
            ("home", "make-home = true\nhome = \"/srv/fixed\""),
            ("make-home", "make-home = \"yes\""),
            ("shell", "shell = \"sh\""),
            ("real-name", "real-name = \"a:b\""),
            ("locked", "locked = 1"),
            ("service", "service = \"../x\""),
            ("lend", "lend = 0"),
            ("grup", "grup = \"gdm\""),
        ];
        for (key, line) in wrong {
            let text =
                if key == "uids" { line.to_owned() } else { format!("uids = \"70000-70009\"\n{line}") };
            let problems = read(&text).expect_err(line);
            assert!(
                problems.iter().all(|problem| problem.starts_with(&format!("p.toml: {key}: "))),
                "{problems:?}"
            );
            assert_eq!(problems.len(), 1, "{problems:?}");
        }
        assert_eq!(read("").unwrap_err().len(), 1);
        assert!(read("uids = \"5-6\"\nhome = = 1").unwrap_err()[0].starts_with("p.toml: line 2: "));
    }

    #[test]
    fn the_first_file_of_a_name_counts_and_an_empty_one_hides_the_others() {
        let root = root(&[
            ("etc/usher/pools.d/a.toml", "uids = \"1-2\""),
            ("run/usher/pools.d/a.toml", "broken"),
            ("usr/lib/usher/pools.d/a.toml", "uids = \"3-4\""),
            ("run/usher/pools.d/b.toml", ""),
            ("usr/lib/usher/pools.d/b.toml", "uids = \"5-6\""),
            ("usr/lib/usher/pools.d/c.toml", "uids = \"7-8\""),
            ("usr/lib/usher/pools.d/README", "text"),
        ]);
        let (pools, problems) = read_all(root.path());
        assert_eq!(problems, []);
        let found: Vec<_> = pools.iter().map(|pool| (&*pool.id, pool.uids.clone(), pool.shipped)).collect();
        assert_eq!(found, [("a", 1..=2, false), ("c", 7..=8, true)]);
    }

    #[test]
    fn a_broken_file_costs_itself_and_pools_cannot_share() {
        let root = root(&[
            ("etc/usher/pools.d/a.toml", "name = \"a\"\nuids = \"10-19\""),
            ("etc/usher/pools.d/b.toml", "name = \"b\"\nuids = \"19-29\""),
            ("etc/usher/pools.d/c.toml", "name = \"a-2\"\nuids = \"30-39\""),
            ("etc/usher/pools.d/d.toml", "nonsense"),
            ("etc/usher/pools.d/e.toml", "name = \"e\"\nuids = \"40-49\""),
        ]);
        let (pools, problems) = read_all(root.path());
        assert_eq!(pools.iter().map(|pool| &*pool.id).collect::<Vec<_>>(), ["a", "e"]);
        let places: Vec<_> = problems.iter().filter_map(|problem| problem.place.as_deref()).collect();
        assert_eq!(places, ["uids", "name", "line 1"]);
    }

    #[test]
    fn numbers_have_one_spelling() {
        let pool = read("name = \"g\"\nuids = \"10-19\"").unwrap();
        assert_eq!(pool.name_of(1).unwrap(), "g");
        assert_eq!(pool.name_of(12).unwrap(), "g-12");
        assert_eq!(
            [pool.number_of("g"), pool.number_of("g-2"), pool.number_of("g-99")],
            [Some(1), Some(2), Some(99)]
        );
        for other in ["g-1", "g-0", "g-02", "g-", "g--2", "g2", "gg", "", "g-x", "g-2 "] {
            assert_eq!(pool.number_of(other), None, "{other}");
        }
    }
}
