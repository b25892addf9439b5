//! Filters. The names and needles, and which match, were tried on systemd 262.1.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use serde_json::{Value, json};
use userdb::{
    Disposition, DispositionMask, GroupFilter, GroupRecord, Host, Sections, UserFilter, UserRecord,
};

fn user(json: Value) -> UserRecord {
    UserRecord::load(json.as_object().unwrap().clone(), &Host::default(), Sections::ANY).unwrap().record
}

fn group(json: Value) -> GroupRecord {
    GroupRecord::load(json.as_object().unwrap().clone(), &Host::default(), Sections::ANY).unwrap().record
}

#[test]
fn names_are_found_by_their_parts_and_by_near_misses() {
    let fuz = user(json!({
        "userName": "fuz", "uid": 7001, "realName": "Marmalade Abcdefg", "emailAddress": "x@y.z", "cifsUserName": "cifsy",
        "aliases": ["aliased"], "realm": "Ex.org",
    }));
    let finds = |needle: &str| {
        UserFilter {
            fuzzy_names: vec!["nothing like it".to_owned(), needle.to_owned()],
            ..UserFilter::default()
        }
        .matches(&fuz)
    };
    for needle in [
        "",
        "fuz",
        "FUZ",
        "marm",
        "MARMALADE",
        "abcdefg",
        "fuz@ex.org",
        "fuz@exorg",
        "ex.org",
        "CIFSY",
        "cxfsz",
        "aliasedxx",
        "laaised",
        "alisade",
        "marmalade abcdexx",
        "x@y",
    ] {
        assert!(finds(needle), "{needle:?}");
    }
    for needle in [
        "ann",
        "mars",
        "cxfz",
        "aliasedxxx",
        "alixxxx",
        "marmelado",
        "marmalade abcdexxx",
        "aliased@ex.org",
        "bash",
    ] {
        assert!(!finds(needle), "{needle:?}");
    }
}

#[test]
fn groups_are_found_by_their_description() {
    let gh = group(json!({"groupName": "gh", "description": "Some: Desc"}));
    let finds = |needle: &str| {
        GroupFilter { fuzzy_names: vec![needle.to_owned()], ..GroupFilter::default() }.matches(&gh)
    };
    for needle in ["gh", "some", "some: desc", "some  desc"] {
        assert!(finds(needle), "{needle:?}");
    }
    assert!(!finds("somexx descc"));
}

#[test]
fn a_hostile_needle_is_not_compared_byte_by_byte() {
    let long = user(json!({"userName": "a".repeat(100_000)}));
    let filter = UserFilter { fuzzy_names: vec!["b".repeat(100_000)], ..UserFilter::default() };
    assert!(!filter.matches(&long));
}

#[test]
fn dispositions_ids_and_uuids_have_to_fit() {
    let id = "0123456789abcdef0123456789abcdef";
    let ann = user(json!({"userName": "ann", "uid": 1000, "uuid": id}));
    let mask = |d: Disposition| Some(DispositionMask::NONE.with(d));
    for (filter, expected) in [
        (UserFilter::default(), true),
        (UserFilter { disposition_mask: mask(Disposition::Regular), ..UserFilter::default() }, true),
        (UserFilter { disposition_mask: mask(Disposition::System), ..UserFilter::default() }, false),
        (UserFilter { disposition_mask: Some(DispositionMask::NONE), ..UserFilter::default() }, false),
        (UserFilter { disposition_mask: Some(DispositionMask::ALL), ..UserFilter::default() }, true),
        (UserFilter { uid_min: 1000, uid_max: 1000, ..UserFilter::default() }, true),
        (UserFilter { uid_min: 1001, ..UserFilter::default() }, false),
        (UserFilter { uid_max: 999, ..UserFilter::default() }, false),
        (UserFilter { uid_min: 5, uid_max: 4, ..UserFilter::default() }, false),
        (UserFilter { uuid: userdb::record::parse_uuid(id), ..UserFilter::default() }, true),
        (UserFilter { uuid: Some(1), ..UserFilter::default() }, false),
        (UserFilter { uuid: Some(0), ..UserFilter::default() }, true),
    ] {
        assert_eq!(filter.matches(&ann), expected, "{filter:?}");
    }
}

#[test]
fn a_record_without_an_id_fails_only_what_asks_for_one() {
    let ann = user(json!({"userName": "ann"}));
    assert!(UserFilter::default().matches(&ann));
    assert!(UserFilter { fuzzy_names: vec!["an".to_owned()], ..UserFilter::default() }.matches(&ann));
    assert!(!UserFilter { uid_min: 1, ..UserFilter::default() }.matches(&ann));
    let regular = UserFilter {
        disposition_mask: Some(DispositionMask::NONE.with(Disposition::Regular)),
        ..UserFilter::default()
    };
    assert!(!regular.matches(&ann));
    assert!(GroupFilter::default().matches(&group(json!({"groupName": "g"}))));
}
