use super::*;
use std::fs;
use std::os::unix::fs::symlink;

struct Root(tempfile::TempDir);

impl Root {
    fn new(files: &[(&str, &str)]) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            root.write(name, text);
        }
        root
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn link(&self, name: &str, target: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    fn read(&self) -> DropIns {
        DropIns::read(self.0.path(), &Host::default())
    }

    fn source(&self) -> Source {
        self.read().source(&|_| None)
    }
}

fn user(source: &Source, name: &str) -> Option<String> {
    source.users.by_name(name).map(|entry| String::from_utf8_lossy(entry.reply(true)).into_owned())
}

fn listed(source: &Source) -> Vec<String> {
    (0..).map_while(|place| source.users.at(place)).flatten().map(|entry| entry.name.to_string()).collect()
}

const ANN: &str =
    r#"{"userName":"ann","uid":70001,"aliases":["annie"],"realm":"ex.org","memberOf":["wheel"]}"#;

#[test]
fn a_record_is_found_by_all_its_names_and_its_uid_without_a_link() {
    let source = Root::new(&[("etc/userdb/ann.user", ANN)]).source();
    for name in ["ann", "annie", "ann@ex.org", "annie@ex.org"] {
        assert!(user(&source, name).is_some(), "{name}");
    }
    assert_eq!(&*source.users.by_id(70001).unwrap().name, "ann");
    assert!(source.memberships.contains("ann", "wheel"));
    assert_eq!(listed(&source), ["ann"]);
}

#[test]
fn the_first_directory_counts_and_hides_the_record_under_every_name() {
    let root = Root::new(&[
        ("usr/lib/userdb/ann.user", r#"{"userName":"ann","uid":70009,"realName":"Late"}"#),
        ("etc/userdb/ann.user", ANN),
    ]);
    root.link("usr/lib/userdb/70009.user", "ann.user");
    let source = root.source();
    assert!(!user(&source, "ann").unwrap().contains("Late"));
    assert!(source.users.by_id(70009).is_none(), "a record that is hidden must not come back under its id");
}

#[test]
fn a_mask_hides_and_an_empty_file_is_a_mask() {
    for mask in ["null", "empty"] {
        let root = Root::new(&[("usr/lib/userdb/ann.user", ANN)]);
        root.link("usr/lib/userdb/70001.user", "ann.user");
        if mask == "null" {
            root.link("etc/userdb/ann.user", "/dev/null")
        } else {
            root.write("etc/userdb/ann.user", "")
        }
        let source = root.source();
        assert_eq!(user(&source, "ann"), None);
        assert!(source.users.by_id(70001).is_none());
        assert!(!source.memberships.contains("ann", "wheel"));
    }
}

#[test]
fn a_masked_uid_is_found_by_name_only() {
    let root = Root::new(&[("usr/lib/userdb/ann.user", ANN)]);
    root.link("etc/userdb/70001.user", "/dev/null");
    let source = root.source();
    assert!(user(&source, "ann").is_some());
    assert!(source.users.by_id(70001).is_none());
    assert!(listed(&source).is_empty());
}

#[test]
fn privileged_is_found_under_the_name_and_under_the_uid() {
    for stem in ["ann", "70001"] {
        let root = Root::new(&[("etc/userdb/ann.user", ANN)]);
        root.write(
            &format!("etc/userdb/{stem}.user-privileged"),
            r#"{"privileged":{"hashedPassword":["$6$x$y"]}}"#,
        );
        root.link("etc/userdb/annie.user", "ann.user");
        let source = root.source();
        let entry = source.users.by_name("annie").unwrap();
        assert!(String::from_utf8_lossy(entry.reply(true)).ends_with(r#""incomplete":false}"#));
        assert!(String::from_utf8_lossy(entry.reply(true)).contains("$6$x$y"));
        assert!(String::from_utf8_lossy(entry.reply(false)).ends_with(r#""incomplete":true}"#));
        assert!(!String::from_utf8_lossy(entry.reply(false)).contains("$6$x$y"));
    }
}

#[test]
fn a_broken_privileged_file_costs_only_that_section() {
    let root = Root::new(&[("etc/userdb/ann.user", ANN), ("etc/userdb/ann.user-privileged", "{")]);
    let mut drop_ins = root.read();
    assert!(user(&drop_ins.source(&|_| None), "ann").unwrap().ends_with(r#""incomplete":true}"#));
    let problems = drop_ins.problems();
    assert!(problems[0].path.ends_with("ann.user-privileged"), "{problems:?}");
}

#[test]
fn no_alias_takes_somebody_elses_name() {
    let source = Root::new(&[
        ("etc/userdb/a.user", r#"{"userName":"a","uid":70002,"aliases":["bob"]}"#),
        ("etc/userdb/bob.user", r#"{"userName":"bob","uid":70003}"#),
    ])
    .source();
    assert!(user(&source, "bob").unwrap().contains("70003"));
}

#[test]
fn bad_files_cost_themselves_and_are_named() {
    let root = Root::new(&[
        ("etc/userdb/ann.user", ANN),
        ("etc/userdb/broken.user", "{"),
        ("etc/userdb/other.user", r#"{"userName":"somebody","uid":70004}"#),
        ("etc/userdb/field.user", r#"{"userName":"field","uid":4294967295}"#),
        ("etc/userdb/status.user", r#"{"userName":"status","status":{}}"#),
        ("etc/userdb/twin.user", r#"{"userName":"twin","uid":70001}"#),
    ]);
    root.link("etc/userdb/dangling.user", "gone.user");
    root.link("etc/userdb/stranger.user", "ann.user");
    let mut drop_ins = root.read();
    let source = drop_ins.source(&|_| None);
    let mut names = listed(&source);
    names.sort();
    assert_eq!(names, ["ann", "twin"]);
    assert!(user(&source, "field").is_some(), "without a valid uid it is found by name");
    let problems: Vec<_> = drop_ins.problems().iter().map(ToString::to_string).collect();
    for file in ["broken", "other", "field", "status", "twin", "dangling", "stranger"] {
        let named = problems.iter().filter(|problem| problem.contains(&format!("/{file}.user: "))).count();
        assert_eq!(named, 1, "{file}: {problems:#?}");
    }
    let field = problems.iter().find(|problem| problem.contains("field.user")).unwrap();
    assert!(field.contains("uid: 4294967295"), "{field}");
}

#[test]
fn memberships_come_from_files_and_from_both_kinds_of_record_and_can_be_masked() {
    let root = Root::new(&[
        ("usr/lib/userdb/ann.user", ANN),
        ("usr/lib/userdb/band.group", r#"{"groupName":"band","gid":70010,"members":["carl"]}"#),
        ("usr/lib/userdb/dora:band.membership", ""),
        ("usr/lib/userdb/eve:band.membership", ""),
        ("usr/lib/userdb/noise.membership", ""),
    ]);
    root.link("etc/userdb/eve:band.membership", "/dev/null");
    let source = root.source();
    assert_eq!(source.memberships.users_in("band"), ["dora".into(), "carl".into()]);
    assert!(source.memberships.contains("ann", "wheel"));
    root.link("etc/userdb/ann:wheel.membership", "/dev/null");
    assert!(!root.source().memberships.contains("ann", "wheel"));
}

#[test]
fn one_file_can_be_read_again() {
    let root = Root::new(&[("etc/userdb/ann.user", ANN)]);
    let mut drop_ins = root.read();
    let host = Host::default();
    root.write("etc/userdb/ann.user", r#"{"userName":"ann","uid":70001,"realName":"Ann B"}"#);
    drop_ins.read_file(0, OsStr::new("ann.user"), &host);
    assert!(user(&drop_ins.source(&|_| None), "ann").unwrap().contains("Ann B"));
    root.write("etc/userdb/70001.user-privileged", r#"{"privileged":{"passwordHint":"dog"}}"#);
    drop_ins.read_file(0, OsStr::new("70001.user-privileged"), &host);
    assert!(user(&drop_ins.source(&|_| None), "ann").unwrap().contains("dog"));
    root.write("etc/userdb/ann:x.membership", "");
    drop_ins.read_file(0, OsStr::new("ann:x.membership"), &host);
    assert!(drop_ins.source(&|_| None).memberships.contains("ann", "x"));
    fs::remove_file(root.path("etc/userdb/ann.user")).unwrap();
    drop_ins.read_file(0, OsStr::new("ann.user"), &host);
    assert_eq!(user(&drop_ins.source(&|_| None), "ann"), None);
}

#[test]
fn links_out_of_the_directory_are_followed_and_told() {
    let root = Root::new(&[("srv/ann.json", ANN)]);
    root.link("etc/userdb/ann.user", "../../srv/ann.json");
    let mut drop_ins = root.read();
    assert!(user(&drop_ins.source(&|_| None), "ann").is_some());
    assert_eq!(drop_ins.link_targets().len(), 1);
}
