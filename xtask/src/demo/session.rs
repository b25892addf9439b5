//! The session half: a small session of units on the embedded manager, as an ordinary user.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::message_bus::MessageBus;
use super::{program, say};

/// A session such as a desktop has: a shell that it cannot be without, a panel that comes back when it crashes, and an agent
/// that starts when somebody calls.
const UNITS: &[(&str, &str)] = &[
    (
        "demo-session.target",
        "[Unit]\nDescription=A small session\nRequires=demo-shell.service\nWants=demo-panel.service demo-agent.socket\n\
         BindsTo=graphical-session.target\n",
    ),
    (
        "demo-shell.service",
        "[Unit]\nDescription=The shell\nPartOf=graphical-session.target\nBefore=graphical-session.target\n\
         [Service]\nType=exec\nSlice=session.slice\nExecStart=sleep infinity\n",
    ),
    (
        "demo-panel.service",
        "[Unit]\nDescription=The panel\nPartOf=graphical-session.target\nAfter=demo-shell.service\n\
         [Service]\nType=exec\nSlice=app.slice\nRestart=on-failure\n\
         ExecStart=sh -c 'echo \"the panel of $USER is up\"; exec sleep infinity'\n",
    ),
    (
        "demo-agent.socket",
        "[Unit]\nDescription=The agent's socket\nPartOf=graphical-session.target\n[Socket]\nListenStream=%t/demo-agent\n",
    ),
    (
        "demo-agent.service",
        "[Unit]\nDescription=The agent\nPartOf=graphical-session.target\n[Service]\nExecStart=sleep infinity\n",
    ),
];

/// Whom the session is for when root runs the demo: nobody.
const USER_ID: u32 = 65534;

/// How long anything may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// The user's own directories and bus.
struct Seat {
    files: TempDir,
    bus: MessageBus,
    own_user: bool,
}

/// Shows a session that starts, heals and ends.
///
/// # Errors
/// What went wrong, for a person.
pub fn show() -> Result<(), String> {
    let seat = Seat::prepare()?;
    say("A session starts: five units in systemd's format, no systemd");
    let mut leader = seat.start("session-launcher", &["start", "demo-session.target"])?;
    seat.wait_until_active("graphical-session.target")?;
    seat.show("systemctl", &["--user", "list-dependencies", "--no-pager", "demo-session.target"])?;
    seat.show("systemctl", &["--user", "status", "--no-pager", "demo-panel.service"])?;

    say("The panel crashes, and comes back");
    seat.show("systemctl", &["--user", "kill", "--signal=SEGV", "demo-panel.service"])?;
    seat.wait_for("the panel's return", || {
        seat.output("systemctl", &["--user", "show", "--property=NRestarts,SubState", "demo-panel.service"])
            .is_ok_and(|text| text.contains("NRestarts=1") && text.contains("SubState=running"))
    })?;
    seat.show("session-launcher", &["log", "demo-panel.service"])?;

    say("Somebody calls the agent, and it starts");
    let path = seat.path("run/demo-agent");
    let call = std::os::unix::net::UnixStream::connect(&path)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    seat.wait_until_active("demo-agent.service")?;
    seat.show("systemctl", &["--user", "list-units", "--no-pager", "demo-*"])?;
    drop(call);

    say("The session ends: its leader is asked to, everything that is part of it goes");
    terminate(&leader);
    let status = leader.wait().map_err(|error| error.to_string())?;
    println!("(the leader has ended: {status})");
    seat.show("systemctl", &["--user", "list-units", "--no-pager", "demo-*"])?;
    Ok(())
}

impl Seat {
    fn prepare() -> Result<Self, String> {
        let problem = |error: std::io::Error| format!("a temporary directory: {error}");
        let files = tempfile::tempdir().map_err(problem)?;
        let own_user = rustix::process::getuid().is_root();
        let root = files.path();
        std::fs::set_permissions(root, Permissions::from_mode(0o755)).map_err(problem)?;
        for name in ["units", "run", "home", "bin"] {
            std::fs::create_dir(root.join(name)).map_err(problem)?;
        }
        copy_directory(&repository().join("units"), &root.join("units")).map_err(problem)?;
        for (name, text) in UNITS {
            std::fs::write(root.join("units").join(name), text).map_err(problem)?;
        }
        // The user may not be able to read where this was built.
        let binary = root.join("bin/session-launcher");
        std::fs::copy(program("session-launcher")?, &binary).map_err(problem)?;
        symlink("session-launcher", root.join("bin/systemctl")).map_err(problem)?;
        std::fs::set_permissions(root.join("run"), Permissions::from_mode(0o700)).map_err(problem)?;
        if own_user {
            for name in ["run", "home"] {
                chown(root.join(name), Some(USER_ID), Some(USER_ID)).map_err(problem)?;
            }
        }
        let bus = MessageBus::start(root, |command| as_user(command, own_user))?;
        Ok(Self { files, bus, own_user })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("bin").join(name));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("USER", if self.own_user { "nobody" } else { "you" })
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus.address())
            .env("SYSTEMD_UNIT_PATH", self.path("units"))
            .env("SESSION_LAUNCHER_LOG", "warn")
            .current_dir("/");
        as_user(&mut command, self.own_user);
        command
    }

    fn start(&self, name: &str, arguments: &[&str]) -> Result<Child, String> {
        println!("$ {name} {} &", arguments.join(" "));
        self.command(name, arguments).stdin(Stdio::null()).spawn().map_err(|error| format!("{name}: {error}"))
    }

    /// Shows a command and what it prints.
    fn show(&self, name: &str, arguments: &[&str]) -> Result<(), String> {
        let shown: Vec<&str> =
            arguments.iter().copied().filter(|argument| *argument != "--no-pager").collect();
        println!("$ {name} {}", shown.join(" "));
        let text = self.output(name, arguments)?;
        print!("{}", text.replace(&*self.files.path().to_string_lossy(), "..."));
        Ok(())
    }

    fn output(&self, name: &str, arguments: &[&str]) -> Result<String, String> {
        let output = self.command(name, arguments).output().map_err(|error| format!("{name}: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("{name} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
        }
    }

    fn wait_until_active(&self, unit: &str) -> Result<(), String> {
        self.wait_for(unit, || self.output("systemctl", &["--user", "is-active", unit]).is_ok())
    }

    fn wait_for(&self, what: &str, is_there: impl Fn() -> bool) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while !is_there() {
            if Instant::now() > deadline {
                return Err(format!("{what}: waited {PATIENCE:?} for it"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// Root plays as an ordinary user; everybody else as oneself.
fn as_user(command: &mut Command, own_user: bool) {
    if own_user {
        command.uid(USER_ID).gid(USER_ID);
    }
}

fn terminate(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn copy_directory(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The first line that a process prints.
pub fn first_line(child: &mut Child) -> Option<String> {
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}
