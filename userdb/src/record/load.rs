//! Loading: judging every field, and dropping those that are not valid.

use serde_json::Value;

use super::layers::Layers;
use super::schema::{self, B, Field, M, P, R, S, SectionBits};
use super::{Object, Problem, RecordError, Sections, machine, rule::Rule};
use crate::{Host, name, text};

/// A loaded record, and the fields that were dropped from it.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The record.
    pub record: T,
    /// One entry for each dropped field.
    pub problems: Vec<Problem>,
}

impl<T> Loaded<T> {
    /// The record, if nothing was wrong with it.
    pub(super) fn without_problems(self) -> Result<T, RecordError> {
        if self.problems.is_empty() { Ok(self.record) } else { Err(RecordError::Invalid(self.problems)) }
    }
}

/// Judges a record in place and finds the layers that hold on this host.
pub(super) fn load(
    mut json: Object,
    host: &Host,
    sections: Sections,
    table: &'static [Field],
    name_field: &'static str,
    strictness: Strictness,
) -> Result<Loaded<Layers>, RecordError> {
    match json.get(name_field) {
        None => return Err(RecordError::NameMissing { field: name_field }),
        Some(value) if value.as_str().is_some_and(name::is_valid_relaxed) => {}
        Some(value) => return Err(RecordError::NameInvalid { field: name_field, value: value.to_string() }),
    }
    sections.apply(&mut json)?;

    let mut judge = Judge { table, host, strictness, problems: Vec::new(), matching: Vec::new() };
    json.retain(|key, value| judge.keeps_section(key, value));
    let Judge { problems, matching, .. } = judge;
    let machine_id = host.machine_id.as_deref().filter(|id| {
        ["binding", "status"]
            .iter()
            .any(|section| json.get(*section).is_some_and(|map| map.get(*id).is_some()))
    });
    let record = Layers::new(json, table, matching, machine_id);
    Ok(Loaded { record, problems })
}

/// Whether fields that no table knows are a problem where systemd's strict parser calls them one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    Permissive,
    Strict,
}

struct Judge<'a> {
    table: &'static [Field],
    host: &'a Host,
    strictness: Strictness,
    problems: Vec<Problem>,
    /// Indices of the perMachine entries that apply, after bad entries are gone.
    matching: Vec<usize>,
}

impl Judge<'_> {
    /// Judges a value of the top level, which may be a whole section. False if it has to go.
    fn keeps_section(&mut self, key: &str, value: &mut Value) -> bool {
        match key {
            "perMachine" => match value {
                Value::Array(entries) => self.keep_machines(entries),
                _ => return self.refuse(key, "not an array of objects"),
            },
            "binding" => return self.keeps_machine_section(key, value, B),
            "status" => return self.keeps_machine_section(key, value, S),
            "privileged" => match value {
                Value::Object(fields) => self.keep_fields(fields, "privileged.", P),
                _ => return self.refuse(key, "not an object"),
            },
            "signature" if !value.is_array() => return self.refuse(key, "not an array"),
            _ => return self.keeps_field("", key, value, R),
        }
        true
    }

    /// Keeps the entries that are objects, and judges those that apply here. What other machines read is their affair.
    fn keep_machines(&mut self, entries: &mut Vec<Value>) {
        let (mut at, mut kept) = (0, 0);
        entries.retain_mut(|entry| {
            let place = format!("perMachine[{at}]");
            at += 1;
            let keeps = match entry {
                Value::Object(fields) if machine::applies(fields, self.host) => {
                    self.keep_fields(fields, &format!("{place}."), M);
                    self.matching.push(kept);
                    true
                }
                Value::Object(_) => self.keeps_text(&place, "", entry),
                _ => self.refuse(&place, "not an object"),
            };
            kept += usize::from(keeps);
            keeps
        });
    }

    /// Judges the entry for this machine in `binding` or `status`.
    fn keeps_machine_section(&mut self, key: &str, value: &mut Value, section: SectionBits) -> bool {
        let Value::Object(machines) = value else { return self.refuse(key, "not an object") };
        machines.retain(|id, entry| {
            let place = format!("{key}.{id}");
            if self.host.machine_id.as_ref() != Some(id) {
                return self.keeps_text(&format!("{key}."), id, entry);
            }
            match entry {
                Value::Object(fields) => self.keep_fields(fields, &format!("{place}."), section),
                _ => return self.refuse(&place, "not an object"),
            }
            true
        });
        true
    }

    fn keep_fields(&mut self, fields: &mut Object, place: &str, section: SectionBits) {
        fields.retain(|key, value| self.keeps_field(place, key, value, section));
    }

    /// Judges one field by the table. An unknown one is kept as long as it can be carried.
    fn keeps_field(&mut self, place: &str, key: &str, value: &Value, section: SectionBits) -> bool {
        let verdict = match schema::find(self.table, key, section) {
            Some(field) if value.is_null() && !field.nullable => Err("null is not taken here".to_owned()),
            Some(field) if !value.is_null() => {
                field.rule.check(value).map_err(|why| hide_secret(why, section, field))
            }
            // The top level and `privileged` are open for extensions; in the others it is a misspelt or misplaced field.
            None if self.strictness == Strictness::Strict && section & (M | B | S) != 0 => {
                Err("not a field of this section".to_owned())
            }
            _ => Ok(()),
        };
        match verdict {
            Ok(()) => self.keeps_text(place, key, value),
            Err(message) => self.refuse(&format!("{place}{key}"), &message),
        }
    }

    /// Judges whether the key and all strings of the value can be carried.
    fn keeps_text(&mut self, place: &str, key: &str, value: &Value) -> bool {
        if text::is_transportable(key) && text::value_is_transportable(value) {
            return true;
        }
        self.refuse(&format!("{place}{}", key.escape_debug()), "holds a NUL or a Unicode noncharacter")
    }

    fn refuse(&mut self, field: &str, message: &str) -> bool {
        self.problems.push(Problem { field: field.to_owned(), message: message.to_owned() });
        false
    }
}

/// A refusal shows the value, which for a hash or a hint would put it into a log.
fn hide_secret(why: String, section: SectionBits, field: &Field) -> String {
    match field.rule {
        // These show no values.
        Rule::Pkcs11Keys | Rule::Fido2Salts | Rule::RecoveryKeys => why,
        _ if section == P => "not valid (the value may be a secret and is not shown)".to_owned(),
        _ => why,
    }
}
