//! Replies as a service writes them: compact JSON with the terminating NUL, appended to an output buffer.

use serde_json::Value;

/// Appends a reply whose parameters are already JSON text, such as `{"record":{…},"incomplete":false}`.
pub fn parameters(out: &mut Vec<u8>, json: &[u8], continues: bool) {
    out.extend_from_slice(br#"{"parameters":"#);
    out.extend_from_slice(json);
    out.extend_from_slice(if continues { b",\"continues\":true}\0" } else { b"}\0" });
}

/// Appends an error reply without parameters.
pub fn error(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(br#"{"error":"#);
    string(out, name);
    out.extend_from_slice(b"}\0");
}

/// Appends an error reply with one string parameter, as the errors of `org.varlink.service` have it.
pub fn error_with(out: &mut Vec<u8>, name: &str, parameter: &str, value: &str) {
    out.extend_from_slice(br#"{"error":"#);
    string(out, name);
    out.extend_from_slice(br#","parameters":{"#);
    string(out, parameter);
    out.push(b':');
    string(out, value);
    out.extend_from_slice(b"}}\0");
}

/// Appends a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Appends any JSON value as compact text.
pub fn value(out: &mut Vec<u8>, value: &Value) {
    // Writing a Value to a Vec cannot fail: its keys are strings and the Vec grows.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_have_the_shape_of_sd_varlink() {
        let mut out = Vec::new();
        parameters(&mut out, b"{}", false);
        parameters(&mut out, b"{}", true);
        error(&mut out, "a.B");
        error_with(&mut out, "a.B", "c", "d\"");
        assert_eq!(
            out,
            b"{\"parameters\":{}}\0{\"parameters\":{},\"continues\":true}\0{\"error\":\"a.B\"}\0\
              {\"error\":\"a.B\",\"parameters\":{\"c\":\"d\\\"\"}}\0"
        );
    }
}
