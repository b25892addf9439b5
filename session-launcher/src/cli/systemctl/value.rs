//! Values of properties as text and as JSON.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use zbus::Variant;

use crate::unit::value::timespan;

/// Limits that are absent when all bits are set.
const NOT_SET: [&str; 12] = [
    "CPUWeight",
    "StartupCPUWeight",
    "CPUShares",
    "StartupCPUShares",
    "IOWeight",
    "StartupIOWeight",
    "BlockIOWeight",
    "StartupBlockIOWeight",
    "MemoryCurrent",
    "MemoryAvailable",
    "TasksCurrent",
    "EffectiveMemoryHigh",
];

/// The lines that a property is shown on: mostly one, none or several for lists of structures. An empty text is a
/// value that is not set.
pub fn lines(name: &str, value: &Variant<'_>) -> Vec<String> {
    if let Some(lines) = structured(name, value) {
        return lines;
    }
    text(name, value).into_iter().collect()
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
        Variant::Str(text) => escape(text.as_str(), &['\n']),
        Variant::ObjectPath(path) => path.as_str().to_owned(),
        Variant::Bool(flag) => (if *flag { "yes" } else { "no" }).to_owned(),
        Variant::U64(number) => unsigned(name, *number),
        Variant::U32(number) => match name {
            "UMask" | "SocketMode" | "DirectoryMode" => format!("{number:04o}"),
            _ if name.ends_with("Mode") && !name.starts_with("Job") => format!("{number:04o}"),
            "UID" | "GID" if *number == u32::MAX => "[not set]".to_owned(),
            _ => number.to_string(),
        },
        Variant::U16(number) => number.to_string(),
        Variant::U8(number) => number.to_string(),
        Variant::I64(number) => number.to_string(),
        Variant::I32(number) => number.to_string(),
        Variant::I16(number) => number.to_string(),
        Variant::F64(number) => format!("{number}"),
        Variant::Array(array) => {
            let items = array.inner();
            if items
                .iter()
                .any(|item| matches!(item, Variant::Structure(_) | Variant::Array(_) | Variant::Dict(_)))
            {
                return None;
            }
            if items.iter().all(|item| matches!(item, Variant::U8(_))) {
                return Some(items.iter().map(byte).collect());
            }
            let words: Vec<String> = items.iter().filter_map(|item| word(name, item)).collect();
            words.join(" ")
        }
        _ => return None,
    })
}

fn byte(value: &Variant<'_>) -> String {
    if let Variant::U8(byte) = value { format!("{byte:02x}") } else { String::new() }
}

fn word(name: &str, value: &Variant<'_>) -> Option<String> {
    match value {
        Variant::Str(text) if matches!(name, "Environment") => Some(environment_word(text.as_str())),
        Variant::Str(text) => Some(escape(text.as_str(), &['\n', ' '])),
        other => text(name, other),
    }
}

/// A variable with its value, quoted where a unit file would have to.
fn environment_word(text: &str) -> String {
    let needs_quotes = text.contains(|c: char| c.is_whitespace() || "\"\\`$*?['()<>|&;!".contains(c));
    if needs_quotes { super::environment::quoted(text) } else { text.to_owned() }
}

/// Writes some characters as `\xNN`, and with them the backslash.
fn escape(text: &str, characters: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\\' || (character.is_ascii_control()) || characters.contains(&character) {
            escaped.push_str(&format!("\\x{:02x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn unsigned(name: &str, number: u64) -> String {
    if name.contains("Timestamp") && !name.ends_with("Monotonic") {
        return timestamp(number);
    }
    if name == "NextElapseUSecRealtime" || name == "LastTriggerUSec" {
        return timestamp(number);
    }
    if name.contains("USec") {
        return duration(number);
    }
    if number != u64::MAX {
        return number.to_string();
    }
    if NOT_SET.contains(&name)
        || name.ends_with("NSec") && !name.contains("Quota")
        || name.ends_with("Current")
        || name == "MemoryPeak"
        || name == "MemorySwapPeak"
        || name.starts_with("IO") && name.ends_with("Bytes")
        || name.starts_with("IO") && name.ends_with("Operations")
        || name.starts_with("IP") && (name.ends_with("Bytes") || name.ends_with("Packets"))
    {
        return (if name.starts_with("IP") && name.contains("gress") { "[no data]" } else { "[not set]" })
            .to_owned();
    }
    if name.starts_with("Memory")
        || name.starts_with("Startup") && name.contains("Memory")
        || name.starts_with("Default") && name.contains("Memory")
        || name.starts_with("Effective")
        || name.starts_with("Limit")
        || name.starts_with("DefaultLimit")
        || name.contains("TasksMax")
    {
        return "infinity".to_owned();
    }
    number.to_string()
}

/// Structures that have a form of their own. `None`: this is none.
fn structured(name: &str, value: &Variant<'_>) -> Option<Vec<String>> {
    let fields = |value: &Variant<'_>| -> Option<Vec<Variant<'static>>> {
        let Variant::Structure(structure) = value else { return None };
        structure.fields().iter().map(|field| field.try_to_owned().ok().map(Into::into)).collect()
    };
    if let Variant::Structure(_) = value {
        return Some(match (name, fields(value)?.as_slice()) {
            ("Job", [Variant::U32(id), _]) => vec![if *id == 0 { String::new() } else { id.to_string() }],
            ("LoadError", [Variant::Str(error), Variant::Str(message)]) => {
                let is_set = !error.is_empty();
                vec![if is_set { format!("{error} \"{message}\"") } else { String::new() }]
            }
            (_, [Variant::Str(first), Variant::ObjectPath(_)]) => vec![first.to_string()],
            (_, [Variant::Bool(inverted), Variant::Array(list)]) => {
                let words: Vec<String> = list.inner().iter().filter_map(|item| word(name, item)).collect();
                let sign = if *inverted || words.is_empty() { "" } else { "~" };
                vec![format!("{sign}{}", words.join(" "))]
            }
            (_, [Variant::Array(codes), Variant::Array(signals)]) => {
                let all = codes.inner().iter().chain(signals.inner());
                vec![all.filter_map(|item| text(name, item)).collect::<Vec<_>>().join(" ")]
            }
            _ => Vec::new(),
        });
    }
    let Variant::Array(array) = value else { return None };
    let items = array.inner();
    if !items.iter().any(|item| matches!(item, Variant::Structure(_))) {
        // An empty list of structures shows nothing at all.
        let signature = array.element_signature().to_string();
        return signature.starts_with('(').then(|| empty_structures(name));
    }
    let rows: Option<Vec<Vec<Variant<'static>>>> = items.iter().map(fields).collect();
    Some(rows?.iter().filter_map(|row| structure_line(name, row)).collect())
}

/// What an empty list of structures shows: lists of commands and the like nothing, a few others an empty value.
fn empty_structures(name: &str) -> Vec<String> {
    let _ = name;
    Vec::new()
}

fn structure_line(name: &str, fields: &[Variant<'static>]) -> Option<String> {
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
