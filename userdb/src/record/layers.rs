//! The view of a record that holds on this host.

use serde_json::Value;

use super::schema::{self, B, Field, M, P, R, S};
use super::{Object, machine};
use crate::id;

/// A record's JSON, and which of its layers hold here. Nothing is copied out of the JSON.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    json: Object,
    table: &'static [Field],
    /// Indices of the perMachine entries that apply.
    matching: Box<[usize]>,
    /// The machine id, if `binding` or `status` has an entry for it.
    machine_id: Option<Box<str>>,
}

impl Layers {
    pub fn new(
        json: Object,
        table: &'static [Field],
        matching: Vec<usize>,
        machine_id: Option<&str>,
    ) -> Self {
        Self { json, table, matching: matching.into(), machine_id: machine_id.map(Into::into) }
    }

    pub fn json(&self) -> &Object {
        &self.json
    }

    pub fn json_mut(&mut self) -> &mut Object {
        &mut self.json
    }

    pub fn into_json(self) -> Object {
        self.json
    }

    /// Makes `status` and `binding` of this machine part of the view.
    pub fn set_machine_id(&mut self, machine_id: &str) {
        self.machine_id = Some(machine_id.into());
    }

    /// The values of a field from the last layer, which wins, to the first.
    fn values<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Value> {
        let sections = match schema::sections_of(self.table, field) {
            // A field that no table knows stands for itself on the top level.
            0 => R,
            sections => sections,
        };
        let known = move |section| sections & section != 0;
        let machine = move |key, section| {
            let id = self.machine_id.as_deref().filter(|_| known(section))?;
            self.json.get(key)?.get(id)?.get(field)
        };
        let entries = if known(M) && !self.matching.is_empty() { self.json.get("perMachine") } else { None };
        let matching = self.matching.iter().rev().filter_map(move |at| entries?.get(*at)?.get(field));
        let regular = known(R).then(|| self.json.get(field)).flatten();
        let privileged = known(P).then(|| self.json.get("privileged")?.get(field)).flatten();
        machine("status", S)
            .into_iter()
            .chain(machine("binding", B))
            .chain(matching)
            .chain(regular)
            .chain(privileged)
    }

    /// The value that holds: that of the last layer that has the field. Null means unset.
    pub fn effective<'a>(&'a self, field: &'a str) -> Option<&'a Value> {
        self.values(field).next().filter(|value| !value.is_null())
    }

    pub fn str<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        self.effective(field)?.as_str()
    }

    pub fn bool(&self, field: &str) -> Option<bool> {
        self.effective(field)?.as_bool()
    }

    pub fn id(&self, field: &str) -> Option<u32> {
        id::from_json_number(self.effective(field)?)
    }

    /// A u64; its largest value means unset, as in systemd.
    pub fn u64(&self, field: &str) -> Option<u64> {
        super::rule::number::u64_of(self.effective(field)?).filter(|n| *n != u64::MAX)
    }

    /// The strings of a field that replaces (a string or an array of strings).
    pub fn strings<'a>(&'a self, field: &'a str) -> Vec<&'a str> {
        self.effective(field).map(|value| machine::strings(value).collect()).unwrap_or_default()
    }

    /// The names of a list that all layers add to, in the order of the layers, each once.
    pub fn names<'a>(&'a self, field: &'a str) -> Vec<&'a str> {
        let layers: Vec<_> = self.values(field).collect();
        let mut names = Vec::new();
        for name in layers.into_iter().rev().flat_map(machine::strings) {
            push_once(&mut names, name);
        }
        names
    }
}

/// Adds the name unless it is there. Long lists are rare, and short ones are searched faster than hashed.
fn push_once<'a>(names: &mut Vec<&'a str>, name: &'a str) {
    if !names.contains(&name) {
        names.push(name);
    }
}
