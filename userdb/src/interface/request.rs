//! The parameters of the three methods, judged as systemd 262 judges them.
//!
//! It judges twice: first against the description of the interface (a field that must be there is missing, a value has the
//! wrong JSON type, a field is unknown), in the order of the description; then the values themselves, in the order in which
//! they were sent. A client is told the first field that fails.
//!
//! One difference: a null name means "not given", as the description says it does, where 262 refuses it.

use serde_json::Value;

use crate::record::rule::number::parse_u64;
use crate::record::{Key, Object};
use crate::varlink::call::Parameters;
use crate::{Disposition, DispositionMask, Filter, Kind, name, record};

/// The name of the parameter that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidParameter(pub String);

/// Parameters of `GetUserRecord` and `GetGroupRecord`.
#[derive(Debug, Default, PartialEq)]
pub struct RecordRequest {
    /// uid or gid.
    pub id: Option<u32>,
    /// User or group name.
    pub name: Option<String>,
    /// The other conditions.
    pub filter: Filter,
    /// The service that shall answer.
    pub service: String,
}

/// Parameters of `GetMemberships`.
#[derive(Debug, Default, PartialEq)]
pub struct MembershipRequest {
    /// Only this user's.
    pub user_name: Option<String>,
    /// Only this group's.
    pub group_name: Option<String>,
    /// The service that shall answer.
    pub service: String,
}

/// JSON types as the description of an interface knows them.
#[derive(Clone, Copy)]
enum Type {
    /// An integer. Its decimal text does as well.
    Int,
    String,
    Strings,
}

struct Field {
    name: &'static str,
    is: Type,
    required: bool,
}

const fn optional(name: &'static str, is: Type) -> Field {
    Field { name, is, required: false }
}

const SERVICE: Field = Field { name: "service", is: Type::String, required: true };

const USER: [Field; 8] = record_fields(Kind::User);
const GROUP: [Field; 8] = record_fields(Kind::Group);

const fn record_fields(kind: Kind) -> [Field; 8] {
    let [id_min, id_max] = id_bounds(kind);
    [
        optional(kind.id_field(), Type::Int),
        optional(kind.name_field(), Type::String),
        optional("fuzzyNames", Type::Strings),
        optional("dispositionMask", Type::Strings),
        optional(id_min, Type::Int),
        optional(id_max, Type::Int),
        optional("uuid", Type::String),
        SERVICE,
    ]
}

const fn id_bounds(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::User => ["uidMin", "uidMax"],
        Kind::Group => ["gidMin", "gidMax"],
    }
}

const MEMBERSHIPS: [Field; 3] =
    [optional("userName", Type::String), optional("groupName", Type::String), SERVICE];

impl RecordRequest {
    /// Judges the parameters of `GetUserRecord` or `GetGroupRecord`.
    ///
    /// # Errors
    /// The first parameter that cannot be used.
    pub fn judge(kind: Kind, parameters: &Parameters<'_>) -> Result<Self, InvalidParameter> {
        let fields = match kind {
            Kind::User => &USER,
            Kind::Group => &GROUP,
        };
        judge(parameters, fields, Self::set)
    }

    /// What one record is asked for by. With both a name and an id the name decides; that they belong to different records is
    /// an answer of its own.
    pub fn key(&self) -> Option<Key<'_>> {
        match &self.name {
            Some(name) => Some(Key::Name(name)),
            None => self.id.map(Key::Id),
        }
    }

    /// True if neither a name nor an id is given, so that all records are asked for.
    pub fn is_enumeration(&self) -> bool {
        self.id.is_none() && self.name.is_none()
    }

    fn set(&mut self, key: &str, value: &Value) -> Option<()> {
        match key {
            "uid" | "gid" => self.id = nullable(value, id)?,
            "userName" | "groupName" => self.name = nullable(value, account_name)?,
            "fuzzyNames" => self.filter.fuzzy_names = strings(value)?,
            "dispositionMask" => {
                let mask =
                    strings(value)?.iter().map(|word| Disposition::parse(word)).collect::<Option<_>>()?;
                self.filter.disposition_mask = Some::<DispositionMask>(mask);
            }
            "uidMin" | "gidMin" => self.filter.id_min = nullable(value, id)?.unwrap_or(self.filter.id_min),
            "uidMax" | "gidMax" => self.filter.id_max = nullable(value, id)?.unwrap_or(self.filter.id_max),
            // The UUID of nobody at all stands for "not given".
            "uuid" => self.filter.uuid = Some(record::parse_uuid(value.as_str()?)?).filter(|uuid| *uuid != 0),
            "service" => self.service = value.as_str()?.to_owned(),
            _ => return None,
        }
        Some(())
    }
}

impl MembershipRequest {
    /// Judges the parameters of `GetMemberships`.
    ///
    /// # Errors
    /// The first parameter that cannot be used.
    pub fn judge(parameters: &Parameters<'_>) -> Result<Self, InvalidParameter> {
        judge(parameters, &MEMBERSHIPS, Self::set)
    }

    fn set(&mut self, key: &str, value: &Value) -> Option<()> {
        match key {
            "userName" => self.user_name = nullable(value, account_name)?,
            "groupName" => self.group_name = nullable(value, account_name)?,
            "service" => self.service = value.as_str()?.to_owned(),
            _ => return None,
        }
        Some(())
    }
}

/// Adds the conditions that are set to the parameters of a request.
pub fn add_filter(parameters: &mut Object, kind: Kind, filter: &Filter) {
    let mut set = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
    let unset = Filter::default();
    if !filter.fuzzy_names.is_empty() {
        set("fuzzyNames", filter.fuzzy_names.clone().into());
    }
    if let Some(mask) = filter.disposition_mask {
        set("dispositionMask", mask.iter().map(Disposition::as_str).collect());
    }
    let [min, max] = id_bounds(kind);
    if filter.id_min != unset.id_min {
        set(min, filter.id_min.into());
    }
    if filter.id_max != unset.id_max {
        set(max, filter.id_max.into());
    }
    if let Some(uuid) = filter.uuid {
        set("uuid", format!("{uuid:032x}").into());
    }
}

/// True for the parameters that [`add_filter`] adds, which services written for versions before systemd 258 refuse.
pub fn is_filter(kind: Kind, parameter: &str) -> bool {
    ["fuzzyNames", "dispositionMask", "uuid"].contains(&parameter) || id_bounds(kind).contains(&parameter)
}

/// Judges twice. `set` takes one parameter over, and returns None when its value is not valid.
fn judge<R: Default>(
    parameters: &Parameters<'_>,
    fields: &[Field],
    set: fn(&mut R, &str, &Value) -> Option<()>,
) -> Result<R, InvalidParameter> {
    judge_description(parameters, fields)?;
    let mut request = R::default();
    for (key, value) in &parameters.0 {
        set(&mut request, key, value).ok_or_else(|| InvalidParameter(key.clone().into_owned()))?;
    }
    Ok(request)
}

/// The first judgement, against the description of the interface.
fn judge_description(parameters: &Parameters<'_>, fields: &[Field]) -> Result<(), InvalidParameter> {
    for field in fields {
        let mut given = parameters.0.iter().filter(|(key, _)| key == field.name).map(|(_, value)| value);
        let good = match given.next() {
            None | Some(Value::Null) => !field.required,
            Some(value) => field.is.admits(value),
        };
        if !good || given.next().is_some() {
            return Err(InvalidParameter(field.name.to_owned()));
        }
    }
    match parameters.0.iter().find(|(key, _)| !fields.iter().any(|field| field.name == key)) {
        Some((unknown, _)) => Err(InvalidParameter(unknown.clone().into_owned())),
        None => Ok(()),
    }
}

impl Type {
    fn admits(self, value: &Value) -> bool {
        match self {
            Type::Int => value.is_string() || is_integer(value),
            Type::String => value.is_string(),
            Type::Strings => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        }
    }
}

/// True for a number that an i64 or a u64 can hold, also when it is written as `1.0` or `1e0`.
fn is_integer(value: &Value) -> bool {
    const I64_MIN: f64 = i64::MIN as f64;
    const U64_END: f64 = u64::MAX as f64;
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().is_some_and(|float| float.fract() == 0.0 && (I64_MIN..U64_END).contains(&float))
        }
        Value::Number(_) => true,
        _ => false,
    }
}

/// `Some(None)` for null, else what the value means, or None when it means nothing.
fn nullable<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}

fn id(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => parse_u64(text)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|id| crate::id::is_valid(*id)),
        number => crate::id::from_json_number(number),
    }
}

fn account_name(value: &Value) -> Option<String> {
    value.as_str().filter(|text| name::is_valid_relaxed(text)).map(str::to_owned)
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::varlink::call::Call;

    fn user(parameters: &str) -> Result<RecordRequest, InvalidParameter> {
        let message = format!(r#"{{"method":"x.Y","parameters":{parameters}}}"#);
        RecordRequest::judge(Kind::User, Call::parse(message.as_bytes()).unwrap().parameters())
    }

    fn invalid(parameters: &str) -> String {
        user(parameters).expect_err(parameters).0
    }

    #[test]
    fn a_service_must_be_named_whatever_else_is_wrong() {
        for parameters in [r#"{}"#, r#"{"uid":-1}"#, r#"{"bogus":1,"service":5}"#, r#"{"service":null}"#] {
            assert_eq!(invalid(parameters), "service");
        }
    }

    #[test]
    fn types_are_judged_before_unknown_fields_and_those_before_values() {
        assert_eq!(invalid(r#"{"uid":[0],"bogus":1,"service":"s"}"#), "uid");
        assert_eq!(invalid(r#"{"uid":-1,"bogus":1,"service":"s"}"#), "bogus");
        assert_eq!(invalid(r#"{"bogus":1,"aogus":1,"service":"s"}"#), "bogus");
        assert_eq!(invalid(r#"{"fuzzyNames":5,"uid":true,"service":"s"}"#), "uid");
        assert_eq!(invalid(r#"{"uid":-1,"uidMin":[],"service":"s"}"#), "uidMin");
        assert_eq!(invalid(r#"{"userName":"","uid":1.5,"service":"s"}"#), "uid");
        assert_eq!(invalid(r#"{"userName":"","uid":1e300,"service":"s"}"#), "uid");
    }

    #[test]
    fn values_are_judged_in_the_order_in_which_they_were_sent() {
        assert_eq!(invalid(r#"{"uid":-1,"userName":"","service":"s"}"#), "uid");
        assert_eq!(invalid(r#"{"userName":"","uid":-1,"service":"s"}"#), "userName");
        assert_eq!(invalid(r#"{"userName":"","uid":"x","service":"s"}"#), "userName");
    }

    #[test]
    fn a_field_given_twice_is_named() {
        assert_eq!(invalid(r#"{"uid":1,"uid":1,"service":"s"}"#), "uid");
        assert_eq!(invalid(r#"{"service":"s","service":"s"}"#), "service");
    }

    #[test]
    fn ids_may_be_text() {
        for (text, id) in [
            ("\"0\"", 0),
            ("\"0x10\"", 16),
            ("\" 1\"", 1),
            ("\"+1\"", 1),
            ("\"010\"", 8),
            ("\"0b11\"", 3),
            ("\"-0\"", 0),
        ] {
            assert_eq!(user(&format!(r#"{{"uid":{text},"service":"s"}}"#)).unwrap().id, Some(id), "{text}");
        }
        for text in
            ["\"\"", "\"1 \"", "\"08\"", "\"0x\"", "\"++1\"", "\"+ 1\"", "\"1_0\"", "\"65535\"", "\"-1\""]
        {
            assert_eq!(invalid(&format!(r#"{{"uid":{text},"service":"s"}}"#)), "uid", "{text}");
        }
    }

    #[test]
    fn null_means_not_given_for_names_and_ids_and_is_refused_for_lists() {
        let request =
            user(r#"{"uid":null,"userName":null,"uidMin":null,"uidMax":null,"service":"s"}"#).unwrap();
        assert_eq!(request, RecordRequest { service: "s".into(), ..Default::default() });
        for field in ["fuzzyNames", "dispositionMask", "uuid"] {
            assert_eq!(invalid(&format!(r#"{{"{field}":null,"service":"s"}}"#)), field);
        }
    }

    #[test]
    fn only_conditions_that_are_set_are_written() {
        let written = |kind, filter: &Filter| {
            let mut parameters = Object::new();
            add_filter(&mut parameters, kind, filter);
            assert!(parameters.keys().all(|parameter| is_filter(kind, parameter)));
            Value::Object(parameters).to_string()
        };
        assert_eq!(written(Kind::User, &Filter::default()), "{}");
        let filter = Filter {
            fuzzy_names: vec!["a".to_owned()],
            disposition_mask: Some(DispositionMask::NONE.with(Disposition::System)),
            id_min: 1,
            id_max: 9,
            uuid: Some(0xab),
        };
        assert_eq!(
            written(Kind::Group, &filter),
            r#"{"fuzzyNames":["a"],"dispositionMask":["system"],"gidMin":1,"gidMax":9,"uuid":"000000000000000000000000000000ab"}"#
        );
        assert!(!is_filter(Kind::Group, "uidMin") && !is_filter(Kind::User, "userName"));
    }

    #[test]
    fn filters_are_read() {
        let request = user(
            r#"{"fuzzyNames":["a"],"dispositionMask":["system","system"],"uidMin":"5","uidMax":6.0,
                "uuid":"E1F2B3A4-c5d6-e7f8-a9b0-c1d2e3f4a5b6","service":"s"}"#,
        )
        .unwrap();
        assert_eq!(request.filter.fuzzy_names, ["a"]);
        assert_eq!(request.filter.disposition_mask, Some(DispositionMask::NONE.with(Disposition::System)));
        assert_eq!((request.filter.id_min, request.filter.id_max), (5, 6));
        assert_eq!(request.filter.uuid, Some(0xe1f2_b3a4_c5d6_e7f8_a9b0_c1d2_e3f4_a5b6));
        assert!(request.is_enumeration());
        let nobody = r#"{"uuid":"00000000000000000000000000000000","dispositionMask":[],"service":"s"}"#;
        assert_eq!(user(nobody).unwrap().filter.uuid, None);
        assert_eq!(user(nobody).unwrap().filter.disposition_mask, Some(DispositionMask::NONE));
        assert_eq!(invalid(r#"{"dispositionMask":["bogus"],"service":"s"}"#), "dispositionMask");
    }
}
