//! The replies to a call with `more`.

use serde_json::{Map, Value};

use super::{ClientError, Connection};

/// The replies to a call with `more`, until the last or an error.
#[derive(Debug)]
pub struct Replies {
    connection: Connection,
    /// The last reply was received, or the connection broke.
    ended: bool,
}

impl Replies {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, ended: false }
    }

    /// The connection that they come over.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection, when the last reply was received and it can be used for another call.
    pub fn into_connection(self) -> Option<Connection> {
        self.connection.is_idle().then_some(self.connection)
    }
}

impl Iterator for Replies {
    type Item = Result<Map<String, Value>, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.connection.extend_deadline();
        let reply = self.connection.receive();
        self.ended = !reply.as_ref().is_ok_and(|reply| reply.continues);
        Some(reply.map(|reply| reply.parameters))
    }
}
