//! GetUserRecord with a key.

use crate::case::{Case, DROP_IN, MULTIPLEXER, NSS, SERVICES};
use serde_json::{Value, json};
use usher_tests::userdb::{accounts, drop_ins};

const METHOD: &str = "GetUserRecord";

/// Parameters that are judged before anything is looked up, or combine keys and filters; asked of the Multiplexer.
fn parameters() -> Vec<Value> {
    let long = "n".repeat(300);
    vec![
        // Names.
        json!({"userName": ""}),
        json!({"userName": "a:b"}),
        json!({"userName": "a/b"}),
        json!({"userName": "1234"}),
        json!({"userName": "-1234"}),
        json!({"userName": "0"}),
        json!({"userName": "0x10"}),
        json!({"userName": "."}),
        json!({"userName": ".."}),
        json!({"userName": " ann"}),
        json!({"userName": "ann "}),
        json!({"userName": "\tann"}),
        json!({"userName": "an\nn"}),
        json!({"userName": "an\u{7f}n"}),
        json!({"userName": "an\u{85}n"}),
        json!({"userName": 5}),
        json!({"userName": null}),
        json!({"userName": null, "uid": 1000}),
        json!({"userName": true}),
        json!({"userName": ["ann"]}),
        json!({"userName": {"a": 1}}),
        json!({"userName": long}),
        json!({"userName": "\u{1f600}"}),
        json!({"userName": "ann\u{fffd}"}),
        json!({"userName": "ANN"}),
        json!({"userName": "missing"}),
        json!({"userName": "../etc/userdb/carol"}),
        json!({"userName": "foreign-0"}),
        json!({"userName": "foreign-1"}),
        json!({"userName": "foreign-65534"}),
        json!({"userName": "foreign-65535"}),
        json!({"userName": "foreign-01"}),
        json!({"userName": "foreign-"}),
        json!({"userName": "foreign--1"}),
        json!({"userName": "unknown-5"}),
        // Numbers.
        json!({"uid": 0}),
        json!({"uid": "0"}),
        json!({"uid": 0.0}),
        json!({"uid": -0.0}),
        json!({"uid": 0.5}),
        json!({"uid": 1000.0}),
        json!({"uid": "1000"}),
        json!({"uid": "01000"}),
        json!({"uid": " 1000"}),
        json!({"uid": "+1000"}),
        json!({"uid": "-1"}),
        json!({"uid": ""}),
        json!({"uid": "ann"}),
        json!({"uid": "0x3e8"}),
        json!({"uid": -1}),
        json!({"uid": 65535}),
        json!({"uid": "65535"}),
        json!({"uid": 4_294_967_294_u64}),
        json!({"uid": 4_294_967_295_u64}),
        json!({"uid": 4_294_967_296_u64}),
        json!({"uid": 18_446_744_073_709_551_615_u64}),
        json!({"uid": 1e300}),
        json!({"uid": true}),
        json!({"uid": [0]}),
        json!({"uid": {}}),
        json!({"uid": 424_242}),
        json!({"uid": 65534}),
        json!({"uid": 2_147_352_576_u64}),
        json!({"uid": 2_147_418_110_u64}),
        json!({"uid": 2_147_418_111_u64}),
        // Two keys.
        json!({"userName": "ann", "uid": 1000}),
        json!({"userName": "ann", "uid": 1001}),
        json!({"userName": "ann", "uid": 424_242}),
        json!({"userName": "missing", "uid": 1000}),
        json!({"userName": "missing", "uid": 424_242}),
        json!({"userName": "alice", "uid": 70000}),
        json!({"userName": "alice", "uid": 70001}),
        json!({"userName": "root", "uid": 0}),
        json!({"userName": "root", "uid": 1}),
        json!({"userName": "nobody", "uid": 65534}),
        json!({"userName": "foreign-5", "uid": 2_147_352_581_u64}),
        json!({"userName": "foreign-5", "uid": 2_147_352_582_u64}),
        json!({"uid": null, "userName": "ann"}),
        json!({"userName": "sharing", "uid": 1001}),
        // The service.
        json!({"userName": "ann", "service": ""}),
        json!({"userName": "ann", "service": null}),
        json!({"userName": "ann", "service": 5}),
        json!({"userName": "ann", "service": ["io.systemd.Multiplexer"]}),
        json!({"userName": "ann", "service": "io.systemd.Unknown"}),
        json!({"userName": "ann", "service": "io.systemd.multiplexer"}),
        json!({"userName": "ann", "service": "io.systemd.NameServiceSwitch"}),
        json!({"userName": "ann", "service": "io.systemd.DropIn"}),
        json!({"userName": "carol", "service": "io.systemd.NameServiceSwitch"}),
        json!({"userName": "locked", "service": "io.systemd.DropIn"}),
        // Several errors at once: which is named?
        json!({"bogus": 1, "userName": "a:b"}),
        json!({"userName": "a:b", "bogus": 1}),
        json!({"uid": -1, "userName": "a:b"}),
        json!({"userName": "a:b", "uid": -1, "service": 5}),
        json!({"userName": "ann", "bogus": null}),
        json!({"userName": "ann", "gid": 5}),
        json!({"userName": "ann", "groupName": "ann"}),
        json!({"userName": "ann", "Service": "x"}),
        json!({"userName": "ann", "uid": -1, "service": ""}),
        // Filters on a keyed lookup.
        json!({"userName": "ann", "uidMin": 1000}),
        json!({"userName": "ann", "uidMin": 1001}),
        json!({"userName": "ann", "uidMax": 1000}),
        json!({"userName": "ann", "uidMax": 999}),
        json!({"userName": "ann", "uidMin": 1000, "uidMax": 1000}),
        json!({"userName": "ann", "uidMin": 1001, "uidMax": 1000}),
        json!({"userName": "ann", "uidMin": null, "uidMax": null}),
        json!({"userName": "ann", "uidMin": -1}),
        json!({"userName": "ann", "uidMin": "1000"}),
        json!({"userName": "ann", "uidMin": "x"}),
        json!({"userName": "ann", "uidMin": 65535}),
        json!({"userName": "ann", "uidMax": 4_294_967_295_u64}),
        json!({"userName": "ann", "uidMax": 4_294_967_294_u64}),
        json!({"userName": "ann", "uidMax": true}),
        json!({"userName": "missing", "uidMin": 1}),
        json!({"userName": "missing", "uidMin": 5, "uidMax": 4}),
        json!({"userName": "ann", "dispositionMask": []}),
        json!({"userName": "ann", "dispositionMask": ["regular"]}),
        json!({"userName": "ann", "dispositionMask": ["system"]}),
        json!({"userName": "ann", "dispositionMask": ["system", "regular"]}),
        json!({"userName": "ann", "dispositionMask": ["bogus"]}),
        json!({"userName": "ann", "dispositionMask": ["regular", "bogus"]}),
        json!({"userName": "ann", "dispositionMask": ["Regular"]}),
        json!({"userName": "ann", "dispositionMask": "regular"}),
        json!({"userName": "ann", "dispositionMask": [1]}),
        json!({"userName": "ann", "dispositionMask": {"a": 1}}),
        json!({"userName": "ann", "dispositionMask": null}),
        json!({"userName": "ann", "dispositionMask":
            ["intrinsic", "system", "dynamic", "regular", "container", "foreign", "reserved"]}),
        json!({"userName": "sysuser", "dispositionMask": ["system"]}),
        json!({"userName": "greeter", "dispositionMask": ["dynamic"]}),
        json!({"userName": "dynamic", "dispositionMask": ["dynamic"]}),
        json!({"userName": "container", "dispositionMask": ["container"]}),
        json!({"userName": "reserved", "dispositionMask": ["reserved"]}),
        json!({"userName": "foreignrange", "dispositionMask": ["foreign"]}),
        json!({"userName": "foreign-7", "dispositionMask": ["foreign"]}),
        json!({"userName": "root", "dispositionMask": ["intrinsic"]}),
        json!({"userName": "root", "dispositionMask": ["regular"]}),
        json!({"userName": "nobody", "dispositionMask": ["intrinsic"]}),
        json!({"userName": "disposed", "dispositionMask": ["system"]}),
        json!({"userName": "disposed", "dispositionMask": ["regular"]}),
        json!({"userName": "sysdrop", "dispositionMask": ["system"]}),
        json!({"userName": "greetdrop", "dispositionMask": ["dynamic"]}),
        json!({"userName": "everything", "dispositionMask": ["regular"]}),
        json!({"userName": "ann", "fuzzyNames": []}),
        json!({"userName": "ann", "fuzzyNames": ["ann"]}),
        json!({"userName": "ann", "fuzzyNames": ["ANN"]}),
        json!({"userName": "ann", "fuzzyNames": ["Ash"]}),
        json!({"userName": "ann", "fuzzyNames": ["zzz"]}),
        json!({"userName": "ann", "fuzzyNames": ["zzz", "nn"]}),
        json!({"userName": "ann", "fuzzyNames": [""]}),
        json!({"userName": "ann", "fuzzyNames": "ann"}),
        json!({"userName": "ann", "fuzzyNames": [5]}),
        json!({"userName": "ann", "fuzzyNames": null}),
        json!({"userName": "alice", "fuzzyNames": ["mail.example"]}),
        json!({"userName": "alice", "fuzzyNames": ["al-ias"]}),
        json!({"userName": "alice", "fuzzyNames": ["alice@exam"]}),
        json!({"userName": "alice", "fuzzyNames": ["alicia"]}),
        json!({"userName": "alice", "fuzzyNames": ["alixx"]}),
        json!({"userName": "alice", "fuzzyNames": ["bobby"]}),
        json!({"userName": "alice", "fuzzyNames": ["xlic"]}),
        json!({"userName": "everything", "fuzzyNames": ["cifsname"]}),
        json!({"userName": "everything", "fuzzyNames": ["location"]}),
        json!({"userName": "uuidful", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}),
        json!({"userName": "uuidful", "uuid": "6ba7b8109dad11d180b400c04fd430c8"}),
        json!({"userName": "uuidful", "uuid": "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"}),
        json!({"userName": "uuidful", "uuid": "00000000-0000-0000-0000-000000000000"}),
        json!({"userName": "uuidful", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c9"}),
        json!({"userName": "uuidful", "uuid": "not a uuid"}),
        json!({"userName": "uuidful", "uuid": ""}),
        json!({"userName": "uuidful", "uuid": null}),
        json!({"userName": "uuidful", "uuid": 5}),
        json!({"userName": "ann", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}),
        json!({"uid": 70008, "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "uidMin": 1, "uidMax": 70008,
            "dispositionMask": ["regular", "container"], "fuzzyNames": ["uuid"]}),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for parameters in parameters() {
        cases.push(Case::call(MULTIPLEXER, METHOD, parameters));
    }
    // Every user of the files, by name; those whose names are no UTF-8 cannot be asked for.
    for name in accounts::user_names().into_iter().filter_map(|name| String::from_utf8(name).ok()) {
        cases.push(Case::call(NSS, METHOD, json!({"userName": name})));
    }
    for uid in (1000..1060_u32).chain([1, 105, 1099, 60600, 61500, 600_000, 3_000_000_000, 2_147_352_700]) {
        cases.push(Case::call(NSS, METHOD, json!({"uid": uid})));
    }
    for name in drop_ins::user_names() {
        cases.push(Case::call(DROP_IN, METHOD, json!({"userName": name})));
    }
    for uid in drop_ins::uids() {
        cases.push(Case::call(DROP_IN, METHOD, json!({"uid": uid})));
    }
    // Whom the privileged part is shown to.
    for caller in [accounts::OWNER, accounts::STRANGER, drop_ins::OWNER, 70003, 70017, 65534] {
        for (service, name) in [
            (MULTIPLEXER, "ann"),
            (NSS, "ann"),
            (NSS, "bob"),
            (NSS, "starred"),
            (NSS, "emptyhash"),
            (NSS, "latin"),
            (NSS, "root"),
            (MULTIPLEXER, "root"),
            (MULTIPLEXER, "nobody"),
            (MULTIPLEXER, "alice"),
            (DROP_IN, "alice"),
            (DROP_IN, "ali"),
            (DROP_IN, "inlinepriv"),
            (DROP_IN, "jointpriv"),
            (DROP_IN, "emptypriv"),
            (DROP_IN, "locked"),
            (DROP_IN, "carol"),
            (DROP_IN, "secretive"),
            (DROP_IN, "badpriv"),
        ] {
            cases.push(Case::call(service, METHOD, json!({"userName": name})).caller(caller));
        }
    }
    // The three services see their own records only, and the Multiplexer all.
    for service in SERVICES {
        for key in [
            json!({"userName": "ann"}),
            json!({"userName": "locked"}),
            json!({"userName": "shadowed"}),
            json!({"userName": "root"}),
            json!({"userName": "nobody"}),
            json!({"userName": "foreign-3"}),
            json!({"userName": "vendor"}),
            json!({"userName": "masked"}),
            json!({"uid": 1000}),
            json!({"uid": 70002}),
            json!({"uid": 70013}),
            json!({"uid": 1030}),
            json!({"uid": 0}),
            json!({"uid": 65534}),
            json!({"uid": 2_147_352_580_u64}),
            json!({"userName": "missing"}),
            json!({"userName": "a:b"}),
            json!({"uid": -1}),
            json!({"userName": "alice", "uid": 1000}),
            json!({"userName": "locked", "uidMax": 5}),
        ] {
            cases.push(Case::call(service, METHOD, key));
        }
        // `more` with a key gives one reply without `continues`.
        cases.push(Case::more(service, METHOD, json!({"userName": "ann"})));
        cases.push(Case::more(service, METHOD, json!({"uid": 70002})));
        cases.push(Case::more(service, METHOD, json!({"userName": "missing"})));
    }
    cases
}
