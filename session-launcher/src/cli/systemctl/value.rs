//! Values of properties as text and as JSON.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use zbus::Variant;

use crate::unit::value::timespan;

/// Limits that are absent when all bits are set.
const NOT_SET: [&str; 9] = [
    "CPUWeight",
    "StartupCPUWeight",
    "CPUShares",
    "StartupCPUShares",
    "IOWeight",
    "StartupIOWeight",
    "BlockIOWeight",
    "StartupBlockIOWeight",
    "MemoryAvailable",
];

/// What is shown for a value of a type that has no text, where values must be shown.
pub const UNPRINTABLE: &str = "[unprintable]";

/// The capabilities in the order of their numbers (capabilities(7)).
const CAPABILITIES: [&str; 41] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

/// The kinds of namespaces and their bits (clone(2)).
const NAMESPACES: [(u64, &str); 8] = [
    (0x0200_0000, "cgroup"),
    (0x0800_0000, "ipc"),
    (0x4000_0000, "net"),
    (0x0002_0000, "mnt"),
    (0x2000_0000, "pid"),
    (0x0000_0080, "time"),
    (0x1000_0000, "user"),
    (0x0400_0000, "uts"),
];

/// How mounts spread, and the bits (mount(2)).
const PROPAGATION: [(u64, &str); 3] = [(1 << 20, "shared"), (1 << 19, "slave"), (1 << 18, "private")];

const NUMA_POLICIES: [&str; 5] = ["default", "preferred", "bind", "interleave", "local"];

/// Lists that show an empty value when there is nothing in them. Other lists of structures show nothing at all then.
const SHOWN_EMPTY: [&str; 8] = [
    "BindPaths",
    "BindReadOnlyPaths",
    "ExtensionImages",
    "IPAddressAllow",
    "IPAddressDeny",
    "LogExtraFields",
    "MountImages",
    "TemporaryFileSystem",
];

/// Lists of structures that are told to have no text. Others without one are passed over.
const WITHOUT_TEXT: [&str; 9] = [
    "ActivationDetails",
    "Asserts",
    "Conditions",
    "ImportCredentialEx",
    "LoadCredential",
    "LoadCredentialEncrypted",
    "NFTSet",
    "SetCredential",
    "SetCredentialEncrypted",
];

/// The lines that a property is shown on: mostly one, none or several for lists of structures. An empty text is a
/// value that is not set. `None`: there is no text for a value of that type.
pub fn lines(name: &str, value: &Variant<'_>) -> Option<Vec<String>> {
    match value {
        Variant::Structure(structure) => structure_text(name, structure.fields()).map(|text| vec![text]),
        Variant::Array(array) if array.inner().is_empty() && SHOWN_EMPTY.contains(&name) => {
            Some(vec![String::new()])
        }
        Variant::Array(array) if array.element_signature().to_string().starts_with('(') => {
            if WITHOUT_TEXT.contains(&name) {
                return None;
            }
            let line = |item: &Variant<'_>| match item {
                Variant::Structure(structure) => structure_line(name, structure.fields()),
                _ => None,
            };
            Some(array.inner().iter().filter_map(line).collect())
        }
        _ => text(name, value).map(|text| vec![text]),
    }
}

/// A point in time; empty when it never was.
pub fn timestamp(microseconds: u64) -> String {
    if matches!(microseconds, 0 | u64::MAX) {
        return String::new();
    }
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    match i64::try_from(microseconds).ok().and_then(|time| Timestamp::from_microsecond(time).ok()) {
        Some(time) => time.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string(),
        None => "--- XXXX-XX-XX XX:XX:XX".to_owned(),
    }
}

/// A duration.
pub fn duration(microseconds: u64) -> String {
    let span = (microseconds != u64::MAX).then(|| Duration::from_micros(microseconds));
    timespan::format(span)
}

fn text(name: &str, value: &Variant<'_>) -> Option<String> {
    Some(match value {
        Variant::Str(text) => escape(text.as_str()),
        Variant::ObjectPath(path) => path.as_str().to_owned(),
        Variant::Bool(flag) => (if *flag { "yes" } else { "no" }).to_owned(),
        Variant::U64(number) => unsigned(name, *number),
        Variant::U32(number) => match name {
            "UMask" => format!("{number:04o}"),
            _ if name.ends_with("Mode") => format!("{number:04o}"),
            "UID" | "GID" if *number == u32::MAX => "[not set]".to_owned(),
            _ => number.to_string(),
        },
        Variant::I64(number) => number.to_string(),
        Variant::I32(number) => match name {
            "NUMAPolicy" => usize::try_from(*number)
                .ok()
                .and_then(|number| NUMA_POLICIES.get(number))
                .map_or("n/a", |policy| policy)
                .to_owned(),
            _ if name.ends_with("ActionExitStatus") && *number < 0 => "[not set]".to_owned(),
            _ => number.to_string(),
        },
        Variant::F64(number) => format!("{number}"),
        Variant::Array(array) => {
            let items = array.inner();
            if !matches!(array.element_signature().to_string().as_str(), "s" | "o" | "y" | "u" | "i") {
                return None;
            }
            if items.iter().all(|item| matches!(item, Variant::U8(_))) {
                return Some(items.iter().map(byte).collect());
            }
            words(name, items)
        }
        _ => return None,
    })
}

fn words(name: &str, items: &[Variant<'_>]) -> String {
    let words: Vec<String> = items.iter().filter_map(|item| word(name, item)).collect();
    words.join(" ")
}

fn byte(value: &Variant<'_>) -> String {
    if let Variant::U8(byte) = value { format!("{byte:02x}") } else { String::new() }
}

fn word(name: &str, value: &Variant<'_>) -> Option<String> {
    match value {
        Variant::Str(text) => Some(quoted(text.as_str())),
        other => text(name, other),
    }
}

/// A word in double quotes, if it has anything that a shell would not take as it is.
fn quoted(word: &str) -> String {
    const SPECIAL: &str = "\"\\`$*?['()<>|&;!";
    if !word.contains(|c: char| c.is_ascii_whitespace() || c.is_control() || SPECIAL.contains(c)) {
        return word.to_owned();
    }
    let mut text = "\"".to_owned();
    for character in word.chars() {
        match character {
            '"' | '\\' | '`' | '$' => {
                text.push('\\');
                text.push(character);
            }
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            character if character.is_ascii_control() => {
                text.push_str(&format!("\\x{:02x}", u32::from(character)));
            }
            character => text.push(character),
        }
    }
    text.push('"');
    text
}

/// A text on one line: control characters and the backslash are written as `\xNN`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\\' || character.is_ascii_control() {
            escaped.push_str(&format!("\\x{:02x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn unsigned(name: &str, number: u64) -> String {
    match name {
        "CapabilityBoundingSet" | "AmbientCapabilities" => {
            let is_set = |(bit, _): &(usize, &&str)| number >> bit & 1 == 1;
            let names: Vec<&str> =
                CAPABILITIES.iter().enumerate().filter(is_set).map(|(_, name)| *name).collect();
            return names.join(" ");
        }
        "CoredumpFilter" => return format!("0x{number:x}"),
        "MountFlags" => return bits(number, &PROPAGATION),
        "RestrictNamespaces" if number == u64::MAX => return "no".to_owned(),
        "RestrictNamespaces" if number == 0 => return "yes".to_owned(),
        "RestrictNamespaces" => return bits(number, &NAMESPACES),
        "NextElapseUSecRealtime" | "LastTriggerUSec" => return timestamp(number),
        _ => {}
    }
    if name.contains("Timestamp") && !name.ends_with("Monotonic") {
        return timestamp(number);
    }
    if name.contains("USec") {
        return duration(number);
    }
    if number == u64::MAX {
        absent(name).map_or_else(|| number.to_string(), str::to_owned)
    } else {
        number.to_string()
    }
}

/// What stands for a number that is not set: a measure that is not taken, or a limit that there is not.
fn absent(name: &str) -> Option<&'static str> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let contains = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if name.starts_with("IP") && ends(&["Bytes", "Packets"]) {
        return Some("[no data]");
    }
    let is_measure =
        (name.starts_with("IO") && ends(&["Bytes", "Operations"])) || ends(&["NSec", "Current", "Peak"]);
    if is_measure || NOT_SET.contains(&name) {
        return Some("[not set]");
    }
    let is_limit = contains(&["Memory", "TasksMax"])
        || ["Effective", "Limit", "DefaultLimit"].iter().any(|start| name.starts_with(start));
    is_limit.then_some("infinity")
}

fn bits(number: u64, names: &[(u64, &str)]) -> String {
    let set: Vec<&str> = names.iter().filter(|(bit, _)| number & bit != 0).map(|(_, name)| *name).collect();
    set.join(" ")
}

/// A property that is one structure.
fn structure_text(name: &str, fields: &[Variant<'_>]) -> Option<String> {
    Some(match fields {
        [Variant::U32(id), Variant::ObjectPath(_)] if name == "Job" => {
            if *id == 0 {
                String::new()
            } else {
                id.to_string()
            }
        }
        [Variant::Str(error), Variant::Str(message)] if name == "LoadError" => {
            if error.is_empty() {
                String::new()
            } else {
                format!("{error} \"{message}\"")
            }
        }
        [Variant::Str(first), Variant::ObjectPath(_)] => first.to_string(),
        [Variant::Bool(is_allowed), Variant::Array(list)] => {
            format!("{}{}", if *is_allowed { "" } else { "~" }, words(name, list.inner()))
        }
        // A security label that may fail to apply.
        [Variant::Bool(is_ignored), Variant::Str(label)] if name != "ProtectHostnameEx" => {
            format!("{}{label}", if *is_ignored { "-" } else { "" })
        }
        [Variant::Array(codes), Variant::Array(signals)] => {
            let signal = |item: &Variant<'_>| match item {
                Variant::I32(number) => Some(crate::unit::value::signal::name(*number)),
                _ => None,
            };
            let codes = codes.inner().iter().filter_map(|item| text(name, item));
            codes.chain(signals.inner().iter().filter_map(signal)).collect::<Vec<_>>().join(" ")
        }
        _ if name.ends_with("DirectoryQuota") => "[not set]".to_owned(),
        _ => return None,
    })
}

fn structure_line(name: &str, fields: &[Variant<'_>]) -> Option<String> {
    match fields {
        [
            Variant::Str(path),
            Variant::Array(argv),
            third,
            Variant::U64(start),
            _,
            Variant::U64(stop),
            _,
            Variant::U32(pid),
            Variant::I32(code),
            Variant::I32(status),
        ] => {
            let third = match third {
                Variant::Bool(ignore) => format!("ignore_errors={}", if *ignore { "yes" } else { "no" }),
                Variant::Array(flags) => {
                    let flags: Vec<String> =
                        flags.inner().iter().filter_map(|flag| word(name, flag)).collect();
                    format!("flags={}", flags.join(" "))
                }
                _ => return None,
            };
            let argv: Vec<String> = argv.inner().iter().filter_map(|word| text("", word)).collect();
            let time = |time: u64| match timestamp(time) {
                time if time.is_empty() => "[n/a]".to_owned(),
                time => format!("[{time}]"),
            };
            let ended = if *code == 0 { "(null)" } else { exit_code(*code) };
            let status = match *code {
                0 | 1 => format!("{status}{}", if *code == 0 { "/0" } else { "" }),
                _ => format!("{status}/{}", crate::unit::value::signal::name(*status)),
            };
            Some(format!(
                "{{ path={path} ; argv[]={} ; {third} ; start_time={} ; stop_time={} ; pid={pid} ; code={ended} ; status={status} }}",
                argv.join(" "),
                time(*start),
                time(*stop),
            ))
        }
        [Variant::Str(path), Variant::Bool(ignore)] => {
            Some(format!("{path} (ignore_errors={})", if *ignore { "yes" } else { "no" }))
        }
        [Variant::Str(base), Variant::U64(value), Variant::U64(next)] => {
            Some(format!("{{ {base}={} ; next_elapse={} }}", duration(*value), duration(*next)))
        }
        [Variant::Str(base), Variant::Str(spec), Variant::U64(next)] => {
            let next = timestamp(*next);
            let next = if next.is_empty() { "(null)".to_owned() } else { next };
            Some(format!("{{ {base}={spec} ; next_elapse={next} }}"))
        }
        [Variant::Str(kind), Variant::Str(address)] if name == "Listen" => {
            Some(format!("{address} ({kind})"))
        }
        [Variant::Str(kind), Variant::Str(path)] if name == "Paths" => Some(format!("{path} ({kind})")),
        _ => None,
    }
}

fn exit_code(code: i32) -> &'static str {
    match code {
        1 => "exited",
        2 => "killed",
        3 => "dumped",
        _ => "(null)",
    }
}

/// As JSON: structures and lists as arrays.
pub fn json(value: &Variant<'_>) -> serde_json::Value {
    match value {
        Variant::Str(text) => text.as_str().into(),
        Variant::ObjectPath(path) => path.as_str().into(),
        Variant::Bool(flag) => (*flag).into(),
        Variant::U64(number) => (*number).into(),
        Variant::U32(number) => (*number).into(),
        Variant::U16(number) => (*number).into(),
        Variant::U8(number) => (*number).into(),
        Variant::I64(number) => (*number).into(),
        Variant::I32(number) => (*number).into(),
        Variant::I16(number) => (*number).into(),
        Variant::F64(number) => (*number).into(),
        Variant::Array(array) => array.inner().iter().map(json).collect(),
        Variant::Structure(structure) => structure.fields().iter().map(json).collect(),
        Variant::Variant(inner) => json(inner),
        _ => serde_json::Value::Null,
    }
}
