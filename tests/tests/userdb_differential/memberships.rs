//! GetMemberships.

use crate::case::{Case, DROP_IN, Expect, MULTIPLEXER, NSS, Ours, SERVICES};
use crate::differences;
use serde_json::{Value, json};
use usher_tests::userdb::accounts;
use usher_tests::userdb::client::Outcome;

const METHOD: &str = "GetMemberships";

fn keys() -> Vec<Value> {
    vec![
        json!({"userName": "ann"}),
        json!({"userName": "bob"}),
        json!({"userName": "ghost"}),
        json!({"userName": "dora"}),
        json!({"userName": "carol"}),
        json!({"userName": "missing"}),
        json!({"userName": "root"}),
        json!({"groupName": "sudo"}),
        json!({"groupName": "team"}),
        json!({"groupName": "empties"}),
        json!({"groupName": "plaing"}),
        json!({"groupName": "dropped"}),
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
        json!({"userName": null}),
        json!({"groupName": null, "userName": "ann"}),
    ]
}

/// Memberships that ours takes from more places than systemd, and those of odd groups.
pub fn odd_cases() -> Vec<Case> {
    let wheel: &[_] = &[("alice", "wheel2"), ("bob", "wheel2"), ("carol", "wheel2")];
    let alice: &[_] = &[("alice", "plaing"), ("alice", "wheel2")];
    let mut cases = Vec::new();
    for service in [MULTIPLEXER, DROP_IN] {
        cases.push(more_than_systemd(service, json!({"groupName": "wheel2"}), wheel));
        cases.push(more_than_systemd(service, json!({"groupName": "gmachine"}), &[("bob", "gmachine")]));
        cases.push(more_than_systemd(service, json!({"userName": "alice"}), alice));
        let both = json!({"userName": "alice", "groupName": "wheel2"});
        cases.push(more_than_systemd(service, both, &[("alice", "wheel2")]));
    }
    let carol: &[_] = &[("carol", "plaing"), ("carol", "wheel2")];
    cases.push(more_than_systemd(DROP_IN, json!({"userName": "carol"}), carol));
    let both: &[_] = &[("ann", "gtwice"), ("bob", "gtwice")];
    cases.push(differing(differences::ONE_GROUP, NSS, json!({"groupName": "gtwice"}), both));
    let bob: &[_] = &[("bob", "spaces")];
    cases.push(differing(differences::MEMBER_NAMES, NSS, json!({"groupName": "spaces"}), bob));
    for group in ["latinmember", "passworded", "sudo"] {
        cases.push(Case::more(NSS, METHOD, json!({"groupName": group})));
    }
    cases
}

fn more_than_systemd(service: &'static str, key: Value, pairs: &[(&str, &str)]) -> Case {
    differing(differences::MEMBERSHIPS, service, key, pairs)
}

fn differing(why: &'static str, service: &'static str, key: Value, pairs: &[(&str, &str)]) -> Case {
    let answer = Outcome { replies: differences::memberships(pairs), closed: false };
    let expect = Expect::Differs { why, ours: Ours::Is(answer) };
    Case { expect, ..Case::more(service, METHOD, key) }
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
