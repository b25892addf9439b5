//! The parameters of `GetUserRecord` and `GetGroupRecord`.

use serde_json::{Map, Value};
use userdb::client::ClientError;
use userdb::{DispositionMask, Filter};

use super::{GET_GROUP_RECORD, GET_USER_RECORD, Key};

/// Users or groups.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    User,
    Group,
}

impl Kind {
    /// The method that is called.
    pub fn method(self) -> &'static str {
        match self {
            Kind::User => GET_USER_RECORD,
            Kind::Group => GET_GROUP_RECORD,
        }
    }

    /// The parameter that holds a key.
    pub fn key(self, key: Key<'_>) -> Map<String, Value> {
        let (name, value) = match (self, key) {
            (Kind::User, Key::Id(uid)) => ("uid", uid.into()),
            (Kind::User, Key::Name(name)) => ("userName", name.into()),
            (Kind::Group, Key::Id(gid)) => ("gid", gid.into()),
            (Kind::Group, Key::Name(name)) => ("groupName", name.into()),
        };
        Map::from_iter([(name.to_owned(), value)])
    }

    fn range(self) -> [&'static str; 2] {
        match self {
            Kind::User => ["uidMin", "uidMax"],
            Kind::Group => ["gidMin", "gidMax"],
        }
    }

    /// True if the service refuses a condition, and not the key.
    pub fn is_about_filter(self, error: &ClientError) -> bool {
        let ClientError::Service { name, parameters } = error else { return false };
        let parameter = parameters.get("parameter").and_then(Value::as_str).unwrap_or_default();
        name == "org.varlink.service.InvalidParameter"
            && (["fuzzyNames", "dispositionMask", "uuid"].contains(&parameter)
                || self.range().contains(&parameter))
    }
}

/// Adds the conditions that are set.
pub fn with_filter(parameters: &Map<String, Value>, kind: Kind, filter: &Filter) -> Map<String, Value> {
    let mut all = parameters.clone();
    let mut set = |name: &str, value: Value| all.insert(name.to_owned(), value);
    let unset = Filter::default();
    if !filter.fuzzy_names.is_empty() {
        set("fuzzyNames", filter.fuzzy_names.clone().into());
    }
    if let Some(mask) = filter.disposition_mask.filter(|mask| *mask != DispositionMask::ALL) {
        set("dispositionMask", mask.iter().map(|disposition| disposition.as_str()).collect());
    }
    let [min, max] = kind.range();
    if filter.id_min != unset.id_min {
        set(min, filter.id_min.into());
    }
    if filter.id_max != unset.id_max {
        set(max, filter.id_max.into());
    }
    if let Some(uuid) = filter.uuid {
        set("uuid", format!("{uuid:032x}").into());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use userdb::Disposition;

    #[test]
    fn only_what_is_set_is_sent() {
        let key = Kind::User.key(Key::Id(5));
        assert_eq!(Value::Object(with_filter(&key, Kind::User, &Filter::default())), json!({"uid": 5}));
        let filter = Filter {
            fuzzy_names: vec!["a".to_owned()],
            disposition_mask: Some(DispositionMask::NONE.with(Disposition::System)),
            id_min: 1,
            id_max: 9,
            uuid: Some(0xab),
        };
        assert_eq!(
            Value::Object(with_filter(&Kind::Group.key(Key::Name("g")), Kind::Group, &filter)),
            json!({"groupName": "g", "fuzzyNames": ["a"], "dispositionMask": ["system"], "gidMin": 1, "gidMax": 9,
                "uuid": "000000000000000000000000000000ab"})
        );
    }

    #[test]
    fn a_refused_condition_is_told_from_a_refused_key() {
        let refusal = |parameter: &str| ClientError::Service {
            name: "org.varlink.service.InvalidParameter".to_owned(),
            parameters: Map::from_iter([("parameter".to_owned(), parameter.into())]),
        };
        assert!(Kind::User.is_about_filter(&refusal("uidMin")));
        assert!(Kind::Group.is_about_filter(&refusal("uuid")));
        assert!(!Kind::Group.is_about_filter(&refusal("uidMin")));
        assert!(!Kind::User.is_about_filter(&refusal("userName")));
    }
}
