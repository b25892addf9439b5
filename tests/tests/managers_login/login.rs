//! A machine that OpenRC has started, with elogind and the system bus, and a user who logs in.

use std::time::Duration;

use usher_tests::binaries::workspace;
use usher_tests::gnome::install::{self, Leader};
use usher_tests::lab::desktop::wait_for;
use usher_tests::lab::machine::{Builder, Machine};
use usher_tests::lab::process::Output;

const UID: u32 = 1000;

/// How long anything may take here.
const LIMIT: Duration = Duration::from_secs(30);

/// A unit of the user's.
const LAB: &str = "[Service]\nExecStart=/usr/bin/sleep 4711\n";

/// What the user does: sees the bus, has session-launcher start a service, and asks the native tool (in `$LISTING`).
const VISIT: &str = "
    echo \"runtime $XDG_RUNTIME_DIR\"
    echo \"address $DBUS_SESSION_BUS_ADDRESS\"
    [ -S \"$XDG_RUNTIME_DIR/bus\" ] && echo 'the bus is there'
    systemctl --user start lab.service
    echo \"lab.service $(systemctl --user is-active lab.service)\"
";

/// The machine.
pub struct Login {
    pub machine: Machine,
}

impl Login {
    /// A machine with `stack`, an example, as the session part of every log-in.
    pub fn new(builder: Builder, stack: &str) -> Option<Self> {
        let machine = install::bind(builder)
            .bind_read_only(workspace().join("docs/examples"), "/usr/share/examples")
            .bind_read_only(workspace().join("dinit"), "/usr/share/native/dinit")
            .bind_read_only(workspace().join("openrc"), "/usr/share/native/openrc")
            .bind_read_only(workspace().join("shepherd"), "/usr/share/native/shepherd")
            .cgroups()
            .network()
            .start_or_skip()?;
        install::install(&machine, Leader::Ours);
        machine.write("/etc/systemd/user/lab.service", 0o644, LAB);
        let login = Self { machine };
        // Debian's log-ins all include common-session.
        login.shell(&format!(
            "useradd --create-home --uid {UID} --shell /bin/bash ann
             dbus-uuidgen --ensure=/etc/machine-id
             cp /usr/share/examples/pam.d/{stack} /etc/pam.d/common-session
             rc-update del gdm3 default; rc-update del procps sysinit"
        ));
        Some(login)
    }

    /// Starts the services of the runlevel.
    pub fn boot(&self) {
        self.shell("openrc sysinit && openrc boot && openrc default");
        self.shell("rc-service elogind status && rc-service dbus status");
    }

    /// Runs a shell command as root.
    pub fn shell(&self, script: &str) -> String {
        self.machine.command("/bin/sh").args(["-ec", script]).run()
    }

    /// Logs in, runs a script, and logs out.
    pub fn session(&self, script: &str) -> Output {
        self.machine.command("timeout").args(["120", "su", "-l", "ann", "-c", script]).output()
    }

    /// A second log-in comes to the service manager of the first, and neither's end is that one's end while the other stays.
    pub fn two_at_once(&self) {
        let first = "systemctl --user start lab.service; touch /tmp/started; \
                     while [ ! -e /tmp/go ]; do sleep 0.1; done; systemctl --user is-active lab.service";
        let second = "systemctl --user is-active lab.service";
        let last = format!("{second}; touch /tmp/go; sleep 2; {second}");
        let started = self.machine.path("/tmp/started");
        std::thread::scope(|scope| {
            let first = scope.spawn(|| self.session(first));
            assert!(wait_for(LIMIT, LIMIT / 300, || started.exists()), "nobody is logged in");
            // OpenRC talks beside.
            let is_active = |output: Output, times: usize| {
                let said = format!("{}{}", output.stdout, output.stderr);
                assert_eq!(output.stdout.lines().filter(|line| *line == "active").count(), times, "{said}");
            };
            is_active(self.session(second), 1);
            is_active(self.session(&last), 2);
            is_active(first.join().unwrap(), 1);
        });
    }

    /// A log-in in which the native tool's `listing` has to show the service, and after which nothing is left.
    pub fn visit(&self, manager: &str, listing: &str, shown: &str) {
        let output = self.session(&format!("{VISIT}\n{listing}\nps -u {UID} -o args"));
        let text = format!("{}\n{}", output.stdout, output.stderr);
        for expected in [
            "runtime /run/user/1000",
            "address unix:path=/run/user/1000/bus",
            "the bus is there",
            "lab.service active",
            shown,
        ] {
            assert!(output.stdout.contains(expected), "{manager}: no {expected:?} in:\n{text}");
        }
        let left = || self.machine.processes_of(UID);
        let gone = wait_for(LIMIT, Duration::from_millis(100), || left().is_empty());
        assert!(gone, "{manager}: left after the log-out: {:#?}", left());
    }
}
