//! A client of the user manager: whoever owns `org.freedesktop.systemd1` on the session bus, this daemon or systemd's.

pub mod bus;
pub mod environment;
pub mod error;
pub mod log;
pub mod manager;
pub mod presence;
pub mod properties;
pub mod signals;

pub use error::ClientError;
pub use manager::Manager;

/// What a call gives back.
pub type Result<T> = std::result::Result<T, ClientError>;

/// Runs a program of this crate that talks to the manager, on one thread.
///
/// # Errors
/// The kernel has no descriptors left for the event loop.
pub fn run<T>(program: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(program);
    // A thread may still wait for the other end of a fifo.
    runtime.shutdown_background();
    Ok(result)
}
