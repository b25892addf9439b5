//! From a message to its handler.

use zbus::Message;
use zbus::message::{Flags, Type};

use super::call::Call;
use super::client::Credentials;
use super::error::Failure;
use super::face::State;
use super::path::{self, Object};
use super::table::{Interface, Method};
use super::{introspect, job, manager, properties, unit};
use crate::daemon::driver::Driver;
use crate::unit::spec::UnitName;

/// A call that is larger is refused: nothing that can be asked here needs that much.
const MAX_BODY: usize = 4 * 1024 * 1024;

const PEER: &str = "org.freedesktop.DBus.Peer";
const INTROSPECTABLE: &str = "org.freedesktop.DBus.Introspectable";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Takes a call: at once if it is known who calls, or need not be.
pub fn take_call(state: &mut State, driver: &mut Driver, message: &Message) {
    let header = message.header();
    let Some(sender) = header.sender().map(|sender| sender.as_str().to_owned()) else { return };
    if is_reading(message) && state.clients.get(&sender).is_none_or(|client| client.waiting.is_empty()) {
        carry_out(state, driver, message, &sender);
        return;
    }
    let client = match state.clients.entry(&sender) {
        Ok(client) => client,
        Err(failure) => return refuse(state, message, &failure),
    };
    if client.credentials.is_some() {
        carry_out(state, driver, message, &sender);
    } else if !client.wait(message.clone()) {
        refuse(state, message, &Failure::limits_exceeded("Too many calls at once."));
    } else if client.question.is_none() {
        let question = Message::method_call("/org/freedesktop/DBus", "GetConnectionCredentials")
            .destination("org.freedesktop.DBus")
            .interface("org.freedesktop.DBus")
            .build(&sender.as_str());
        if let Ok(question) = &question {
            client.question = Some(question.primary_header().serial_num());
        }
        state.post(question);
    }
}

/// Calls that are answered without knowing who asks.
fn is_reading(message: &Message) -> bool {
    let header = message.header();
    if header.path().is_some_and(|path| path.as_str() == path::CALLERS_UNIT) {
        return false;
    }
    let interface = header.interface().map(|interface| interface.as_str().to_owned());
    let member = header.member().map(|member| member.as_str().to_owned());
    matches!(
        (interface.as_deref(), member.as_deref()),
        (Some(PEER | INTROSPECTABLE), _) | (Some(PROPERTIES), Some("Get" | "GetAll"))
    )
}

/// Takes the bus's answer to a question about a client, and then the calls that waited for it.
pub fn take_answer(state: &mut State, driver: &mut Driver, message: &Message) {
    let header = message.header();
    let Some(serial) = header.reply_serial() else { return };
    if header.sender().is_none_or(|sender| sender.as_str() != "org.freedesktop.DBus") {
        return;
    }
    let Some((sender, client)) = state.clients.answered(serial) else { return };
    client.question = None;
    client.credentials =
        (header.message_type() == Type::MethodReturn).then(|| credentials(message)).flatten();
    let known = client.credentials.is_some();
    for waiting in std::mem::take(&mut client.waiting) {
        if known {
            carry_out(state, driver, &waiting, &sender);
        } else {
            refuse(state, &waiting, &Failure::access_denied("The bus does not say who is calling."));
        }
    }
}

fn credentials(message: &Message) -> Option<Credentials> {
    use std::collections::HashMap;
    let body = message.body();
    let fields: HashMap<String, zbus::OwnedVariant> = body.deserialize().ok()?;
    let number = |name: &str| fields.get(name).and_then(|value| value.downcast_ref::<u32>().ok());
    Some(Credentials { uid: number("UnixUserID")?, pid: number("ProcessID").unwrap_or(0) })
}

fn carry_out(state: &mut State, driver: &mut Driver, message: &Message, sender: &str) {
    let answer = answer(state, driver, message, sender);
    let silent = message.primary_header().flags().contains(Flags::NO_REPLY_EXPECTED);
    match answer {
        Err(failure) if !silent => refuse(state, message, &failure),
        Ok(answer) if !silent => state.outbox.push(answer),
        _ => {}
    }
}

fn refuse(state: &mut State, message: &Message, failure: &Failure) {
    let answer = Message::error(&message.header(), failure.name).build(&failure.message.as_str());
    state.post(answer);
}

fn answer(
    state: &mut State,
    driver: &mut Driver,
    message: &Message,
    sender: &str,
) -> Result<Message, Failure> {
    if message.body().len() > MAX_BODY {
        return Err(Failure::limits_exceeded("The message is too large."));
    }
    let path = message.header().path().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let object = match Object::at(&path).ok_or_else(|| unknown_object(&path))? {
        _ if path == path::CALLERS_UNIT => Object::Unit(unit_of_caller(state, driver, sender)?),
        Object::Run(name) => Object::Unit(unit_of_run(driver, &name)?),
        object => object,
    };
    let mut call = Call { driver, state, message, sender: sender.to_owned(), object };
    match call.object.clone() {
        Object::Unit(name) => {
            // A unit that is not loaded is loaded while somebody looks at it.
            let loaded = call.driver.engine().spec(&name).is_some();
            if !loaded {
                call.driver.pin(&name, true);
            }
            let answer = member(&mut call);
            if !loaded && !call.state.clients.any_reference(&name) {
                call.driver.pin(&name, false);
            }
            answer
        }
        Object::Job(job) if !job::exists(call.driver, job) => Err(unknown_object(&path)),
        _ => member(&mut call),
    }
}

/// The unit that the caller's process belongs to.
fn unit_of_caller(state: &State, driver: &Driver, sender: &str) -> Result<UnitName, Failure> {
    let credentials = state.clients.get(sender).and_then(|client| client.credentials);
    let pid = credentials.and_then(|credentials| i32::try_from(credentials.pid).ok());
    pid.and_then(|pid| driver.unit_of_pid(pid))
        .ok_or_else(|| Failure::no_such_unit("Client not member of any unit."))
}

/// The unit whose present run has that name.
fn unit_of_run(driver: &Driver, name: &str) -> Result<UnitName, Failure> {
    let known = driver.engine().statuses().into_iter().map(|status| status.name);
    known.into_iter().find(|unit| driver.invocation(unit) == Some(name)).ok_or_else(|| {
        Failure::invalid_arguments(format!(
            "Unit name {name} is neither a valid invocation ID nor unit name."
        ))
    })
}

fn unknown_object(path: &str) -> Failure {
    Failure::unknown_object(format!("Unknown object '{path}'."))
}

fn member(call: &mut Call<'_>) -> Result<Message, Failure> {
    let header = call.message.header();
    let interface = header.interface().map(|interface| interface.as_str().to_owned());
    let name = header.member().map(|member| member.as_str().to_owned()).unwrap_or_default();
    match interface.as_deref() {
        Some(PEER) => peer(call, &name),
        Some(INTROSPECTABLE) => introspectable(call, &name),
        Some(PROPERTIES) => properties::call(call, &name),
        interface => {
            let (interface, method) = method(call, interface, &name)
                .ok_or_else(|| unknown_method(interface.unwrap_or("(none)"), &name))?;
            check(call, interface, method)?;
            (method.handler)(call)
        }
    }
}

fn unknown_method(interface: &str, name: &str) -> Failure {
    Failure::unknown_method(format!("Unknown method {name} or interface {interface}."))
}

/// The method of that name, of that interface or of any.
fn method(call: &Call<'_>, interface: Option<&str>, name: &str) -> Option<(&'static str, &'static Method)> {
    fn of<G>(
        table: &Interface<G>,
        interface: Option<&str>,
        name: &str,
    ) -> Option<(&'static str, &'static Method)> {
        let wanted = interface.is_none_or(|interface| interface == table.name);
        wanted.then(|| table.method(name)).flatten().map(|method| (table.name, method))
    }
    match &call.object {
        Object::Manager => of(&manager::MANAGER, interface, name),
        Object::Job(_) => of(&job::JOB, interface, name),
        Object::Unit(unit) => of(&unit::UNIT, interface, name)
            .or_else(|| unit::interface_of(unit.kind()).and_then(|table| of(table, interface, name))),
        Object::Node(_) | Object::Run(_) => None,
    }
}

/// Whether the arguments fit, and whether the caller may do that.
fn check(call: &Call<'_>, interface: &str, method: &Method) -> Result<(), Failure> {
    let body = call.message.body();
    let signature = body.signature().to_string_no_parens();
    if signature != method.input {
        return Err(Failure::invalid_arguments(format!(
            "Invalid arguments '{signature}' to call {interface}.{}(), expecting '{}'.",
            method.name, method.input
        )));
    }
    if method.changes {
        let credentials = call.state.clients.get(&call.sender).and_then(|client| client.credentials);
        if !credentials.is_some_and(|credentials| credentials.may_change()) {
            return Err(Failure::access_denied("Access denied"));
        }
    }
    Ok(())
}

fn peer(call: &Call<'_>, name: &str) -> Result<Message, Failure> {
    match name {
        "Ping" => call.answer(&()),
        "GetMachineId" => {
            let text = std::fs::read_to_string("/etc/machine-id")
                .or_else(|_| std::fs::read_to_string("/var/lib/dbus/machine-id"))
                .map_err(|error| Failure::failed(format!("machine-id: {error}")))?;
            call.answer(&text.trim())
        }
        _ => Err(unknown_method(PEER, name)),
    }
}

fn introspectable(call: &Call<'_>, name: &str) -> Result<Message, Failure> {
    if name != "Introspect" {
        return Err(unknown_method(INTROSPECTABLE, name));
    }
    call.answer(&introspect::describe(call))
}
