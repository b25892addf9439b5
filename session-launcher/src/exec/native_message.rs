//! What the engine and the wrapper of a native service say to each other over the exec socket: one JSON object a packet.
//! Only the end of the process's own channel travels as a descriptor; its launch comes through that.

use serde::{Deserialize, Serialize};

use crate::job::ProcessId;

/// The socket's name in the manager's directory at run time.
pub const SOCKET: &str = "exec";

/// From the wrapper.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWrapper {
    /// A service manager wants the unit to run. The first message, unless a process runs already.
    Wanted {
        /// The unit.
        unit: String,
    },
    /// Somebody asks the engine to start the unit, and waits until it is up.
    StartAsked {
        /// The unit.
        unit: String,
    },
    /// The process that was ordered runs; or, as the first message after an engine was killed, still runs.
    Runs {
        /// The unit.
        unit: String,
        /// The order.
        process: ProcessId,
        /// The kernel's number.
        pid: i32,
    },
    /// It has ended.
    Ended {
        /// The unit.
        unit: String,
        /// The order.
        process: ProcessId,
        /// The kernel's number.
        pid: i32,
        /// As wait(2) gives it.
        status: i32,
    },
    /// It could not be made.
    Failed {
        /// The order.
        process: ProcessId,
    },
    /// The service manager wants it to stop.
    StopAsked {
        /// The unit.
        unit: String,
    },
}

/// To the wrapper.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWrapper {
    /// Start the process with the descriptor that comes with it as standard input.
    Start {
        /// The order.
        process: ProcessId,
    },
    /// The engine knows of the process's end.
    Noted,
    /// The unit is up.
    Ready,
    /// The unit does not start; or the engine does not stop it.
    Refused,
}
