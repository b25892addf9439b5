//! What an interface is: tables of properties, methods and signals, from which calls are dispatched and the description
//! for introspection is written.

use zbus::{Message, Variant};

use super::call::Call;
use super::error::Failure;

/// A value of a property.
pub type Value = Variant<'static>;

/// When a change of a property is told (the annotation `EmitsChangedSignal` of the D-Bus specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emits {
    /// It changes only with the unit's files.
    Const,
    /// With its value.
    Value,
    /// Without its value.
    Invalidates,
    /// Never.
    Nothing,
}

/// A property; `G` is a function that gets its value from the object.
#[derive(Debug)]
pub struct Property<G: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its D-Bus signature.
    pub signature: &'static str,
    /// When a change is told.
    pub emits: Emits,
    /// Gets the value.
    pub get: G,
    /// Sets the value.
    pub set: Option<Setter>,
}

/// Sets a property.
pub type Setter = fn(&mut Call<'_>, &Value) -> Result<(), Failure>;

/// Carries out a method.
pub type Handler = fn(&mut Call<'_>) -> Result<Message, Failure>;

/// A method.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The signature of its arguments.
    pub input: &'static str,
    /// The names of its arguments, separated by spaces.
    pub input_names: &'static str,
    /// The signature of its answer.
    pub output: &'static str,
    /// The names in its answer.
    pub output_names: &'static str,
    /// It changes something, so that only the owner of the manager may call it.
    pub changes: bool,
    /// Carries it out.
    pub handler: Handler,
}

impl Method {
    /// A method that changes something.
    pub const fn changing(
        name: &'static str,
        (input, input_names): (&'static str, &'static str),
        (output, output_names): (&'static str, &'static str),
        handler: Handler,
    ) -> Self {
        Self { name, input, input_names, output, output_names, changes: true, handler }
    }

    /// A method that only looks.
    pub const fn looking(
        name: &'static str,
        (input, input_names): (&'static str, &'static str),
        (output, output_names): (&'static str, &'static str),
        handler: Handler,
    ) -> Self {
        Self { name, input, input_names, output, output_names, changes: false, handler }
    }
}

/// A signal.
#[derive(Debug)]
pub struct SignalEntry {
    /// Its name.
    pub name: &'static str,
    /// The signature of what it carries.
    pub signature: &'static str,
    /// The names of that.
    pub names: &'static str,
}

/// An interface.
#[derive(Debug)]
pub struct Interface<G: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its properties, in groups that several interfaces share.
    pub properties: &'static [&'static [Property<G>]],
    /// Its methods, likewise.
    pub methods: &'static [&'static [Method]],
    /// Its signals.
    pub signals: &'static [SignalEntry],
}

impl<G: 'static> Interface<G> {
    /// All properties.
    pub fn all_properties(&self) -> impl Iterator<Item = &'static Property<G>> {
        self.properties.iter().flat_map(|group| group.iter())
    }

    /// The property of that name.
    pub fn property(&self, name: &str) -> Option<&'static Property<G>> {
        self.all_properties().find(|property| property.name == name)
    }

    /// All methods.
    pub fn all_methods(&self) -> impl Iterator<Item = &'static Method> {
        self.methods.iter().flat_map(|group| group.iter())
    }

    /// The method of that name.
    pub fn method(&self, name: &str) -> Option<&'static Method> {
        self.all_methods().find(|method| method.name == name)
    }
}
