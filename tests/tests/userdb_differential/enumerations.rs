//! Records without a key: everything, and everything that a filter lets through.

use crate::case::{Case, MULTIPLEXER, SERVICES};
use serde_json::json;
use usher_tests::userdb::accounts::{OWNER, STRANGER};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for service in SERVICES {
        for (method, id) in [("GetUserRecord", "uid"), ("GetGroupRecord", "gid")] {
            let (min, max) = (format!("{id}Min"), format!("{id}Max"));
            for caller in [0, OWNER, STRANGER] {
                cases.push(Case::more(service, method, json!({})).caller(caller));
            }
            for filter in [
                json!({&min: 70000}),
                json!({&max: 999}),
                json!({&min: 1000, &max: 2000}),
                json!({&min: 70000, &max: 70100}),
                json!({&min: 71000, &max: 71100}),
                json!({&min: 5, &max: 4}),
                json!({&min: 400_000, &max: 400_001}),
                json!({&min: -1}),
                json!({&min: null}),
                json!({"dispositionMask": []}),
                json!({"dispositionMask": ["system"]}),
                json!({"dispositionMask": ["dynamic"]}),
                json!({"dispositionMask": ["intrinsic"]}),
                json!({"dispositionMask": ["container", "foreign", "reserved"]}),
                json!({"dispositionMask": ["bogus"]}),
                json!({"fuzzyNames": ["ann"]}),
                json!({"fuzzyNames": ["wheel", "alice"]}),
                json!({"fuzzyNames": ["nothing like it"]}),
                json!({"fuzzyNames": []}),
                json!({"uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}),
                json!({"uuid": "6ba7b8109dad11d180b400c04fd430c9"}),
                json!({"uuid": "ffffffffffffffffffffffffffffffff"}),
                json!({"uuid": "x"}),
                json!({"fuzzyNames": ["a"], "dispositionMask": ["system"], &max: 100}),
            ] {
                cases.push(Case::more(service, method, filter));
            }
            cases.push(Case::call(service, method, json!({"bogus": 1})));
            cases.push(Case::call(service, method, json!({"service": ""})));
        }
    }
    for (method, id) in [("GetUserRecord", "uid"), ("GetGroupRecord", "gid")] {
        cases.push(Case::call(MULTIPLEXER, method, json!({})));
        cases.push(Case::call(MULTIPLEXER, method, json!({id: null})));
        cases.push(Case::call(MULTIPLEXER, method, json!({format!("{id}Min"): 70000})));
        cases.push(Case::more(MULTIPLEXER, method, json!({id: null})));
    }
    cases
}
