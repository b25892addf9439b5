//! Conditions about the machine and its kernel.

use std::fs;
use std::path::Path;

use super::at_least;
use crate::unit::spec::ConditionKind;
use crate::unit::value::boolean;

/// Whether a condition about the machine holds.
pub fn test(kind: ConditionKind, parameter: &str) -> bool {
    match kind {
        ConditionKind::Firmware => firmware(parameter),
        ConditionKind::Virtualization => virtualization(parameter),
        ConditionKind::Security => security(parameter),
        ConditionKind::Capability => capability(parameter),
        ConditionKind::ACPower => boolean::parse(parameter) == Some(on_ac_power()),
        ConditionKind::ControlGroupController => controllers(parameter),
        ConditionKind::Memory => at_least(parameter, memory()),
        ConditionKind::CPUs => at_least(parameter, cpus()),
        ConditionKind::CPUFeature => cpu_feature(parameter),
        ConditionKind::KernelModuleLoaded => module_loaded(parameter),
        ConditionKind::MemoryPressure => pressure_within("memory", parameter) == Some(true),
        ConditionKind::CPUPressure => pressure_within("cpu", parameter) == Some(true),
        ConditionKind::IOPressure => pressure_within("io", parameter) == Some(true),
        _ => false,
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim_end().to_owned()).unwrap_or_default()
}

fn firmware(parameter: &str) -> bool {
    match parameter {
        "uefi" => Path::new("/sys/firmware/efi").exists(),
        "device-tree" => Path::new("/sys/firmware/devicetree/base").exists(),
        _ => {
            match parameter.strip_prefix("device-tree-compatible(").and_then(|rest| rest.strip_suffix(')')) {
                Some(wanted) => text("/proc/device-tree/compatible").split('\0').any(|name| name == wanted),
                None => false,
            }
        }
    }
}

/// What kind of container or virtual machine this is.
fn container() -> Option<String> {
    for (path, name) in [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")] {
        if Path::new(path).exists() {
            return Some(name.to_owned());
        }
    }
    let name = text("/run/systemd/container");
    if !name.is_empty() {
        return Some(name);
    }
    // The first name space of processes has this number in every kernel.
    let own = fs::read_link("/proc/self/ns/pid").ok()?;
    (own.as_os_str() != "pid:[4026531836]").then(|| "container-other".to_owned())
}

fn machine() -> Option<&'static str> {
    const VENDORS: [(&str, &str); 10] = [
        ("KVM", "kvm"),
        ("OpenStack", "kvm"),
        ("Amazon EC2", "amazon"),
        ("QEMU", "qemu"),
        ("VMware", "vmware"),
        ("innotek GmbH", "oracle"),
        ("VirtualBox", "oracle"),
        ("Xen", "xen"),
        ("Bochs", "bochs"),
        ("Microsoft Corporation", "microsoft"),
    ];
    if !text("/proc/cpuinfo")
        .lines()
        .any(|line| line.starts_with("flags") && line.split(' ').any(|flag| flag == "hypervisor"))
    {
        return None;
    }
    let product = text("/sys/class/dmi/id/product_name");
    let vendor = text("/sys/class/dmi/id/sys_vendor");
    let found = VENDORS.iter().find(|(mark, _)| product.contains(mark) || vendor.starts_with(mark));
    Some(found.map_or("vm-other", |(_, name)| *name))
}

fn virtualization(parameter: &str) -> bool {
    let (container, machine) = (container(), machine());
    if let Some(wanted) = boolean::parse(parameter) {
        return wanted == (container.is_some() || machine.is_some());
    }
    match parameter {
        "container" => container.is_some(),
        // In a container in a machine only the container counts.
        "vm" => container.is_none() && machine.is_some(),
        "private-users" => !text("/proc/self/uid_map").split_whitespace().eq(["0", "0", "4294967295"]),
        name => container.as_deref().or(machine) == Some(name),
    }
}

fn security(parameter: &str) -> bool {
    match parameter {
        "selinux" => Path::new("/sys/fs/selinux/enforce").exists(),
        "apparmor" => text("/sys/module/apparmor/parameters/enabled") == "Y",
        "smack" => Path::new("/sys/fs/smackfs").exists(),
        "tomoyo" => Path::new("/sys/kernel/security/tomoyo/version").exists(),
        "ima" => Path::new("/sys/kernel/security/ima").exists(),
        "tpm2" => Path::new("/sys/class/tpmrm").read_dir().is_ok_and(|mut entries| entries.next().is_some()),
        "uefi-secureboot" => {
            let name = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
            fs::read(name).is_ok_and(|bytes| bytes.get(4) == Some(&1))
        }
        _ => false,
    }
}

/// In the bounding set of this process.
fn capability(parameter: &str) -> bool {
    const NAMES: [&str; 41] = [
        "chown",
        "dac_override",
        "dac_read_search",
        "fowner",
        "fsetid",
        "kill",
        "setgid",
        "setuid",
        "setpcap",
        "linux_immutable",
        "net_bind_service",
        "net_broadcast",
        "net_admin",
        "net_raw",
        "ipc_lock",
        "ipc_owner",
        "sys_module",
        "sys_rawio",
        "sys_chroot",
        "sys_ptrace",
        "sys_pacct",
        "sys_admin",
        "sys_boot",
        "sys_nice",
        "sys_resource",
        "sys_time",
        "sys_tty_config",
        "mknod",
        "lease",
        "audit_write",
        "audit_control",
        "setfcap",
        "mac_override",
        "mac_admin",
        "syslog",
        "wake_alarm",
        "block_suspend",
        "audit_read",
        "perfmon",
        "bpf",
        "checkpoint_restore",
    ];
    let lower = parameter.to_ascii_lowercase();
    let wanted = lower.strip_prefix("cap_").unwrap_or(&lower);
    let Some(bit) = NAMES.iter().position(|name| *name == wanted) else { return false };
    let status = text("/proc/self/status");
    let set = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_some_and(|set| set & (1 << bit) != 0)
}

/// Also when no power supply is known.
fn on_ac_power() -> bool {
    let Ok(entries) = fs::read_dir("/sys/class/power_supply") else { return true };
    let mut offline = false;
    for entry in entries.flatten() {
        let file =
            |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default().trim().to_owned();
        if file("type") == "Mains" {
            if file("online") == "1" {
                return true;
            }
            offline = true;
        }
    }
    !offline
}

fn controllers(parameter: &str) -> bool {
    let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    match parameter {
        "v2" => return unified,
        "v1" => return !unified,
        _ => {}
    }
    let there = text("/sys/fs/cgroup/cgroup.controllers");
    const KNOWN: [&str; 4] = ["cpu", "io", "memory", "pids"];
    // Unknown ones are passed over, as systemd does.
    parameter
        .split_whitespace()
        .filter(|name| KNOWN.contains(name))
        .all(|name| there.split(' ').any(|known| known == name))
}

/// In bytes.
fn memory() -> u64 {
    let info = text("/proc/meminfo");
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes =
        total.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kibibytes.unwrap_or(0).saturating_mul(1024)
}

fn cpus() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| u64::try_from(count.get()).unwrap_or(u64::MAX))
}

fn cpu_feature(parameter: &str) -> bool {
    let (architecture, feature) =
        parameter.split_once('.').map_or((None, parameter), |(left, right)| (Some(left), right));
    let ours = match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        "aarch64" => "arm64",
        other => other,
    };
    if architecture.is_some_and(|name| name != ours) {
        return false;
    }
    let info = text("/proc/cpuinfo");
    let flags = info.lines().find(|line| line.starts_with("flags") || line.starts_with("Features"));
    flags.is_some_and(|line| line.split_whitespace().any(|flag| flag == feature))
}

fn module_loaded(parameter: &str) -> bool {
    let name = parameter.replace('-', "_");
    if name.contains('/') || name.is_empty() {
        return false;
    }
    let directory = Path::new("/sys/module").join(name);
    // Built-in modules have no state.
    directory.exists()
        && fs::read_to_string(directory.join("initstate")).map_or(true, |state| state.trim() == "live")
}

/// Whether the pressure is at most `10%` or `10%/1min`; five minutes are meant when no span is given.
fn pressure_within(resource: &str, parameter: &str) -> Option<bool> {
    // A slice whose pressure is meant comes before a colon; only the machine's own is known here.
    let parameter = parameter.rsplit_once(':').map_or(parameter, |(_, rest)| rest);
    let (limit, span) = parameter.split_once('/').unwrap_or((parameter, "5min"));
    let limit: f64 = limit.trim().strip_suffix('%')?.parse().ok()?;
    let average = match span.trim() {
        "10sec" => "avg10=",
        "1min" => "avg60=",
        "5min" => "avg300=",
        _ => return None,
    };
    let pressure = text(&format!("/proc/pressure/{resource}"));
    let line = |kind: &str| pressure.lines().find(|line| line.starts_with(kind));
    let Some(line) = line("full").or_else(|| line("some")) else {
        // A kernel that does not measure is under no pressure.
        return Some(true);
    };
    let value: f64 = line.split(' ').find_map(|word| word.strip_prefix(average))?.parse().ok()?;
    Some(value <= limit)
}
