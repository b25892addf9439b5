//! Whatever comes in: nothing panics, and what is kept is valid.

#![allow(clippy::unwrap_used, missing_docs)]

use proptest::prelude::*;
use serde_json::{Map, Value};
use userdb::record::schema::{GROUP, USER};
use userdb::unix::{
    GroupEntry, PasswdEntry, ShadowEntry, parse_group, parse_gshadow, parse_passwd, parse_shadow,
};
use userdb::{Filter, GroupRecord, Host, Sections, UserRecord};

const MACHINE: &str = "0123456789abcdef0123456789abcdef";

fn host() -> Host {
    Host { machine_id: Some(MACHINE.to_owned()), hostname: Some("seat".to_owned()) }
}

/// A key that means something somewhere, or anything.
fn key() -> impl Strategy<Value = String> {
    let fields: Vec<&'static str> = USER.iter().chain(GROUP).map(|f| f.name).collect();
    prop_oneof![
        6 => proptest::sample::select(fields).prop_map(str::to_owned),
        3 => proptest::sample::select(vec!["perMachine", "binding", "status", "privileged", "signature", "secret", MACHINE])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0u32..70_000).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        proptest::sample::select(vec!["seat", MACHINE, "/a", "ann", "regular", "0755"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..8)
                .prop_map(|pairs| pairs.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((key(), value()), 0..12).prop_map(|pairs| pairs.into_iter().collect())
}

fn use_all(user: &UserRecord) {
    let names = user.all_names();
    assert!(names.iter().all(|name| user.matches_name(name)));
    assert!(Filter::default().matches_record(user));
    let filter = Filter { fuzzy_names: vec![user.name().to_owned()], ..Filter::default() };
    assert!(filter.matches_record(user));
    for field in USER.iter().map(|f| f.name) {
        let _ = (
            user.effective(field),
            user.names(field),
            user.strings(field),
            user.u64(field),
            user.bool(field),
        );
    }
    let entry = PasswdEntry::from_record(user);
    assert_eq!(entry.is_some(), user.uid().is_some());
    let _ = ShadowEntry::from_record(user);
}

proptest! {
    #[test]
    fn users_load_or_say_why(mut json in object(), named in any::<bool>()) {
        if named {
            json.insert("userName".to_owned(), "ann".into());
        }
        let mut host = host();
        for sections in [Sections::DROP_IN, Sections::SERVICE, Sections::ANY] {
            let Ok(loaded) = UserRecord::load(json.clone(), &host, sections) else { continue };
            use_all(&loaded.record);
            // What was kept has nothing wrong with it.
            let kept = loaded.record.json().clone();
            let again = UserRecord::load(kept.clone(), &host, sections).unwrap();
            prop_assert_eq!(again.problems, vec![]);
            prop_assert_eq!(again.record.json(), &kept);
            let mut labelled = loaded.record;
            labelled.set_service_label("io.example.Test", &host);
            prop_assert!(labelled.service().is_some());
        }
        host.machine_id = None;
        if let Ok(loaded) = UserRecord::load(json, &host, Sections::ANY) {
            use_all(&loaded.record);
        }
    }

    #[test]
    fn groups_load_or_say_why(mut json in object()) {
        json.insert("groupName".to_owned(), "staff".into());
        if let Ok(loaded) = GroupRecord::load(json, &host(), Sections::ANY) {
            prop_assert!(Filter::default().matches_record(&loaded.record));
            prop_assert_eq!(GroupEntry::from_record(&loaded.record).is_some(), loaded.record.gid().is_some());
        }
    }

    #[test]
    fn lines_are_read_or_reported(text in prop::collection::vec(any::<u8>(), 0..200), ascii in "[a-z0-9:,+ \n#!*-]{0,200}") {
        for text in [text.as_slice(), ascii.as_bytes()] {
            parse_shadow(text);
            parse_gshadow(text);
            parse_group(text);
            for entry in parse_passwd(text).entries {
                let record = entry.to_record(None);
                prop_assert_eq!(record.uid(), Some(entry.uid));
            }
        }
    }

    #[test]
    fn lines_come_back(name in "[a-z_][a-z0-9_-]{0,30}", uid in 0u32..65535, gecos in "[ -9;-~]{0,20}", home in "/[a-z]{0,5}") {
        let entry = PasswdEntry { name, password: "x".to_owned(), uid, gid: uid, gecos, home, shell: "/bin/sh".to_owned() };
        let file = parse_passwd(format!("{entry}\n").as_bytes());
        prop_assert_eq!(&file.entries, &vec![entry]);
        prop_assert!(file.problems.is_empty());
    }
}
