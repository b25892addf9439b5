//! Rules of security tokens and recovery keys.

use serde_json::{Map, Value};

use super::{Refusal, is};

/// A PKCS#11 URI (RFC 7512): `pkcs11:` and at least one character of those that its attributes use.
pub fn is_pkcs11_uri(s: &str) -> bool {
    s.strip_prefix("pkcs11:").is_some_and(|rest| {
        !rest.is_empty()
            && rest.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/' | b'?' | b';' | b'&' | b'%' | b'=')
            })
    })
}

/// Base64 in either alphabet, padded, with any white space between the characters. Bits that the padding cuts off
/// must be zero.
pub fn is_base64(s: &str) -> bool {
    let (mut count, mut padding, mut last) = (0usize, 0usize, 0u8);
    for byte in s.bytes() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'=' => padding += 1,
            byte => match sextet(byte) {
                Some(value) if padding == 0 => (count, last) = (count + 1, value),
                _ => return false,
            },
        }
    }
    match (count % 4, padding) {
        (0, 0) => true,
        (2, 2) => last & 0x0F == 0,
        (3, 1) => last & 0x03 == 0,
        _ => false,
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Judges `pkcs11EncryptedKey`: objects of `uri`, `data`, `hashedPassword` and maybe `padding`.
pub(super) fn check_pkcs11_keys(value: &Value) -> Result<(), Refusal> {
    objects(value, |key| {
        required(key, "uri", "a PKCS#11 URI", is_pkcs11_uri)?;
        required(key, "data", "base64", is_base64)?;
        required(key, "hashedPassword", "a string", |_| true)?;
        key.get("padding").map_or(Ok(()), |padding| {
            let known = matches!(padding.as_str(), Some("pkcs1" | "oaep-sha1" | "oaep-sha256"));
            is(known, padding, "pkcs1, oaep-sha1 or oaep-sha256").map_err(|why| format!("padding: {why}"))
        })
    })
}

/// Judges `fido2HmacSalt`: objects of `credential`, `salt`, `hashedPassword` and maybe `up`, `uv`, `clientPin`.
pub(super) fn check_fido2_salts(value: &Value) -> Result<(), Refusal> {
    objects(value, |salt| {
        required(salt, "credential", "base64", is_base64)?;
        required(salt, "salt", "base64", is_base64)?;
        required(salt, "hashedPassword", "a string", |_| true)?;
        for name in ["up", "uv", "clientPin"] {
            if let Some(flag) = salt.get(name) {
                is(flag.is_boolean(), flag, "true or false").map_err(|why| format!("{name}: {why}"))?;
            }
        }
        Ok(())
    })
}

/// Judges `recoveryKey`: objects of `type` and `hashedPassword`.
pub(super) fn check_recovery_keys(value: &Value) -> Result<(), Refusal> {
    objects(value, |key| {
        required(key, "type", "a string", |_| true)?;
        required(key, "hashedPassword", "a string", |_| true)
    })
}

fn objects(value: &Value, check: impl Fn(&Map<String, Value>) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let items = value.as_array().ok_or("not an array of objects")?;
    items.iter().try_for_each(|item| check(item.as_object().ok_or("an element is not an object")?))
}

/// The value may be a secret, so that the refusal does not show it.
fn required(
    object: &Map<String, Value>,
    name: &str,
    expected: &str,
    valid: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    match object.get(name) {
        None => Err(format!("{name} is missing")),
        Some(value) if value.as_str().is_some_and(valid) => Ok(()),
        Some(_) => Err(format!("{name} is not {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn base64_is_padded_and_exact() {
        for good in [
            "",
            " ",
            "QUFB",
            "QUE=",
            "QQ==",
            "QUFB\n",
            "QU FB",
            "\tQUFB\r",
            "QUF-",
            "QUF_",
            "QUF+",
            "QUF/",
            "QQ= =",
            "QUFB QUFB",
        ] {
            assert!(is_base64(good), "{good:?}");
        }
        for bad in [
            "Q",
            "QQ",
            "QUE",
            "QUFB=",
            "====",
            "=",
            "QR==",
            "QUF=",
            "Q===",
            "QQ=A",
            "QQ==QQ==",
            "QUFB\u{b}",
            "é",
            "%",
            "QQ===",
        ] {
            assert!(!is_base64(bad), "{bad:?}");
        }
    }

    #[test]
    fn pkcs11_uris_are_judged_by_their_characters() {
        for good in ["pkcs11:a", "pkcs11:token=%20", "pkcs11:token=%zz", "pkcs11:a;b=c?d=e&f", "pkcs11:_-.~/"]
        {
            assert!(is_pkcs11_uri(good), "{good:?}");
        }
        for bad in [
            "",
            "pkcs11:",
            "PKCS11:a",
            "pkcs11:a b",
            "pkcs11:é",
            "pkcs11:a#b",
            "pkcs11:a:b",
            "pkcs11:[a]",
            "pkcs11:a+b",
        ] {
            assert!(!is_pkcs11_uri(bad), "{bad:?}");
        }
    }

    #[test]
    fn refusals_do_not_show_key_material() {
        let why =
            check_fido2_salts(&json!([{"credential": "QUFB", "salt": "hunter2", "hashedPassword": "x"}]))
                .unwrap_err();
        assert_eq!(why, "salt is not base64");
    }

    #[test]
    fn padding_is_one_of_three() {
        for (padding, good) in [
            (json!("pkcs1"), true),
            (json!("oaep-sha1"), true),
            (json!("oaep-sha256"), true),
            (json!("oaep"), false),
            (json!(""), false),
            (json!(null), false),
        ] {
            let keys = json!([{"uri": "pkcs11:a", "data": "", "hashedPassword": "", "padding": padding}]);
            assert_eq!(check_pkcs11_keys(&keys).is_ok(), good, "{padding}");
        }
    }
}
