//! `org.freedesktop.DBus.Properties` for every object.

use std::collections::BTreeMap;

use zbus::Message;

use super::call::Call;
use super::error::Failure;
use super::path::Object;
use super::table::{Emits, Interface, Property, Value};
use super::{job, manager, unit};

/// What is asked for.
enum Wanted {
    All,
    One(String),
}

/// Get, GetAll or Set.
///
/// # Errors
/// There is no such property, or it cannot be set.
pub fn call(call: &mut Call<'_>, method: &str) -> Result<Message, Failure> {
    match method {
        "Get" => {
            let (interface, name): (String, String) = call.arguments()?;
            let values = read(call, &interface, &Wanted::One(name))?;
            match values.into_values().next() {
                Some(value) => call.answer(&value),
                None => Err(Failure::failed("The property has no value.")),
            }
        }
        "GetAll" => {
            let interface: String = call.arguments()?;
            let values = read(call, &interface, &Wanted::All)?;
            call.answer(&values)
        }
        "Set" => set(call),
        _ => Err(Failure::unknown_method(format!(
            "Unknown method {method} or interface org.freedesktop.DBus.Properties."
        ))),
    }
}

type Values = BTreeMap<&'static str, Value>;

fn read(call: &mut Call<'_>, interface: &str, wanted: &Wanted) -> Result<Values, Failure> {
    match call.object.clone() {
        Object::Manager => {
            let subject = manager::Subject { driver: call.driver, state: call.state };
            select(&[&manager::MANAGER], interface, wanted, |property| (property.get)(&subject))
        }
        Object::Job(id) => {
            let subject = job::Subject::of(call.driver, id)
                .ok_or_else(|| Failure::no_such_job(format!("Job {} does not exist.", id.0)))?;
            select(&[&job::JOB], interface, wanted, |property| (property.get)(&subject))
        }
        Object::Unit(name) => {
            if interface == unit::UNIT.name {
                call.state.clients.watch(&call.sender, &name);
            }
            let subject = unit::Subject::of(call.driver, call.state, &name)
                .ok_or_else(|| Failure::no_such_unit(format!("Unit {name} not loaded.")))?;
            let mut tables = vec![&unit::UNIT];
            tables.extend(subject.type_interface());
            select(&tables, interface, wanted, |property| (property.get)(&subject))
        }
        Object::Node(_) | Object::Run(_) => Err(unknown_interface(interface)),
    }
}

fn unknown_interface(interface: &str) -> Failure {
    Failure::unknown_interface(format!("Unknown interface {interface}."))
}

fn unknown_property(interface: &str, name: &str) -> Failure {
    Failure::unknown_property(format!("Unknown interface {interface} or property {name}."))
}

fn select<G: 'static>(
    tables: &[&Interface<G>],
    interface: &str,
    wanted: &Wanted,
    get: impl Fn(&Property<G>) -> Value,
) -> Result<Values, Failure> {
    let named = tables.iter().filter(|table| interface.is_empty() || table.name == interface);
    match wanted {
        // Of an empty name: of all interfaces.
        Wanted::All if interface.is_empty() || tables.iter().any(|table| table.name == interface) => {
            let properties = named.flat_map(|table| table.all_properties());
            Ok(properties.map(|property| (property.name, get(property))).collect())
        }
        Wanted::All => Err(unknown_interface(interface)),
        Wanted::One(name) => {
            let property = named
                .filter_map(|table| table.property(name))
                .next()
                .ok_or_else(|| unknown_property(interface, name))?;
            Ok(Values::from([(property.name, get(property))]))
        }
    }
}

fn set(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (interface, name, value): (String, String, zbus::OwnedVariant) = call.arguments()?;
    let credentials = call.state.clients.get(&call.sender).and_then(|client| client.credentials);
    if !credentials.is_some_and(|credentials| credentials.may_change()) {
        return Err(Failure::access_denied("Access denied"));
    }
    if call.object != Object::Manager || interface != manager::MANAGER.name {
        return Err(Failure::property_read_only(format!("Property '{name}' is not writable.")));
    }
    let property = manager::MANAGER.property(&name).ok_or_else(|| unknown_property(&interface, &name))?;
    let set = property
        .set
        .ok_or_else(|| Failure::property_read_only(format!("Property '{name}' is not writable.")))?;
    set(call, &value)?;
    call.answer(&())
}

/// What `PropertiesChanged` carries: new values, and the names of those that are to be asked for.
pub fn changes<G: 'static>(
    interface: &Interface<G>,
    get: impl Fn(&Property<G>) -> Value,
) -> (Values, Vec<&'static str>) {
    let of = |emits: Emits| interface.all_properties().filter(move |property| property.emits == emits);
    let changed = of(Emits::Value).map(|property| (property.name, get(property))).collect();
    let invalidated = of(Emits::Invalidates).map(|property| property.name).collect();
    (changed, invalidated)
}
