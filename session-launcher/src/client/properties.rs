//! The properties of an object, in the order in which they came.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zbus::{OwnedVariant, Signature, Type, Variant};

/// Names and values.
#[derive(Debug, Default)]
pub struct Properties(Vec<(String, OwnedVariant)>);

impl Type for Properties {
    const SIGNATURE: &'static Signature =
        <std::collections::HashMap<String, OwnedVariant> as Type>::SIGNATURE;
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Properties;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
        let mut properties = Vec::new();
        while let Some(entry) = map.next_entry()? {
            properties.push(entry);
        }
        Ok(Properties(properties))
    }
}

impl Properties {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variant<'static>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Adds those of another interface.
    pub fn extend(&mut self, others: Self) {
        for (name, value) in others.0 {
            if self.get(&name).is_none() {
                self.0.push((name, value));
            }
        }
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Variant<'static>> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A text; empty when there is none of that name.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Variant::Str(text)) => text.as_str(),
            Some(Variant::ObjectPath(path)) => path.as_str(),
            _ => "",
        }
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let Some(Variant::Array(array)) = self.get(name) else { return Vec::new() };
        array.inner().iter().filter_map(as_text).collect()
    }

    /// A number that is not negative. `None` when it is missing or stands for none: all bits set.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Variant::U64(u64::MAX) | Variant::U32(u32::MAX) => None,
            Variant::U64(number) => Some(*number),
            Variant::U32(number) => Some(u64::from(*number)),
            Variant::U16(number) => Some(u64::from(*number)),
            Variant::U8(number) => Some(u64::from(*number)),
            Variant::I32(number) => u64::try_from(*number).ok(),
            Variant::I64(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Whether it is true.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Variant::Bool(true)))
    }
}

/// The text of a value.
pub fn as_text<'a>(value: &'a Variant<'_>) -> Option<&'a str> {
    match value {
        Variant::Str(text) => Some(text.as_str()),
        Variant::ObjectPath(path) => Some(path.as_str()),
        _ => None,
    }
}
