//! Writes service descriptions of Dinit (dinit-service(5)); they load from version 0.20 on, and from 0.19 when neither
//! Nice= nor OOMScoreAdjust= is given.

use std::fmt::Write as _;

use super::draft::{Directory, Draft, Reload};
use super::links::Links;
use super::{Header, NativeFile, READY_FD, portable, seconds};
use crate::unit::spec::{KillMode, RestartPolicy, ServiceType};
use crate::unit::value::signal;

/// The files of a service.
pub fn service(draft: &Draft<'_>, header: &Header) -> Vec<NativeFile> {
    let mut files = Vec::new();
    let mut text = header.text("#");
    let helper = format!("{}-directories", draft.name);
    if !draft.directories.is_empty() {
        files.push(NativeFile::plain(&helper, directories(draft, header)));
    }
    let service = draft.service;
    let kind = match service.service_type {
        ServiceType::Oneshot => "scripted",
        ServiceType::Forking => "bgprocess",
        _ => "process",
    };
    line(&mut text, "type", kind);
    command(&mut text, "command", &environment_prefix(draft));
    if !draft.stop_command.is_empty() {
        command(&mut text, "stop-command", &draft.stop_command);
    }
    if let Some(path) = service.pid_file.as_ref().filter(|_| kind == "bgprocess") {
        line(&mut text, "pid-file", &quoted(&path.to_string_lossy()));
    }
    if draft.ready {
        line(&mut text, "ready-notification", &format!("pipefd:{READY_FD}"));
    }
    line(&mut text, "working-dir", &quoted(&draft.working_directory()));
    if let Some(user) = &draft.identity.user {
        line(&mut text, "run-as", user);
        // $USER, $HOME and so on.
        text.push_str("load-options: export-passwd-vars\n");
    }
    output(&mut text, draft);
    restart(&mut text, draft, kind);
    times(&mut text, draft, kind);
    if !draft.wrapped && service.kill.signal != 15 && kind != "scripted" {
        line(&mut text, "term-signal", &signal::name(service.kill.signal));
    }
    // run-service tells its processes itself, in the order of the unit.
    if kind != "scripted" && (draft.wrapped || service.kill.mode != KillMode::ControlGroup) {
        text.push_str("options: signal-process-only\n");
    }
    process(&mut text, draft);
    if !draft.directories.is_empty() {
        let _ = writeln!(text, "depends-on: {helper}");
    }
    links(&mut text, &draft.links);
    if draft.reload == Reload::Hangup {
        let user = if draft.system { "" } else { "--user " };
        let _ = writeln!(text, "# Reload with: dinitctl {user}signal HUP {}", draft.name);
    }
    files.push(NativeFile::plain(&draft.name, text));
    files
}

/// The file of a target.
pub fn target(name: &str, dependencies: &Links, header: &Header) -> NativeFile {
    let mut text = header.text("#");
    line(&mut text, "type", "internal");
    line(&mut text, "restart", "false");
    links(&mut text, dependencies);
    NativeFile::plain(name, text)
}

fn line(text: &mut String, setting: &str, value: &str) {
    let _ = writeln!(text, "{setting} = {value}");
}

/// A short command on one line, a long one with an argument on each.
fn command(text: &mut String, setting: &str, words: &[String]) {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let whole = quoted.join(" ");
    if whole.len() <= 90 {
        line(text, setting, &whole);
        return;
    }
    // The main process stays in one piece, behind "--".
    let options = quoted.iter().position(|word| word == "--").unwrap_or(quoted.len());
    let (options, main) = quoted.split_at_checked(options).unwrap_or((&quoted, &[]));
    let first = options.iter().take_while(|word| !word.starts_with('-')).count().max(1);
    let (first, options) = options.split_at_checked(first).unwrap_or((options, &[]));
    line(text, setting, &first.join(" "));
    for option in options {
        let _ = writeln!(text, "{setting} += {option}");
    }
    if !main.is_empty() {
        let _ = writeln!(text, "{setting} += {}", main.join(" "));
    }
}

/// The command with variables before it, where nothing else sets them.
fn environment_prefix(draft: &Draft<'_>) -> Vec<String> {
    if draft.environment.is_empty() {
        return draft.command.clone();
    }
    let mut words = vec!["/usr/bin/env".to_owned()];
    words.extend(draft.environment.iter().map(|(name, value)| format!("{name}={value}")));
    words.extend(draft.command.iter().cloned());
    words
}

/// A word of a command or path: `$` is doubled, since Dinit expands variables when it loads the file.
fn quoted(word: &str) -> String {
    let text = portable::render(
        word,
        |text| text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"),
        |name| format!("${{{name}}}"),
    );
    let plain = |character: char| {
        character.is_ascii_alphanumeric() || "_-./:=,@%+${}|!~*?^&;()[]<>'`".contains(character)
    };
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("\"{text}\"")
}

fn output(text: &mut String, draft: &Draft<'_>) {
    match draft.output_file() {
        Some(Some(path)) => line(text, "logfile", &quoted(path)),
        Some(None) => line(text, "log-type", "none"),
        None => line(text, "log-type", "buffer"),
    }
}

fn restart(text: &mut String, draft: &Draft<'_>, kind: &str) {
    // Never left out: most builds restart by default.
    let word = match draft.service.restart {
        _ if kind == "scripted" => "false",
        RestartPolicy::No => "false",
        _ => "yes",
    };
    line(text, "restart", word);
    if word == "false" {
        return;
    }
    // Others that need it go on meanwhile, as Requires= says.
    line(text, "smooth-recovery", "yes");
    if let Some(delay) = draft.service.restart_delay {
        line(text, "restart-delay", &seconds(delay));
    }
    match draft.restart_limit() {
        Some((count, interval)) => {
            line(text, "restart-limit-interval", &seconds(interval));
            line(text, "restart-limit-count", &count.to_string());
        }
        None => line(text, "restart-limit-count", "0"),
    }
}

fn times(text: &mut String, draft: &Draft<'_>, kind: &str) {
    // 0 is without end; left out, they would be 60 and 10 seconds.
    let limit = |limit: Option<std::time::Duration>| limit.map_or_else(|| "0".to_owned(), seconds);
    let start = if kind == "process" && !draft.ready { None } else { draft.service.timeout_start };
    if kind != "process" || draft.ready {
        line(text, "start-timeout", &limit(start));
    }
    line(text, "stop-timeout", &limit(draft.stop_timeout()));
}

fn process(text: &mut String, draft: &Draft<'_>) {
    let exec = &draft.service.exec;
    for (name, setting) in [
        ("NOFILE", "rlimit-nofile"),
        ("CORE", "rlimit-core"),
        ("DATA", "rlimit-data"),
        ("AS", "rlimit-addrspace"),
    ] {
        if let Some(limit) = exec.limits.get(name) {
            let word = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            line(text, setting, &format!("{}:{}", word(limit.soft), word(limit.hard)));
        }
    }
    if let Some(nice) = exec.nice.filter(|_| !draft.wrapped) {
        line(text, "nice", &nice.to_string());
    }
    if let Some(adjust) = exec.oom_score_adjust.filter(|_| !draft.wrapped) {
        line(text, "oom-score-adj", &adjust.to_string());
    }
}

fn links(text: &mut String, links: &Links) {
    for (setting, names) in [
        ("depends-on", &links.need),
        ("waits-for", &links.want),
        ("after", &links.after),
        ("before", &links.before),
    ] {
        for name in names {
            let _ = writeln!(text, "{setting}: {name}");
        }
    }
    if let Some(name) = &links.chain {
        line(text, "chain-to", name);
    }
}

/// A service that makes directories, and removes those that go with the service.
fn directories(draft: &Draft<'_>, header: &Header) -> String {
    let mut text = header.origin("#");
    let _ = writeln!(text, "# What {} needs before it starts.", draft.name);
    line(&mut text, "type", "scripted");
    let made: Vec<String> = draft.directories.iter().map(|directory| install(draft, directory)).collect();
    command(&mut text, "command", &shell(&made));
    let removed: Vec<String> = draft
        .directories
        .iter()
        .filter(|directory| directory.temporary)
        .map(|directory| format!("rm -rf \"{}\"", directory.path))
        .collect();
    if !removed.is_empty() {
        command(&mut text, "stop-command", &shell(&removed));
    }
    line(&mut text, "restart", "false");
    text
}

fn shell(commands: &[String]) -> Vec<String> {
    vec!["/bin/sh".to_owned(), "-c".to_owned(), commands.join(" && ")]
}

fn install(draft: &Draft<'_>, directory: &Directory) -> String {
    let exec = &draft.service.exec;
    let mut text = format!("install -d -m {:04o}", directory.mode);
    if let Some(user) = exec.user.as_ref().filter(|_| draft.system && directory.owned) {
        let _ = write!(text, " -o {user}");
        let group = exec.group.as_ref().map_or_else(|| format!("\"$(id -gn {user})\""), Clone::clone);
        let _ = write!(text, " -g {group}");
    }
    let _ = write!(text, " \"{}\"", directory.path);
    text
}
