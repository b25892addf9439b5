use std::os::unix::fs::symlink;

use super::*;

struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["etc", "lib", "outside"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    fn file(&self, path: &str) -> &Self {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "[Unit]\n").unwrap();
        self
    }

    fn link(&self, path: &str, target: &str) -> &Self {
        symlink(target, self.dir.path().join(path)).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn read(&self) -> Catalog {
        Catalog::read(&SearchPath::of_directories([self.path("etc"), self.path("lib")]))
    }
}

fn name(text: &str) -> UnitName {
    UnitName::new(text).unwrap()
}

fn names(list: &[&str]) -> Vec<UnitName> {
    list.iter().map(|text| name(text)).collect()
}

#[test]
fn earlier_directories_win() {
    let tree = Tree::new();
    tree.file("etc/a.service").file("lib/a.service").file("lib/b.service");
    let catalog = tree.read();
    assert_eq!(catalog.find(&name("a.service")).file, Some(tree.path("etc/a.service")));
    assert_eq!(catalog.find(&name("b.service")).file, Some(tree.path("lib/b.service")));
    assert_eq!(catalog.find(&name("c.service")).file, None);
}

#[test]
fn links_in_the_search_path_are_aliases() {
    let tree = Tree::new();
    tree.file("lib/real.service")
        .link("lib/one.service", "real.service")
        .link("etc/two.service", "../lib/one.service");
    let found = tree.read().find(&name("two.service"));
    assert_eq!(found.name, name("real.service"));
    assert_eq!(found.aliases, names(&["one.service", "two.service"]));
    assert_eq!(tree.read().find(&name("real.service")).aliases, found.aliases);
}

#[test]
fn the_path_of_an_alias_does_not_matter_only_its_name() {
    let tree = Tree::new();
    tree.file("etc/real.service").file("lib/real.service").link("lib/alias.service", "real.service");
    assert_eq!(tree.read().find(&name("alias.service")).file, Some(tree.path("etc/real.service")));
}

#[test]
fn links_out_of_the_search_path_are_linked_files() {
    let tree = Tree::new();
    tree.file("outside/anything").link("etc/a.service", "../outside/anything");
    let found = tree.read().find(&name("a.service"));
    assert_eq!((found.name, found.file), (name("a.service"), Some(tree.path("outside/anything"))));
    assert!(found.aliases.is_empty());
}

#[test]
fn masks_are_files_and_win() {
    let tree = Tree::new();
    tree.file("lib/a.service").link("etc/a.service", "/dev/null");
    assert_eq!(tree.read().find(&name("a.service")).file, Some(tree.path("etc/a.service")));
}

#[test]
fn instances_come_from_templates_unless_they_have_a_file() {
    let tree = Tree::new();
    tree.file("lib/a@.service").file("lib/a@own.service");
    let catalog = tree.read();
    assert_eq!(catalog.find(&name("a@x.service")).file, Some(tree.path("lib/a@.service")));
    assert_eq!(catalog.find(&name("a@own.service")).file, Some(tree.path("lib/a@own.service")));
}

#[test]
fn aliases_of_templates_hold_for_every_instance() {
    let tree = Tree::new();
    tree.file("lib/real@.service").link("lib/alias@.service", "real@.service");
    let found = tree.read().find(&name("alias@x.service"));
    assert_eq!((found.name, found.aliases), (name("real@x.service"), names(&["alias@x.service"])));
    assert_eq!(tree.read().find(&name("real@y.service")).aliases, names(&["alias@y.service"]));
}

#[test]
fn one_instance_may_be_an_alias_of_a_template() {
    let tree = Tree::new();
    tree.file("lib/real@.service").link("lib/alias@x.service", "real@.service");
    let catalog = tree.read();
    assert_eq!(catalog.find(&name("alias@x.service")).name, name("real@x.service"));
    assert_eq!(catalog.find(&name("alias@y.service")).file, None);
}

#[test]
fn aliases_that_change_type_or_instance_are_ignored() {
    let tree = Tree::new();
    tree.file("lib/a.service").file("lib/b@.service");
    tree.link("lib/a.socket", "a.service")
        .link("lib/c.service", "b@.service")
        .link("lib/d@x.service", "b@y.service");
    let catalog = tree.read();
    for alias in ["a.socket", "c.service", "d@x.service"] {
        assert_eq!(catalog.find(&name(alias)).file, None, "{alias}");
    }
    assert_eq!(catalog.findings().len(), 3);
}

#[test]
fn circles_of_links_lead_nowhere() {
    let tree = Tree::new();
    tree.link("lib/a.service", "b.service").link("lib/b.service", "a.service");
    assert_eq!(tree.read().find(&name("a.service")).file, None);
}

#[test]
fn an_alias_may_dangle() {
    let tree = Tree::new();
    tree.link("lib/a.service", "gone.service");
    let found = tree.read().find(&name("a.service"));
    assert_eq!((found.name, found.file), (name("a.service"), None));
}

#[test]
fn links_are_followed_below_a_root() {
    let dir = tempfile::tempdir().unwrap();
    let lib = dir.path().join("usr/lib/systemd/user");
    let etc = dir.path().join("etc/systemd/user");
    fs::create_dir_all(&lib).unwrap();
    fs::create_dir_all(&etc).unwrap();
    fs::write(lib.join("real.service"), "[Unit]\n").unwrap();
    symlink("/usr/lib/systemd/user/real.service", etc.join("alias.service")).unwrap();
    let found = Catalog::read(&SearchPath::global(Some(dir.path()))).find(&name("alias.service"));
    assert_eq!((found.name, found.file), (name("real.service"), Some(lib.join("real.service"))));
}
