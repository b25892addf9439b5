//! Bytes that are no proper call.

use crate::case::{Case, DROP_IN, MULTIPLEXER};

const GOOD: &str = r#""method":"io.systemd.UserDatabase.GetUserRecord""#;
const KEY: &str = r#""parameters":{"userName":"ann","service":"io.systemd.Multiplexer"}"#;

/// Messages, without their NUL.
fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let call = |text: &str| text.replace("GOOD", GOOD).replace("KEY", KEY).into_bytes();
    vec![
        ("garbage", text("this is no JSON")),
        ("empty message", text("")),
        ("a space", text(" ")),
        ("an array", text("[]")),
        ("an array with a call", call("[{GOOD,KEY}]")),
        ("a string", text("\"method\"")),
        ("a number", text("5")),
        ("null", text("null")),
        ("true", text("true")),
        ("an empty object", text("{}")),
        ("no method", call("{KEY}")),
        ("method null", call("{\"method\":null,KEY}")),
        ("method a number", call("{\"method\":5,KEY}")),
        ("method empty", call("{\"method\":\"\",KEY}")),
        ("method an object", call("{\"method\":{},KEY}")),
        ("method twice", call("{GOOD,GOOD,KEY}")),
        ("parameters an array", call("{GOOD,\"parameters\":[]}")),
        ("parameters a string", call("{GOOD,\"parameters\":\"\"}")),
        ("parameters a number", call("{GOOD,\"parameters\":1}")),
        ("parameters false", call("{GOOD,\"parameters\":false}")),
        ("parameters null", call("{GOOD,\"parameters\":null}")),
        ("parameters absent", call("{GOOD}")),
        ("parameters twice", call("{GOOD,KEY,KEY}")),
        (
            "a parameter twice",
            text(
                r#"{"method":"io.systemd.UserDatabase.GetUserRecord","parameters":{"userName":"ann","userName":"bob","service":"io.systemd.Multiplexer"}}"#,
            ),
        ),
        ("unknown top-level key", call("{GOOD,KEY,\"bogus\":1}")),
        ("unknown top-level key null", call("{GOOD,KEY,\"bogus\":null}")),
        ("more null", call("{GOOD,KEY,\"more\":null}")),
        ("more a number", call("{GOOD,KEY,\"more\":1}")),
        ("more a string", call("{GOOD,KEY,\"more\":\"true\"}")),
        ("more false", call("{GOOD,KEY,\"more\":false}")),
        ("oneway null", call("{GOOD,KEY,\"oneway\":null}")),
        ("oneway a number", call("{GOOD,KEY,\"oneway\":1}")),
        ("oneway false", call("{GOOD,KEY,\"oneway\":false}")),
        ("upgrade", call("{GOOD,KEY,\"upgrade\":true}")),
        ("upgrade false", call("{GOOD,KEY,\"upgrade\":false}")),
        ("more and oneway", call("{GOOD,KEY,\"more\":true,\"oneway\":true}")),
        ("more false and oneway", call("{GOOD,KEY,\"more\":false,\"oneway\":true}")),
        ("more and upgrade", call("{GOOD,KEY,\"more\":true,\"upgrade\":true}")),
        ("an error reply", text("{\"error\":\"org.example.Error\"}")),
        ("a reply", text("{\"parameters\":{}}")),
        ("method and error", call("{GOOD,KEY,\"error\":\"org.example.Error\"}")),
        ("method and continues", call("{GOOD,KEY,\"continues\":true}")),
        ("truncated", call("{GOOD,KEY")),
        ("trailing text", call("{GOOD,KEY} x")),
        ("two objects in one message", call("{GOOD,KEY}{GOOD,KEY}")),
        ("trailing comma", call("{GOOD,KEY,}")),
        ("single quotes", text("{'method':'io.systemd.UserDatabase.GetUserRecord'}")),
        ("white space around", call(" \n\t{ GOOD , KEY } \r\n")),
        ("a comment", call("{/* here */GOOD,KEY}")),
        ("a line comment", call("{GOOD,KEY} // here\n")),
        ("byte order mark", call("\u{feff}{GOOD,KEY}")),
        (
            "invalid UTF-8",
            [call("{GOOD,\"parameters\":{\"userName\":\""), vec![0xff, 0xfe], call("\",\"service\":\"x\"}}")]
                .concat(),
        ),
        (
            "overlong UTF-8",
            [call("{GOOD,\"parameters\":{\"userName\":\""), vec![0xc0, 0xaf], call("\",\"service\":\"x\"}}")]
                .concat(),
        ),
        (
            "UTF-8 surrogate",
            [
                call("{GOOD,\"parameters\":{\"userName\":\""),
                vec![0xed, 0xa0, 0x80],
                call("\",\"service\":\"x\"}}"),
            ]
            .concat(),
        ),
        (
            "escaped NUL",
            call(r#"{GOOD,"parameters":{"userName":"a\u0000b","service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "escaped letters",
            call(r#"{GOOD,"parameters":{"userName":"\u0061\u006en","service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "escaped key",
            call(r#"{GOOD,"parameters":{"user\u004eame":"ann","service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "escaped emoji",
            call(r#"{GOOD,"parameters":{"userName":"\ud83d\ude00","service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "lone surrogate",
            call(r#"{GOOD,"parameters":{"userName":"\ud83d","service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "swapped surrogates",
            call(r#"{GOOD,"parameters":{"userName":"\ude00\ud83d","service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "unknown escape",
            call(r#"{GOOD,"parameters":{"userName":"\x61nn","service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "raw control character",
            call("{GOOD,\"parameters\":{\"userName\":\"a\u{1}b\",\"service\":\"io.systemd.Multiplexer\"}}"),
        ),
        (
            "raw newline in a string",
            call("{GOOD,\"parameters\":{\"userName\":\"a\nb\",\"service\":\"io.systemd.Multiplexer\"}}"),
        ),
        (
            "raw tab in a string",
            call("{GOOD,\"parameters\":{\"userName\":\"a\tb\",\"service\":\"io.systemd.Multiplexer\"}}"),
        ),
        (
            "number with leading zero",
            call(r#"{GOOD,"parameters":{"uid":01000,"service":"io.systemd.Multiplexer"}}"#),
        ),
        ("number with plus", call(r#"{GOOD,"parameters":{"uid":+1000,"service":"io.systemd.Multiplexer"}}"#)),
        (
            "number with exponent",
            call(r#"{GOOD,"parameters":{"uid":1e3,"service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "number too large",
            call(r#"{GOOD,"parameters":{"uid":99999999999999999999999,"service":"io.systemd.Multiplexer"}}"#),
        ),
        ("number infinite", call(r#"{GOOD,"parameters":{"uid":1e999,"service":"io.systemd.Multiplexer"}}"#)),
        ("number not one", call(r#"{GOOD,"parameters":{"uid":NaN,"service":"io.systemd.Multiplexer"}}"#)),
        ("number minus zero", call(r#"{GOOD,"parameters":{"uid":-0,"service":"io.systemd.Multiplexer"}}"#)),
        (
            "number without digits",
            call(r#"{GOOD,"parameters":{"uid":-,"service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "number ends in a point",
            call(r#"{GOOD,"parameters":{"uid":1000.,"service":"io.systemd.Multiplexer"}}"#),
        ),
        (
            "nested 100 deep",
            [call("{GOOD,\"parameters\":{\"userName\":"), b"[".repeat(100), b"]".repeat(100), call("}}")]
                .concat(),
        ),
        (
            "nested 3000 deep",
            [call("{GOOD,\"parameters\":{\"userName\":"), b"[".repeat(3000), b"]".repeat(3000), call("}}")]
                .concat(),
        ),
        (
            "empty key",
            call(r#"{GOOD,"parameters":{"":1,"userName":"ann","service":"io.systemd.Multiplexer"}}"#),
        ),
        ("key is a number", call("{GOOD,5:1}")),
        ("no colon", call("{\"method\" \"x\"}")),
        ("TRUE", call("{GOOD,KEY,\"more\":TRUE}")),
        ("200 KiB of white space", [call("{GOOD,KEY"), b" ".repeat(200_000), b"}".to_vec()].concat()),
        (
            "a name of 200 KB",
            [
                call("{GOOD,\"parameters\":{\"userName\":\""),
                b"n".repeat(200_000),
                call("\",\"service\":\"io.systemd.Multiplexer\"}}"),
            ]
            .concat(),
        ),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, mut message) in messages() {
        message.push(0);
        cases.push(Case::raw(name, MULTIPLEXER, vec![message]));
    }
    for (name, bytes) in [
        ("two NULs", b"\0\0".to_vec()),
        ("a good call, then garbage", format!("{{{GOOD},{KEY}}}\0garbage\0").into_bytes()),
        ("garbage, then a good call", format!("garbage\0{{{GOOD},{KEY}}}\0").into_bytes()),
        ("a good call, then an empty message", format!("{{{GOOD},{KEY}}}\0\0").into_bytes()),
    ] {
        cases.push(Case::raw(name, MULTIPLEXER, vec![bytes.clone()]));
        cases.push(Case::raw(name, DROP_IN, vec![bytes]));
    }
    cases
}
