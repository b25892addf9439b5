//! `org.freedesktop.systemd1.Unit` and the interface of each type of unit (org.freedesktop.systemd1(5), "Unit Objects").

mod general;
mod methods;

use super::face::State;
use super::table::{Interface, Value};
use crate::daemon::driver::Driver;
use crate::job::UnitStatus;
use crate::unit::spec::{Unit, UnitKind, UnitName};

/// A loaded unit as a client sees it.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The engine and its hands.
    pub driver: &'a Driver,
    /// What the face keeps.
    pub state: &'a State,
    /// Its settings.
    pub unit: &'a Unit,
    /// What it does.
    pub status: UnitStatus,
}

/// Gets a property.
pub type Get = fn(&Subject<'_>) -> Value;

impl<'a> Subject<'a> {
    /// The loaded unit of that name.
    pub fn of(driver: &'a Driver, state: &'a State, name: &UnitName) -> Option<Self> {
        let status = driver.engine().status(name)?;
        Some(Self { driver, state, unit: driver.engine().spec(name)?, status })
    }

    /// The interface of its type.
    pub fn type_interface(&self) -> Option<&'static Interface<Get>> {
        interface_of(self.unit.kind())
    }
}

/// What every unit has.
pub static UNIT: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Unit",
    properties: general::PROPERTIES,
    methods: &[methods::METHODS],
    signals: &[],
};

static TARGET: Interface<Get> =
    Interface { name: "org.freedesktop.systemd1.Target", properties: &[], methods: &[], signals: &[] };

/// The interface of a type of unit.
pub fn interface_of(kind: UnitKind) -> Option<&'static Interface<Get>> {
    match kind {
        UnitKind::Target => Some(&TARGET),
        _ => None,
    }
}
