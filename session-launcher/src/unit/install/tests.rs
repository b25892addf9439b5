use std::os::unix::fs::symlink;

use super::*;
use crate::unit::search_path::SearchPath;
use crate::unit::specifier::Host;

const DIRECTORY: &str = "/etc/systemd/user";

struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join("usr/lib/systemd/user").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { dir }
    }

    fn loader(&self) -> Loader {
        Loader::new(SearchPath::global(Some(self.dir.path())), Host::fixed())
    }

    fn enable(&self, name: &str) -> Vec<String> {
        let loader = self.loader();
        let changes = enable(&loader, &[unit(name)], DIRECTORY.as_ref(), Overwrite::Refuse).unwrap();
        carry_out(&loader, &changes);
        changes.iter().map(text).collect()
    }

    fn disable(&self, name: &str) -> Vec<String> {
        let loader = self.loader();
        let changes = disable(&loader, &[unit(name)], DIRECTORY.as_ref());
        carry_out(&loader, &changes);
        changes.iter().map(text).collect()
    }

    fn state(&self, name: &str) -> &'static str {
        state(&self.loader(), &unit(name)).as_str()
    }
}

fn carry_out(loader: &Loader, changes: &[Change]) {
    for change in changes {
        apply(loader, change).unwrap();
    }
}

fn unit(name: &str) -> UnitName {
    UnitName::new(name).unwrap()
}

fn text(change: &Change) -> String {
    let short = |path: &Path| path.strip_prefix("/etc/systemd/user").unwrap_or(path).display().to_string();
    match change {
        Change::Link { path, target, .. } => format!("{} -> {}", short(path), target.display()),
        Change::Unlink(path) | Change::RemoveDirectory(path) => short(path),
    }
}

#[test]
fn enable_and_disable() {
    let tree = Tree::new(&[
        ("a.service", "[Install]\nWantedBy=x.target y.target\nAlias=b.service\nAlso=c.socket gone.service"),
        ("c.socket", "[Install]\nRequiredBy=x.target\nUpheldBy=z.target"),
    ]);
    assert_eq!(tree.state("a.service"), "disabled");
    let made = [
        "b.service -> /usr/lib/systemd/user/a.service",
        "x.target.wants/a.service -> /usr/lib/systemd/user/a.service",
        "y.target.wants/a.service -> /usr/lib/systemd/user/a.service",
        "x.target.requires/c.socket -> /usr/lib/systemd/user/c.socket",
        "z.target.upholds/c.socket -> /usr/lib/systemd/user/c.socket",
    ];
    assert_eq!(tree.enable("a.service"), made);
    assert_eq!(
        (tree.state("a.service"), tree.state("b.service"), tree.state("c.socket")),
        ("enabled", "alias", "enabled")
    );
    assert!(tree.enable("a.service").is_empty(), "twice changes nothing");
    assert_eq!(tree.disable("a.service").len(), 5);
    assert_eq!(tree.state("a.service"), "disabled");
}

#[test]
fn templates() {
    let tree = Tree::new(&[
        ("a@.service", "[Install]\nWantedBy=x.target\nDefaultInstance=one"),
        ("b@.service", "[Install]\nWantedBy=x.target"),
        ("c@.service", "[Install]\nWantedBy=t@.target"),
    ]);
    assert_eq!(
        tree.enable("a@.service"),
        ["x.target.wants/a@one.service -> /usr/lib/systemd/user/a@.service"]
    );
    assert_eq!(
        tree.enable("b@two.service"),
        ["x.target.wants/b@two.service -> /usr/lib/systemd/user/b@.service"]
    );
    assert_eq!(tree.enable("c@.service"), ["t@.target.wants/c@.service -> /usr/lib/systemd/user/c@.service"]);
    let error =
        enable(&tree.loader(), &[unit("b@.service")], DIRECTORY.as_ref(), Overwrite::Refuse).unwrap_err();
    assert!(matches!(error, InstallError::NoInstance(_)));
    assert_eq!(tree.disable("b@two.service"), ["x.target.wants/b@two.service"]);
    assert_eq!((tree.state("a@one.service"), tree.state("a@.service")), ("enabled", "enabled"));
    tree.disable("a@.service");
    tree.enable("a@two.service");
    assert_eq!((tree.state("a@two.service"), tree.state("a@.service")), ("enabled", "indirect"));
}

#[test]
fn states_without_links() {
    let tree = Tree::new(&[
        ("static.service", "[Unit]\n"),
        ("indirect.service", "[Install]\nAlso=static.service"),
        ("masked.service", ""),
    ]);
    assert_eq!(tree.state("static.service"), "static");
    assert_eq!(tree.state("indirect.service"), "indirect");
    assert_eq!(tree.state("masked.service"), "masked");
    assert_eq!(tree.state("gone.service"), "not-found");
    assert!(enable(&tree.loader(), &[unit("masked.service")], Path::new("/etc"), Overwrite::Refuse).is_err());
}

#[test]
fn presets_enable_and_disable() {
    let tree = Tree::new(&[
        ("a.service", "[Install]\nWantedBy=x.target"),
        ("b.service", "[Install]\nWantedBy=x.target"),
        ("c.service", "[Unit]\n"),
        ("t@.service", "[Install]\nWantedBy=x.target"),
    ]);
    tree.enable("b.service");
    let mut presets = Presets::default();
    presets.read("disable b.service\nenable t@.service one two\n");
    let loader = tree.loader();
    let names: Vec<UnitName> = loader.catalog().names().cloned().collect();
    let changes = preset(&loader, &presets, &names, DIRECTORY.as_ref()).0;
    let made: Vec<String> = changes.iter().map(text).collect();
    let expected = [
        "x.target.wants/b.service",
        "x.target.wants/a.service -> /usr/lib/systemd/user/a.service",
        "x.target.wants/t@one.service -> /usr/lib/systemd/user/t@.service",
        "x.target.wants/t@two.service -> /usr/lib/systemd/user/t@.service",
    ];
    assert_eq!(made, expected);
}

#[test]
fn presets_disable_before_they_enable() {
    let tree = Tree::new(&[
        ("a.service", "[Install]\nWantedBy=x.target\nAlso=c.socket"),
        ("c.socket", "[Install]\nWantedBy=x.target"),
    ]);
    tree.enable("c.socket");
    let mut presets = Presets::default();
    presets.read("disable c.socket\n");
    let loader = tree.loader();
    let names = [unit("a.service"), unit("c.socket")];
    carry_out(&loader, &preset(&loader, &presets, &names, DIRECTORY.as_ref()).0);
    assert_eq!((tree.state("a.service"), tree.state("c.socket")), ("enabled", "enabled"));
    carry_out(&loader, &preset(&loader, &presets, &[unit("c.socket")], DIRECTORY.as_ref()).0);
    assert_eq!(tree.state("c.socket"), "disabled");
}

#[test]
fn what_is_in_the_place_of_a_link() {
    let tree = Tree::new(&[
        ("a.service", "[Install]\nAlias=b.service\nWantedBy=x.target"),
        ("c.service", "[Install]\nAlias=b.service"),
    ]);
    let loader = tree.loader();
    let place = tree.dir.path().join("etc/systemd/user/b.service");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let enable = |name: &str, overwrite| {
        let changes = enable(&loader, &[unit(name)], DIRECTORY.as_ref(), overwrite)?;
        changes.iter().try_for_each(|change| apply(&loader, change)).map(|()| changes)
    };
    // A link to nothing is replaced.
    symlink("/gone", &place).unwrap();
    let changes = enable("c.service", Overwrite::Refuse).unwrap();
    assert!(matches!(changes.as_slice(), [Change::Link { replaces: true, .. }]), "{changes:?}");
    // A relative link to the same file is the same.
    fs::remove_file(&place).unwrap();
    symlink("../../../usr/lib/systemd/user/c.service", &place).unwrap();
    assert!(enable("c.service", Overwrite::Refuse).unwrap().is_empty());
    // Another unit's alias stays, and nothing else changes.
    assert!(matches!(enable("a.service", Overwrite::Refuse), Err(InstallError::PointsElsewhere { .. })));
    assert!(!place.with_file_name("x.target.wants").exists());
    enable("a.service", Overwrite::Links).unwrap();
    assert_eq!(fs::read_link(&place).unwrap(), Path::new("/usr/lib/systemd/user/a.service"));
    // No temporary link is left.
    assert_eq!(fs::read_dir(place.parent().unwrap()).unwrap().count(), 2);
    // A file is never replaced.
    fs::remove_file(&place).unwrap();
    fs::write(&place, "[Service]\n").unwrap();
    assert!(matches!(enable("c.service", Overwrite::Links), Err(InstallError::Exists(_))));
    let both = [unit("a.service"), unit("c.service")];
    fs::remove_file(&place).unwrap();
    assert!(
        super::enable(&loader, &both, DIRECTORY.as_ref(), Overwrite::Links).is_err(),
        "one alias, two units"
    );
}

#[test]
fn links_of_a_dependency_are_replaced() {
    let tree = Tree::new(&[("a.service", "[Install]\nWantedBy=x.target")]);
    let wants = tree.dir.path().join("etc/systemd/user/x.target.wants");
    fs::create_dir_all(&wants).unwrap();
    fs::write(tree.dir.path().join("usr/lib/systemd/user/o.service"), "[Service]\n").unwrap();
    symlink("../../../../usr/lib/systemd/user/o.service", wants.join("a.service")).unwrap();
    tree.enable("a.service");
    assert_eq!(fs::read_link(wants.join("a.service")).unwrap(), Path::new("/usr/lib/systemd/user/a.service"));
}

#[test]
fn masks() {
    let tree = Tree::new(&[("a.service", "[Install]\nWantedBy=x.target")]);
    let loader = tree.loader();
    let both = [unit("a.service"), unit("gone.service")];
    let refuse = Overwrite::Refuse;
    carry_out(&loader, &mask(&loader, &both, DIRECTORY.as_ref(), refuse).unwrap());
    assert_eq!((tree.state("a.service"), tree.state("gone.service")), ("masked", "masked"));
    assert!(mask(&loader, &both, DIRECTORY.as_ref(), refuse).unwrap().is_empty(), "twice changes nothing");
    carry_out(&loader, &unmask(&loader, &both, DIRECTORY.as_ref()));
    assert_eq!((tree.state("a.service"), tree.state("gone.service")), ("disabled", "not-found"));
    let place = tree.dir.path().join("etc/systemd/user/a.service");
    fs::write(&place, "[Service]\n").unwrap();
    assert!(mask(&loader, &both, DIRECTORY.as_ref(), Overwrite::Links).is_err(), "a file is not replaced");
    assert!(unmask(&loader, &both, DIRECTORY.as_ref()).is_empty());
    fs::write(&place, "").unwrap();
    assert_eq!(unmask(&loader, &both, DIRECTORY.as_ref()).len(), 1, "an empty file is a mask");
    fs::remove_file(&place).unwrap();
    symlink("/usr/lib/systemd/user/a.service", &place).unwrap();
    assert!(mask(&loader, &both, DIRECTORY.as_ref(), refuse).is_err());
    carry_out(&loader, &mask(&loader, &both, DIRECTORY.as_ref(), Overwrite::Links).unwrap());
    assert_eq!(tree.state("a.service"), "masked");
}

#[test]
fn nothing_is_changed_outside_of_the_root() {
    let outside = tempfile::tempdir().unwrap();
    for link in ["etc", "etc/systemd", "etc/systemd/user"] {
        let tree = Tree::new(&[("a.service", "[Install]\nWantedBy=x.target")]);
        let place = tree.dir.path().join(link);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        symlink(outside.path(), &place).unwrap();
        let loader = tree.loader();
        let changes = enable(&loader, &[unit("a.service")], DIRECTORY.as_ref(), Overwrite::Refuse).unwrap();
        let error = apply(&loader, &changes[0]).unwrap_err();
        assert!(matches!(error, InstallError::OutsideOfRoot { .. }), "{error}");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        // Not by a link to nothing either.
        fs::remove_file(&place).unwrap();
        symlink(outside.path().join("gone"), &place).unwrap();
        assert!(matches!(apply(&loader, &changes[0]), Err(InstallError::OutsideOfRoot { .. })));
    }
}
