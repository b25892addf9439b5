//! Many exchanges at once, from inside a machine.
//!
//! The kernel tells a server the pid of its peer, which is 0 when the peer is outside of the server's pid namespace;
//! systemd then takes the peer for nobody. So a small program of this package runs inside.

use super::client::{Outcome, exchange};
use crate::lab::machine::Machine;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Bytes to send to a socket as a user.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Path of the socket inside the machine.
    pub socket: PathBuf,
    /// Who connects.
    pub uid: u32,
    /// What is written, with a pause between the chunks.
    pub chunks: Vec<Vec<u8>>,
}

/// Makes all exchanges in turn, each on a connection of its own. `program` is the path of `varlink-exchange` inside.
///
/// # Panics
/// When the program fails; with what it printed.
pub fn run(machine: &Machine, program: &str, exchanges: &[Exchange]) -> Vec<Outcome> {
    let request: Vec<Value> = exchanges
        .iter()
        .map(|exchange| {
            let chunks: Vec<String> = exchange.chunks.iter().map(|chunk| to_text(chunk)).collect();
            json!({"socket": exchange.socket, "uid": exchange.uid, "chunks": chunks})
        })
        .collect();
    let answer = machine.command(program).input(Value::from(request).to_string()).run();
    let outcomes: Vec<Outcome> = answer
        .lines()
        .map(|line| {
            let outcome: Value = serde_json::from_str(line).expect("the program prints JSON");
            let replies = outcome["replies"].as_array().expect("an outcome has replies").clone();
            Outcome { replies, closed: outcome["closed"] == true }
        })
        .collect();
    assert_eq!(outcomes.len(), exchanges.len(), "each exchange has an outcome");
    outcomes
}

/// What the program inside does: exchanges from standard input, one outcome a line to standard output.
///
/// # Panics
/// When the input is not what [`run`] sends, or an exchange fails.
pub fn serve() {
    let requests: Value = serde_json::from_reader(std::io::stdin()).expect("standard input is JSON");
    for request in requests.as_array().expect("a list of exchanges") {
        let socket = PathBuf::from(request["socket"].as_str().expect("a socket"));
        let uid = u32::try_from(request["uid"].as_u64().expect("a uid")).expect("a uid has 32 bits");
        let chunks: Vec<Vec<u8>> = request["chunks"]
            .as_array()
            .expect("chunks")
            .iter()
            .map(|chunk| from_text(chunk.as_str().expect("a chunk is text")))
            .collect();
        let outcome = exchange(&socket, uid, &chunks);
        println!("{}", json!({"replies": outcome.replies, "closed": outcome.closed}));
    }
}

/// Bytes as text: JSON has no bytes, so each becomes the character of its number.
fn to_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn from_text(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).expect("a character for a byte")).collect()
}
