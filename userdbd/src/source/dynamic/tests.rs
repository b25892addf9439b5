//! Pools among accounts and drop-ins.

use std::path::Path;
use std::sync::Arc;

use crate::index::{Index, Kind};
use crate::lending::loan::Loan;
use crate::source::Sources;
use crate::state_directory::StateDirectory;

const POOL: &str = "name = \"g\"\nuids = \"60600-60609\"\ngroup = \"gdm\"\nhome = \"/run/gdm/home/{name}\"\n\
    real-name = \"GDM Greeter\"\ngroups = [\"video\", \"missing\"]\nservice = \"org.gnome.DisplayManager\"\n";
const GROUP: &str = "root:x:0:\ngdm:x:120:\nvideo:x:44:\n";

struct Root(tempfile::TempDir);

impl Root {
    fn new(files: &[(&str, &str)]) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        root.write("usr/lib/usher/pools.d/g.toml", POOL);
        root.write("etc/group", GROUP);
        for (path, text) in files {
            root.write(path, text);
        }
        root
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self) -> (Index, Vec<String>) {
        self.read_with(&[])
    }

    fn read_with(&self, loans: &[Loan]) -> (Index, Vec<String>) {
        let state = StateDirectory::new(self.0.path().join("var/lib/usher"));
        let mut sources = Sources::read(self.0.path(), Some(Arc::new(state)));
        sources.set_loans(loans.into());
        let index = sources.index();
        (index, sources.problems().iter().map(ToString::to_string).collect())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn uid(index: &Index, name: &str) -> Option<u32> {
    index.dynamic.source.users.by_name(name)?.id
}

fn name(index: &Index, uid: u32) -> Option<String> {
    Some(index.dynamic.source.users.by_id(uid)?.name.to_string())
}

fn loan(name: &str, uid: u32, pool: &str) -> Loan {
    Loan {
        user_name: name.into(),
        uid,
        group_name: None,
        gid: uid,
        real_name: None,
        home_directory: "/".into(),
        home_parent: None,
        shell: "/bin/sh".into(),
        groups: vec!["video".into()],
        locked: false,
        pool: pool.into(),
        borrower: 0,
        persistent: true,
        expires_usec: None,
        token: String::new(),
        ending: false,
        boot_id: String::new(),
    }
}

#[test]
fn names_are_users_with_the_pools_group_home_and_memberships() {
    let root = Root::new(&[]);
    let (index, problems) = root.read();
    assert_eq!(problems, Vec::<String>::new());
    let entry = index.local_by_name(Kind::User, "g-3").unwrap();
    let reply: serde_json::Value = serde_json::from_slice(entry.reply(false)).unwrap();
    let record = &reply["record"];
    assert_eq!(record["uid"], 60602);
    assert_eq!(record["gid"], 120);
    assert_eq!(record["homeDirectory"], "/run/gdm/home/g-3");
    assert_eq!(record["realName"], "GDM Greeter");
    assert_eq!(record["shell"], "/usr/sbin/nologin");
    assert_eq!(record["disposition"], "dynamic");
    assert_eq!(record["locked"], true);
    assert!(reply.to_string().contains("io.systemd.DynamicUser"));
    assert_eq!(index.local_by_id(Kind::User, 60602).unwrap().name, entry.name);
    let groups = index.dynamic.source.memberships.groups_of("g-3");
    assert_eq!(groups, ["gdm".into(), "video".into()]);
    assert!(uid(&index, "g-10").is_some() && uid(&index, "g-11").is_none());
}

#[test]
fn a_pool_has_no_users_while_its_group_does_not_exist() {
    let root = Root::new(&[("etc/group", "root:x:0:\n")]);
    let (index, problems) = root.read();
    assert_eq!((uid(&index, "g"), problems.len()), (None, 0));
    // The administrator's own pool is told of it.
    root.write("etc/usher/pools.d/g.toml", POOL);
    let (_, problems) = root.read();
    assert!(problems[0].contains("etc/usher/pools.d/g.toml: group: \"gdm\""), "{problems:?}");
    // A drop-in's group will do.
    root.write("etc/userdb/gdm.group", r#"{"groupName":"gdm","gid":70000}"#);
    assert_eq!(uid(&root.read().0, "g"), Some(60600));
}

#[test]
fn whose_uid_is_taken_gets_another_and_keeps_it() {
    let root = Root::new(&[
        ("etc/passwd", "ann:x:60602:1::/:/bin/sh\n"),
        ("etc/userdb/bob.user", r#"{"userName":"bob","uid":60605}"#),
    ]);
    let before = |index: &Index| [1, 2, 4, 5, 7, 8].map(|number| uid(index, &format!("g-{number}")));
    let (index, problems) = root.read();
    assert_eq!(uid(&index, "g-3"), Some(60609));
    assert_eq!(uid(&index, "g-6"), Some(60608));
    assert_eq!([uid(&index, "g-9"), uid(&index, "g-10")], [None, None], "the last ones give way");
    assert!(
        problems
            .iter()
            .any(|text| text.contains("g.toml: uids: 60602 belongs to \"ann\"") && text.contains("60609"))
    );
    assert_eq!(problems.len(), 2, "{problems:?}");
    let others = before(&index);

    // Ann goes, and everybody stays where they are, also for the next daemon.
    root.write("etc/passwd", "");
    let (index, problems) = root.read();
    assert_eq!(uid(&index, "g-3"), Some(60609));
    assert_eq!(name(&index, 60602), None);
    assert_eq!(before(&index), others);
    assert_eq!(problems.len(), 1, "{problems:?}");
    std::fs::remove_file(root.path().join("var/lib/usher/pools.json")).unwrap();
    assert_eq!(uid(&root.read().0, "g-3"), Some(60602), "it was remembered there");
}

#[test]
fn an_account_of_the_name_comes_first_and_keeps_its_uid() {
    let root = Root::new(&[("etc/passwd", "g-2:x:900:120::/:/bin/sh\ng-4:x:60603:120::/:/bin/sh\n")]);
    let (index, problems) = root.read();
    assert_eq!(index.local_by_name(Kind::User, "g-2").unwrap().id, Some(900));
    assert_eq!(uid(&index, "g-2"), None);
    assert_eq!(uid(&index, "g-3"), Some(60602));
    assert_eq!(name(&index, 60601), None);
    assert_eq!(index.local_by_id(Kind::User, 60603).unwrap().name, "g-4".into());
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn no_drop_in_takes_a_name() {
    let root = Root::new(&[
        ("etc/userdb/g-2.user", r#"{"userName":"g-2","uid":70000,"memberOf":["root"]}"#),
        ("etc/userdb/g-99.user", r#"{"userName":"g-99","uid":70001}"#),
        ("etc/userdb/x.user", r#"{"userName":"x","uid":70002,"aliases":["g-3"]}"#),
        ("etc/userdb/g-2:root.membership", ""),
    ]);
    let (index, problems) = root.read();
    assert_eq!(index.local_by_name(Kind::User, "g-2").unwrap().id, Some(60601));
    assert!(index.local_by_id(Kind::User, 70000).is_none());
    assert!(index.local_by_name(Kind::User, "g-99").is_none());
    assert_eq!(index.local_by_name(Kind::User, "g-3").unwrap().id, Some(60602));
    assert_eq!(problems.iter().filter(|text| text.contains("reserved by")).count(), 2, "{problems:?}");
    // What an administrator adds to a user is fine, and comes from the file that says so and not from the ignored record.
    assert_eq!(index.drop_ins.memberships.groups_of("g-2"), ["root".into()]);
    std::fs::remove_file(root.path().join("etc/userdb/g-2:root.membership")).unwrap();
    assert!(root.read().0.drop_ins.memberships.groups_of("g-2").is_empty());
}

#[test]
fn no_other_service_takes_a_name_or_uid_except_the_pools_own() {
    let (index, _) = Root::new(&[]).read_with(&[loan("kiosk", 61184, "lent"), loan("g-5", 60604, "g")]);
    let refuses = |name, uid, service| index.refuses(Kind::User, name, Some(uid), service);
    let gdm = "org.gnome.DisplayManager";
    assert_eq!(refuses("g", 60607, gdm), None);
    assert_eq!(refuses("g-77", 60700, gdm), None);
    assert_eq!(refuses("other", 60601, gdm), None);
    assert_eq!(refuses("g", 60607, "evil"), Some("name"));
    assert_eq!(refuses("g-77", 1, "evil"), Some("name"));
    assert_eq!(refuses("other", 60601, "evil"), Some("id"));
    // What is lent is nobody else's.
    assert_eq!(refuses("kiosk", 1, gdm), Some("name"));
    assert_eq!(refuses("x", 61184, gdm), Some("id"));
    assert_eq!(refuses("g-5", 60604, gdm), Some("name"));
    assert_eq!(index.refuses(Kind::Group, "kiosk", Some(5), gdm), Some("name"));
    assert_eq!(refuses("root", 5, gdm), Some("name"));
    assert_eq!(refuses("fine", 70000, "evil"), None);
}

#[test]
fn who_is_in_use_can_be_seen_by_the_home() {
    let root = Root::new(&[]);
    let (index, _) = root.read_with(&[loan("kiosk", 61184, "lent")]);
    assert!(!index.dynamic.is_in_use("g-2") && index.dynamic.is_in_use("kiosk"));
    std::fs::create_dir_all(root.path().join("run/gdm/home/g-2")).unwrap();
    assert!(index.dynamic.is_in_use("g-2") && !index.dynamic.is_in_use("g"));
}

#[test]
fn what_is_lent_is_a_user_with_a_group_of_its_own() {
    let (index, _) = Root::new(&[]).read_with(&[loan("kiosk", 61184, "gone")]);
    assert_eq!(uid(&index, "kiosk"), Some(61184));
    assert_eq!(index.local_by_name(Kind::Group, "kiosk").unwrap().id, Some(61184));
    assert_eq!(index.local_by_id(Kind::Group, 61184).unwrap().name, "kiosk".into());
    assert_eq!(index.dynamic.source.memberships.groups_of("kiosk"), ["video".into()]);
}

#[test]
fn a_loan_from_a_pool_stays_as_it_is_when_the_pool_changes() {
    let root = Root::new(&[]);
    let (index, _) = root.read_with(&[loan("g-2", 60607, "g"), loan("old", 60603, "gone")]);
    assert_eq!(uid(&index, "g-2"), Some(60607));
    assert_eq!(name(&index, 60607).as_deref(), Some("g-2"));
    assert_ne!(uid(&index, "g-8"), Some(60607));
    assert_eq!(name(&index, 60603).as_deref(), Some("old"));
    assert_ne!(uid(&index, "g-4"), Some(60603));
}
