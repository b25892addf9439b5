//! What the arguments set for all processes of the service: they inherit it from this one.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::Rlimit;

use super::command::Environment;
use super::identity::Identity;
use super::options::Options;
use super::{Error, descriptors};
use crate::exec::resource;
use crate::standard_error::say;
use crate::unit::directive::limit;
use crate::unit::environment_d;
use crate::unit::value::number;

/// Applies umask, priorities and limits to this process.
///
/// # Errors
/// An argument means nothing, or the kernel refuses it.
pub fn apply(options: &Options) -> Result<(), Error> {
    if let Some(text) = &options.umask {
        let mode = number::mode(text).ok_or_else(|| Error::Argument(format!("--umask {text}: not octal")))?;
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mode));
    }
    if let Some(nice) = options.nice {
        rustix::process::setpriority_process(None, nice).map_err(|error| Error::system("--nice", error))?;
    }
    if let Some(adjust) = options.oom_score_adjust {
        match fs::write("/proc/self/oom_score_adj", adjust.to_string()) {
            // In a container, which is no reason not to start.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                say(format_args!("--oom-score-adjust {adjust}"), format_args!("{error}; the score stays"));
            }
            result => result.map_err(|error| Error::system("--oom-score-adjust", error))?,
        }
    }
    for text in &options.limit {
        set_limit(text)?;
    }
    // Orphans of the service come to this process, so that none is overlooked.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| Error::system("becoming a subreaper", error))
}

fn set_limit(text: &str) -> Result<(), Error> {
    let invalid = || Error::Argument(format!("--limit {text}: not NAME=LIMIT"));
    let (name, value) = text.split_once('=').ok_or_else(invalid)?;
    let resource = resource::by_name(name).ok_or_else(invalid)?;
    let parsed = limit::parse(name, value).ok_or_else(invalid)?;
    rustix::process::setrlimit(resource, Rlimit { current: parsed.soft, maximum: parsed.hard })
        .map_err(|error| Error::system(format!("--limit {text}"), error))
}

/// The environment of the service's processes: this one's, then the user's, then --environment, then the files.
///
/// # Errors
/// A file cannot be read.
pub fn environment(options: &Options, identity: Option<&Identity>) -> Result<Environment, Error> {
    let mut environment = BTreeMap::new();
    let given = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !descriptors::OWN_VARIABLES.contains(&name.as_str()));
    for (name, value) in given {
        // Of a name that is there twice, the first counts, as for getenv(3).
        environment.entry(name).or_insert(value);
    }
    for (name, value) in identity.iter().flat_map(|identity| &identity.variables) {
        environment.insert((*name).to_owned(), value.clone());
    }
    for text in &options.environment {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| Error::Argument(format!("--environment {text}: not NAME=VALUE")))?;
        environment.insert(name.to_owned(), value.to_owned());
    }
    for text in &options.environment_file {
        let (optional, pattern) = text.strip_prefix('-').map_or((false, text.as_str()), |path| (true, path));
        let mut paths: Vec<_> =
            glob::glob(pattern).map(|found| found.flatten().collect()).unwrap_or_default();
        if paths.is_empty() && !optional {
            paths.push(pattern.into());
        }
        for path in paths {
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let entries = environment_d::parse(&text).assignments;
                    environment.extend(entries.into_iter().map(|entry| (entry.name, entry.value)));
                }
                Err(_) if optional => {}
                Err(error) => return Err(Error::system(path.display().to_string(), error)),
            }
        }
    }
    for text in &options.unset_environment {
        match text.split_once('=') {
            Some((name, value)) if environment.get(name).is_some_and(|set| set != value) => {}
            Some((name, _)) => drop(environment.remove(name)),
            None => drop(environment.remove(text)),
        }
    }
    Ok(environment)
}
