//! Clients that ask as fast as they get answers.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How each client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// One connection for all its requests.
    Kept,
    /// One for each request.
    New,
}

/// What some clients saw.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Median time of a request.
    pub p50: Duration,
    /// The time that 99 of 100 requests stay under.
    pub p99: Duration,
    /// The longest: clients that are served only when others leave show here, not in the percentiles.
    pub max: Duration,
    /// Requests a second, of all clients together.
    pub throughput: f64,
}

/// Sends `request` from `clients` threads for about `time` and measures each answer.
///
/// # Errors
/// A connection fails.
pub fn measure(
    socket: &Path,
    request: &[u8],
    clients: usize,
    connections: Connections,
    time: Duration,
) -> Result<Figures, String> {
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    let results: Vec<Result<Vec<Duration>, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..clients).map(|_| scope.spawn(|| client(socket, request, connections, &stop))).collect();
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a client panicked".into())))
            .collect()
    });
    let elapsed = start.elapsed();
    let mut times = Vec::new();
    for result in results {
        times.extend(result?);
    }
    times.sort_unstable();
    let at = |percent: usize| {
        times.get((times.len().saturating_sub(1)) * percent / 100).copied().unwrap_or_default()
    };
    #[allow(clippy::cast_precision_loss, reason = "a count of requests")]
    let throughput = times.len() as f64 / elapsed.as_secs_f64();
    Ok(Figures { p50: at(50), p99: at(99), max: at(100), throughput })
}

fn client(
    socket: &Path,
    request: &[u8],
    connections: Connections,
    stop: &AtomicBool,
) -> Result<Vec<Duration>, String> {
    let connect = || UnixStream::connect(socket).map_err(|error| format!("{}: {error}", socket.display()));
    let mut times = Vec::new();
    let mut buffer = vec![0; 65536];
    let mut stream = connect()?;
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        if connections == Connections::New {
            stream = connect()?;
        }
        exchange(&mut stream, request, &mut buffer)
            .map_err(|error| format!("{}: {error}", socket.display()))?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// One request and the end of its answer.
fn exchange(stream: &mut UnixStream, request: &[u8], buffer: &mut [u8]) -> std::io::Result<()> {
    stream.write_all(request)?;
    loop {
        let count = stream.read(buffer)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if buffer.get(count - 1) == Some(&0) && !continues(buffer.get(..count).unwrap_or_default()) {
            return Ok(());
        }
    }
}

/// Whether the last reply in the buffer says that more follow. Only its end is looked at: `continues` is the last key.
fn continues(replies: &[u8]) -> bool {
    replies.ends_with(b"\"continues\":true}\0")
}

/// One list, as it comes.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// Replies.
    pub count: usize,
    /// Until the first one.
    pub first: Duration,
    /// Until the last one.
    pub all: Duration,
}

/// Asks for a list and counts its replies.
///
/// # Errors
/// The connection fails, or nothing comes for two minutes.
pub fn list(socket: &Path, request: &[u8]) -> Result<Listed, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", socket.display());
    let start = Instant::now();
    let mut stream = UnixStream::connect(socket).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(120))).map_err(failed)?;
    stream.write_all(request).map_err(failed)?;
    let mut buffer = vec![0; 1 << 18];
    let (mut count, mut first) = (0, None);
    // The end of what came before: "continues" may lie across two reads.
    let mut tail: Vec<u8> = Vec::new();
    loop {
        let length = stream.read(&mut buffer).map_err(failed)?;
        let piece = buffer.get(..length).unwrap_or_default();
        count += piece.iter().filter(|byte| **byte == 0).count();
        if count > 0 {
            first.get_or_insert_with(|| start.elapsed());
        }
        tail.extend(piece.iter().skip(length.saturating_sub(64)));
        let surplus = tail.len().saturating_sub(64);
        tail.drain(..surplus);
        if length == 0 || (tail.ends_with(&[0]) && !continues(&tail)) {
            return Ok(Listed { count, first: first.unwrap_or_default(), all: start.elapsed() });
        }
    }
}
