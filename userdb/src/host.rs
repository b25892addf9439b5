//! The host that records are read on: `perMachine`, `binding` and `status` depend on it.

use std::fs;
use std::path::Path;

/// What identifies a host to a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The machine id as 32 lower-case hex digits, if the host has one (`machine-id(5)`).
    pub machine_id: Option<String>,
    /// The host name, if one is set.
    pub hostname: Option<String>,
}

impl Host {
    /// Reads machine id and host name of the system in `root`.
    ///
    /// For the running system (`/`) the host name is the kernel's, as systemd takes it, and the static one
    /// (`hostname(5)`) only if the kernel has none; for any other root it is the static one. A file that is
    /// missing or holds nonsense counts as not set.
    pub fn read(root: &Path) -> Self {
        let machine_id = read_line(&root.join("etc/machine-id")).and_then(|line| machine_id(&line));
        let kernel =
            (root == Path::new("/")).then(|| read_line(Path::new("/proc/sys/kernel/hostname"))).flatten();
        let hostname =
            kernel.filter(|name| is_set(name)).or_else(|| read_hostname(&root.join("etc/hostname")));
        Self { machine_id, hostname }
    }
}

/// A machine id in any spelling (32 hex digits or a UUID) as 32 lower-case hex digits.
pub(crate) fn machine_id(text: &str) -> Option<String> {
    let id = crate::record::parse_uuid(text)?;
    (id != 0).then(|| format!("{id:032x}"))
}

/// The kernel says `(none)` when nobody gave the host a name.
fn is_set(name: &str) -> bool {
    !matches!(name, "" | "(none)")
}

/// hostname(5): the first line that is neither empty nor a comment.
fn read_hostname(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    Some(line.to_owned())
}

fn read_line(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(machine_id: Option<&str>, hostname: Option<&str>) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        for (name, content) in [("etc/machine-id", machine_id), ("etc/hostname", hostname)] {
            if let Some(content) = content {
                fs::write(root.path().join(name), content).unwrap();
            }
        }
        root
    }

    #[test]
    fn reads_both_files() {
        let root = root(Some("0123456789ABCDEF0123456789abcdef\n"), Some("# ours\n\n seat \n"));
        let host = Host::read(root.path());
        assert_eq!(host.machine_id.as_deref(), Some("0123456789abcdef0123456789abcdef"));
        assert_eq!(host.hostname.as_deref(), Some("seat"));
    }

    #[test]
    fn nonsense_counts_as_not_set() {
        for bad in ["", "uninitialized\n", "0123\n", "00000000000000000000000000000000\n"] {
            assert_eq!(Host::read(root(Some(bad), None).path()), Host::default(), "{bad:?}");
        }
        // Another root must not be given the running kernel's name.
        assert_eq!(Host::read(root(None, Some("#x\n")).path()).hostname, None);
    }
}
