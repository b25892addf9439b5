//! Whether conditions hold (systemd.unit(5), "Conditions and Asserts").

mod comparison;
mod hardware;
mod path;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::shell_pattern;
use super::spec::{Condition, ConditionKind};
use super::specifier::Host;
use super::value::{boolean, number};
use super::words::{self, Backslash};

/// What conditions look at beside the file system.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The user and the machine.
    pub host: &'a Host,
    /// The manager's own environment.
    pub environment: &'a BTreeMap<String, String>,
    /// Paths are looked up below it; `None` for /.
    pub root: Option<&'a Path>,
}

/// The highest user identifier of the system's own accounts.
const SYSTEM_UID_MAX: u32 = 999;

impl Surroundings<'_> {
    /// Whether a condition holds, with `!`. What cannot be found out counts as not being so.
    pub fn holds(&self, condition: &Condition) -> bool {
        self.test(condition) != condition.negate
    }

    /// Whether a condition holds, before `!`.
    pub fn test(&self, condition: &Condition) -> bool {
        let parameter = condition.parameter.as_str();
        match condition.kind {
            ConditionKind::Environment => self.environment_has(parameter),
            ConditionKind::User => self.is_user(parameter),
            ConditionKind::Group => self.is_group(parameter),
            ConditionKind::Host => self.is_host(parameter),
            ConditionKind::OSRelease => self.os_release(parameter),
            ConditionKind::Version => self.version(parameter),
            ConditionKind::Credential => self.credential(parameter),
            ConditionKind::KernelCommandLine => kernel_command_line(parameter),
            ConditionKind::Architecture => parameter == "native" || parameter == self.host.architecture,
            ConditionKind::FirstBoot => {
                boolean::parse(parameter) == Some(self.place("/run/systemd/first-boot").exists())
            }
            ConditionKind::MachineTag => self.machine_tag(parameter),
            // Which machines a fraction means is defined by a hash of systemd's own.
            ConditionKind::Fraction => parameter.ends_with("100%"),
            ConditionKind::PathExists
            | ConditionKind::PathExistsGlob
            | ConditionKind::PathIsDirectory
            | ConditionKind::PathIsSymbolicLink
            | ConditionKind::PathIsMountPoint
            | ConditionKind::PathIsReadWrite
            | ConditionKind::PathIsEncrypted
            | ConditionKind::PathIsSocket
            | ConditionKind::DirectoryNotEmpty
            | ConditionKind::FileNotEmpty
            | ConditionKind::FileIsExecutable
            | ConditionKind::NeedsUpdate => path::test(condition.kind, &self.place(parameter), self.root),
            _ => hardware::test(condition.kind, parameter),
        }
    }

    fn place(&self, path: &str) -> PathBuf {
        super::conf_files::in_root(self.root, Path::new(path))
    }

    fn environment_has(&self, parameter: &str) -> bool {
        match parameter.split_once('=') {
            Some((name, value)) => self.environment.get(name).is_some_and(|set| set == value),
            None => self.environment.contains_key(parameter),
        }
    }

    fn is_user(&self, parameter: &str) -> bool {
        match parameter {
            "@system" => self.host.uid <= SYSTEM_UID_MAX || self.host.uid == 65534,
            _ => parameter.parse() == Ok(self.host.uid) || parameter == self.host.user,
        }
    }

    fn is_group(&self, parameter: &str) -> bool {
        if parameter == self.host.group || parameter.parse() == Ok(self.host.gid) {
            return true;
        }
        let groups: Vec<u32> =
            rustix::process::getgroups().unwrap_or_default().iter().map(|group| group.as_raw()).collect();
        if let Ok(number) = parameter.parse::<u32>() {
            return groups.contains(&number);
        }
        let text = fs::read_to_string(self.place("/etc/group")).unwrap_or_default();
        let number = text.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == parameter).then(|| fields.nth(1)?.parse::<u32>().ok())?
        });
        number.is_some_and(|number| groups.contains(&number))
    }

    fn is_host(&self, parameter: &str) -> bool {
        let id = parameter.replace('-', "").to_ascii_lowercase();
        if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return [&self.host.machine_id, &self.host.boot_id]
                .into_iter()
                .flatten()
                .any(|known| *known == id);
        }
        shell_pattern::matches(parameter, &self.host.host_name)
    }

    fn os_release(&self, parameter: &str) -> bool {
        let Ok(words) = words::split(parameter, Backslash::Escape) else { return false };
        words.iter().all(|word| {
            let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
            let Some((field, rest)) = word.split_at_checked(end) else { return false };
            let value = self.host.os_release.get(field).map(String::as_str).unwrap_or_default();
            comparison::test(rest, value, false)
        })
    }

    /// `kernel` unless another software is named. There is no systemd; its version is that whose units are understood.
    fn version(&self, parameter: &str) -> bool {
        let Ok(mut words) = words::split(parameter, Backslash::Escape) else { return false };
        let version = match words.first().map(String::as_str) {
            Some("systemd") => "262",
            Some("glibc") => return false,
            _ => self.host.kernel_release.as_str(),
        };
        if matches!(words.first().map(String::as_str), Some("systemd" | "kernel")) {
            words.remove(0);
        }
        // An operator may stand alone before its version.
        let mut joined: Vec<String> = Vec::new();
        for word in words {
            match joined.last_mut().filter(|last| last.chars().all(|c| "<>=!$".contains(c))) {
                Some(last) => last.push_str(&word),
                None => joined.push(word),
            }
        }
        joined.iter().all(|word| comparison::test(word, version, true))
    }

    fn credential(&self, parameter: &str) -> bool {
        let valid =
            !parameter.is_empty() && !parameter.contains('/') && parameter != "." && parameter != "..";
        valid && self.host.credentials_dir.as_ref().is_some_and(|dir| dir.join(parameter).exists())
    }

    fn machine_tag(&self, parameter: &str) -> bool {
        let text = fs::read_to_string(self.place("/etc/machine-info")).unwrap_or_default();
        let tags =
            super::environment_d::parse(&text).assignments.into_iter().find(|entry| entry.name == "TAGS");
        tags.is_some_and(|entry| {
            entry.value.split([':', ' ', ',']).any(|tag| shell_pattern::matches(parameter, tag))
        })
    }
}

fn kernel_command_line(parameter: &str) -> bool {
    let text = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let Ok(words) = words::split(text.trim_end(), Backslash::EscapeRelaxed) else { return false };
    words.iter().any(|word| {
        if parameter.contains('=') { word == parameter } else { word.split('=').next() == Some(parameter) }
    })
}

/// Reads a size or number behind `<`, `<=`, `=`, `!=`, `>=`, `>`; without an operator at least that much is meant.
fn at_least(parameter: &str, actual: u64) -> bool {
    let (operator, rest) = comparison::operator(parameter);
    let Some(wanted) = number::size(rest.trim()) else { return false };
    match operator {
        "<" => actual < wanted,
        "<=" => actual <= wanted,
        "=" | "==" => actual == wanted,
        "!=" | "<>" => actual != wanted,
        ">" => actual > wanted,
        _ => actual >= wanted,
    }
}

#[cfg(test)]
mod tests;
