//! One call, while it is carried out.

use zbus::message::Header;
use zbus::wire::DynamicDeserialize;
use zbus::{DynamicType, Message};

use super::error::Failure;
use super::face::State;
use super::path::Object;
use crate::daemon::driver::Driver;
use crate::unit::spec::UnitName;

/// What a handler works with.
#[derive(Debug)]
pub struct Call<'a> {
    /// The engine and its hands.
    pub driver: &'a mut Driver,
    /// What the face itself keeps.
    pub state: &'a mut State,
    /// The call as it came.
    pub message: &'a Message,
    /// The caller's unique name.
    pub sender: String,
    /// What was called.
    pub object: Object,
}

impl Call<'_> {
    /// The header of the call.
    pub fn header(&self) -> Header<'_> {
        self.message.header()
    }

    /// The arguments.
    ///
    /// # Errors
    /// They are malformed; their signature has been checked.
    pub fn arguments<B>(&self) -> Result<B, Failure>
    where
        B: for<'d> DynamicDeserialize<'d>,
    {
        let body = self.message.body();
        body.deserialize::<B>().map_err(|error| Failure::invalid_arguments(error.to_string()))
    }

    /// The answer.
    ///
    /// # Errors
    /// It is too large for a message.
    pub fn answer<B>(&self, body: &B) -> Result<Message, Failure>
    where
        B: serde::Serialize + DynamicType,
    {
        Ok(Message::method_return(&self.header()).build(body)?)
    }

    /// The name of the unit that was called.
    ///
    /// # Errors
    /// It is no unit: a mistake in the tables.
    pub fn unit(&self) -> Result<UnitName, Failure> {
        match &self.object {
            Object::Unit(name) => Ok(name.clone()),
            _ => Err(Failure::unknown_object("Not a unit.")),
        }
    }

    /// The process of the caller, as far as the bus has told it.
    pub fn sender_pid(&self) -> Option<u32> {
        self.state.clients.get(&self.sender)?.credentials.map(|credentials| credentials.pid)
    }
}
