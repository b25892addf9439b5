//! Control groups of units, where this process may make some (cgroups(7), "Delegation").

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::unit::spec::{Settings, Unit, UnitName};

/// Where cgroup2 is mounted.
const MOUNT: &str = "/sys/fs/cgroup";

/// The file that suspends a group.
const FREEZE: &str = "cgroup.freeze";

/// The group below which units get theirs.
#[derive(Debug, Clone)]
pub struct Cgroups {
    base: PathBuf,
    /// The groups that were made here, by unit.
    made: RefCell<HashMap<UnitName, PathBuf>>,
}

impl Cgroups {
    /// Finds out whether groups can be made: in the group that this process is in. It then moves itself to `init.scope`
    /// below, as a group with children should have no processes of its own.
    pub fn detect() -> Option<Self> {
        let own = path_of("self")?;
        // Restarted, it is in init.scope already.
        let own = own.strip_suffix("/init.scope").unwrap_or(&own).to_owned();
        let mut base = Path::new(MOUNT).join(own.trim_start_matches('/'));
        // Something else is mounted there, such as the tmpfs that holds the controllers of cgroup v1.
        if !base.join("cgroup.procs").exists() {
            return None;
        }
        if own.split('/').all(|part| part.is_empty() || part.ends_with(".slice")) {
            // Then programs that look at their own group, as GNOME Shell does, find their unit in it.
            base.push(format!("user@{}.service", rustix::process::getuid().as_raw()));
            fs::create_dir_all(&base).ok()?;
        }
        let scope = base.join("init.scope");
        match fs::create_dir(&scope) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(_) => return None,
        }
        fs::write(scope.join("cgroup.procs"), "0").ok()?;
        Some(Self { base, made: RefCell::default() })
    }

    /// The group for a unit, made if need be.
    pub fn ensure(&self, unit: &Unit) -> Option<PathBuf> {
        let group = self.group(unit);
        fs::create_dir_all(&group).ok()?;
        let processes = group.join("cgroup.procs");
        self.made.borrow_mut().insert(unit.name.clone(), group);
        Some(processes)
    }

    /// Moves a process into a unit's group. False when it may not be moved.
    pub fn adopt(&self, unit: &Unit, pid: i32) -> bool {
        self.ensure(unit).is_some_and(|processes| fs::write(processes, pid.to_string()).is_ok())
    }

    /// The processes of a unit whose group was made here, also in groups that it has made itself.
    pub fn processes(&self, unit: &UnitName) -> Option<Vec<i32>> {
        let group = self.made.borrow().get(unit)?.clone();
        let mut pids = Vec::new();
        read_group(&group, &mut pids, 0);
        pids.sort_unstable();
        Some(pids)
    }

    /// Whether the kernel can suspend groups (since Linux 5.2).
    pub fn can_freeze(&self) -> bool {
        self.base.join("init.scope").join(FREEZE).exists()
    }

    /// Whether a unit's processes are suspended.
    pub fn is_frozen(&self, unit: &Unit) -> bool {
        fs::read(self.group(unit).join(FREEZE)).is_ok_and(|text| text.starts_with(b"1"))
    }

    /// Suspends a unit's processes, or lets them go on. A unit without a group has none.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn set_frozen(&self, unit: &Unit, frozen: bool) -> std::io::Result<()> {
        match fs::write(self.group(unit).join(FREEZE), if frozen { "1" } else { "0" }) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Removes a unit's group if it is empty.
    pub fn remove(&self, unit: &Unit) {
        self.made.borrow_mut().remove(&unit.name);
        let _ = fs::remove_dir(self.group(unit));
    }

    /// The unit whose group a process is in.
    pub fn unit_of(&self, pid: i32) -> Option<UnitName> {
        let path = path_of(&pid.to_string())?;
        let path = Path::new(MOUNT).join(path.trim_start_matches('/'));
        let below = path.strip_prefix(&self.base).ok()?;
        // Outside in: past slices, the first unit that is none. What it delegates to is its own business.
        below
            .iter()
            .map(|part| part.to_string_lossy())
            .find(|part| !part.ends_with(".slice"))
            .filter(|part| part != "init.scope")
            .and_then(|part| UnitName::new(unescape(&part)).ok())
    }

    /// Whether programs can tell from their group which unit of a user's manager they are (sd_pid_get_user_unit(3)): the
    /// path has to lead through slices to `user@UID.service`.
    pub fn tell_units(&self) -> bool {
        let below = self.base.strip_prefix(MOUNT).unwrap_or(&self.base);
        let mut parts =
            below.iter().map(|part| part.to_string_lossy()).skip_while(|part| part.ends_with(".slice"));
        parts.next().is_some_and(|part| part.starts_with("user@") && part.ends_with(".service"))
    }

    /// `ControlGroup`, as systemd's property gives it.
    pub fn path(&self, unit: &Unit) -> String {
        let group = self.group(unit);
        let below = group.strip_prefix(MOUNT).unwrap_or(&group);
        format!("/{}", below.display())
    }

    fn group(&self, unit: &Unit) -> PathBuf {
        let mut path = self.base.clone();
        if let Some(slice) = slice_of(unit) {
            for part in slice_path(&slice) {
                path.push(part);
            }
        }
        path.push(escape(unit.name.as_str()));
        path
    }
}

/// Deeper trees of groups are not followed.
const MAX_DEPTH: usize = 16;

fn read_group(group: &Path, pids: &mut Vec<i32>, depth: usize) {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    pids.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
    let Ok(entries) = fs::read_dir(group) else { return };
    for entry in entries.flatten() {
        if depth < MAX_DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            read_group(&entry.path(), pids, depth + 1);
        }
    }
}

fn slice_of(unit: &Unit) -> Option<UnitName> {
    match &unit.settings {
        Settings::Service(service) => service.resources.slice.clone(),
        Settings::Scope(scope) => scope.resources.slice.clone(),
        Settings::Socket(socket) => socket.resources.slice.clone(),
        _ => None,
    }
}

/// `a-b.slice` lies in `a.slice`; the root slice is the base itself.
fn slice_path(slice: &UnitName) -> Vec<String> {
    let stem = slice.stem();
    if stem == "-" {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let mut prefix = String::new();
    for part in stem.split('-') {
        if !prefix.is_empty() {
            prefix.push('-');
        }
        prefix.push_str(part);
        parts.push(format!("{prefix}.slice"));
    }
    parts
}

/// Names that the kernel uses for its own files get an underscore before them, as systemd has it.
fn escape(name: &str) -> String {
    let reserved = name.starts_with(['_', '.'])
        || ["notify_on_release", "release_agent", "tasks"].contains(&name)
        || name.starts_with("cgroup.");
    if reserved { format!("_{name}") } else { name.to_owned() }
}

fn unescape(name: &str) -> &str {
    name.strip_prefix('_').unwrap_or(name)
}

fn path_of(process: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_nest_by_their_dashes() {
        let slice = UnitName::new("app-gnome-x.slice").unwrap();
        assert_eq!(slice_path(&slice), ["app.slice", "app-gnome.slice", "app-gnome-x.slice"]);
        assert!(slice_path(&UnitName::new("-.slice").unwrap()).is_empty());
    }
}
