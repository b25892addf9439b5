//! userdbd, systemd's daemon and a bare echo server, asked the same.

use super::load::{self, Connections, Figures};
use super::memory;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::client::message;
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, start_systemd, userdbd};

#[derive(clap::Args)]
pub struct Arguments {
    /// Drop-in users that both daemons know
    #[arg(long, default_value_t = 1000)]
    users: u32,
    /// Time of each measurement, in milliseconds
    #[arg(long, default_value_t = 1000)]
    time: u64,
    /// Measure ours only: systemd's daemon cannot list very many users
    #[arg(long)]
    ours_only: bool,
}

/// A daemon in a machine of its own.
struct Peer {
    name: &'static str,
    socket: PathBuf,
    machine: Machine,
    _daemon: Daemon,
    _sockets: SocketDirectory,
}

/// Measures and prints.
///
/// # Errors
/// A daemon does not start or stops answering.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let files = tempfile::tempdir().map_err(|error| error.to_string())?;
    write_users(files.path(), arguments.users).map_err(|error| format!("drop-ins: {error}"))?;
    let mut peers = vec![start("userdbd", files.path(), arguments.users)?];
    if !arguments.ours_only {
        peers.push(start("systemd", files.path(), arguments.users)?);
    }
    println!("{} drop-in users, each in one group; {} ms for each figure", arguments.users, arguments.time);
    println!("\nmemory, idle");
    print_memory(&peers);
    keyed(&peers, arguments)?;
    other_lookups(&peers, arguments)?;
    lists(&peers)?;
    println!("\nmemory, after all this");
    print_memory(&peers);
    Ok(())
}

fn write_users(directory: &Path, count: u32) -> std::io::Result<()> {
    for number in 0..count {
        let uid = 100_000 + number;
        let record = json!({"userName": format!("user{number}"), "uid": uid, "gid": uid,
            "realName": format!("User Number {number}"), "homeDirectory": format!("/home/user{number}"),
            "shell": "/bin/bash", "service": "io.systemd.DropIn"});
        let file = format!("user{number}.user");
        std::fs::write(directory.join(&file), record.to_string())?;
        std::os::unix::fs::symlink(&file, directory.join(format!("{uid}.user")))?;
        std::fs::write(directory.join(format!("user{number}:everybody.membership")), "{}\n")?;
    }
    Ok(())
}

fn start(name: &'static str, files: &Path, users: u32) -> Result<Peer, String> {
    let sockets = SocketDirectory::new();
    let machine =
        machine(&sockets).bind(files, "/etc/userdb").start().map_err(|error| format!("{name}: {error}"))?;
    prepare(&machine);
    let socket = sockets.socket("io.systemd.Multiplexer");
    let started = Instant::now();
    let daemon = if name == "systemd" {
        start_systemd(&machine, &sockets)
    } else {
        let mut daemon = userdbd(&machine).spawn();
        daemon.wait_for_socket(&socket);
        daemon
    };
    // It may listen before it has read everything.
    let last =
        request("GetUserRecord", json!({"userName": format!("user{}", users.saturating_sub(1))}), false);
    while let Err(error) = one_reply(&socket, &last) {
        if started.elapsed() > Duration::from_secs(120) {
            return Err(format!("{name}: {error}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    eprintln!("{name}: answers after {:.0?} with {users} users", started.elapsed());
    Ok(Peer { name, socket, machine, _daemon: daemon, _sockets: sockets })
}

fn request(method: &str, key: Value, more: bool) -> Vec<u8> {
    let mut parameters = key;
    if let Some(parameters) = parameters.as_object_mut() {
        parameters.insert("service".into(), "io.systemd.Multiplexer".into());
    }
    let method = format!("io.systemd.UserDatabase.{method}");
    message(&if more {
        json!({"method": method, "parameters": parameters, "more": true})
    } else {
        json!({"method": method, "parameters": parameters})
    })
}

/// The echo server in a process of its own; it ends when dropped.
struct Echo {
    child: Child,
    socket: PathBuf,
    _directory: tempfile::TempDir,
}

impl Echo {
    /// Answers as `peer` answers to `request`.
    fn start(peer: &Peer, request: &[u8]) -> Result<Self, String> {
        let reply = one_reply(&peer.socket, request)?;
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (socket, file) = (directory.path().join("socket"), directory.path().join("reply"));
        std::fs::write(&file, reply).map_err(|error| error.to_string())?;
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let child = Command::new(program)
            .args(["bench", "echo"])
            .args([&socket, &file])
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("echo: {error}"))?;
        let echo = Self { child, socket, _directory: directory };
        let start = Instant::now();
        while std::os::unix::net::UnixStream::connect(&echo.socket).is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err("the echo server does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(echo)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn one_reply(socket: &Path, request: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Write;
    let failed = |error: std::io::Error| format!("{}: {error}", socket.display());
    let mut stream = std::os::unix::net::UnixStream::connect(socket).map_err(failed)?;
    stream.write_all(request).map_err(failed)?;
    let reply = usher_tests::userdb::client::Frames::default().next(&mut stream).map_err(failed)?;
    let mut reply = reply.ok_or_else(|| format!("{}: closed", socket.display()))?;
    if reply.starts_with(b"{\"error\"") {
        return Err(format!("{}: {}", socket.display(), String::from_utf8_lossy(&reply)));
    }
    reply.push(0);
    Ok(reply)
}

/// The lookup of a drop-in user by name, from few and many clients.
fn keyed(peers: &[Peer], arguments: &Arguments) -> Result<(), String> {
    let request =
        request("GetUserRecord", json!({"userName": format!("user{}", arguments.users / 2)}), false);
    let Some(first) = peers.first() else { return Ok(()) };
    let echo = Echo::start(first, &request)?;
    let time = Duration::from_millis(arguments.time);
    for connections in [Connections::Kept, Connections::New] {
        println!(
            "\nlookup by name, {}",
            if connections == Connections::Kept { "kept connections" } else { "a connection each" }
        );
        header();
        for clients in [1, 8, 64] {
            let floor = load::measure(&echo.socket, &request, clients, connections, time)?;
            row("echo", clients, &floor, &floor);
            for peer in peers {
                let figures = load::measure(&peer.socket, &request, clients, connections, time)?;
                row(peer.name, clients, &figures, &floor);
            }
        }
    }
    Ok(())
}

/// Other single answers, from one client.
fn other_lookups(peers: &[Peer], arguments: &Arguments) -> Result<(), String> {
    let time = Duration::from_millis(arguments.time);
    let middle = arguments.users / 2;
    for (what, request) in [
        ("by uid", request("GetUserRecord", json!({"uid": 100_000 + middle}), false)),
        ("root, of /etc/passwd", request("GetUserRecord", json!({"userName": "root"}), false)),
        (
            "memberships of one user",
            request("GetMemberships", json!({"userName": format!("user{middle}")}), true),
        ),
    ] {
        let Some(first) = peers.first() else { return Ok(()) };
        let echo = Echo::start(first, &request)?;
        println!("\n{what}, kept connections");
        header();
        let floor = load::measure(&echo.socket, &request, 1, Connections::Kept, time)?;
        row("echo", 1, &floor, &floor);
        for peer in peers {
            let figures = load::measure(&peer.socket, &request, 1, Connections::Kept, time)?;
            row(peer.name, 1, &figures, &floor);
        }
    }
    Ok(())
}

fn lists(peers: &[Peer]) -> Result<(), String> {
    for (what, request) in [
        ("all users", request("GetUserRecord", json!({}), true)),
        ("members of one group", request("GetMemberships", json!({"groupName": "everybody"}), true)),
    ] {
        println!("\n{what}");
        println!("  {:<10} {:>9} {:>12} {:>12}", "", "replies", "first", "all");
        for peer in peers {
            let listed = load::list(&peer.socket, &request)?;
            println!("  {:<10} {:>9} {:>12.1?} {:>12.1?}", peer.name, listed.count, listed.first, listed.all);
        }
    }
    Ok(())
}

fn header() {
    println!(
        "  {:<10} {:>7} {:>11} {:>11} {:>11} {:>12} {:>10} {:>12}",
        "", "clients", "p50", "p99", "max", "a second", "p50/echo", "rate/echo"
    );
}

fn row(name: &str, clients: usize, figures: &Figures, floor: &Figures) {
    println!(
        "  {name:<10} {clients:>7} {:>11.1?} {:>11.1?} {:>11.1?} {:>12.0} {:>9.2}x {:>11.2}x",
        figures.p50,
        figures.p99,
        figures.max,
        figures.throughput,
        figures.p50.as_secs_f64() / floor.p50.as_secs_f64(),
        figures.throughput / floor.throughput,
    );
}

fn print_memory(peers: &[Peer]) {
    for peer in peers {
        let memory = memory::of_machine(&peer.machine);
        println!("  {:<10} {:>4} processes {:>9} KiB", peer.name, memory.processes, memory.pss);
    }
}
