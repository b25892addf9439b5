//! The floor: a Unix socket, a blocking thread for each connection, and a reply that is ready.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Listens on `socket` for ever and answers each NUL-terminated message with the content of the file `reply`.
///
/// # Errors
/// The socket cannot be made or the file not be read.
pub fn serve(socket: &Path, reply: &Path) -> Result<(), String> {
    let reply = std::fs::read(reply).map_err(|error| format!("{}: {error}", reply.display()))?;
    let reply: &'static [u8] = Box::leak(reply.into_boxed_slice());
    let listener = UnixListener::bind(socket).map_err(|error| format!("{}: {error}", socket.display()))?;
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || answer(stream, reply));
    }
    Ok(())
}

fn answer(mut stream: UnixStream, reply: &[u8]) {
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let messages = buffer.iter().take(count).filter(|byte| **byte == 0).count();
        for _ in 0..messages {
            if stream.write_all(reply).is_err() {
                return;
            }
        }
    }
}
