//! Writes service scripts of OpenRC (openrc-run(8)), for the system and, from 0.60 on, for users.

use std::fmt::Write as _;
use std::time::Duration;

use super::draft::{Draft, Reload};
use super::links::Links;
use super::{Header, NativeFile, READY_FD, portable, whole_seconds};
use crate::unit::spec::{ServiceType, StandardOutput};
use crate::unit::value::signal;

/// The script of a service.
pub fn service(draft: &Draft<'_>, header: &Header) -> NativeFile {
    let service = draft.service;
    let mut text = format!("#!/sbin/openrc-run\n{}", header.text("#"));
    set(&mut text, "description", &draft.unit.description);
    let kind = Kind::of(draft);
    if kind == Kind::Supervised {
        text.push_str("supervisor=supervise-daemon\n");
    }
    let direct = kind == Kind::Command && !draft.identity.is_given();
    if !direct {
        let mut words = draft.command.iter();
        set(&mut text, "command", words.next().map_or("", String::as_str));
        arguments(&mut text, &words.cloned().collect::<Vec<_>>());
    }
    if kind == Kind::Background {
        text.push_str("command_background=yes\n");
    }
    identity(&mut text, draft);
    for (name, value) in &draft.environment {
        let _ = writeln!(text, "export {name}={}", assigned(value));
    }
    set(&mut text, "directory", &draft.working_directory());
    if kind != Kind::Command {
        let path = service.pid_file.as_ref().filter(|_| kind == Kind::Forking);
        let own = if draft.system { "/run" } else { "${XDG_RUNTIME_DIR}" };
        let own = format!("pidfile=\"{own}/${{RC_SVCNAME}}.pid\"");
        let line = path.map_or(own, |path| format!("pidfile={}", assigned(&path.to_string_lossy())));
        let _ = writeln!(text, "{line}");
    }
    if draft.ready {
        let _ = writeln!(text, "notify=fd:{READY_FD}");
    }
    output(&mut text, draft, kind);
    if kind == Kind::Supervised {
        respawn(&mut text, draft);
    }
    if kind != Kind::Command {
        stopping(&mut text, draft);
    }
    extra_arguments(&mut text, draft);
    if service.exec.no_new_privileges {
        set(&mut text, "no_new_privs", "yes");
    }
    if draft.reload == Reload::Hangup {
        text.push_str("extra_started_commands=\"reload\"\n");
    }
    depend(&mut text, &draft.links, &draft.aliases);
    before_start(&mut text, draft);
    after_stop(&mut text, draft);
    if kind == Kind::Command {
        if direct {
            start_function(&mut text, draft);
        }
        stop_function(&mut text, draft);
        text.push_str(STATUS);
    }
    if draft.reload == Reload::Hangup {
        reload_function(&mut text, kind);
    }
    NativeFile { name: draft.name.clone(), text, mode: 0o755 }
}

/// The script of a target.
pub fn target(name: &str, description: &str, links: &Links, header: &Header) -> NativeFile {
    let mut text = format!("#!/sbin/openrc-run\n{}", header.text("#"));
    set(&mut text, "description", description);
    depend(&mut text, links, &[]);
    requisites(&mut text, links);
    text.push_str("\nstart() {\n\treturn 0\n}\n\nstop() {\n\treturn 0\n}\n");
    NativeFile { name: name.to_owned(), text, mode: 0o755 }
}

/// How OpenRC runs a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// supervise-daemon, which starts again whatever ends.
    Supervised,
    /// start-stop-daemon puts it in the background; nobody starts it again.
    Background,
    /// It puts itself there, and writes its pid file.
    Forking,
    /// It runs to its end.
    Command,
}

impl Kind {
    fn of(draft: &Draft<'_>) -> Self {
        match draft.service.service_type {
            ServiceType::Oneshot => Self::Command,
            ServiceType::Forking => Self::Forking,
            // run-service starts again itself: see ability::Abilities.
            _ if draft.restarts() && !draft.wrapped => Self::Supervised,
            _ => Self::Background,
        }
    }
}

fn set(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name}={}", assigned(value));
}

/// A value of an assignment.
fn assigned(value: &str) -> String {
    let inner = double_quoted(value);
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./:@%+,".contains(character);
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { format!("\"{inner}\"") }
}

fn double_quoted(value: &str) -> String {
    let literal = |text: &str| {
        let mut escaped = String::new();
        for character in text.chars() {
            if matches!(character, '"' | '\\' | '$' | '`') {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        escaped
    };
    portable::render(value, literal, |name| format!("${{{name}}}"))
}

/// `command_args` goes through eval: in single quotes it comes there as it is, with double quotes around words.
fn arguments(text: &mut String, words: &[String]) {
    if words.is_empty() {
        return;
    }
    let mut quoted: Vec<String> = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        if survives_splitting(word) {
            quoted.push(eval_word(word));
        } else {
            let _ = writeln!(text, "word_{index}={}", assigned(word));
            quoted.push(format!("\"${{word_{index}}}\""));
        }
    }
    let whole = quoted.join(" ");
    if whole.len() <= 80 {
        let _ = writeln!(text, "command_args='{whole}'");
        return;
    }
    let options = quoted.iter().position(|word| word == "--").unwrap_or(quoted.len());
    let (options, main) = quoted.split_at_checked(options).unwrap_or((&quoted, &[]));
    let mut lines: Vec<String> = options.to_vec();
    if !main.is_empty() {
        lines.push(main.join(" "));
    }
    let _ = writeln!(text, "command_args='{}'", lines.join("\n\t"));
}

/// Before eval sees them, openrc-run's shell splits the arguments and looks for files: several spaces would become
/// one, and `*` a list.
fn survives_splitting(word: &str) -> bool {
    let spaces = word.contains("  ") || word.starts_with(' ') || word.ends_with(' ');
    !spaces && !word.contains(['\t', '\n', '*', '?', '['])
}

/// A word for eval inside single quotes.
fn eval_word(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./:=@%+,".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("\"{}\"", double_quoted(word)).replace('\'', "'\\''")
}

fn identity(text: &mut String, draft: &Draft<'_>) {
    let identity = &draft.identity;
    if let Some(user) = &identity.user {
        let group = identity.group.as_ref().map(|group| format!(":{group}")).unwrap_or_default();
        set(text, "command_user", &format!("{user}{group}"));
    } else if let Some(group) = &identity.group {
        set(text, "command_user", &format!("root:{group}"));
    }
    if !identity.capabilities.is_empty() {
        let names = identity.capabilities.iter();
        let list: Vec<String> = names.map(|name| format!("^{}", name.to_ascii_lowercase())).collect();
        set(text, "capabilities", &list.join(","));
    }
}

fn output(text: &mut String, draft: &Draft<'_>, kind: Kind) {
    match draft.output_file() {
        Some(Some(path)) => {
            set(text, "output_log", path);
            let error = match &draft.service.exec.standard_error {
                Some(StandardOutput::File(path) | StandardOutput::Append(path)) => path,
                _ => path,
            };
            set(text, "error_log", error);
        }
        Some(None) => {}
        None if matches!(kind, Kind::Supervised | Kind::Background) => {
            text.push_str("output_logger=\"logger -t ${RC_SVCNAME} -p daemon.info\"\n");
            text.push_str("error_logger=\"logger -t ${RC_SVCNAME} -p daemon.info\"\n");
        }
        None => {}
    }
}

fn respawn(text: &mut String, draft: &Draft<'_>) {
    if let Some(delay) = draft.service.restart_delay.filter(|delay| *delay >= Duration::from_secs(1)) {
        let _ = writeln!(text, "respawn_delay={}", whole_seconds(delay));
    }
    match draft.restart_limit() {
        Some((count, interval)) => {
            let _ = writeln!(text, "respawn_max={count}\nrespawn_period={}", whole_seconds(interval));
        }
        None => text.push_str("respawn_max=0\n"),
    }
}

fn stopping(text: &mut String, draft: &Draft<'_>) {
    let number = if draft.wrapped { 15 } else { draft.service.kill.signal };
    let name = signal::name(number);
    let wait = draft.stop_timeout().map_or(86_400, whole_seconds);
    let _ = writeln!(text, "retry=\"SIG{name}/{wait}/SIGKILL/5\"");
}

fn extra_arguments(text: &mut String, draft: &Draft<'_>) {
    let exec = &draft.service.exec;
    let mut arguments = Vec::new();
    if let Some(nice) = exec.nice.filter(|_| !draft.wrapped) {
        arguments.push(format!("--nicelevel {nice}"));
    }
    if let Some(adjust) = exec.oom_score_adjust.filter(|_| !draft.wrapped) {
        arguments.push(format!("--oom-score-adj {adjust}"));
    }
    if !arguments.is_empty() {
        let _ = writeln!(text, "start_stop_daemon_args=\"{}\"", arguments.join(" "));
    }
}

fn depend(text: &mut String, links: &Links, aliases: &[String]) {
    let lists = [
        ("provide", aliases),
        ("need", links.need.as_slice()),
        ("want", links.want.as_slice()),
        ("after", links.after.as_slice()),
        ("before", links.before.as_slice()),
    ];
    if lists.iter().all(|(_, names)| names.is_empty()) {
        return;
    }
    text.push_str("\ndepend() {\n");
    for (keyword, names) in lists {
        if !names.is_empty() {
            let _ = writeln!(text, "\t{keyword} {}", names.join(" "));
        }
    }
    text.push_str("}\n");
}

fn requisites(text: &mut String, links: &Links) {
    if links.requisite.is_empty() {
        return;
    }
    text.push_str("\nstart_pre() {\n");
    requisite_lines(text, links);
    text.push_str("}\n");
}

fn requisite_lines(text: &mut String, links: &Links) {
    for name in &links.requisite {
        let _ =
            writeln!(text, "\tservice_started {name} || {{ eerror \"{name} is not running\"; return 1; }}");
    }
}

fn before_start(text: &mut String, draft: &Draft<'_>) {
    let exec = &draft.service.exec;
    if draft.directories.is_empty() && draft.links.requisite.is_empty() {
        return;
    }
    text.push_str("\nstart_pre() {\n");
    requisite_lines(text, &draft.links);
    for directory in &draft.directories {
        let owner = match (&exec.user, &exec.group) {
            (None, None) => String::new(),
            _ if !directory.owned => String::new(),
            (user, group) => format!(
                " -o {}{}",
                user.as_deref().unwrap_or("root"),
                group.as_ref().map(|group| format!(":{group}")).unwrap_or_default()
            ),
        };
        let path = assigned(&directory.path);
        let _ = writeln!(text, "\tcheckpath -d -m {:04o}{owner} {path} || return 1", directory.mode);
    }
    text.push_str("}\n");
}

fn after_stop(text: &mut String, draft: &Draft<'_>) {
    let temporary: Vec<&str> = draft
        .directories
        .iter()
        .filter(|directory| directory.temporary)
        .map(|directory| directory.path.as_str())
        .collect();
    if temporary.is_empty() {
        return;
    }
    text.push_str("\nstop_post() {\n");
    for path in temporary {
        let _ = writeln!(text, "\trm -rf {}", assigned(path));
    }
    text.push_str("}\n");
}

/// A command that has ended is no crashed daemon.
const STATUS: &str = "\nstatus() {\n\tif service_started; then\n\t\teinfo \"status: started\"\n\telse\n\t\teinfo \"status: \
                      stopped\"\n\t\treturn 3\n\tfi\n}\n";

fn start_function(text: &mut String, draft: &Draft<'_>) {
    let words: Vec<String> = draft.command.iter().map(|word| assigned(word)).collect();
    let _ = writeln!(
        text,
        "\nstart() {{\n\tebegin \"Starting ${{RC_SVCNAME}}\"\n\t(cd \"${{directory}}\" && {})\n\teend $?\n}}",
        words.join(" \\\n\t\t")
    );
}

fn stop_function(text: &mut String, draft: &Draft<'_>) {
    text.push_str("\nstop() {\n");
    if draft.stop_command.is_empty() {
        text.push_str("\treturn 0\n}\n");
        return;
    }
    let words: Vec<String> = draft.stop_command.iter().map(|word| assigned(word)).collect();
    let _ = writeln!(text, "\tebegin \"Stopping ${{RC_SVCNAME}}\"\n\t{}\n\teend $?\n}}", words.join(" "));
}

fn reload_function(text: &mut String, kind: Kind) {
    text.push_str("\nreload() {\n\tebegin \"Reloading ${RC_SVCNAME}\"\n");
    if kind == Kind::Supervised {
        text.push_str("\tsupervise-daemon \"${RC_SVCNAME}\" --signal HUP --pidfile \"${pidfile}\"\n");
    } else {
        text.push_str("\tstart-stop-daemon --signal HUP --pidfile \"${pidfile}\"\n");
    }
    text.push_str("\teend $?\n}\n");
}
