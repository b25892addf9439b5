//! Somebody who borrows users over `dev.usher.DynamicUsers`.

use super::client::Connection;
use serde_json::{Value, json};
use std::path::Path;

/// A borrower and the connection that its loans last as long as.
#[derive(Debug)]
pub struct Borrower(Connection);

impl Borrower {
    /// Connects as `uid`.
    ///
    /// # Panics
    /// When that fails.
    pub fn connect(socket: &Path, uid: u32) -> Self {
        Self(Connection::open(socket, uid))
    }

    /// Calls a method and gives the parameters of the reply, or the name of the error without its interface.
    ///
    /// # Errors
    /// What the daemon answers with.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        self.send(method, parameters);
        let mut reply = self.0.reply();
        match reply["error"].as_str() {
            Some(error) => Err(error.rsplit('.').next().unwrap_or_default().to_owned()),
            None => Ok(reply["parameters"].take()),
        }
    }

    /// Sends a call without waiting for the answer.
    ///
    /// # Panics
    /// When the connection breaks.
    pub fn send(&mut self, method: &str, parameters: &Value) {
        let method = format!("dev.usher.DynamicUsers.{method}");
        self.0.send_request(&json!({"method": method, "parameters": parameters}));
    }

    /// Borrows a user of this name.
    ///
    /// # Panics
    /// When none is lent.
    pub fn borrow(&mut self, base_name: &str) -> Value {
        self.call("Allocate", &json!({"baseName": base_name}))
            .unwrap_or_else(|error| panic!("{base_name}: {error}"))
    }

    /// What is lent to it; all there is, for root.
    ///
    /// # Panics
    /// When the daemon does not say.
    pub fn loans(&mut self) -> Vec<Value> {
        let reply = self.call("List", &json!({})).expect("loans are listed");
        reply["loans"].as_array().expect("there is a list").clone()
    }

    /// The socket itself.
    pub fn connection(&self) -> &Connection {
        &self.0
    }
}
