//! One comparison: what is sent, by whom, to which service, and whether the answers shall be the same.

use serde_json::{Value, json};
use std::path::Path;
use usher_tests::userdb::batch::Exchange;
use usher_tests::userdb::client::{Outcome, message};

pub const MULTIPLEXER: &str = "io.systemd.Multiplexer";
pub const NSS: &str = "io.systemd.NameServiceSwitch";
pub const DROP_IN: &str = "io.systemd.DropIn";
pub const SERVICES: [&str; 3] = [MULTIPLEXER, NSS, DROP_IN];

/// How an outcome of ours is judged.
#[derive(Debug, Clone)]
pub enum Expect {
    /// The same JSON, its keys in the same order.
    Same,
    /// Another answer on purpose: why, and what ours is.
    Differs { why: &'static str, ours: Ours },
}

/// What ours answers where it differs.
#[derive(Debug, Clone)]
pub enum Ours {
    /// systemd's outcome, changed.
    Edited(fn(&mut Outcome)),
    /// This.
    Is(Outcome),
    /// What systemd answers to another exchange.
    AsIf(Box<Case>),
}

#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub service: &'static str,
    pub caller: u32,
    pub chunks: Vec<Vec<u8>>,
    /// Whether replies may come in another order: an enumeration has none.
    pub any_order: bool,
    pub expect: Expect,
}

impl Case {
    /// Raw bytes, in one write for each chunk.
    pub fn raw(name: impl Into<String>, service: &'static str, chunks: Vec<Vec<u8>>) -> Self {
        Self { name: name.into(), service, caller: 0, chunks, any_order: false, expect: Expect::Same }
    }

    /// A request as it is.
    pub fn request(service: &'static str, request: &Value) -> Self {
        Self::raw(request.to_string(), service, vec![message(request)])
    }

    /// A call of io.systemd.UserDatabase with the service's own name as parameter `service` when there is none.
    pub fn call(service: &'static str, method: &str, parameters: Value) -> Self {
        Self::request(service, &with_service(service, method, parameters))
    }

    /// The same with `more`.
    pub fn more(service: &'static str, method: &str, parameters: Value) -> Self {
        let mut request = with_service(service, method, parameters);
        request["more"] = json!(true);
        Self { any_order: true, ..Self::request(service, &request) }
    }

    pub fn caller(mut self, uid: u32) -> Self {
        self.caller = uid;
        self
    }

    /// The single request of a case that was made with [`Case::request`].
    pub fn asked(&self) -> Option<Value> {
        let [chunk] = self.chunks.as_slice() else { return None };
        serde_json::from_slice(chunk.strip_suffix(b"\0")?).ok()
    }

    pub fn title(&self) -> String {
        let who = match self.caller {
            0 => "root".to_owned(),
            uid => format!("uid {uid}"),
        };
        let service = self.service.rsplit('.').next().unwrap_or(self.service);
        let mut name = self.name.clone();
        if name.chars().count() > 300 {
            name = name.chars().take(300).collect::<String>() + "...";
        }
        format!("[{service}, {who}] {name}")
    }

    /// The exchange with the daemon whose sockets are in `directory` (inside the machine).
    pub fn exchange(&self, directory: &str) -> Exchange {
        Exchange {
            socket: Path::new(directory).join(self.service),
            uid: self.caller,
            chunks: self.chunks.clone(),
        }
    }

    /// An outcome made comparable.
    pub fn normalize(&self, mut outcome: Outcome) -> Outcome {
        if self.any_order {
            sort_stream(&mut outcome);
        }
        outcome.replies.iter_mut().for_each(forget_prose);
        outcome
    }
}

fn with_service(service: &str, method: &str, mut parameters: Value) -> Value {
    if let Some(parameters) = parameters.as_object_mut()
        && !parameters.contains_key("service")
    {
        parameters.insert("service".into(), service.into());
    }
    json!({"method": format!("io.systemd.UserDatabase.{method}"), "parameters": parameters})
}

/// Who made a service and the comments of its interfaces are each project's own words. What is compared is that they
/// are there, and the interface itself with the comments that carry a meaning.
fn forget_prose(reply: &mut Value) {
    let Some(parameters) = reply.get_mut("parameters").and_then(Value::as_object_mut) else { return };
    for key in ["vendor", "product", "version", "url"] {
        if let Some(Value::String(text)) = parameters.get_mut(key)
            && !text.is_empty()
        {
            *text = format!("some {key}");
        }
    }
    if let Some(Value::String(description)) = parameters.get_mut("description") {
        *description = description
            .lines()
            .filter(|line| {
                !line.trim_start().starts_with('#')
                    || line.contains("[Supports")
                    || line.contains("[Requires")
            })
            .filter(|line| !line.trim().is_empty())
            .collect::<Vec<_>>()
            .join("\n");
    }
}

/// Puts the replies of a stream in an order of their own. Which of them was the last is kept by `continues`, which
/// moves to the new order when it was right before.
fn sort_stream(outcome: &mut Outcome) {
    let count = outcome.replies.len();
    let right = outcome.replies.iter().enumerate().all(|(number, reply)| {
        reply.get("continues") == if number + 1 < count { Some(&Value::Bool(true)) } else { None }
    });
    if !right {
        return;
    }
    for reply in &mut outcome.replies {
        if let Some(reply) = reply.as_object_mut() {
            reply.shift_remove("continues");
        }
    }
    outcome.replies.sort_by_key(ToString::to_string);
    for reply in outcome.replies.iter_mut().rev().skip(1) {
        reply["continues"] = json!(true);
    }
}
