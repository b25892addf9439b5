//! Every field of the tables in every section, judged over some 500 values, against what systemd 262.1 said to the same
//! records (`verdicts.json`: the values, and for each field the ones that were accepted, as ranges of their indices).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use userdb::record::schema::{B, Field, GROUP, M, P, R, S, USER};
use userdb::record::{RecordError, parse_object};
use userdb::{GroupRecord, Host, Sections, UserRecord};

const MACHINE: &str = "0123456789abcdef0123456789abcdef";

/// systemd's group table does not list these two, though it applies them.
const UNLISTED: [&str; 2] = ["group.perMachine.matchNotHostname", "group.perMachine.matchNotMachineId"];

fn record(kind: &str, section: &str, field: &str, value: &str) -> String {
    let name = format!(r#""{kind}Name":"ann""#);
    let pair = format!(r#""{field}":{value}"#);
    match section {
        "regular" if field == format!("{kind}Name") => format!("{{{pair}}}"),
        "regular" => format!("{{{name},{pair}}}"),
        "perMachine" if field.starts_with("match") => format!(r#"{{{name},"perMachine":[{{{pair}}}]}}"#),
        "perMachine" => format!(r#"{{{name},"perMachine":[{{"matchMachineId":"{MACHINE}",{pair}}}]}}"#),
        "privileged" => format!(r#"{{{name},"privileged":{{{pair}}}}}"#),
        _ => format!(r#"{{{name},"{section}":{{"{MACHINE}":{{{pair}}}}}}}"#),
    }
}

/// Loads the record strictly, and otherwise, where the same field must have gone.
fn is_accepted(kind: &str, text: &str) -> bool {
    let host = Host { machine_id: Some(MACHINE.to_owned()), hostname: Some("seat".to_owned()) };
    let json = parse_object(text.as_bytes()).unwrap().json;
    let before = json.clone();
    let (strict, permissive) = if kind == "user" {
        let strict = UserRecord::load_strict(json.clone(), &host, Sections::ANY).map(|_| ());
        (strict, UserRecord::load(json, &host, Sections::ANY).map(|l| (l.record.into_json(), l.problems)))
    } else {
        let strict = GroupRecord::load_strict(json.clone(), &host, Sections::ANY).map(|_| ());
        (strict, GroupRecord::load(json, &host, Sections::ANY).map(|l| (l.record.into_json(), l.problems)))
    };
    match (&strict, permissive) {
        (Ok(()), Ok((json, problems))) => assert!(json == before && problems.is_empty(), "{text}"),
        (Err(RecordError::Invalid(found)), Ok((json, problems))) => {
            assert!(json != before && *found == problems, "{text}");
        }
        (Err(strict), Err(permissive)) => assert_eq!(*strict, permissive, "{text}"),
        (strict, permissive) => unreachable!("{text}: {strict:?} {permissive:?}"),
    }
    strict.is_ok()
}

fn indices(ranges: &str) -> BTreeSet<usize> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        first.parse().unwrap()..=last.parse::<usize>().unwrap()
    };
    ranges.split_whitespace().flat_map(range).collect()
}

#[test]
fn every_field_is_judged_as_systemd_judges_it() {
    let corpus: Value = serde_json::from_str(include_str!("verdicts.json")).unwrap();
    let values: Vec<&str> =
        corpus["values"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let mut accepted = BTreeMap::new();
    for row in corpus["verdicts"].as_array().unwrap() {
        let indices = indices(row["accepted"].as_str().unwrap());
        for field in row["fields"].as_array().unwrap() {
            accepted.insert(field.as_str().unwrap(), indices.clone());
        }
    }

    let mut wrong = Vec::new();
    let mut judged = 0;
    for (kind, table) in [("user", USER), ("group", GROUP)] {
        for (field, section) in table.iter().flat_map(sections) {
            let place = format!("{kind}.{section}.{}", field.name);
            if UNLISTED.contains(&place.as_str()) {
                continue;
            }
            let accepted = accepted.remove(place.as_str());
            let accepted = accepted.unwrap_or_else(|| unreachable!("systemd does not know {place}"));
            for (at, value) in values.iter().enumerate() {
                judged += 1;
                if is_accepted(kind, &record(kind, section, field.name, value)) != accepted.contains(&at) {
                    wrong.push(format!("{place}: {value}: systemd says {}", accepted.contains(&at)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(accepted.is_empty(), "fields that are missing here: {:?}", accepted.keys());
}

fn sections(field: &Field) -> impl Iterator<Item = (&Field, &'static str)> {
    [(R, "regular"), (M, "perMachine"), (B, "binding"), (S, "status"), (P, "privileged")]
        .into_iter()
        .filter(|(bit, _)| field.sections & bit != 0)
        .map(move |(_, name)| (field, name))
}
