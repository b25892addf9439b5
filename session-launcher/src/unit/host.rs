//! Finds out what specifiers and conditions need to know of the user and the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::environment_d;
use super::specifier::Host;

impl Host {
    /// Of the process's own user, with the given environment. `root` is where /etc is read, for image builders.
    pub fn detect(environment: &BTreeMap<String, String>, root: Option<&Path>) -> Self {
        let root = root.unwrap_or(Path::new("/"));
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let directory = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let uid = rustix::process::getuid().as_raw();
        let gid = rustix::process::getgid().as_raw();
        let account = Account::of(root, uid);
        let home = directory("HOME").or(account.home).unwrap_or_else(|| PathBuf::from("/"));
        Self {
            system: false,
            architecture: architecture().to_owned(),
            boot_id: id128(Path::new("/proc/sys/kernel/random/boot_id")),
            machine_id: id128(&root.join("etc/machine-id")),
            host_name: first_line(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default(),
            pretty_host_name: assignments(&root.join("etc/machine-info")).remove("PRETTY_HOSTNAME"),
            kernel_release: first_line(Path::new("/proc/sys/kernel/osrelease")).unwrap_or_default(),
            os_release: os_release(root),
            user: account.name.or_else(|| variable("USER").cloned()).unwrap_or_else(|| uid.to_string()),
            uid,
            group: group_name(root, gid).unwrap_or_else(|| gid.to_string()),
            gid,
            shell: directory("SHELL").or(account.shell).unwrap_or_else(|| PathBuf::from("/bin/sh")),
            // What a log-in would set; image builders have none.
            runtime_dir: Some(
                directory("XDG_RUNTIME_DIR").unwrap_or_else(|| PathBuf::from(format!("/run/user/{uid}"))),
            ),
            config_home: directory("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            data_home: directory("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")),
            state_home: directory("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state")),
            cache_home: directory("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache")),
            temporary_dir: ["TMPDIR", "TEMP", "TMP"].into_iter().find_map(directory),
            credentials_dir: directory("CREDENTIALS_DIRECTORY"),
            home,
        }
    }
}

#[derive(Default)]
struct Account {
    name: Option<String>,
    home: Option<PathBuf>,
    shell: Option<PathBuf>,
}

impl Account {
    /// From /etc/passwd. A user who is not in it is known by the environment that the log-in gave.
    fn of(root: &Path, uid: u32) -> Self {
        let text = std::fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
        for line in text.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, id, _, _, home, shell] = fields.as_slice()
                && id.parse() == Ok(uid)
            {
                let path = |text: &str| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
                return Self { name: Some((*name).to_owned()), home: path(home), shell: path(shell) };
            }
        }
        Self::default()
    }
}

fn group_name(root: &Path, gid: u32) -> Option<String> {
    let text = std::fs::read_to_string(root.join("etc/group")).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

fn first_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

/// A 128-bit identifier without dashes.
fn id128(path: &Path) -> Option<String> {
    let text: String = first_line(path)?.chars().filter(|character| *character != '-').collect();
    (text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

fn os_release(root: &Path) -> BTreeMap<String, String> {
    let etc = root.join("etc/os-release");
    assignments(&if etc.exists() { etc } else { root.join("usr/lib/os-release") })
}

fn assignments(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    environment_d::parse(&text).assignments.into_iter().map(|entry| (entry.name, entry.value)).collect()
}

/// The name that systemd gives the architecture.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        "aarch64" => "arm64",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64-le",
        "powerpc64" => "ppc64",
        "powerpc" => "ppc",
        "loongarch64" => "loongarch64",
        other => other,
    }
}
