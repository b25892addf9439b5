//! Commands and daemons inside a machine.

use super::machine::Machine;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A command to run in a machine. Its environment holds PATH, HOME, LANG and what [`CommandInside::env`] adds.
#[derive(Debug)]
pub struct CommandInside<'a> {
    machine: &'a Machine,
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    uid: u32,
    cgroup: String,
    input: Vec<u8>,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Its standard error output, likewise.
    pub stderr: String,
}

impl Output {
    /// The exit code; 128 and more for a signal, as a shell says it.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }
}

impl<'a> CommandInside<'a> {
    pub(super) fn new(machine: &'a Machine, program: OsString) -> Self {
        Self {
            machine,
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            uid: 0,
            cgroup: "/init".to_owned(),
            input: Vec::new(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs it as this user, in the group of the same number and no other.
    #[must_use]
    pub fn uid(mut self, uid: u32) -> Self {
        self.uid = uid;
        self
    }

    /// Runs it in this group of the machine's cgroup tree, which must be there; without cgroups this says nothing.
    #[must_use]
    pub fn cgroup(mut self, path: &str) -> Self {
        path.clone_into(&mut self.cgroup);
        self
    }

    /// What it reads from standard input (for [`CommandInside::output`] and [`CommandInside::run`]).
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    fn build(&self) -> Command {
        let mut command;
        if let Some(group) = self.machine.cgroup(&self.cgroup) {
            command = Command::new("/bin/sh");
            command.args(["-ec", "echo 0 > \"$1/cgroup.procs\"; shift; exec nsenter --cgroup \"$@\"", "sh"]);
            command.arg(group);
        } else {
            command = Command::new("nsenter");
        }
        command.args([
            "--target",
            self.machine.pid(),
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--root",
            "--wd",
        ]);
        if self.machine.has_network() {
            command.arg("--net");
        }
        if self.uid != 0 {
            command.arg(format!("--setgid={}", self.uid)).arg(format!("--setuid={}", self.uid));
        }
        command.arg("--").arg(&self.program).args(&self.arguments);
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .env("LANG", "C.UTF-8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn describe(&self) -> String {
        let mut text = self.program.to_string_lossy().into_owned();
        for argument in &self.arguments {
            let _ = write!(text, " {}", argument.to_string_lossy());
        }
        text
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn output(self) -> Output {
        let mut child = self
            .build()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("nsenter: {error}"));
        let mut stdin = child.stdin.take().expect("it was piped");
        let input = self.input;
        let writer = std::thread::spawn(move || {
            // A command that does not read its input is its own matter.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().expect("the command can be waited for");
        let _ = writer.join();
        Output {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs it to its end and gives its standard output.
    ///
    /// # Panics
    /// When it fails; with what it printed.
    pub fn run(self) -> String {
        let what = self.describe();
        let output = self.output();
        assert!(output.status.success(), "{what}: {}\n{}{}", output.status, output.stdout, output.stderr);
        output.stdout
    }

    /// Starts it in the background. Its output goes to a log that [`Daemon::log`] reads.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn spawn(self) -> Daemon {
        let what = self.describe();
        let log = tempfile::NamedTempFile::new().expect("a log file can be made");
        let out = log.reopen().expect("the log opens");
        let err = log.reopen().expect("the log opens");
        // Both streams append: otherwise each would overwrite the other's lines.
        for file in [&out, &err] {
            rustix::fs::fcntl_setfl(file, rustix::fs::OFlags::APPEND).expect("the log appends");
        }
        let child = self
            .build()
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|error| panic!("nsenter: {error}"));
        Daemon { what, child, log }
    }
}

/// A background process of a machine. It ends with the machine, or when dropped.
#[derive(Debug)]
pub struct Daemon {
    what: String,
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Daemon {
    /// Its pid in this process's namespace; nothing when it has ended.
    pub fn pid(&self) -> Option<u32> {
        // nsenter forks into the pid namespace and waits.
        let parent = self.child.id();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
            if let Some(pid) = children.split_whitespace().next() {
                return pid.parse().ok();
            }
            if Instant::now() > deadline || !Path::new(&format!("/proc/{parent}")).exists() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is no more.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.pid().unwrap_or_else(|| panic!("{}: has ended\n{}", self.what, self.log()));
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a pid is positive");
        rustix::process::kill_process(pid, signal).expect("the process can be signalled");
    }

    /// Goes on waiting for it after it was stopped: nsenter(1) stops with its child.
    pub fn resume(&self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::CONT);
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it takes longer than `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "{}: still runs after {limit:?}\n{}", self.what, self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the process can be waited for").is_none()
    }

    /// Waits until `condition` holds.
    ///
    /// # Panics
    /// When the daemon ends first or it takes more than 20 seconds; with the daemon's log.
    pub fn wait_until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                panic!("{}: ended ({status}) before {what}\n{}", self.what, self.log());
            }
            assert!(Instant::now() < deadline, "{}: not {what} after 20 s\n{}", self.what, self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until something listens on the Unix socket `path` (of this process's file system).
    ///
    /// # Panics
    /// As [`Daemon::wait_until`].
    pub fn wait_for_socket(&mut self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let what = format!("listening on {}", path.display());
        self.wait_until(&what, || std::os::unix::net::UnixStream::connect(path).is_ok());
    }

    /// The file that its output goes to.
    pub fn log_file(&self) -> std::path::PathBuf {
        self.log.path().to_owned()
    }

    /// What it printed so far, on both streams.
    pub fn log(&self) -> String {
        let mut text = Vec::new();
        let _ = self.log.reopen().and_then(|mut file| file.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        if let Some(pid) = self.pid().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            self.resume();
            // nsenter ends when the process is gone, with its locks and sockets.
            let deadline = Instant::now() + Duration::from_secs(5);
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
