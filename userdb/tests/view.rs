//! The view of a record on a host. The passwd lines are what `userdbctl --output=classic` of systemd 262.1 made of the
//! same records on a host of the same names.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::{Value, json};
use userdb::unix::PasswdEntry;
use userdb::{Disposition, GroupRecord, Host, RecordError, Sections, UserRecord};

const MACHINE: &str = "0123456789abcdef0123456789abcdef";

fn host() -> Host {
    Host { machine_id: Some(MACHINE.to_owned()), hostname: Some("vm".to_owned()) }
}

fn user(json: Value) -> UserRecord {
    let Value::Object(json) = json else { panic!("{json} is not an object") };
    let loaded = UserRecord::load(json, &host(), Sections::ANY).unwrap();
    assert_eq!(loaded.problems, []);
    loaded.record
}

fn group(json: Value) -> GroupRecord {
    let Value::Object(json) = json else { panic!("{json} is not an object") };
    GroupRecord::load(json, &host(), Sections::ANY).unwrap().record
}

fn passwd(json: Value) -> String {
    PasswdEntry::from_record(&user(json)).map(|entry| entry.to_string()).unwrap_or_default()
}

#[test]
fn defaults_depend_on_the_disposition() {
    for (record, line) in [
        (json!({"userName": "ann"}), ""),
        (json!({"userName": "ann", "uid": 1000}), "ann:x:1000:1000:ann:/home/ann:/bin/bash"),
        (json!({"userName": "ann", "uid": 0}), "ann:x:0:0:ann:/root:/bin/sh"),
        (json!({"userName": "root", "uid": 5}), "root:x:5:5:root:/root:/bin/sh"),
        (json!({"userName": "nobody", "uid": 7}), "nobody:x:7:7:nobody:/:/usr/sbin/nologin"),
        (json!({"userName": "x", "uid": 65534}), "x:x:65534:65534:x:/:/usr/sbin/nologin"),
        (json!({"userName": "ann", "uid": 500}), "ann:x:500:500:ann:/:/usr/sbin/nologin"),
        (
            json!({"userName": "ann", "uid": 500, "disposition": "regular"}),
            "ann:x:500:500:ann:/home/ann:/bin/bash",
        ),
        (json!({"userName": "ann", "uid": 0, "disposition": "regular"}), "ann:x:0:0:ann:/home/ann:/bin/sh"),
        (json!({"userName": "ann", "uid": 60600}), "ann:x:60600:60600:ann:/:/usr/sbin/nologin"),
        (
            json!({"userName": "ann", "uid": 1000, "realName": "a:b\tc"}),
            "ann:x:1000:1000:a b c:/home/ann:/bin/bash",
        ),
        (json!({"userName": "ann", "uid": 1000, "realName": ""}), "ann:x:1000:1000::/home/ann:/bin/bash"),
        (
            json!({"userName": "ann", "uid": 1000, "gid": 7, "shell": "/x", "homeDirectory": "/y"}),
            "ann:x:1000:7:ann:/y:/x",
        ),
    ] {
        assert_eq!(passwd(record.clone()), line, "{record}");
    }
}

#[test]
fn later_layers_win_and_only_those_of_this_host_count() {
    for (layers, line) in [
        (
            json!({"perMachine": [
                {"matchMachineId": MACHINE, "shell": "/m1", "uid": 1001}, {"matchHostname": "vm", "shell": "/m2"},
                {"matchHostname": "no", "shell": "/m3"},
            ]}),
            "ann:x:1001:1001:ann:/home/ann:/m2",
        ),
        (
            json!({"status": {MACHINE: {"useFallback": false, "fallbackShell": "/fs", "fallbackHomeDirectory": "/fh"}}}),
            "ann:x:1000:1000:ann:/home/ann:/bin/bash",
        ),
        (
            json!({
                "homeDirectory": "/h", "shell": "/s",
                "status": {MACHINE: {"useFallback": true, "fallbackShell": "/fs", "fallbackHomeDirectory": "/fh"}},
            }),
            "ann:x:1000:1000:ann:/fh:/fs",
        ),
        (
            json!({"perMachine": [{"matchNotMachineId": MACHINE, "shell": "/x1"}, {"matchNotHostname": "vm", "shell": "/x2"}]}),
            "ann:x:1000:1000:ann:/home/ann:/bin/bash",
        ),
        (
            json!({"perMachine": [{"matchNotMachineId": ["a"], "shell": "/x1"}]}),
            "ann:x:1000:1000:ann:/home/ann:/x1",
        ),
        (
            json!({"perMachine": [{"matchHostname": ["q", "vm"], "shell": "/x1"}]}),
            "ann:x:1000:1000:ann:/home/ann:/x1",
        ),
        (
            json!({"perMachine": [{"matchMachineId": [5, MACHINE], "shell": "/x1"}]}),
            "ann:x:1000:1000:ann:/home/ann:/x1",
        ),
        (json!({"perMachine": [{"shell": "/x1"}]}), "ann:x:1000:1000:ann:/home/ann:/bin/bash"),
        // binding comes after perMachine, and status knows no uid.
        (
            json!({
                "binding": {MACHINE: {"homeDirectory": "/b", "uid": 2000}, "f".repeat(32): {"uid": 2001}},
                "perMachine": [{"matchMachineId": MACHINE, "uid": 3000}],
                "status": {MACHINE: {"uid": 4000}},
            }),
            "ann:x:2000:2000:ann:/b:/bin/bash",
        ),
    ] {
        let mut record = json!({"userName": "ann", "uid": 1000});
        record.as_object_mut().unwrap().extend(layers.as_object().unwrap().clone());
        assert_eq!(passwd(record.clone()), line, "{record}");
    }
}

#[test]
fn a_fallback_shell_does_not_open_a_closed_account() {
    let status = json!({MACHINE: {"useFallback": true, "fallbackShell": "/fs"}});
    for (uid, shell, expected) in [
        (1000, "/usr/bin/sh", "/fs"),
        (1000, "/bin/false", "/usr/sbin/nologin"),
        (1000, "/sbin/nologin", "/usr/sbin/nologin"),
        (1000, "/sbin/false", "/fs"),
    ] {
        let record = json!({"userName": "ann", "uid": uid, "shell": shell, "status": status});
        assert_eq!(user(record).shell(), expected, "{shell}");
    }
    assert_eq!(user(json!({"userName": "ann", "uid": 5, "status": status})).shell(), "/usr/sbin/nologin");
    assert_eq!(user(json!({"userName": "ann", "uid": 1000, "status": status})).shell(), "/fs");
    assert_eq!(user(json!({"userName": "ann", "uid": 0, "status": status})).shell(), "/fs");
}

#[test]
fn lists_of_names_add_up_and_others_are_replaced() {
    let ann = user(json!({
        "userName": "ann", "memberOf": ["b", "a", "b"], "aliases": ["z"], "environment": ["A=1"],
        "perMachine": [{"matchMachineId": MACHINE, "memberOf": ["c", "a"], "environment": ["B=2"]}],
        "status": {MACHINE: {"aliases": ["y", "z"]}},
    }));
    assert_eq!(ann.member_of(), ["b", "a", "c"]);
    assert_eq!(ann.aliases(), ["z", "y"]);
    assert_eq!(ann.strings("environment"), ["B=2"]);
    let staff = group(json!({
        "groupName": "staff", "members": ["a"], "perMachine": [{"matchHostname": "vm", "members": ["b", "a"], "gid": 9}],
    }));
    assert_eq!(staff.members(), ["a", "b"]);
    assert_eq!(staff.gid(), Some(9));
}

#[test]
fn null_resets_what_an_earlier_layer_set() {
    let ann = user(json!({
        "userName": "ann", "notAfterUSec": 5, "umask": 63, "perMachine": [{"matchHostname": "vm", "notAfterUSec": null}],
    }));
    assert_eq!(ann.not_after(), None);
    assert_eq!(ann.effective("umask"), Some(&json!(63)));
    assert_eq!(ann.effective("notAfterUSec"), None);
}

#[test]
fn a_number_in_a_string_is_a_number() {
    let ann = user(
        json!({"userName": "ann", "notAfterUSec": "0x10", "notBeforeUSec": 5.0, "lastPasswordChangeUSec": u64::MAX}),
    );
    assert_eq!((ann.not_after(), ann.not_before(), ann.last_password_change()), (Some(16), Some(5), None));
}

#[test]
fn users_are_found_under_name_realm_and_aliases() {
    let ann = user(json!({"userName": "ann", "realm": "ex.org", "aliases": ["an", "ann"]}));
    assert_eq!(ann.all_names(), ["ann", "ann@ex.org", "an", "an@ex.org"]);
    for name in ["ann", "ann@ex.org", "an", "an@ex.org"] {
        assert!(ann.matches_name(name), "{name}");
    }
    for name in ["", "Ann", "ann@", "ann@ex", "@ex.org"] {
        assert!(!ann.matches_name(name), "{name}");
    }
    assert_eq!(
        group(json!({"groupName": "g", "realm": "r", "aliases": ["h"]})).all_names(),
        ["g", "g@r", "h", "h@r"]
    );
}

#[test]
fn dispositions_are_stated_or_follow_from_ids() {
    assert_eq!(user(json!({"userName": "ann"})).disposition(), None);
    assert_eq!(user(json!({"userName": "nobody"})).disposition(), Some(Disposition::Intrinsic));
    assert_eq!(user(json!({"userName": "g", "uid": 60578})).disposition(), Some(Disposition::Dynamic));
    assert_eq!(
        user(json!({"userName": "ann", "uid": 5, "disposition": "foreign"})).disposition(),
        Some(Disposition::Foreign)
    );
    assert_eq!(group(json!({"groupName": "root", "gid": 5})).disposition(), Some(Disposition::System));
    assert_eq!(group(json!({"groupName": "g", "gid": 60578})).disposition(), Some(Disposition::Regular));
}

#[test]
fn invalid_fields_are_dropped_and_reported_where_they_stood() {
    let text = r#"{"z":{"kept":[1,"\u0001"]},"userName":"ann","uid":65535,"shell":"bash","perMachine":[
        {"matchHostname":"other","uid":-1},7,{"matchHostname":"vm","uid":-1,"gid":5,"new":1}],
        "binding":{"0123456789abcdef0123456789abcdef":{"uid":"7","imagePath":"/x"},"other":5},
        "privileged":{"hashedPassword":["a\nb"],"passwordHint":"h"},"signature":5,"a":"\ufffe"}"#;
    let json = userdb::record::parse_object(text.as_bytes()).unwrap().json;
    let loaded = UserRecord::load(json.clone(), &host(), Sections::DROP_IN).unwrap();
    let fields: Vec<_> = loaded.problems.iter().map(|p| p.field.as_str()).collect();
    let binding = format!("binding.{MACHINE}.uid");
    assert_eq!(
        fields,
        [
            "uid",
            "shell",
            "perMachine[1]",
            "perMachine[2].uid",
            &binding,
            "privileged.hashedPassword",
            "signature",
            "a"
        ]
    );
    assert_eq!(loaded.problems[0].to_string(), "uid: 65535 is not a valid UID or GID");
    assert!(!loaded.problems.iter().any(|p| p.message.contains("a\\nb")), "a hash was shown");
    assert_eq!(
        serde_json::to_string(loaded.record.json()).unwrap(),
        r#"{"z":{"kept":[1,"\u0001"]},"userName":"ann","perMachine":[{"matchHostname":"other","uid":-1},{"matchHostname":"vm","gid":5,"new":1}],"binding":{"0123456789abcdef0123456789abcdef":{"imagePath":"/x"},"other":5},"privileged":{"passwordHint":"h"}}"#
    );
    // The entry after the dropped one still applies.
    assert_eq!(loaded.record.gid(), Some(5));
    let Err(RecordError::Invalid(problems)) = UserRecord::load_strict(json, &host(), Sections::DROP_IN)
    else {
        panic!("strict loading took it");
    };
    assert!(problems.iter().any(|p| p.field == "perMachine[2].new"));
}

#[test]
fn what_identifies_a_record_has_to_be_valid() {
    let load = |json: Value| {
        UserRecord::load(json.as_object().unwrap().clone(), &host(), Sections::DROP_IN).map(|_| ())
    };
    assert_eq!(load(json!({"uid": 5})), Err(RecordError::NameMissing { field: "userName" }));
    for bad in [json!("1000"), json!(5), json!(null), json!("a:b")] {
        let error = RecordError::NameInvalid { field: "userName", value: bad.to_string() };
        assert_eq!(load(json!({"userName": bad})), Err(error));
    }
    for section in ["status", "secret"] {
        assert_eq!(
            load(json!({"userName": "ann", section: {}})),
            Err(RecordError::SectionRefused { section })
        );
    }
}

#[test]
fn sections_are_refused_kept_or_removed_by_source() {
    let json = json!({"userName": "ann", "status": {}, "secret": {"password": ["x"]}});
    let json = json.as_object().unwrap();
    assert!(UserRecord::load(json.clone(), &host(), Sections::SERVICE).is_err());
    let record = UserRecord::load(json.clone(), &host(), Sections::ANY).unwrap().record;
    assert_eq!(serde_json::to_string(record.json()).unwrap(), r#"{"userName":"ann","status":{}}"#);
}

#[test]
fn the_service_label_is_added_unless_there_is_one() {
    let label = |record: Value, host: &Host| {
        let mut record = user(record);
        record.set_service_label("io.systemd.DropIn", host);
        (serde_json::to_string(record.json()).unwrap(), record.service().map(str::to_owned))
    };
    let ours = Some("io.systemd.DropIn".to_owned());
    let status =
        format!(r#"{{"userName":"ann","status":{{"{MACHINE}":{{"service":"io.systemd.DropIn"}}}}}}"#);
    assert_eq!(label(json!({"userName": "ann"}), &host()), (status, ours.clone()));
    let theirs = json!({"userName": "ann", "service": "x"});
    assert_eq!(label(theirs.clone(), &host()), (theirs.to_string(), Some("x".to_owned())));
    let theirs = json!({"userName": "ann", "status": {MACHINE: {"service": "x"}}});
    assert_eq!(label(theirs.clone(), &host()), (theirs.to_string(), Some("x".to_owned())));
    let no_id = (r#"{"userName":"ann","service":"io.systemd.DropIn"}"#.to_owned(), ours);
    assert_eq!(label(json!({"userName": "ann"}), &Host::default()), no_id);
}

#[test]
fn numbers_and_order_survive_loading() {
    let text = r#"{"zeta":18446744073709551615,"userName":"ann","alpha":-9223372036854775808,"real":1.5,"uid":1000}"#;
    let json = userdb::record::parse_object(text.as_bytes()).unwrap().json;
    let record = UserRecord::load(json, &host(), Sections::DROP_IN).unwrap().record;
    assert_eq!(serde_json::to_string(record.json()).unwrap(), text);
}
