//! Calls, and what comes back.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value as Json, json};
use zbus::export::futures_core::Stream;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream, Variant};

pub const MANAGER: &str = "/org/freedesktop/systemd1";
const NAME: &str = "org.freedesktop.systemd1";

/// When no signal has come for that long, none will.
const QUIET: Duration = Duration::from_millis(400);

/// A job that is not over after that long will not end by itself.
const JOB: Duration = Duration::from_secs(3);

/// The path of the job that an answer names.
fn job_of(answer: &Message) -> Option<String> {
    let body = answer.body();
    let structure = body.deserialize::<zbus::Structure<'_>>().ok()?;
    structure.fields().iter().find_map(|field| match field {
        Variant::ObjectPath(path) if path.as_str().contains("/job/") => Some(path.to_string()),
        _ => None,
    })
}

fn ends(signal: &Message, job: &str) -> bool {
    let is_end = signal.header().member().is_some_and(|member| member.as_str() == "JobRemoved");
    is_end && job_of(signal).as_deref() == Some(job)
}

pub struct Player {
    connection: Connection,
    stream: MessageStream,
    jobs: BTreeMap<u32, usize>,
    states: BTreeMap<String, Json>,
    /// Ends of the paths of units whose states are followed in signals.
    pub followed: Vec<&'static str>,
}

impl Player {
    pub async fn connect() -> Self {
        let connection = zbus::connection::Builder::session().build().await.unwrap();
        let stream = MessageStream::from(&connection);
        let rule = format!("type='signal',sender='{NAME}'");
        connection
            .call_method(
                Some("org.freedesktop.DBus"),
                "/org/freedesktop/DBus",
                Some("org.freedesktop.DBus"),
                "AddMatch",
                &rule,
            )
            .await
            .unwrap();
        Self { connection, stream, jobs: BTreeMap::new(), states: BTreeMap::new(), followed: Vec::new() }
    }

    /// A number that differs from run to run, and is shown by the order in which it was seen.
    pub fn name_number(&mut self, number: u32) {
        let next = self.jobs.len() + 1;
        self.jobs.insert(number, next);
    }

    /// Calls a method of the manager.
    pub async fn manager<B>(&mut self, member: &str, body: &B) -> Option<Message>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        self.call(MANAGER, "org.freedesktop.systemd1.Manager", member, body).await
    }

    /// Calls a method, and prints its answer and the signals that follow.
    pub async fn call<B>(&mut self, path: &str, interface: &str, member: &str, body: &B) -> Option<Message>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let call =
            Message::method_call(path, member).destination(NAME).interface(interface).build(body).unwrap();
        let serial = call.primary_header().serial_num();
        self.connection.send(&call).await.unwrap();
        let mut answer = None;
        let mut signals = Vec::new();
        let mut before_answer = 0;
        let mut job = None;
        loop {
            // An answer may take its time, and so may a job; after them, silence ends the step.
            let wait = match (&answer, &job) {
                (None, _) => Duration::from_secs(20),
                (Some(_), Some(_)) => JOB,
                (Some(_), None) => QUIET,
            };
            let Ok(message) = tokio::time::timeout(wait, self.next()).await else { break };
            match message.message_type() {
                Type::MethodReturn | Type::Error if message.header().reply_serial() == Some(serial) => {
                    before_answer = signals.len();
                    job = job_of(&message);
                    answer = Some(message);
                }
                Type::Signal => {
                    job = job.filter(|job| !ends(&message, job));
                    signals.extend(self.signal(&message));
                }
                _ => {}
            }
        }
        let arguments = self.describe(&call);
        let line = json!({
            "call": format!("{member} {arguments}"),
            "answer": answer.as_ref().map(|answer| self.answer(answer)),
            "before": signals[..before_answer],
            "after": signals[before_answer..],
        });
        println!("{line}");
        answer.filter(|answer| answer.message_type() == Type::MethodReturn)
    }

    /// Prints some properties of an object.
    pub async fn properties(&mut self, path: &str, interface: &str, names: &[&str]) {
        for name in names {
            let answer = self.ask(path, "org.freedesktop.DBus.Properties", "Get", &(interface, *name)).await;
            let value = match answer.header().error_name() {
                Some(name) => json!([name.as_str(), self.describe(&answer)]),
                None => self.describe(&answer),
            };
            println!("{}", json!({"call": format!("{path} {interface}.{name}"), "answer": value}));
        }
    }

    /// Prints the variables of the manager's environment whose names begin so, in the order of their names.
    pub async fn variables(&mut self, prefix: &str) {
        let arguments = ("org.freedesktop.systemd1.Manager", "Environment");
        let answer = self.ask(MANAGER, "org.freedesktop.DBus.Properties", "Get", &arguments).await;
        let body = answer.body();
        let value: zbus::OwnedVariant = body.deserialize().unwrap();
        let mut variables = Vec::<String>::try_from(value).unwrap();
        variables.retain(|variable| variable.starts_with(prefix));
        variables.sort();
        println!("{}", json!({"call": format!("Environment {prefix}"), "answer": {"variables": variables}}));
    }

    /// Prints the names and types of all that `GetAll` gives.
    pub async fn all(&mut self, path: &str, interface: &str) {
        let answer = self.ask(path, "org.freedesktop.DBus.Properties", "GetAll", &interface).await;
        let body = answer.body();
        let values: BTreeMap<String, zbus::OwnedVariant> = body.deserialize().unwrap();
        let types: BTreeMap<_, _> =
            values.iter().map(|(name, value)| (name, value.value_signature().to_string())).collect();
        println!("{}", json!({"call": format!("GetAll {path} {interface}"), "answer": types}));
    }

    /// Prints the description of an object.
    pub async fn introspect(&mut self, path: &str) {
        let answer = self.ask(path, "org.freedesktop.DBus.Introspectable", "Introspect", &()).await;
        let body = answer.body();
        let text: String = body.deserialize().unwrap();
        println!("{}", json!({"call": format!("Introspect {path}"), "answer": text}));
    }

    /// The answer to a call; what else comes is passed over. The stream is read all the time: it takes part in every
    /// message, and nothing would arrive any more once it is full.
    async fn ask<B>(&mut self, path: &str, interface: &str, member: &str, body: &B) -> Message
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let call =
            Message::method_call(path, member).destination(NAME).interface(interface).build(body).unwrap();
        let serial = call.primary_header().serial_num();
        self.connection.send(&call).await.unwrap();
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.next()).await.unwrap();
            if message.header().reply_serial() == Some(serial) {
                return message;
            }
        }
    }

    async fn next(&mut self) -> Message {
        let stream = &mut self.stream;
        std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await.unwrap().unwrap()
    }

    fn answer(&mut self, message: &Message) -> Json {
        match message.header().error_name() {
            Some(name) => json!({"error": name.as_str(), "message": self.describe(message)}),
            None => {
                let value = self.describe(message);
                json!({"signature": message.body().signature().to_string_no_parens(), "value": value})
            }
        }
    }

    /// One signal, in short; nothing when it is of no interest.
    fn signal(&mut self, message: &Message) -> Option<Json> {
        let header = message.header();
        let member = header.member()?.as_str().to_owned();
        let path = header.path()?.as_str().to_owned();
        let body = message.body();
        if member != "PropertiesChanged" {
            // Which others come and go is a matter of what each manager knows already.
            return member.starts_with("Job").then(|| json!([member, self.describe(message)]));
        }
        let (interface, changed, _): (String, BTreeMap<String, zbus::OwnedVariant>, Vec<String>) =
            body.deserialize().ok()?;
        if interface != "org.freedesktop.systemd1.Unit" || !self.follows(&path) {
            return None;
        }
        let active = changed.get("ActiveState").map(|value| self.json(value));
        let sub = changed.get("SubState").map(|value| self.json(value));
        let state = json!([active, sub]);
        // A signal without news of the state tells of something else, such as a job; an inactive unit may just have been
        // loaded.
        let before =
            self.states.insert(path.clone(), state.clone()).unwrap_or_else(|| json!(["inactive", "dead"]));
        (before != state).then(|| json!(["state", path, state]))
    }

    fn follows(&self, path: &str) -> bool {
        self.followed.iter().any(|name| path.ends_with(name))
    }

    fn describe(&mut self, message: &Message) -> Json {
        let body = message.body();
        if body.signature().to_string_no_parens().is_empty() {
            return json!([]);
        }
        match body.deserialize::<zbus::Structure<'_>>() {
            Ok(structure) => {
                for field in structure.fields() {
                    self.json_path(field);
                }
                let fields: Vec<Json> = structure.fields().iter().map(|field| self.json(field)).collect();
                json!(fields)
            }
            Err(error) => json!(error.to_string()),
        }
    }

    fn json(&mut self, value: &Variant<'_>) -> Json {
        match value {
            Variant::U8(number) => json!(number),
            Variant::Bool(value) => json!(value),
            Variant::I16(number) => json!(number),
            Variant::U16(number) => json!(number),
            Variant::I32(number) => json!(number),
            Variant::U32(number) => match self.jobs.get(number) {
                Some(place) => json!(format!("job-{place}")),
                None => json!(number),
            },
            Variant::I64(number) => json!(number),
            Variant::U64(number) => json!(number),
            Variant::F64(number) => json!(number),
            Variant::Str(text) => json!(text.as_str()),
            Variant::Signature(signature) => json!(signature.to_string()),
            Variant::ObjectPath(path) => json!(self.path(path.as_str())),
            Variant::Variant(inner) => self.json(inner),
            Variant::Array(array) => {
                let elements: Vec<Json> = array.inner().iter().map(|element| self.json(element)).collect();
                json!(elements)
            }
            Variant::Dict(dict) => {
                let entries: Vec<Json> =
                    dict.iter().map(|(key, value)| json!([self.json(key), self.json(value)])).collect();
                json!(entries)
            }
            Variant::Structure(structure) => {
                // The path of a job tells that the number beside it is one.
                for field in structure.fields() {
                    self.json_path(field);
                }
                let fields: Vec<Json> = structure.fields().iter().map(|field| self.json(field)).collect();
                json!(fields)
            }
            _ => json!("descriptor"),
        }
    }

    fn json_path(&mut self, value: &Variant<'_>) {
        if let Variant::ObjectPath(path) = value {
            self.path(path.as_str());
        }
    }

    /// Jobs by the order in which they were seen.
    fn path(&mut self, path: &str) -> String {
        match path.strip_prefix("/org/freedesktop/systemd1/job/").and_then(|number| number.parse().ok()) {
            Some(number) => {
                let next = self.jobs.len() + 1;
                let place = *self.jobs.entry(number).or_insert(next);
                format!("/job-{place}")
            }
            None => path.to_owned(),
        }
    }
}
