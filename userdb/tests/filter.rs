//! Filters. The names and needles, and which match, were tried on systemd 262.1.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use serde_json::{Value, json};
use userdb::{Disposition, DispositionMask, Filter, GroupRecord, Host, Sections, UserRecord};

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
        Filter { fuzzy_names: vec!["nothing like it".to_owned(), needle.to_owned()], ..Filter::default() }
            .matches_record(&fuz)
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
        Filter { fuzzy_names: vec![needle.to_owned()], ..Filter::default() }.matches_record(&gh)
    };
    for needle in ["gh", "some", "some: desc", "some  desc"] {
        assert!(finds(needle), "{needle:?}");
    }
    assert!(!finds("somexx descc"));
}

#[test]
fn a_hostile_needle_is_not_compared_byte_by_byte() {
    let long = user(json!({"userName": "a".repeat(100_000)}));
    let filter = Filter { fuzzy_names: vec!["b".repeat(100_000)], ..Filter::default() };
    assert!(!filter.matches_record(&long));
}

#[test]
fn dispositions_ids_and_uuids_have_to_fit() {
    let id = "0123456789abcdef0123456789abcdef";
    let ann = user(json!({"userName": "ann", "uid": 1000, "uuid": id}));
    let mask = |d: Disposition| Some(DispositionMask::NONE.with(d));
    for (filter, expected) in [
        (Filter::default(), true),
        (Filter { disposition_mask: mask(Disposition::Regular), ..Filter::default() }, true),
        (Filter { disposition_mask: mask(Disposition::System), ..Filter::default() }, false),
        (Filter { disposition_mask: Some(DispositionMask::NONE), ..Filter::default() }, false),
        (Filter { disposition_mask: Some(DispositionMask::ALL), ..Filter::default() }, true),
        (Filter { id_min: 1000, id_max: 1000, ..Filter::default() }, true),
        (Filter { id_min: 1001, ..Filter::default() }, false),
        (Filter { id_max: 999, ..Filter::default() }, false),
        (Filter { id_min: 5, id_max: 4, ..Filter::default() }, false),
        (Filter { uuid: userdb::record::parse_uuid(id), ..Filter::default() }, true),
        (Filter { uuid: Some(1), ..Filter::default() }, false),
        (Filter { uuid: Some(0), ..Filter::default() }, true),
    ] {
        assert_eq!(filter.matches_record(&ann), expected, "{filter:?}");
    }
}

#[test]
fn a_record_without_an_id_fails_only_what_asks_for_one() {
    let ann = user(json!({"userName": "ann"}));
    assert!(Filter::default().matches_record(&ann));
    assert!(Filter { fuzzy_names: vec!["an".to_owned()], ..Filter::default() }.matches_record(&ann));
    assert!(!Filter { id_min: 1, ..Filter::default() }.matches_record(&ann));
    let regular = Filter {
        disposition_mask: Some(DispositionMask::NONE.with(Disposition::Regular)),
        ..Filter::default()
    };
    assert!(!regular.matches_record(&ann));
    assert!(Filter::default().matches_record(&group(json!({"groupName": "g"}))));
}
