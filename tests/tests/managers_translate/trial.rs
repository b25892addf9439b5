//! A machine with translated services of `tests/fixtures/translate` on one manager.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use usher_tests::binaries::{built, workspace};
use usher_tests::lab::machine::{Builder, Machine};
use usher_tests::lab::process::{CommandInside, Daemon};

/// The user of user managers.
pub const USER: u32 = 1000;

/// Units of the trial; `dbus` stands for the bus that the test starts.
pub const UNITS: [&str; 24] = [
    "after-ready.service",
    "bus.service",
    "clean.service",
    "crash.service",
    "dbus.service",
    "group.target",
    "hopeless.service",
    "identity.service",
    "late.service",
    "leaves.service",
    "listens.service",
    "listens.socket",
    "needs-crash.service",
    "needs-late.service",
    "needs-skipped.service",
    "never-again.service",
    "once.service",
    "plain.service",
    "ready.service",
    "silent.service",
    "skipped.service",
    "stranger.service",
    "wants-late.service",
    "words.service",
];

/// How a manager is spoken to.
pub trait Native {
    /// The machine.
    fn trial(&self) -> &Trial;
    /// Its own tool's start; whether that says that it worked.
    fn start(&self, service: &str) -> bool;
    /// Its own tool's stop.
    fn stop(&self, service: &str) -> bool;
    /// Its own tool's reload, or what the file says of it.
    fn reload(&self, service: &str) -> bool;
    /// Whether its own tool calls the service started.
    fn is_started(&self, service: &str) -> bool;
    /// The manager.
    fn name(&self) -> &'static str;
}

/// The machine.
pub struct Trial {
    pub machine: Machine,
    /// A system manager's.
    pub system: bool,
}

/// Where Dinit is, if it is.
pub fn dinit_directory() -> Option<PathBuf> {
    usher_tests::lab::dinit::directories().into_iter().next()
}

/// The fixtures.
pub fn fixtures() -> PathBuf {
    workspace().join("tests/fixtures/translate")
}

/// A machine with the program and GNOME's packages.
pub fn builder() -> Builder {
    let builder =
        Machine::builder("gnome").bind_read_only(built("session-launcher"), "/usr/bin/session-launcher");
    match dinit_directory() {
        Some(directory) => ["dinit", "dinitctl", "dinit-check"].iter().fold(builder, |builder, program| {
            builder.bind_read_only(directory.join(program), format!("/usr/bin/{program}"))
        }),
        None => builder,
    }
}

impl Trial {
    /// Starts a machine and translates the fixtures in it, to `/var/trial/native`.
    pub fn new(manager: &str, system: bool) -> Option<Self> {
        let machine = builder()
            .bind_read_only(fixtures().join("units"), "/var/units")
            .bind_read_only(fixtures().join("actor"), "/usr/bin/actor")
            .start_or_skip()?;
        let log = UnixDatagram::bind(machine.path("/dev/log")).unwrap();
        fs::set_permissions(machine.path("/dev/log"), fs::Permissions::from_mode(0o666)).unwrap();
        // The system log: nobody who writes to it may have to wait.
        std::thread::spawn(move || while log.recv(&mut [0; 2048]).is_ok() {});
        let trial = Self { machine, system };
        trial.as_root("mkdir -m 0777 /var/trial && touch /var/trial/log && chmod 0666 /var/trial/log");
        trial.as_root(&format!(
            "grep -q :{USER}: /etc/passwd || useradd --uid {USER} --create-home --shell /bin/sh ann; \
             install -d -m 0700 -o {USER} -g {USER} /run/user/{USER}"
        ));
        let scope = if system { "--system" } else { "--user" };
        let mut words = vec!["translate", "--to", manager, scope, "--unit-path", "/var/units"];
        words.extend(["--out", "/var/trial/native"]);
        words.extend(UNITS);
        trial.machine.command("session-launcher").args(words).run();
        Some(trial)
    }

    /// Runs a shell command as root.
    pub fn as_root(&self, command: &str) -> String {
        self.machine.command("/bin/sh").args(["-ec", command]).run()
    }

    /// A command of the manager's user.
    pub fn command(&self, program: &str) -> CommandInside<'_> {
        let command = self.machine.command(program);
        if self.system {
            return command;
        }
        command
            .uid(USER)
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", format!("/run/user/{USER}"))
            .env("USER", "ann")
    }

    /// The user's home directory.
    pub fn home(&self) -> String {
        let passwd = fs::read_to_string(self.machine.path("/etc/passwd")).unwrap();
        let line = passwd.lines().find(|line| line.split(':').nth(2) == Some("1000")).unwrap();
        line.split(':').nth(5).unwrap().to_owned()
    }

    /// A message bus where services look for one.
    pub fn bus(&self) -> Daemon {
        let address = if self.system {
            self.as_root("mkdir -p /run/dbus");
            "unix:path=/run/dbus/system_bus_socket".to_owned()
        } else {
            format!("unix:path=/run/user/{USER}/bus")
        };
        let daemon = self
            .command("dbus-daemon")
            .args(["--session", "--nofork", &format!("--address={address}")])
            .spawn();
        let socket = address.trim_start_matches("unix:path=");
        self.wait("the bus", || self.machine.path(socket).exists());
        daemon
    }

    /// What the actors did so far.
    pub fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.machine.path("/var/trial/log")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The lines of one actor.
    pub fn log_of(&self, actor: &str) -> Vec<String> {
        let own = |line: String| line.strip_prefix(actor)?.strip_prefix(' ').map(str::to_owned);
        self.log().into_iter().filter_map(own).collect()
    }

    /// Forgets what was done.
    pub fn clear(&self) {
        fs::write(self.machine.path("/var/trial/log"), "").unwrap();
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, condition: impl FnMut() -> bool) {
        assert!(within(Duration::from_secs(15), condition), "{what}: not within 15 s; log: {:?}", self.log());
    }

    /// Processes whose command line has that word.
    pub fn processes(&self, word: &str) -> Vec<String> {
        let script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null && echo; done || true";
        let all = self.as_root(script);
        all.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
    }
}

/// Whether something becomes so in time.
pub fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
