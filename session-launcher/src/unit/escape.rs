//! Escaping of strings and paths in unit names (systemd.unit(5), "String Escaping for Inclusion in Unit Names").

use std::fmt::Write as _;

/// Escapes any string: `/` becomes `-`, other bytes outside letters, digits and `:_.` become `\xNN`.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'/' => escaped.push('-'),
            b'.' if position == 0 => push_escape(&mut escaped, byte),
            b':' | b'_' | b'.' => escaped.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => push_escape(&mut escaped, byte),
        }
    }
    escaped
}

fn push_escape(text: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// Undoes [`escape`]. `None` when an escape is broken or the result is no UTF-8.
pub fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok(),
            [b'-', rest @ ..] => {
                bytes.push(b'/');
                rest
            }
            [b'\\', b'x', high, low, rest @ ..] => {
                let high = char::from(*high).to_digit(16)?;
                let low = char::from(*low).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
                rest
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

/// Escapes an absolute path: slashes are made single, and none leads or ends. `None` when it has `..`.
pub fn escape_path(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return None;
    }
    if parts.is_empty() {
        return Some("-".to_owned());
    }
    Some(escape(&parts.join("/")))
}

/// Undoes [`escape_path`].
pub fn unescape_path(text: &str) -> Option<String> {
    if text == "-" {
        return Some("/".to_owned());
    }
    let path = unescape(text)?;
    let valid =
        !path.is_empty() && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    valid.then(|| format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        for (plain, escaped) in [
            ("org.gnome.Shell", "org.gnome.Shell"),
            (".hidden", r"\x2ehidden"),
            ("a-b/c d", r"a\x2db-c\x20d"),
            ("\u{e9}@:_", r"\xc3\xa9\x40:_"),
            ("", ""),
        ] {
            assert_eq!(escape(plain), escaped);
            assert_eq!(unescape(escaped).as_deref(), Some(plain));
        }
        assert_eq!(unescape(r"a\x2"), None);
        assert_eq!(unescape(r"a\n"), None);
        assert_eq!(unescape(r"\xff"), None);
    }

    #[test]
    fn paths() {
        for (path, escaped) in
            [("/", "-"), ("/foo//bar/baz/", "foo-bar-baz"), ("/a-b/.c", r"a\x2db-.c"), ("/.a", r"\x2ea")]
        {
            assert_eq!(escape_path(path).as_deref(), Some(escaped));
        }
        assert_eq!(escape_path("/a/../b"), None);
        assert_eq!(unescape_path("foo-bar").as_deref(), Some("/foo/bar"));
        assert_eq!(unescape_path("-").as_deref(), Some("/"));
        assert_eq!(unescape_path("foo--bar"), None);
    }
}
