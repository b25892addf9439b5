//! Just enough of D-Bus for a stand-in to own a name: the session bus at `$XDG_RUNTIME_DIR/bus`, Hello, RequestName.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A connection; it owns its names until it is dropped.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    serial: u32,
}

impl Connection {
    /// Connects and says hello.
    ///
    /// # Errors
    /// The bus is not there or does not like us.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut stream = UnixStream::connect(path)?;
        let uid = rustix::process::getuid().as_raw().to_string();
        let hex: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        write!(stream, "\0AUTH EXTERNAL {hex}\r\n")?;
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        if !line.starts_with(b"OK ") {
            return Err(io::Error::other(String::from_utf8_lossy(&line).into_owned()));
        }
        stream.write_all(b"BEGIN\r\n")?;
        let mut connection = Self { stream, serial: 0 };
        connection.call("Hello", None)?;
        Ok(connection)
    }

    /// Takes a name, without queueing for it.
    ///
    /// # Errors
    /// The bus has gone.
    pub fn request_name(&mut self, name: &str) -> io::Result<()> {
        self.call("RequestName", Some((name, Some(4))))
    }

    /// Gives a name back.
    ///
    /// # Errors
    /// The bus has gone.
    pub fn release_name(&mut self, name: &str) -> io::Result<()> {
        self.call("ReleaseName", Some((name, None)))
    }

    /// Calls a method of the bus itself, and waits for its answer, which is not looked at.
    fn call(&mut self, member: &str, arguments: Option<(&str, Option<u32>)>) -> io::Result<()> {
        self.serial += 1;
        let mut body = Vec::new();
        let mut signature = String::new();
        if let Some((text, flags)) = arguments {
            string(&mut body, text);
            signature.push('s');
            if let Some(flags) = flags {
                align(&mut body, 4);
                body.extend(flags.to_le_bytes());
                signature.push('u');
            }
        }
        let mut fields = Vec::new();
        for (code, kind, value) in [
            (1, 'o', "/org/freedesktop/DBus"),
            (2, 's', "org.freedesktop.DBus"),
            (3, 's', member),
            (6, 's', "org.freedesktop.DBus"),
        ] {
            align(&mut fields, 8);
            fields.extend([code, 1, kind as u8, 0]);
            string(&mut fields, value);
        }
        if !signature.is_empty() {
            align(&mut fields, 8);
            fields.extend([8, 1, b'g', 0, signature.len() as u8]);
            fields.extend(signature.bytes());
            fields.push(0);
        }
        let mut message = vec![b'l', 1, 0, 1];
        message.extend((body.len() as u32).to_le_bytes());
        message.extend(self.serial.to_le_bytes());
        message.extend((fields.len() as u32).to_le_bytes());
        message.extend(fields);
        align(&mut message, 8);
        message.extend(body);
        self.stream.write_all(&message)?;
        while self.read_message()? != Some(self.serial) {}
        Ok(())
    }

    /// The serial that a message answers, if it is an answer.
    fn read_message(&mut self) -> io::Result<Option<u32>> {
        let mut head = [0; 16];
        self.stream.read_exact(&mut head)?;
        let number =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let fields = number(12);
        let mut rest = vec![0; fields.next_multiple_of(8) + number(4)];
        self.stream.read_exact(&mut rest)?;
        if !matches!(head[1], 2 | 3) {
            return Ok(None);
        }
        // Field 5 is a u32 whose signature is "u".
        let at = rest[..fields].windows(4).position(|bytes| bytes == [5, 1, b'u', 0]);
        Ok(at.map(|at| u32::from_le_bytes([rest[at + 4], rest[at + 5], rest[at + 6], rest[at + 7]])))
    }
}

fn align(buffer: &mut Vec<u8>, to: usize) {
    buffer.resize(buffer.len().next_multiple_of(to), 0);
}

fn string(buffer: &mut Vec<u8>, text: &str) {
    align(buffer, 4);
    buffer.extend((text.len() as u32).to_le_bytes());
    buffer.extend(text.bytes());
    buffer.push(0);
}
