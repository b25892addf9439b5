//! User and group ids: validity, and reading them from text and JSON.

use serde_json::Value;

/// The id of `nobody`, to which the kernel maps ids that it cannot express.
pub const NOBODY: u32 = 65534;

/// True for an id that an account may have: all but 65535 and 4294967295, which system calls use for "no change"
/// (in 16 and 32 bits).
pub const fn is_valid(id: u32) -> bool {
    id != 0xFFFF && id != u32::MAX
}

/// Reads an id from text: decimal digits without sign, space or leading zero. `None` if it is none, or not valid.
pub fn parse(text: &str) -> Option<u32> {
    if !text.bytes().all(|b| b.is_ascii_digit()) || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.parse().ok().filter(|id| is_valid(*id))
}

/// Reads an id from a request's parameter: a number without a fraction, or a decimal string.
pub fn from_json(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => parse(text),
        other => from_json_number(other),
    }
}

/// Reads an id from a record's field, where systemd takes numbers only (`1000` and `1000.0`).
pub fn from_json_number(value: &Value) -> Option<u32> {
    as_unsigned(value).and_then(|n| u32::try_from(n).ok()).filter(|id| is_valid(*id))
}

/// A JSON number as u64, if it is one without loss: `5` and `5.0` are, `5.5` and `-1` are not.
pub fn as_unsigned(value: &Value) -> Option<u64> {
    if let Some(n) = value.as_u64() {
        return Some(n);
    }
    // 2^64 as a float; the largest float below it fits.
    value
        .as_f64()
        .filter(|f| f.fract() == 0.0 && *f >= 0.0 && *f < 18_446_744_073_709_551_616.0)
        .map(|f| f as u64)
}

/// A JSON number as i64, if it is one without loss.
pub fn as_signed(value: &Value) -> Option<i64> {
    if let Some(n) = value.as_i64() {
        return Some(n);
    }
    let limit = 9_223_372_036_854_775_808.0;
    value.as_f64().filter(|f| f.fract() == 0.0 && *f >= -limit && *f < limit).map(|f| f as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_two_reserved_ids_are_invalid() {
        for good in [0, 1, 65534, 65536, u32::MAX - 1] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [65535, u32::MAX] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn text_is_plain_decimal() {
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("4294967294"), Some(u32::MAX - 1));
        for bad in
            ["", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "65535", "4294967295", "4294967296", "1.0", "a"]
        {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn json_takes_whole_numbers_and_for_requests_strings() {
        for good in [json!(0), json!("0"), json!(0.0), json!(-0.0)] {
            assert_eq!(from_json(&good), Some(0), "{good}");
        }
        for bad in [
            json!(-1),
            json!(65535),
            json!(4294967295u64),
            json!(4294967296u64),
            json!(1.5),
            json!(1e30),
            json!(null),
            json!(true),
            json!([0]),
            json!("00"),
            json!("65535"),
        ] {
            assert_eq!(from_json(&bad), None, "{bad}");
        }
        assert_eq!(from_json_number(&json!("0")), None);
        assert_eq!(from_json_number(&json!(1000.0)), Some(1000));
    }

    #[test]
    fn numbers_keep_their_whole_range() {
        assert_eq!(as_unsigned(&json!(u64::MAX)), Some(u64::MAX));
        assert_eq!(as_unsigned(&json!(18_446_744_073_709_551_616.0)), None);
        assert_eq!(as_signed(&json!(i64::MIN)), Some(i64::MIN));
        assert_eq!(as_signed(&json!(-20.0)), Some(-20));
        assert_eq!(as_signed(&json!(u64::MAX)), None);
    }
}
