//! The userdb half: this machine's accounts and a few records in files, served to a client.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use userdb::client::Connection;

use super::{program, say};

/// A record with everything that a passwd line has no room for. Its password is in a file of its own, for root's eyes only.
const ANN: &str = r#"{
  "userName": "ann", "realName": "Ann Ash", "uid": 70001, "aliases": ["annie"],
  "memberOf": ["makers"], "timeZone": "Europe/Lisbon", "preferredLanguage": "pt_PT.UTF-8"
}
"#;
const ANN_PRIVILEGED: &str = r#"{ "privileged": { "sshAuthorizedKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ann@laptop"] } }
"#;
const MAKERS: &str = r#"{ "groupName": "makers", "gid": 70100, "members": ["bob"] }
"#;
/// Users for a login screen.
const POOL: &str = r#"name = "login-screen"
uids = "61184-61199"
home = "/run/login-screen/{name}"
lend = true
"#;
/// One file that cannot be used, to show that it harms nothing else.
const BROKEN: &str = r#"{ "userName": "eve", "uid":
"#;

/// A running daemon over files of its own. All of it is gone with this value.
struct Demo {
    files: TempDir,
    daemon: Child,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Shows users being served.
///
/// # Errors
/// What went wrong, for a person.
pub fn show() -> Result<(), String> {
    let demo = Demo::start()?;
    say("Who is ann? (a JSON record in a file; nothing in /etc/passwd)");
    demo.userdbctl(&["user", "ann"])?;
    say("A user of this machine, from its own passwd and group, and a group with members from three places");
    demo.userdbctl(&["--output=classic", "user", "root", "annie"])?;
    demo.userdbctl(&["users-in-group", "makers"])?;
    say("An edit is seen at once, without a restart");
    demo.write(
        "etc/userdb/carol.user",
        r#"{ "userName": "carol", "uid": 70002, "memberOf": ["makers"] }"#,
        0o644,
    )?;
    demo.userdbctl(&["--output=classic", "user", "carol"])?;
    demo.userdbctl(&["groups-of-user", "carol"])?;
    say("What the daemon was asked, as any program may ask it (io.systemd.UserDatabase over Varlink)");
    demo.call(
        "io.systemd.UserDatabase.GetUserRecord",
        &json!({"uid": 70002, "service": "io.systemd.Multiplexer"}),
    )?;
    say("A file that is broken costs itself only; `userdbd --check` names it");
    demo.check()?;
    say("A user for a login screen, borrowed for as long as the connection lasts");
    demo.borrow()
}

impl Demo {
    fn start() -> Result<Self, String> {
        let files = tempfile::tempdir().map_err(|error| format!("a temporary directory: {error}"))?;
        let root = files.path();
        for name in ["passwd", "group"] {
            let text = std::fs::read(Path::new("/etc").join(name))
                .map_err(|error| format!("/etc/{name}: {error}"))?;
            write(root, &format!("etc/{name}"), &text, 0o644)?;
        }
        write(root, "etc/userdb/ann.user", ANN.as_bytes(), 0o644)?;
        write(root, "etc/userdb/ann.user-privileged", ANN_PRIVILEGED.as_bytes(), 0o600)?;
        write(root, "etc/userdb/makers.group", MAKERS.as_bytes(), 0o644)?;
        write(root, "etc/userdb/root:makers.membership", b"", 0o644)?;
        write(root, "etc/userdb/eve.user", BROKEN.as_bytes(), 0o644)?;
        write(root, "etc/usher/pools.d/login-screen.toml", POOL.as_bytes(), 0o644)?;
        let uid = rustix::process::getuid().as_raw();
        let config = format!(
            "state-directory = \"{}\"\n[lending]\nborrowers = [{uid}]\n",
            root.join("state").display()
        );
        write(root, "userdbd.toml", config.as_bytes(), 0o644)?;
        let daemon = Command::new(program("userdbd")?)
            .arg("--root")
            .arg(root)
            .arg("--socket-dir")
            .arg(root.join("sockets"))
            .arg("--config")
            .arg(root.join("userdbd.toml"))
            .env("USERDBD_LOG", "error")
            .spawn()
            .map_err(|error| format!("userdbd: {error}"))?;
        let demo = Self { files, daemon };
        demo.wait_for_socket()?;
        Ok(demo)
    }

    fn socket(&self) -> PathBuf {
        self.files.path().join("sockets/io.systemd.Multiplexer")
    }

    fn wait_for_socket(&self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            if Instant::now() > deadline {
                return Err("userdbd does not come up".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> Result<(), String> {
        write(self.files.path(), name, text.as_bytes(), mode)
    }

    /// Shows a command and what it prints.
    fn userdbctl(&self, arguments: &[&str]) -> Result<(), String> {
        println!("$ userdbctl {}", arguments.join(" "));
        let output = Command::new(program("userdbctl")?)
            .args(arguments)
            .env("USERDB_SOCKET_DIR", self.files.path().join("sockets"))
            .output()
            .map_err(|error| format!("userdbctl: {error}"))?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        if output.status.success() {
            Ok(())
        } else {
            Err(format!("userdbctl: {}", String::from_utf8_lossy(&output.stderr)))
        }
    }

    fn check(&self) -> Result<(), String> {
        println!("$ userdbd --check --root ...");
        let output = Command::new(program("userdbd")?)
            .arg("--check")
            .arg("--root")
            .arg(self.files.path())
            .arg("--config")
            .arg(self.files.path().join("userdbd.toml"))
            .output()
            .map_err(|error| format!("userdbd: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let about_eve =
            text.lines().find(|line| line.contains("eve.user")).ok_or("the broken file was not named")?;
        println!("{}", about_eve.replace(&*self.files.path().to_string_lossy(), ""));
        Ok(())
    }

    fn connect(&self) -> Result<Connection, String> {
        Connection::open(&self.socket(), Duration::from_secs(5)).map_err(|error| error.to_string())
    }

    /// Shows a call and its reply.
    fn call(&self, method: &str, parameters: &Value) -> Result<(), String> {
        println!("> {method} {parameters}");
        let reply = self.connect()?.call(method, parameters).map_err(|error| error.to_string())?;
        println!("< {}", Value::Object(reply));
        Ok(())
    }

    fn borrow(&self) -> Result<(), String> {
        let method = "dev.usher.DynamicUsers.Allocate";
        let parameters = json!({"pool": "login-screen"});
        println!("> {method} {parameters}");
        let mut connection = self.connect()?;
        let reply = connection.call(method, &parameters).map_err(|error| error.to_string())?;
        let name = reply
            .get("loan")
            .and_then(|loan| loan.get("userName"))
            .and_then(Value::as_str)
            .ok_or("the reply has no user name")?;
        self.userdbctl(&["--output=classic", "user", name])?;
        println!("(the borrower is gone)");
        drop(connection);
        let deadline = Instant::now() + Duration::from_secs(5);
        let loans = loop {
            let list = self.connect()?.call("dev.usher.DynamicUsers.List", &json!({}));
            let list = list.map_err(|error| error.to_string())?;
            if has_ended(&list) || Instant::now() > deadline {
                break list;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        println!("> dev.usher.DynamicUsers.List {{}}\n< {}", json!(loans));
        if has_ended(&loans) { Ok(()) } else { Err("the loan did not end".into()) }
    }
}

fn has_ended(list: &Map<String, Value>) -> bool {
    list.get("loans").and_then(Value::as_array).is_some_and(Vec::is_empty)
}

fn write(root: &Path, name: &str, text: &[u8], mode: u32) -> Result<(), String> {
    let path = root.join(name);
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(problem)?;
    }
    std::fs::write(&path, text).map_err(problem)?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).map_err(problem)
}
