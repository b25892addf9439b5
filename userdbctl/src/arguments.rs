//! The command line, read as getopt_long(3) reads it: options anywhere, long ones abbreviated, the last one wins.

mod suggestion;

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use userdb::{Disposition, DispositionMask, Filter};

use crate::output::Mode;
use crate::output::json::Format;
use crate::verb::Verb;

/// What was asked for.
#[derive(Debug)]
pub enum Request {
    Run(Box<Arguments>),
    Help,
    Version,
    /// The values that an option takes.
    Choices(&'static [&'static str]),
}

/// A verb with its operands, and every option.
#[derive(Debug)]
pub struct Arguments {
    pub verb: Verb,
    pub operands: Vec<String>,
    /// None: what suits the verb.
    pub mode: Option<Mode>,
    pub json: Option<Format>,
    /// Empty: the multiplexer.
    pub services: Vec<String>,
    pub legend: bool,
    pub pager: bool,
    pub boundaries: bool,
    pub filter: Filter,
    pub fuzzy: bool,
    /// The command of `--chain`, or its absence.
    pub chain: Option<Vec<OsString>>,
    pub from_file: Option<PathBuf>,
    pub socket_directory: PathBuf,
}

/// Why a command line makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    #[error("userdbctl: unrecognized option '{0}'")]
    UnknownOption(String),
    #[error("userdbctl: option '{0}' is ambiguous")]
    Ambiguous(String),
    #[error("userdbctl: option '{0}' requires an argument")]
    MissingValue(String),
    #[error("userdbctl: {0}")]
    Syntax(lexopt::Error),
    #[error("Invalid --output= mode: {0}")]
    Output(String),
    #[error("Unknown argument to --json= switch: {0}")]
    Json(String),
    #[error("Failed to parse --{option}= value: {value}")]
    Value { option: &'static str, value: String },
    #[error("Failed to parse boolean argument to '{option}': {value}")]
    Boolean { option: &'static str, value: String },
    #[error("Unknown user disposition: {0}")]
    Disposition(String),
    #[error("Minimum UID/GID {min} is above maximum UID/GID {max}, refusing.")]
    EmptyRange { min: u32, max: u32 },
    #[error("Unknown command verb '{verb}', did you mean '{suggestion}'?")]
    UnknownVerb { verb: String, suggestion: &'static str },
    #[error("Too many arguments.")]
    TooMany,
    #[error("Too few arguments.")]
    TooFew,
}

/// Names of the long options, each with its short one.
const LONG: &[(&str, char)] = &[
    ("help", 'h'),
    ("version", '\0'),
    ("no-pager", '\0'),
    ("no-legend", '\0'),
    ("output", '\0'),
    ("json", '\0'),
    ("service", 's'),
    ("chain", '\0'),
    ("uid-min", '\0'),
    ("uid-max", '\0'),
    ("uuid", '\0'),
    ("fuzzy", 'z'),
    ("disposition", '\0'),
    ("boundaries", '\0'),
    ("from-file", 'F'),
    // Not in the help: for tests, and for a daemon that was told to use another directory.
    ("socket-dir", '\0'),
];

/// The environment variable that `--socket-dir` overrides.
const SOCKET_DIRECTORY_VARIABLE: &str = "USERDB_SOCKET_DIR";
/// The services of `-s`, as systemd's programs hand them on to each other.
const SERVICES_VARIABLE: &str = "SYSTEMD_ONLY_USERDB";

/// Reads a command line, program name first.
///
/// # Errors
/// The first argument that makes no sense.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, ArgumentError> {
    let mut parser = Parser::from_iter(arguments);
    let mut options = Options::new();
    loop {
        // From the command of --chain on, nothing is ours.
        if options.chain && options.operands.len() >= 3 {
            options.operands.extend(parser.raw_args().map_err(ArgumentError::Syntax)?);
        }
        let name = match parser.next().map_err(ArgumentError::Syntax)? {
            None => break,
            Some(Arg::Value(operand)) => {
                options.operands.push(operand);
                continue;
            }
            Some(Arg::Short(letter)) => short_name(letter)?,
            Some(Arg::Long(name)) => long_name(name)?,
        };
        if let Some(request) = options.take(name, &mut parser)? {
            return Ok(request);
        }
    }
    options.finish()
}

/// The long name of a short option; those that have none go by their letter.
fn short_name(letter: char) -> Result<&'static str, ArgumentError> {
    let alone = ["j", "I", "S", "R", "B"];
    let named = LONG.iter().find(|(_, short)| *short == letter).map(|(name, _)| *name);
    named
        .or_else(|| alone.into_iter().find(|name| name.starts_with(letter)))
        .ok_or_else(|| ArgumentError::UnknownOption(format!("-{letter}")))
}

/// The long option that begins so, if it is one only.
fn long_name(name: &str) -> Result<&'static str, ArgumentError> {
    let mut candidates = LONG.iter().map(|(long, _)| *long).filter(|long| long.starts_with(name));
    if let Some((exact, _)) = LONG.iter().find(|(long, _)| *long == name) {
        return Ok(exact);
    }
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(ArgumentError::Ambiguous(format!("--{name}"))),
        (None, _) => Err(ArgumentError::UnknownOption(format!("--{name}"))),
    }
}

/// What was read so far.
struct Options {
    operands: Vec<OsString>,
    mode: Option<Mode>,
    json: Option<Format>,
    services: Vec<String>,
    legend: bool,
    pager: bool,
    boundaries: bool,
    filter: Filter,
    fuzzy: bool,
    chain: bool,
    from_file: Option<PathBuf>,
    socket_directory: PathBuf,
}

impl Options {
    fn new() -> Self {
        let services = std::env::var(SERVICES_VARIABLE).unwrap_or_default();
        let directory = std::env::var_os(SOCKET_DIRECTORY_VARIABLE).filter(|value| !value.is_empty());
        let mut options = Self {
            operands: Vec::new(),
            mode: None,
            json: None,
            services: Vec::new(),
            legend: true,
            pager: true,
            boundaries: true,
            filter: Filter::default(),
            fuzzy: false,
            chain: false,
            from_file: None,
            socket_directory: directory.unwrap_or_else(|| "/run/systemd/userdb".into()).into(),
        };
        options.add_services(&services);
        options
    }

    /// Takes an option in, and its value from the parser if it has one.
    fn take(&mut self, name: &'static str, parser: &mut Parser) -> Result<Option<Request>, ArgumentError> {
        let mut value = || {
            parser.value().map_err(|_| ArgumentError::MissingValue(format!("--{name}"))).map(|value| {
                value.string().unwrap_or_else(|error| match error {
                    lexopt::Error::NonUnicodeValue(value) => value.to_string_lossy().into_owned(),
                    _ => String::new(),
                })
            })
        };
        match name {
            "help" => return Ok(Some(Request::Help)),
            "version" => return Ok(Some(Request::Version)),
            "no-pager" => self.pager = false,
            "no-legend" => self.legend = false,
            "output" => {
                let value = value()?;
                if value == "help" {
                    return Ok(Some(Request::Choices(Mode::NAMES)));
                }
                let mode = Mode::parse(&value).ok_or(ArgumentError::Output(value))?;
                self.set_mode(Some(mode), Format::Pretty);
            }
            "json" => {
                let value = value()?;
                match value.as_str() {
                    "help" => return Ok(Some(Request::Choices(&["pretty", "short", "off"]))),
                    "pretty" => self.set_mode(Some(Mode::Json), Format::Pretty),
                    "short" => self.set_mode(Some(Mode::Json), Format::Short),
                    "off" => self.set_mode(None, Format::Pretty),
                    _ => return Err(ArgumentError::Json(value)),
                }
            }
            "j" => self.set_mode(Some(Mode::Json), Format::Pretty),
            "service" => match value()? {
                none if none.is_empty() => self.services.clear(),
                some => self.add_services(&some),
            },
            "chain" => self.chain = true,
            "uid-min" => self.filter.id_min = id("uid-min", value()?)?,
            "uid-max" => self.filter.id_max = id("uid-max", value()?)?,
            "uuid" => {
                let text = value()?;
                let Some(uuid) = userdb::record::parse_uuid(&text) else {
                    return Err(ArgumentError::Value { option: "uuid", value: text });
                };
                // The UUID of nobody at all stands for "not given".
                self.filter.uuid = Some(uuid).filter(|uuid| *uuid != 0);
            }
            "fuzzy" => self.fuzzy = true,
            "disposition" => {
                let value = value()?;
                self.add_disposition(Disposition::parse(&value).ok_or(ArgumentError::Disposition(value))?);
            }
            "I" => self.add_disposition(Disposition::Intrinsic),
            "S" => self.add_disposition(Disposition::System),
            "R" => self.add_disposition(Disposition::Regular),
            "boundaries" => self.boundaries = boolean("boundaries", value()?)?,
            "B" => self.boundaries = false,
            "from-file" => self.from_file = Some(value()?.into()).filter(|path: &PathBuf| path != ""),
            "socket-dir" => self.socket_directory = value()?.into(),
            _ => return Err(ArgumentError::UnknownOption(name.to_owned())),
        }
        Ok(None)
    }

    fn set_mode(&mut self, mode: Option<Mode>, format: Format) {
        self.mode = mode;
        self.json = (mode == Some(Mode::Json)).then_some(format);
    }

    fn add_services(&mut self, list: &str) {
        for service in list.split(':').filter(|service| !service.is_empty()) {
            if !self.services.iter().any(|known| known == service) {
                self.services.push(service.to_owned());
            }
        }
    }

    fn add_disposition(&mut self, disposition: Disposition) {
        let mask = self.filter.disposition_mask.unwrap_or(DispositionMask::NONE);
        self.filter.disposition_mask = Some(mask.with(disposition));
    }

    fn finish(mut self) -> Result<Request, ArgumentError> {
        // To admit all is no condition.
        self.filter.disposition_mask.take_if(|mask| *mask == DispositionMask::ALL);
        let (min, max) = (self.filter.id_min, self.filter.id_max);
        if min > max {
            return Err(ArgumentError::EmptyRange { min, max });
        }
        let mut rest = self.operands.into_iter();
        let verb = match rest.next().map(|verb| verb.to_string_lossy().into_owned()) {
            None => Verb::User,
            Some(name) => Verb::parse(&name).ok_or_else(|| {
                let suggestion = suggestion::nearest(&name, Verb::NAMES);
                ArgumentError::UnknownVerb { verb: name, suggestion }
            })?,
        };
        let mut operands: Vec<OsString> = rest.collect();
        if operands.len() > verb.max_operands() {
            return Err(ArgumentError::TooMany);
        }
        if operands.len() < verb.min_operands() {
            return Err(ArgumentError::TooFew);
        }
        let chain = (self.chain && verb == Verb::SshAuthorizedKeys).then(|| operands.split_off(1));
        Ok(Request::Run(Box::new(Arguments {
            verb,
            operands: operands.iter().map(|operand| operand.to_string_lossy().into_owned()).collect(),
            mode: self.mode,
            json: self.json,
            services: self.services,
            legend: self.legend,
            pager: self.pager,
            // A record in a file belongs to no range of this system.
            boundaries: self.boundaries && self.from_file.is_none(),
            filter: self.filter,
            fuzzy: self.fuzzy,
            chain,
            from_file: self.from_file,
            socket_directory: self.socket_directory,
        })))
    }
}

fn id(option: &'static str, value: String) -> Result<u32, ArgumentError> {
    userdb::id::parse(&value).ok_or(ArgumentError::Value { option, value })
}

/// A truth value in any of the spellings that systemd's programs take.
fn boolean(option: &'static str, value: String) -> Result<bool, ArgumentError> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Ok(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Ok(false),
        _ => Err(ArgumentError::Boolean { option, value }),
    }
}

#[cfg(test)]
mod tests;
