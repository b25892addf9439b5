//! A root entered in fresh namespaces: own mounts, processes, IPC and host name, its own /run and /tmp, and a file
//! system that forgets every write.

use super::process::CommandInside;
use super::{LabError, is_root, root};
use crate::skip::{continuous_integration, skip};
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// The first process of a machine. It mounts everything and then waits until its standard input ends: that is, until
/// the test drops the machine or dies. Its end takes every other process of the machine with it.
///
/// Arguments: cached root, scratch directory, host name, "cgroups" or "", "network" or "", then (mode, from, to) for
/// each bind mount.
const INIT: &str = r#"
set -e
lower=$1 scratch=$2 name=$3 cgroups=$4 network=$5
shift 5
mount -t tmpfs -o mode=0755 tmpfs "$scratch"
cd "$scratch"
mkdir upper work root
mount -t overlay -o "lowerdir=$lower,upperdir=upper,workdir=work" overlay root
root=$scratch/root
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -m 1777 "$root/run/lock"
mount -t sysfs -o ro sysfs "$root/sys"
if [ "$network" ]; then ip link set lo up; fi
if [ "$cgroups" ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    # Not in the tree's root: a group with processes of its own could not hand controllers to others.
    mkdir "$root/sys/fs/cgroup/init"
    echo 0 > "$root/sys/fs/cgroup/init/cgroup.procs"
fi
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    : > "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts"
mkdir -m 1777 "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
hostname "$name"
echo "$name" > "$root/etc/hostname"
while [ $# -gt 0 ]; do
    if [ -d "$2" ]; then mkdir -p "$root$3"; else mkdir -p "$root${3%/*}"; : > "$root$3"; fi
    mount --bind "$2" "$root$3"
    if [ "$1" = ro ]; then mount -o remount,bind,ro "$root$3"; fi
    shift 3
done
cd "$root"
mkdir -p mnt
pivot_root . mnt
exec chroot . /bin/sh -ec 'umount -l /mnt; rm -rf /run/mount; echo ready; cat > /dev/null' < /dev/stdin
"#;

/// What a machine shall be.
#[derive(Debug)]
pub struct Builder {
    root: String,
    hostname: String,
    binds: Vec<(&'static str, PathBuf, PathBuf)>,
    cgroups: bool,
    network: bool,
}

/// A running machine. Dropping it kills everything in it and forgets its file system.
#[derive(Debug)]
pub struct Machine {
    init: Child,
    pid: String,
    stdin: Option<ChildStdin>,
    cgroup: Option<PathBuf>,
    network: bool,
    // Dropped last: the mount point of the scratch file system.
    _scratch: tempfile::TempDir,
}

impl Machine {
    /// A machine of the root called `root`, to be adjusted and started.
    pub fn builder(root: &str) -> Builder {
        Builder {
            root: root.to_owned(),
            hostname: "lab".to_owned(),
            binds: Vec::new(),
            cgroups: false,
            network: false,
        }
    }

    /// A command that runs in this machine, as root until told otherwise.
    pub fn command(&self, program: impl Into<OsString>) -> CommandInside<'_> {
        CommandInside::new(self, program.into())
    }

    /// The path by which this process reaches the machine's file `inside` (absolute). Absolute symbolic links on the
    /// way would lead out of the machine.
    pub fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        let inside = inside.as_ref();
        let relative = inside.strip_prefix("/").unwrap_or(inside);
        Path::new("/proc").join(&self.pid).join("root").join(relative)
    }

    /// Writes a file of the machine, with its parents (0755), by rename: a watcher sees it whole.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, inside: &str, mode: u32, content: impl AsRef<[u8]>) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a file has a parent")).expect("its parents can be made");
        let mut partial = path.clone().into_os_string();
        partial.push(".partial");
        fs::write(&partial, content).unwrap_or_else(|error| panic!("{inside}: {error}"));
        fs::set_permissions(&partial, fs::Permissions::from_mode(mode)).expect("the mode can be set");
        fs::rename(&partial, &path).unwrap_or_else(|error| panic!("{inside}: {error}"));
    }

    /// Makes a symbolic link in the machine.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn symlink(&self, target: &str, inside: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a link has a parent")).expect("its parents can be made");
        std::os::unix::fs::symlink(target, &path).unwrap_or_else(|error| panic!("{inside}: {error}"));
    }

    /// The machine's first process, as a pid of this process's namespace.
    pub fn pid(&self) -> &str {
        &self.pid
    }

    /// The directory of the group `path` (absolute, in the machine's tree), when the machine has cgroups.
    pub(super) fn cgroup(&self, path: &str) -> Option<PathBuf> {
        self.cgroup.as_ref().map(|group| group.join(path.trim_start_matches('/')))
    }

    /// Whether it has a network of its own.
    pub(super) fn has_network(&self) -> bool {
        self.network
    }
}

impl Builder {
    /// Makes `from` of this file system appear at `to` (absolute), writable.
    #[must_use]
    pub fn bind(mut self, from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Self {
        self.binds.push(("rw", from.into(), to.into()));
        self
    }

    /// Makes `from` of this file system appear at `to` (absolute), read-only.
    #[must_use]
    pub fn bind_read_only(mut self, from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Self {
        self.binds.push(("ro", from.into(), to.into()));
        self
    }

    /// Sets the host name; `lab` otherwise.
    #[must_use]
    pub fn hostname(mut self, name: &str) -> Self {
        name.clone_into(&mut self.hostname);
        self
    }

    /// Mounts a writable cgroup2 tree on /sys/fs/cgroup whose root is the machine's own group. Commands start in its
    /// group `/init`.
    #[must_use]
    pub fn cgroups(mut self) -> Self {
        self.cgroups = true;
        self
    }

    /// Gives it a network of its own with nothing but the loopback device: abstract sockets and X11's displays are
    /// then not those of other machines.
    #[must_use]
    pub fn network(mut self) -> Self {
        self.network = true;
        self
    }

    /// Starts the machine, building its root when needed.
    ///
    /// # Errors
    /// Not root, the root cannot be built, or the namespaces do not come up.
    pub fn start(self) -> Result<Machine, LabError> {
        if !is_root() {
            return Err(LabError::NotRoot);
        }
        let lower = root::ensure(&self.root)?;
        let lower = fs::canonicalize(&lower).map_err(|error| LabError::Io(lower, error))?;
        let scratch = tempfile::Builder::new()
            .prefix("usher-lab-")
            .tempdir()
            .map_err(|error| LabError::Io(std::env::temp_dir(), error))?;
        let failed = |reason: String| LabError::Enter { root: self.root.clone(), reason };
        let cgroup = if self.cgroups { Some(own_cgroup()?) } else { None };

        let mut command = Command::new("sh");
        // Join the group before the cgroup namespace is made: its root is then this group.
        command
            .arg("-ec")
            .arg("if [ \"$1\" ]; then echo $$ > \"$1/cgroup.procs\"; fi; shift; exec \"$@\"")
            .arg("sh");
        command.arg(cgroup.as_deref().unwrap_or(Path::new("")));
        command.args(["unshare", "--mount", "--pid", "--ipc", "--uts"]);
        if cgroup.is_some() {
            command.arg("--cgroup");
        }
        if self.network {
            command.arg("--net");
        }
        command.args(["--fork", "--kill-child", "sh", "-c", INIT, "sh"]);
        command.arg(&lower).arg(scratch.path()).arg(&self.hostname);
        command.arg(if self.cgroups { "cgroups" } else { "" }).arg(if self.network { "network" } else { "" });
        for (mode, from, to) in &self.binds {
            command.arg(mode).arg(from).arg(to);
        }
        let mut init = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("unshare: {error}")))?;
        let stdin = init.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = init.stdout.take() {
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        if line.trim() != "ready" {
            let mut reason = String::new();
            if let Some(mut stderr) = init.stderr.take() {
                let _ = stderr.read_to_string(&mut reason);
            }
            let _ = init.wait();
            return Err(failed(reason));
        }
        let parent = init.id();
        let children = format!("/proc/{parent}/task/{parent}/children");
        let pid = fs::read_to_string(&children).map_err(|error| LabError::Io(children.into(), error))?;
        Ok(Machine {
            init,
            pid: pid.trim().to_owned(),
            stdin,
            cgroup,
            network: self.network,
            _scratch: scratch,
        })
    }

    /// Starts the machine, or skips the test where it cannot be: without root, and, under continuous integration, when
    /// the root cannot be built.
    ///
    /// # Panics
    /// When it fails otherwise: a broken lab must not look like a pass.
    pub fn start_or_skip(self) -> Option<Machine> {
        match self.start() {
            Ok(machine) => Some(machine),
            Err(error @ LabError::NotRoot) => {
                skip(&error.to_string());
                None
            }
            Err(error @ (LabError::Command { .. } | LabError::NoMirror(_) | LabError::Earlier(_)))
                if continuous_integration() =>
            {
                skip(&error.to_string());
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // Its end ends every process of the pid namespace.
        if let Some(pid) = self.pid.parse().ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = self.init.wait();
        if let Some(cgroup) = &self.cgroup {
            remove_cgroup(cgroup);
        }
    }
}

/// Makes a cgroup2 group for one machine.
fn own_cgroup() -> Result<PathBuf, LabError> {
    let mounts = fs::read_to_string("/proc/self/mounts")
        .map_err(|error| LabError::Io("/proc/self/mounts".into(), error))?;
    let mount = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&"cgroup2"))
        .and_then(|fields| fields.get(1).map(PathBuf::from));
    let Some(mount) = mount else {
        return Err(LabError::Enter {
            root: "cgroups".into(),
            reason: "no cgroup2 file system is mounted; mount one on /sys/fs/cgroup".into(),
        });
    };
    // A name of its own: the group of a run that was killed may still be there, and process ids come again.
    let group = tempfile::Builder::new()
        .prefix("usher-lab-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(&mount)
        .map_err(|error| LabError::Io(mount, error))?;
    Ok(group.keep())
}

fn remove_cgroup(group: &Path) {
    // Some processes of the machine's pid namespace may still be on their way out; this reaches those below too.
    let _ = fs::write(group.join("cgroup.kill"), "1");
    if let Ok(entries) = fs::read_dir(group) {
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                remove_cgroup(&entry.path());
            }
        }
    }
    // Processes that were killed leave their group a little later.
    for _ in 0..50 {
        match fs::remove_dir(group) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::BUSY.raw_os_error()) => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            _ => return,
        }
    }
}
