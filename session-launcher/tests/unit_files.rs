//! `units enable`, `disable`, `preset`, `is-enabled`, `mask` and `unmask`, as a person and a package's script call
//! them. Words, files and exit codes were taken from `systemctl --global --root` of systemd 262.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Image {
    dir: tempfile::TempDir,
}

/// Exit code, standard output, standard error.
type Outcome = (i32, String, String);

impl Image {
    fn new() -> Self {
        let image = Self { dir: tempfile::tempdir().unwrap() };
        for (name, text) in [
            ("a.service", "[Install]\nWantedBy=x.target\nAlias=b.service\nAlso=c.socket\n"),
            ("c.socket", "[Install]\nRequiredBy=x.target\n"),
            ("static.service", "[Unit]\nDescription=s\n"),
            ("t@.service", "[Install]\nWantedBy=x.target\nDefaultInstance=one\n"),
            ("x.target", "[Unit]\nDescription=x\n"),
        ] {
            image.write(&format!("usr/lib/systemd/user/{name}"), text);
        }
        image
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// With --root; `{root}` is cut out of what is printed.
    fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = command();
        command.arg("units").args(arguments).arg("--root").arg(self.dir.path());
        outcome(&mut command, self.dir.path())
    }

    fn state(&self, unit: &str) -> (i32, String) {
        let (code, output, error) = self.run(&["is-enabled", unit]);
        assert_eq!(error, "");
        (code, output.trim_end().to_owned())
    }

    fn link(&self, path: &str) -> Option<PathBuf> {
        fs::read_link(self.path(path)).ok()
    }
}

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_session-launcher"))
}

fn outcome(command: &mut Command, root: &Path) -> Outcome {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(root.to_str().unwrap(), "");
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn done(error: &str) -> Outcome {
    (0, String::new(), error.to_owned())
}

fn failed(error: &str) -> Outcome {
    (1, String::new(), format!("session-launcher: {error}\n"))
}

#[test]
fn enable_tells_every_link() {
    let image = Image::new();
    let expected = "Created symlink '/etc/systemd/user/b.service' → '/usr/lib/systemd/user/a.service'.
Created symlink '/etc/systemd/user/x.target.wants/a.service' → '/usr/lib/systemd/user/a.service'.
Created symlink '/etc/systemd/user/x.target.requires/c.socket' → '/usr/lib/systemd/user/c.socket'.
";
    assert_eq!(image.run(&["enable", "a"]), done(expected));
    let target = Some(PathBuf::from("/usr/lib/systemd/user/a.service"));
    assert_eq!(image.link("etc/systemd/user/x.target.wants/a.service"), target);
    assert_eq!(image.run(&["enable", "a"]), done(""), "twice changes nothing");
    let (code, _, error) = image.run(&["enable", "static"]);
    assert!(code == 0 && error.contains("static.service has nothing in [Install]"), "{error}");
    let expected = "Created symlink '/etc/systemd/user/x.target.wants/t@one.service' → '/usr/lib/systemd/user/t@.service'.\n";
    assert_eq!(image.run(&["enable", "t@"]), done(expected));
}

#[test]
fn enable_all_or_nothing() {
    let image = Image::new();
    let expected = failed("Failed to enable unit: Unit gone.service does not exist");
    assert_eq!(image.run(&["enable", "a", "gone"]), expected);
    assert!(!image.path("etc").exists());
    image.write("etc/systemd/user/b.service", "[Service]\n");
    let expected = failed("Failed to enable unit: File '/etc/systemd/user/b.service' already exists");
    assert_eq!(image.run(&["enable", "--force", "a"]), expected);
    assert!(!image.path("etc/systemd/user/x.target.wants").exists());
}

#[test]
fn enable_replaces_an_alias_only_by_force() {
    let image = Image::new();
    fs::create_dir_all(image.path("etc/systemd/user")).unwrap();
    let place = image.path("etc/systemd/user/b.service");
    std::os::unix::fs::symlink("/usr/lib/systemd/user/static.service", place).unwrap();
    let expected = failed(
        "Failed to enable unit: File '/etc/systemd/user/b.service' already exists and is a symlink to /usr/lib/systemd/user/static.service",
    );
    assert_eq!(image.run(&["enable", "a"]), expected);
    let (code, _, error) = image.run(&["enable", "--force", "a"]);
    let expected = "Removed '/etc/systemd/user/b.service'.
Created symlink '/etc/systemd/user/b.service' → '/usr/lib/systemd/user/a.service'.
";
    assert!(code == 0 && error.starts_with(expected), "{error}");
}

#[test]
fn enable_tells_of_a_target_that_is_not_there() {
    let image = Image::new();
    image.write("usr/lib/systemd/user/lost.service", "[Install]\nWantedBy=gone.target\n");
    let (code, _, error) = image.run(&["enable", "lost"]);
    assert!(code == 0 && error.contains("no unit gone.target"), "{error}");
}

#[test]
fn disable() {
    let image = Image::new();
    image.run(&["enable", "a"]);
    let (code, _, error) = image.run(&["disable", "a", "gone"]);
    assert_eq!(code, 1);
    let expected = "Removed '/etc/systemd/user/b.service'.
Removed '/etc/systemd/user/x.target.requires/c.socket'.
Removed '/etc/systemd/user/x.target.wants/a.service'.
session-launcher: Failed to disable unit: Unit gone.service does not exist
";
    assert_eq!(error, expected);
    assert_eq!(fs::read_dir(image.path("etc/systemd/user")).unwrap().count(), 0);
    assert_eq!(image.run(&["disable", "a"]), done(""));
    image.run(&["mask", "a"]);
    assert_eq!(image.run(&["disable", "a"]), done("Unit /etc/systemd/user/a.service is masked, ignoring.\n"));
}

#[test]
fn is_enabled() {
    let image = Image::new();
    assert_eq!(image.state("a"), (1, "disabled".to_owned()));
    assert_eq!(image.state("static.service"), (0, "static".to_owned()));
    assert_eq!(image.state("gone"), (4, "not-found".to_owned()));
    assert_eq!(
        image.run(&["is-enabled", "gone", "a"]),
        (1, "not-found\ndisabled\n".to_owned(), String::new())
    );
    image.run(&["enable", "a"]);
    assert_eq!(image.state("a"), (0, "enabled".to_owned()));
    assert_eq!(image.state("b"), (0, "alias".to_owned()));
    assert_eq!(image.run(&["is-enabled", "gone", "a"]).0, 0, "one is enough");
    assert_eq!(image.run(&["is-enabled", "--quiet", "gone"]), (4, String::new(), String::new()));
    let (code, output, _) = image.run(&["is-enabled", "--json", "gone", "a"]);
    let json: serde_json::Value = serde_json::from_str(&output).unwrap();
    let expected = serde_json::json!([
        {"name": "gone.service", "state": "not-found"},
        {"name": "a.service", "state": "enabled"},
    ]);
    assert_eq!((code, json), (0, expected));
    image.write("run/systemd/user/own.service", "[Service]\n");
    std::os::unix::fs::symlink("/opt/l.service", image.path("etc/systemd/user/l.service")).unwrap();
    image.write("opt/l.service", "[Install]\nWantedBy=x.target\n");
    assert_eq!(image.state("l"), (1, "linked".to_owned()));
}

#[test]
fn preset() {
    let image = Image::new();
    image.write("usr/lib/systemd/user-preset/50-x.preset", "disable c.socket\nenable a.service\ndisable *\n");
    let gone = failed("Failed to preset unit: Unit gone.service does not exist");
    assert_eq!(image.run(&["preset", "a", "gone"]), gone);
    image.run(&["enable", "c.socket", "t@two"]);
    // The socket is disabled itself, but comes with a.service.
    assert_eq!(image.run(&["preset", "c.socket", "a"]).0, 0);
    assert_eq!((image.state("a").1, image.state("c.socket").1), ("enabled".to_owned(), "enabled".to_owned()));
    let expected = done("Removed '/etc/systemd/user/x.target.requires/c.socket'.\n");
    assert_eq!(image.run(&["preset", "c.socket"]), expected);
    image.run(&["mask", "static"]);
    let masked = failed("Failed to preset unit: Unit /etc/systemd/user/static.service is masked");
    assert_eq!(image.run(&["preset", "static"]), masked);
    let (code, _, error) = image.run(&["preset-all"]);
    assert!(
        code == 0 && error.contains("Removed '/etc/systemd/user/x.target.wants/t@two.service'."),
        "{error}"
    );
}

#[test]
fn mask() {
    let image = Image::new();
    let expected = "Created symlink '/etc/systemd/user/a.service' → '/dev/null'.
Created symlink '/etc/systemd/user/gone.service' → '/dev/null'.
";
    assert_eq!(image.run(&["mask", "a", "gone"]), done(expected));
    assert_eq!(image.run(&["mask", "a"]), done(""));
    assert_eq!(image.state("a"), (1, "masked".to_owned()));
    let expected = failed("Failed to enable unit: Unit /etc/systemd/user/a.service is masked");
    assert_eq!(image.run(&["enable", "a"]), expected);
    image.write("etc/systemd/user/own.service", "[Service]\n");
    let expected = failed("Failed to mask unit: File '/etc/systemd/user/own.service' already exists");
    assert_eq!(image.run(&["mask", "--force", "own"]), expected);
}

#[test]
fn unmask() {
    let image = Image::new();
    image.run(&["mask", "a"]);
    image.run(&["mask", "--runtime", "static"]);
    assert_eq!(image.run(&["unmask", "a", "gone"]), done("Removed '/etc/systemd/user/a.service'.\n"));
    assert_eq!(image.state("static"), (1, "masked-runtime".to_owned()));
    assert_eq!(image.run(&["unmask", "static"]), done(""), "another directory");
    let expected = done("Removed '/run/systemd/user/static.service'.\n");
    assert_eq!(image.run(&["unmask", "--runtime", "static"]), expected);
    assert_eq!(image.state("static"), (0, "static".to_owned()));
}

#[test]
fn runtime() {
    let image = Image::new();
    image.run(&["enable", "--runtime", "a"]);
    assert!(image.link("run/systemd/user/x.target.wants/a.service").is_some());
    assert_eq!(image.state("a"), (0, "enabled-runtime".to_owned()));
    assert_eq!(image.run(&["disable", "a"]), done(""), "another directory");
    image.run(&["disable", "--runtime", "a"]);
    assert_eq!(image.state("a"), (1, "disabled".to_owned()));
}

#[test]
fn of_the_user_and_of_a_unit_path() {
    let image = Image::new();
    let home = tempfile::tempdir().unwrap();
    let vendor = image.path("usr/lib/systemd/user");
    let user = |arguments: &[&str]| {
        let mut command = command();
        command.env_clear().env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path().join("run"));
        // A colon at the end: the usual directories come after it.
        command.env("SYSTEMD_UNIT_PATH", format!("{}:", vendor.display())).arg("units").args(arguments);
        outcome(&mut command, home.path())
    };
    assert_eq!(user(&["enable", "a"]).0, 0);
    let link = home.path().join(".config/systemd/user/x.target.wants/a.service");
    assert_eq!(fs::read_link(link).unwrap(), vendor.join("a.service"));
    assert_eq!(user(&["is-enabled", "a"]).1, "enabled\n");
    assert_eq!(user(&["mask", "--runtime", "static"]).0, 0);
    assert_eq!(
        fs::read_link(home.path().join("run/systemd/user/static.service")).unwrap(),
        Path::new("/dev/null")
    );

    let first = home.path().join("first");
    let with_path = |arguments: &[&str]| {
        let mut command = command();
        command.arg("units").args(arguments).arg("--unit-path").arg(&first).arg("--unit-path").arg(&vendor);
        outcome(&mut command, home.path())
    };
    assert_eq!(with_path(&["enable", "c.socket"]).0, 0);
    assert!(fs::read_link(first.join("x.target.requires/c.socket")).is_ok());
    assert_eq!(
        with_path(&["enable", "--runtime", "c.socket"]),
        failed("--runtime has no meaning with --unit-path")
    );
}

#[test]
fn nothing_is_written_outside_of_the_image() {
    let image = Image::new();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir_all(image.path("etc")).unwrap();
    std::os::unix::fs::symlink(outside.path(), image.path("etc/systemd")).unwrap();
    let (code, _, error) = image.run(&["enable", "a"]);
    assert!(code == 1 && error.contains("leads out of"), "{error}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}
