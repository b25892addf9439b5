//! Calls that arrive in pieces, several at once, or want no answer.

use crate::case::{Case, DROP_IN, MULTIPLEXER, NSS};
use serde_json::{Value, json};
use usher_tests::userdb::client::message;

fn user(name: &str) -> Value {
    json!({"method": "io.systemd.UserDatabase.GetUserRecord",
        "parameters": {"userName": name, "service": "io.systemd.Multiplexer"}})
}

fn with(mut request: Value, key: &str, value: bool) -> Value {
    request[key] = json!(value);
    request
}

pub fn cases() -> Vec<Case> {
    let info = json!({"method": "io.systemd.UserDatabase.Missing"});
    let raw = |name: &str, chunks: Vec<Vec<u8>>| Case::raw(name, MULTIPLEXER, chunks);
    let ann = message(&user("ann"));
    let mut cases = vec![
        raw("two calls in one write", vec![[ann.clone(), message(&user("bob"))].concat()]),
        raw(
            "many calls in one write",
            vec![
                (0..50)
                    .flat_map(|number| message(&user(if number % 2 == 0 { "ann" } else { "none" })))
                    .collect(),
            ],
        ),
        raw("two calls in two writes", vec![ann.clone(), message(&user("bob"))]),
        raw("a call in two halves", vec![ann[..20].to_vec(), ann[20..].to_vec()]),
        raw("the NUL by itself", vec![ann[..ann.len() - 1].to_vec(), vec![0]]),
        raw("byte by byte at its start", {
            let mut chunks: Vec<Vec<u8>> = ann[..10].iter().map(|byte| vec![*byte]).collect();
            chunks.push(ann[10..].to_vec());
            chunks
        }),
        raw("one and a half, then the rest", {
            let bob = message(&user("bob"));
            vec![[&ann[..], &bob[..15]].concat(), bob[15..].to_vec()]
        }),
        raw("split within a UTF-8 character", {
            let umlaut = message(&user("j\u{f6}rg"));
            let middle = umlaut.iter().position(|byte| *byte == 0xc3).unwrap() + 1;
            vec![umlaut[..middle].to_vec(), umlaut[middle..].to_vec()]
        }),
        raw("oneway alone", vec![message(&with(user("ann"), "oneway", true))]),
        raw(
            "oneway, then a call",
            vec![[message(&with(user("ann"), "oneway", true)), message(&user("bob"))].concat()],
        ),
        raw("a call, oneway, a call", {
            vec![[ann.clone(), message(&with(user("ann"), "oneway", true)), message(&user("bob"))].concat()]
        }),
        raw("oneway with an error", vec![message(&with(user("a:b"), "oneway", true))]),
        raw("oneway not found", vec![message(&with(user("missing"), "oneway", true))]),
        raw("oneway of an unknown method", vec![message(&with(info.clone(), "oneway", true))]),
        raw("oneway false", vec![message(&with(user("ann"), "oneway", false))]),
        raw("an error, then a call", vec![[message(&user("a:b")), ann.clone()].concat()]),
        raw("an unknown method, then a call", vec![[message(&info), ann.clone()].concat()]),
        raw(
            "calls of different methods",
            vec![
                [
                    ann.clone(),
                    message(&json!({"method": "io.systemd.UserDatabase.GetGroupRecord",
                        "parameters": {"groupName": "sudo", "service": "io.systemd.Multiplexer"}})),
                    message(&json!({"method": "io.systemd.UserDatabase.GetMemberships", "more": true,
                        "parameters": {"userName": "ghost", "service": "io.systemd.Multiplexer"}})),
                ]
                .concat(),
            ],
        ),
    ];
    for (service, name) in [(NSS, "ann"), (DROP_IN, "locked"), (MULTIPLEXER, "root")] {
        let stream = json!({"method": "io.systemd.UserDatabase.GetUserRecord", "more": true,
            "parameters": {"uidMin": 70002, "uidMax": 70002, "service": service}});
        let single = json!({"method": "io.systemd.UserDatabase.GetUserRecord",
            "parameters": {"userName": name, "service": service}});
        cases.push(Case::raw(
            "a call, a stream, a call",
            service,
            vec![[message(&single), message(&stream), message(&single)].concat()],
        ));
        cases.push(Case::raw(
            "keyed with more: one reply",
            service,
            vec![message(&with(single, "more", true))],
        ));
    }
    cases
}
