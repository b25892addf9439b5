//! GetMemberships.

use crate::case::{Case, SERVICES};
use serde_json::{Value, json};
use usher_tests::userdb::accounts;

const METHOD: &str = "GetMemberships";

fn keys() -> Vec<Value> {
    vec![
        json!({"userName": "ann"}),
        json!({"userName": "bob"}),
        json!({"userName": "ghost"}),
        json!({"userName": "dora"}),
        json!({"userName": "carol"}),
        json!({"userName": "alice"}),
        json!({"userName": "missing"}),
        json!({"userName": "root"}),
        json!({"groupName": "sudo"}),
        json!({"groupName": "team"}),
        json!({"groupName": "empties"}),
        json!({"groupName": "spaces"}),
        json!({"groupName": "dupmember"}),
        json!({"groupName": "latinmember"}),
        json!({"groupName": "gtwice"}),
        json!({"groupName": "plaing"}),
        json!({"groupName": "dropped"}),
        json!({"groupName": "wheel2"}),
        json!({"groupName": "root"}),
        json!({"groupName": "missing"}),
        json!({"userName": "ann", "groupName": "sudo"}),
        json!({"userName": "ann", "groupName": "root"}),
        json!({"userName": "ann", "groupName": "missing"}),
        json!({"userName": "missing", "groupName": "sudo"}),
        json!({"userName": "alice", "groupName": "plaing"}),
        json!({"userName": "bob", "groupName": "plaing"}),
        json!({"userName": "1234"}),
        json!({"groupName": "1234"}),
        json!({"userName": ""}),
        json!({"groupName": "a:b"}),
        json!({"userName": "a:b", "groupName": "sudo"}),
        json!({"userName": 5}),
        json!({"groupName": false}),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for service in SERVICES {
        for key in keys() {
            cases.push(Case::more(service, METHOD, key));
        }
        for parameters in [
            json!({"userName": "ann", "service": ""}),
            json!({"userName": "ann", "service": null}),
            json!({"userName": "ann", "service": "io.systemd.Unknown"}),
            json!({"userName": "ann", "bogus": 1}),
            json!({"userName": "ann", "uid": 1}),
            json!({"userName": "ann", "uidMin": 1}),
        ] {
            cases.push(Case::more(service, METHOD, parameters));
        }
        cases.push(Case::more(service, METHOD, json!({})));
        cases.push(Case::more(service, METHOD, json!({"userName": "ann"})).caller(accounts::STRANGER));
        cases.push(Case::call(service, METHOD, json!({"userName": "missing"})));
        cases.push(Case::call(service, METHOD, json!({"userName": "a:b"})));
    }
    cases
}
