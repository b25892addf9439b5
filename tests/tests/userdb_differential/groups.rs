//! GetGroupRecord with a key.

use crate::case::{Case, DROP_IN, MULTIPLEXER, NSS, SERVICES};
use serde_json::{Value, json};
use usher_tests::userdb::{accounts, drop_ins};

const METHOD: &str = "GetGroupRecord";

fn parameters() -> Vec<Value> {
    vec![
        json!({"groupName": ""}),
        json!({"groupName": "a:b"}),
        json!({"groupName": "1234"}),
        json!({"groupName": 5}),
        json!({"groupName": null, "gid": 27}),
        json!({"groupName": "missing"}),
        json!({"groupName": "foreign-5"}),
        json!({"groupName": "foreign-65535"}),
        json!({"gid": 0}),
        json!({"gid": "27"}),
        json!({"gid": 27.0}),
        json!({"gid": -1}),
        json!({"gid": 65535}),
        json!({"gid": 4_294_967_295_u64}),
        json!({"gid": true}),
        json!({"gid": null, "groupName": "sudo"}),
        json!({"gid": 65534}),
        json!({"gid": 2_147_352_581_u64}),
        json!({"gid": 424_242}),
        json!({"groupName": "sudo", "gid": 27}),
        json!({"groupName": "sudo", "gid": 29}),
        json!({"groupName": "missing", "gid": 27}),
        json!({"groupName": "root", "gid": 0}),
        json!({"groupName": "root", "gid": 27}),
        json!({"groupName": "nogroup", "gid": 65534}),
        json!({"groupName": "nobody"}),
        json!({"groupName": "sudo", "service": ""}),
        json!({"groupName": "sudo", "service": null}),
        json!({"groupName": "sudo", "service": "io.systemd.Unknown"}),
        json!({"groupName": "sudo", "bogus": 1}),
        json!({"groupName": "sudo", "uid": 5}),
        json!({"groupName": "sudo", "userName": "ann"}),
        json!({"groupName": "sudo", "uidMin": 5}),
        json!({"groupName": "sudo", "gidMin": 27}),
        json!({"groupName": "sudo", "gidMin": 28}),
        json!({"groupName": "sudo", "gidMax": 27}),
        json!({"groupName": "sudo", "gidMax": 26}),
        json!({"groupName": "sudo", "gidMin": 28, "gidMax": 26}),
        json!({"groupName": "sudo", "gidMin": "x"}),
        json!({"groupName": "sudo", "dispositionMask": []}),
        json!({"groupName": "sudo", "dispositionMask": ["system"]}),
        json!({"groupName": "sudo", "dispositionMask": ["regular"]}),
        json!({"groupName": "sudo", "dispositionMask": ["bogus"]}),
        json!({"groupName": "ggreeter", "dispositionMask": ["regular"]}),
        json!({"groupName": "ggreeter", "dispositionMask": ["dynamic"]}),
        json!({"groupName": "gdynamic", "dispositionMask": ["dynamic"]}),
        json!({"groupName": "gcontainer", "dispositionMask": ["container"]}),
        json!({"groupName": "root", "dispositionMask": ["intrinsic"]}),
        json!({"groupName": "nogroup", "dispositionMask": ["intrinsic"]}),
        json!({"groupName": "gsys", "dispositionMask": ["system"]}),
        json!({"groupName": "sudo", "fuzzyNames": ["SUD"]}),
        json!({"groupName": "sudo", "fuzzyNames": ["zzz"]}),
        json!({"groupName": "wheel2", "fuzzyNames": ["the wheel"]}),
        json!({"groupName": "wheel2", "fuzzyNames": ["wheal2"]}),
        json!({"groupName": "admins", "fuzzyNames": ["adm2"]}),
        json!({"groupName": "admins", "fuzzyNames": ["admins@example"]}),
        json!({"groupName": "guuid", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c9"}),
        json!({"groupName": "guuid", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}),
        json!({"groupName": "guuid", "uuid": "nonsense"}),
        json!({"groupName": "sudo", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for parameters in parameters() {
        cases.push(Case::call(MULTIPLEXER, METHOD, parameters));
    }
    for name in accounts::group_names().into_iter().filter_map(|name| String::from_utf8(name).ok()) {
        cases.push(Case::call(NSS, METHOD, json!({"groupName": name})));
    }
    for gid in (2000..2016).chain([0, 1, 27, 29, 110, 1000, 2099, 60601, 61501, 600_001]) {
        cases.push(Case::call(NSS, METHOD, json!({"gid": gid})));
    }
    for name in drop_ins::group_names() {
        cases.push(Case::call(DROP_IN, METHOD, json!({"groupName": name})));
    }
    for gid in drop_ins::gids() {
        cases.push(Case::call(DROP_IN, METHOD, json!({"gid": gid})));
    }
    for caller in [accounts::OWNER, accounts::STRANGER] {
        for (service, name) in [
            (NSS, "team"),
            (NSS, "ann"),
            (NSS, "passworded"),
            (NSS, "both"),
            (NSS, "shadowed"),
            (MULTIPLEXER, "team"),
            (MULTIPLEXER, "wheel2"),
            (DROP_IN, "wheel2"),
            (DROP_IN, "ginline"),
            (DROP_IN, "admins"),
        ] {
            cases.push(Case::call(service, METHOD, json!({"groupName": name})).caller(caller));
        }
    }
    for service in SERVICES {
        for key in [
            json!({"groupName": "team"}),
            json!({"groupName": "admins"}),
            json!({"groupName": "root"}),
            json!({"groupName": "nogroup"}),
            json!({"groupName": "foreign-3"}),
            json!({"groupName": "gmasked"}),
            json!({"groupName": "missing"}),
            json!({"gid": 2000}),
            json!({"gid": 71002}),
            json!({"gid": 0}),
            json!({"gid": 65534}),
            json!({"gid": -1}),
            json!({"groupName": "team", "gid": 27}),
        ] {
            cases.push(Case::call(service, METHOD, key));
        }
        cases.push(Case::more(service, METHOD, json!({"groupName": "team"})));
    }
    cases
}
