//! `session-launcher log UNIT`: prints the output of a unit that the manager kept.

use std::fs::{File, Metadata};
use std::io::{IsTerminal, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use rustix::fs::inotify;

use super::{Error, Result};
use crate::client::log;

/// Arguments of `log`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The unit; a name without a type is a service's.
    #[arg(value_name = "UNIT")]
    unit: String,
    /// Go on with what is printed from now on.
    #[arg(short, long)]
    follow: bool,
    /// Only the last lines; 10 with --follow.
    #[arg(short = 'n', long, value_name = "NUMBER")]
    lines: Option<usize>,
}

/// Prints the log.
///
/// # Errors
/// There is none, or the output cannot be written.
pub fn run(arguments: &Arguments, output: &mut dyn Write) -> Result {
    let unit = super::units::unit_name(&arguments.unit)?;
    let path = log::path(unit.as_str())
        .ok_or_else(|| Error::Other("neither $XDG_STATE_HOME nor $HOME is set".to_owned()))?;
    let failed = |error| Error::File { path: path.clone(), error };
    let mut printer = Printer { output, is_terminal: std::io::stdout().is_terminal(), rest: Vec::new() };
    if arguments.follow {
        return follow(&path, arguments.lines.unwrap_or(10), &mut printer);
    }
    match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::Other(format!(
                "{unit} has printed nothing that was kept ({})",
                path.display()
            )));
        }
        file => drop(file.map_err(failed)?),
    }
    match arguments.lines {
        Some(count) => {
            for line in log::last_lines(&path, count).map_err(failed)? {
                printer.bytes(format!("{line}\n").as_bytes())?;
            }
        }
        None => printer.copy(&mut File::open(&path).map_err(failed)?)?,
    }
    printer.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the last lines and then all that comes, also of a file that takes the log's place. Ends when the output
/// cannot be written any more.
fn follow(path: &Path, count: usize, printer: &mut Printer<'_>) -> Result {
    let failed = |error| Error::File { path: path.to_owned(), error };
    let directory = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(directory).map_err(failed)?;
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
    let events = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&watch, directory, events).map_err(|error| failed(error.into()))?;

    let mut file = File::open(path).ok();
    if file.is_some() {
        for line in log::last_lines(path, count).map_err(failed)? {
            printer.bytes(format!("{line}\n").as_bytes())?;
        }
    }
    let mut position = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |found| found.len());
    loop {
        let now = std::fs::metadata(path).ok();
        let is_same = |file: &File, now: &Metadata| {
            file.metadata().is_ok_and(|known| (known.dev(), known.ino()) == (now.dev(), now.ino()))
        };
        if let Some(now) = &now {
            if !file.as_ref().is_some_and(|file| is_same(file, now)) {
                file = File::open(path).ok();
                position = 0;
            } else if now.len() < position {
                // It was emptied.
                position = 0;
            }
        }
        if let Some(file) = &mut file {
            position = printer.from(file, position)?;
        }
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&watch, &mut buffer);
        reader.next().map_err(|error| failed(error.into()))?;
        while !reader.is_buffer_empty() {
            reader.next().map_err(|error| failed(error.into()))?;
        }
    }
}

/// Writes to a terminal what a terminal may be shown, and to anything else what there is.
struct Printer<'a> {
    output: &'a mut dyn Write,
    is_terminal: bool,
    /// A line that has not ended.
    rest: Vec<u8>,
}

impl Printer<'_> {
    fn from(&mut self, file: &mut File, position: u64) -> std::io::Result<u64> {
        use std::io::Seek;
        file.seek(std::io::SeekFrom::Start(position))?;
        self.copy(file)?;
        self.output.flush()?;
        file.stream_position()
    }

    fn copy(&mut self, file: &mut File) -> std::io::Result<()> {
        let mut buffer = [0; 8192];
        loop {
            let count = file.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
            self.bytes(bytes)?;
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if !self.is_terminal {
            return self.output.write_all(bytes);
        }
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let text = String::from_utf8_lossy(&line);
            writeln!(self.output, "{}", log::printable(text.trim_end_matches(['\n', '\r'])))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let line = std::mem::take(&mut self.rest);
        writeln!(self.output, "{}", log::printable(&String::from_utf8_lossy(&line)))
    }
}
