//! Standard input, output and the log (systemd.exec(5), "Logging and Standard Input/Output").

use super::{Applied, Fault, Line};
use crate::unit::spec::{ExecSettings, StandardInput, StandardOutput};

/// Applies a directive; `None` when there is none of that name.
pub fn apply(exec: &mut ExecSettings, line: &mut Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "StandardInput" => standard_input(line).map(|input| exec.standard_input = input),
        "StandardOutput" => standard_output(line).map(|output| exec.standard_output = Some(output)),
        "StandardError" => standard_output(line).map(|output| exec.standard_error = Some(output)),
        "StandardInputText" => input_text(exec, line),
        "StandardInputData" => input_data(exec, line),
        "TTYPath" => line.path().map(|path| exec.tty_path = Some(path.into())),
        "SyslogIdentifier" => {
            line.expanded().map(|text| exec.syslog_identifier = Some(text).filter(|text| !text.is_empty()))
        }
        "SyslogLevel" => log_level(line).map(|level| exec.syslog_level = level),
        "LogLevelMax" => log_level(line).map(|level| exec.log_level_max = level),
        "IgnoreSIGPIPE" => line.boolean().map(|ignore| exec.default_sigpipe = !ignore),
        _ => return None,
    })
}

fn standard_input(line: &Line<'_>) -> Result<StandardInput, Fault> {
    if let Some(path) = line.value.strip_prefix("file:") {
        return stream_path(line, path).map(StandardInput::File);
    }
    if let Some(name) = descriptor(line.value) {
        return Ok(StandardInput::Fd(if name.is_empty() { "stdin".to_owned() } else { line.expand(name)? }));
    }
    Ok(match line.value {
        "null" => StandardInput::Null,
        "tty" => StandardInput::Tty,
        "tty-force" => StandardInput::TtyForce,
        "tty-fail" => StandardInput::TtyFail,
        "data" => StandardInput::Data,
        "socket" => StandardInput::Socket,
        _ => return line.invalid("an input"),
    })
}

fn standard_output(line: &Line<'_>) -> Result<StandardOutput, Fault> {
    for (prefix, make) in [
        ("file:", StandardOutput::File as fn(String) -> StandardOutput),
        ("append:", StandardOutput::Append),
        ("truncate:", StandardOutput::Truncate),
    ] {
        if let Some(path) = line.value.strip_prefix(prefix) {
            return stream_path(line, path).map(make);
        }
    }
    if let Some(name) = descriptor(line.value) {
        let standard = if line.key == "StandardError" { "stderr" } else { "stdout" };
        return Ok(StandardOutput::Fd(if name.is_empty() {
            standard.to_owned()
        } else {
            line.expand(name)?
        }));
    }
    Ok(match line.value {
        "inherit" => StandardOutput::Inherit,
        "null" => StandardOutput::Null,
        "tty" => StandardOutput::Tty,
        // syslog became journal long ago.
        "journal" | "syslog" => StandardOutput::Journal,
        "journal+console" | "syslog+console" => StandardOutput::JournalConsole,
        "kmsg" => StandardOutput::Kmsg,
        "kmsg+console" => StandardOutput::KmsgConsole,
        "socket" => StandardOutput::Socket,
        _ => return line.invalid("an output"),
    })
}

/// `fd` or `fd:name`: the name.
fn descriptor(text: &str) -> Option<&str> {
    if text == "fd" { Some("") } else { text.strip_prefix("fd:").filter(|name| !name.is_empty()) }
}

fn stream_path(line: &Line<'_>, path: &str) -> Result<String, Fault> {
    let path = line.expand(path)?;
    super::simplified(&path).map_or_else(|| line.invalid("an absolute path"), Ok)
}

fn input_text(exec: &mut ExecSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.standard_input_data.clear();
        return Ok(());
    }
    let text = crate::unit::words::unescape(line.value)
        .map_err(|error| Fault::Ignored(format!("StandardInputText=: {error}, the line is ignored")))?;
    exec.standard_input_data.extend_from_slice(line.expand(&text)?.as_bytes());
    exec.standard_input_data.push(b'\n');
    Ok(())
}

fn input_data(exec: &mut ExecSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        exec.standard_input_data.clear();
        return Ok(());
    }
    match base64(line.value) {
        Some(bytes) => {
            exec.standard_input_data.extend(bytes);
            Ok(())
        }
        None => line.invalid("Base64"),
    }
}

/// Decodes Base64 with white space anywhere.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count, mut padding) = (0u32, 0u32, 0u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    ((count / 2) == padding && padding < 3).then_some(bytes)
}

fn log_level(line: &Line<'_>) -> Result<Option<u8>, Fault> {
    const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
    if line.value.is_empty() {
        return Ok(None);
    }
    let level =
        LEVELS.iter().position(|level| *level == line.value).and_then(|level| u8::try_from(level).ok());
    let level = level.or_else(|| line.value.parse().ok().filter(|level| *level < 8));
    level.map_or_else(|| line.invalid("a log level"), |level| Ok(Some(level)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_with_spaces() {
        assert_eq!(base64("aGVs bG8="), Some(b"hello".to_vec()));
        assert_eq!(base64("aGVsbG8h"), Some(b"hello!".to_vec()));
        for bad in ["a=b=", "aGVsbG8", "?", "a==="] {
            assert_eq!(base64(bad), None, "{bad}");
        }
    }
}
