//! The daemon asked by somebody else's client library, the `varlink` crate. Needs neither root nor systemd.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use varlink::{Connection, MethodCall, OrgVarlinkServiceInterface};

struct Daemon {
    files: tempfile::TempDir,
    process: Child,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

type Call = MethodCall<Value, Value, varlink::Error>;

impl Daemon {
    fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        let root = files.path();
        std::fs::create_dir_all(root.join("etc/userdb")).unwrap();
        std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
        for number in 0..100 {
            let record =
                json!({"userName": format!("user{number}"), "uid": 70_000 + number, "memberOf": ["band"]});
            std::fs::write(root.join(format!("etc/userdb/user{number}.user")), record.to_string()).unwrap();
        }
        let process = Command::new(env!("CARGO_BIN_EXE_userdbd"))
            .args([Path::new("--root"), root, Path::new("--socket-dir"), &root.join("sockets")])
            .args([Path::new("--config"), &root.join("none.toml")])
            .spawn()
            .unwrap();
        let daemon = Self { files, process };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::os::unix::net::UnixStream::connect(daemon.socket()).is_err() {
            assert!(Instant::now() < deadline, "the daemon does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
        daemon
    }

    fn socket(&self) -> PathBuf {
        self.files.path().join("sockets/io.systemd.Multiplexer")
    }

    fn connect(&self) -> Arc<RwLock<Connection>> {
        Connection::with_address(&format!("unix:{}", self.socket().display())).unwrap()
    }
}

fn call(connection: &Arc<RwLock<Connection>>, method: &str, parameters: Value) -> Call {
    MethodCall::new(Arc::clone(connection), format!("io.systemd.UserDatabase.{method}"), parameters)
}

#[test]
fn it_introspects() {
    let daemon = Daemon::start();
    let mut service = varlink::OrgVarlinkServiceClient::new(daemon.connect());
    let info = service.get_info().unwrap();
    assert_eq!(info.vendor, "Usher");
    for interface in info.interfaces.iter() {
        let description =
            service.get_interface_description(interface.to_string()).unwrap().description.unwrap();
        assert!(description.contains(&format!("interface {interface}")), "{description}");
    }
}

#[test]
fn it_looks_up_on_one_connection_again_and_again() {
    let daemon = Daemon::start();
    let connection = daemon.connect();
    // More often than it takes to be given a lane of its own.
    for number in 0..100 {
        let parameters = json!({"userName": format!("user{number}"), "service": "io.systemd.Multiplexer"});
        let reply = call(&connection, "GetUserRecord", parameters).call().unwrap();
        assert_eq!(reply["record"]["uid"], 70_000 + number);
    }
}

#[test]
fn it_lists() {
    let daemon = Daemon::start();
    let service = json!({"service": "io.systemd.Multiplexer"});
    let users = call(&daemon.connect(), "GetUserRecord", service).more().unwrap().map(Result::unwrap).count();
    assert!(users >= 101, "{users}");
    let band = json!({"groupName": "band", "service": "io.systemd.Multiplexer"});
    let members = call(&daemon.connect(), "GetMemberships", band).more().unwrap().map(Result::unwrap).count();
    assert_eq!(members, 100);
}

#[test]
fn it_is_told_what_is_wrong() {
    let daemon = Daemon::start();
    let connection = daemon.connect();
    let error = |method: &str, parameters: Value| {
        call(&connection, method, parameters).call().unwrap_err().to_string()
    };
    assert!(error("GetUserRecord", json!({"service": 5})).contains("service"));
    let missing = json!({"userName": "missing", "service": "io.systemd.Multiplexer"});
    assert!(error("GetUserRecord", missing).contains("NoRecordFound"));
    assert!(error("Nope", json!({})).contains("Nope"));
}
