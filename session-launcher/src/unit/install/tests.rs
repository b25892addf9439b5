use super::*;
use crate::unit::search_path::SearchPath;
use crate::unit::specifier::Host;

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
        let changes = enable(&loader, &[unit(name)], Path::new("/etc/systemd/user")).unwrap();
        apply(&loader, &changes).unwrap();
        changes.iter().map(text).collect()
    }

    fn disable(&self, name: &str) -> Vec<String> {
        let loader = self.loader();
        let changes = disable(&loader, &[unit(name)], Path::new("/etc/systemd/user"));
        apply(&loader, &changes).unwrap();
        changes.iter().map(text).collect()
    }

    fn state(&self, name: &str) -> &'static str {
        state(&self.loader(), &unit(name)).as_str()
    }
}

fn unit(name: &str) -> UnitName {
    UnitName::new(name).unwrap()
}

fn text(change: &Change) -> String {
    let short = |path: &Path| path.strip_prefix("/etc/systemd/user").unwrap_or(path).display().to_string();
    match change {
        Change::Link { path, target } => format!("{} -> {}", short(path), target.display()),
        Change::Unlink(path) => short(path),
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
    let error = enable(&tree.loader(), &[unit("b@.service")], Path::new("/etc/systemd/user")).unwrap_err();
    assert!(matches!(error, InstallError::NoInstance(_)));
    assert_eq!(tree.disable("b@two.service"), ["x.target.wants/b@two.service"]);
    assert_eq!(tree.state("a@one.service"), "enabled");
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
    assert!(enable(&tree.loader(), &[unit("masked.service")], Path::new("/etc")).is_err());
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
    let changes = preset(&loader, &presets, &names, Path::new("/etc/systemd/user")).unwrap();
    let made: Vec<String> = changes.iter().map(text).collect();
    let expected = [
        "x.target.wants/a.service -> /usr/lib/systemd/user/a.service",
        "x.target.wants/b.service",
        "x.target.wants/t@one.service -> /usr/lib/systemd/user/t@.service",
        "x.target.wants/t@two.service -> /usr/lib/systemd/user/t@.service",
    ];
    assert_eq!(made, expected);
}
