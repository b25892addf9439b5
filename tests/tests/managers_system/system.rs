//! A machine with translated services, and what can be asked of it from outside.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use usher_tests::binaries::{built, workspace};
use usher_tests::gnome::install::{self, Leader};
use usher_tests::gnome::side::HEADLESS_SHELL;
use usher_tests::lab::desktop::wait_for;
use usher_tests::lab::machine::{Builder, Machine};

/// How long anything may take here.
const LIMIT: Duration = Duration::from_secs(30);

/// Units of the root that are translated on it.
const UNITS: [&str; 4] = ["accounts-daemon", "colord", "gdm", "upower"];

/// What services keep, and the translation has to make again.
const KEPT: &str = "/var/lib/AccountsService /var/lib/colord /var/cache/colord /etc/colord /var/lib/upower";

/// The machine.
pub struct System {
    pub machine: Machine,
    journal: Arc<Mutex<String>>,
}

/// A process, seen from inside.
#[derive(Debug)]
pub struct Owner {
    pub pid: i32,
    pub uid: u32,
    pub program: String,
    pub environment: BTreeMap<String, String>,
}

impl System {
    /// A machine in which `manager` finds translated services in `/var/native`. `along` are other units to translate.
    pub fn new(builder: Builder, manager: &str, along: &[&str]) -> Option<Self> {
        let fixtures = workspace().join("tests/fixtures/managers_system");
        let machine = install::bind(builder)
            .bind_read_only(built("userdbd"), "/usr/libexec/userdbd")
            .bind_read_only(built("userdbctl"), "/usr/bin/userdbctl")
            .bind_read_only(workspace().join(manager), "/usr/share/usher-native")
            .bind_read_only(fixtures, "/usr/share/fixtures")
            .cgroups()
            .network()
            .start_or_skip()?;
        install::install(&machine, Leader::Ours);
        machine.write("/etc/systemd/user/org.gnome.Shell@.service.d/headless.conf", 0o644, HEADLESS_SHELL);
        machine.write("/etc/gdm3/daemon.conf", 0o644, "[daemon]\nShowLocalGreeter=false\n");
        let journal = journal(&machine);
        let system = Self { machine, journal };
        system.shell(&format!(
            "dbus-uuidgen --ensure=/etc/machine-id
             cp /usr/share/fixtures/*.service /etc/systemd/system
             install -d -m 1777 /tmp/.X11-unix /tmp/.ICE-unix
             useradd --create-home --uid 1000 --shell /bin/bash alice
             rm -rf {KEPT}"
        ));
        let words = ["translate", "--to", manager, "--system", "--out", "/var/native"];
        system.machine.command("session-launcher").args(words).args(UNITS).args(along.iter().copied()).run();
        // Those of users lie in a directory beside them.
        system.shell("find /usr/share/usher-native -maxdepth 1 -type f -exec cp -p {} /var/native \\;");
        Some(system)
    }

    /// Runs a shell command as root.
    pub fn shell(&self, script: &str) -> String {
        self.machine.command("/bin/sh").args(["-ec", script]).run()
    }

    /// Who owns a name on the system bus.
    pub fn owner(&self, name: &str) -> Option<Owner> {
        let output = self
            .machine
            .command("dbus-send")
            .args([
                "--system",
                "--print-reply=literal",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
            ])
            .args(["org.freedesktop.DBus.GetConnectionUnixProcessID", &format!("string:{name}")])
            .output();
        let pid = output.stdout.trim().strip_prefix("uint32 ")?.parse().ok()?;
        self.process(pid)
    }

    fn process(&self, pid: i32) -> Option<Owner> {
        let read = |file: &str| fs::read(self.machine.path(format!("/proc/{pid}/{file}"))).ok();
        let status = String::from_utf8_lossy(&read("status")?).into_owned();
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        let strings = |bytes: Vec<u8>| -> Vec<String> {
            String::from_utf8_lossy(&bytes).split('\0').map(str::to_owned).collect()
        };
        let environment = strings(read("environ")?)
            .into_iter()
            .filter_map(|entry| {
                entry.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
            })
            .collect();
        Some(Owner {
            pid,
            uid: uids.split_whitespace().next()?.parse().ok()?,
            program: strings(read("cmdline")?).swap_remove(0),
            environment,
        })
    }

    /// The processes of a program, without `run-service` above it and its loggers.
    pub fn processes(&self, program: &str) -> Vec<String> {
        let processes = self.machine.processes();
        let of = processes.iter().filter(|process| process.name == program);
        of.map(ToString::to_string).collect()
    }

    /// Whether anything is left of a service: its program, or `run-service` for it.
    pub fn remains(&self, service: &str, program: &str) -> Vec<String> {
        let option = format!("--name={service} ");
        let processes = self.machine.processes();
        let of = processes
            .iter()
            .filter(|process| process.name == program || process.command_line.contains(&option));
        of.map(ToString::to_string).collect()
    }

    /// Kills the owner of a name as a crash would.
    pub fn crash(&self, owner: &Owner) {
        self.shell(&format!("kill -KILL {}", owner.pid));
    }

    /// Waits until something is so.
    pub fn becomes(&self, condition: impl FnMut() -> bool) -> bool {
        wait_for(LIMIT, Duration::from_millis(50), condition)
    }

    /// What came to the system log from programs with that tag.
    pub fn journal_of(&self, tag: &str) -> String {
        let journal = self.journal.lock().unwrap();
        let own = |line: &&str| line.contains(&format!(" {tag}: ")) || line.contains(&format!(" {tag}["));
        journal.lines().filter(own).map(|line| format!("{line}\n")).collect()
    }

    /// What a person would want to read when something fails.
    pub fn story(&self) -> String {
        let processes: String =
            self.machine.processes().iter().map(|process| format!("{process}\n")).collect();
        format!("-- processes:\n{processes}\n-- system log:\n{}", self.journal.lock().unwrap())
    }
}

/// The system log.
fn journal(machine: &Machine) -> Arc<Mutex<String>> {
    let socket = UnixDatagram::bind(machine.path("/dev/log")).unwrap();
    fs::set_permissions(machine.path("/dev/log"), fs::Permissions::from_mode(0o666)).unwrap();
    let journal = Arc::new(Mutex::new(String::new()));
    let writer = Arc::clone(&journal);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length) = socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]);
            *writer.lock().unwrap() += &format!("{}\n", text.trim_end_matches(['\0', '\n']));
        }
    });
    journal
}
