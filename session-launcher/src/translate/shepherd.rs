//! Writes services of the Shepherd, version 1.0 (its manual, "Defining Services"): each file registers one.

use std::fmt::Write as _;
use std::time::Duration;

use super::draft::{Draft, Reload};
use super::links::Links;
use super::{Header, NativeFile, portable, seconds, whole_seconds};
use crate::unit::spec::{KillMode, ListenKind, RestartPolicy, ServiceType, SocketSettings};
use crate::unit::value::signal;

/// Modules, and what a file uses them for.
const MODULES: [(&str, &[&str]); 3] = [
    ("(shepherd service)", &["(service "]),
    ("(shepherd support)", &["(mkdir-p ", "(non-blocking-port "]),
    ("(ice-9 match)", &["(match ", "(groups-of "]),
];

/// The Shepherd gives a process no groups but those that it is told.
const GROUPS_OF: &str = "
(define (groups-of user)
  \"The names of the groups that USER is a member of.\"
  (setgrent)
  (let next ((names '()))
    (match (getgrent)
      (#f (endgrent) names)
      (group (next (if (member user (group:mem group))
                       (cons (group:name group) names)
                       names))))))
";

/// The file of a service.
pub fn service(draft: &Draft<'_>, header: &Header) -> NativeFile {
    let mut file = Form::begin(draft, header);
    let oneshot = draft.service.service_type == ServiceType::Oneshot;
    if oneshot && !draft.service.remain_after_exit {
        file.keyword("one-shot?", "#t");
    }
    file.keyword("start", &start(draft));
    file.keyword("stop", &stop(draft));
    if !oneshot {
        file.restart(draft);
    }
    if draft.reload == Reload::Hangup {
        file.keyword(
            "actions",
            "(list (action 'reload\n            (lambda (process)\n              (kill (process-id process) SIGHUP)\n              \
             #t)\n            \"Read the configuration again.\"))",
        );
    }
    file.end(&draft.name)
}

/// The file of a target.
pub fn target(name: &str, description: &str, links: &Links, header: &Header) -> NativeFile {
    let mut file = Form::new(&[name.to_owned()], description, links, header);
    file.keyword("start", &format!("(lambda _{}\n      #t)", before_start(links)));
    file.keyword("stop", "(const #f)");
    file.end(name)
}

/// A service form while it is written.
struct Form {
    comment: String,
    text: String,
}

impl Form {
    fn begin(draft: &Draft<'_>, header: &Header) -> Self {
        let names: Vec<String> = std::iter::once(&draft.name).chain(&draft.aliases).cloned().collect();
        Self::new(&names, &draft.unit.description, &draft.links, header)
    }

    fn new(names: &[String], description: &str, links: &Links, header: &Header) -> Self {
        let mut text = String::new();
        let _ = write!(text, "\n(register-services\n (list\n  (service '({})", names.join(" "));
        let mut form = Self { comment: header.text(";;"), text };
        form.keyword("documentation", &string(description));
        if !links.need.is_empty() {
            form.keyword("requirement", &format!("'({})", links.need.join(" ")));
        }
        form
    }

    fn keyword(&mut self, name: &str, value: &str) {
        let _ = write!(self.text, "\n    #:{name} {value}");
    }

    fn restart(&mut self, draft: &Draft<'_>) {
        let handler = match draft.service.restart {
            RestartPolicy::Always => None,
            RestartPolicy::No => Some("(const #f)".to_owned()),
            // run-service exits with 0 when it shall be left alone.
            _ if draft.wrapped => Some(handler("(eqv? 0 (status:exit-val status))")),
            _ => Some(handler(
                "(or (eqv? 0 (status:exit-val status))\n                  (memv (status:term-sig status)\n                        \
                 (list SIGHUP SIGINT SIGPIPE SIGTERM)))",
            )),
        };
        let respawn = if draft.restarts() { "#t" } else { "#f" };
        self.keyword("respawn?", respawn);
        if draft.restarts() {
            if let Some(delay) = draft.service.restart_delay {
                self.keyword("respawn-delay", &seconds(delay));
            }
            // It tests before it counts: one restart more than the number says.
            let (count, interval) = draft.restart_limit().unwrap_or((1_000_000, Duration::from_secs(1)));
            let count = count.saturating_sub(1);
            self.keyword("respawn-limit", &format!("'({count} . {})", whole_seconds(interval)));
        }
        if let Some(handler) = handler {
            // The default one would disable a service that ended.
            self.keyword("termination-handler", &handler);
        }
    }

    fn end(self, name: &str) -> NativeFile {
        let Self { comment, text } = self;
        let used = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
        let modules: Vec<&str> =
            MODULES.iter().filter(|(_, marks)| used(marks)).map(|(module, _)| *module).collect();
        let helper = if text.contains("(groups-of ") { GROUPS_OF } else { "" };
        let text = format!("{comment}(use-modules {})\n{helper}{text})))\n", modules.join(" "));
        NativeFile { name: format!("{name}.scm"), text, mode: 0o644 }
    }
}

fn handler(clean: &str) -> String {
    format!(
        "(lambda (service process status)\n      (unless {clean}\n        \
         (default-service-termination-handler service process status)))"
    )
}

/// A string literal, or an expression where the text varies.
fn string(text: &str) -> String {
    let literal = |text: &str| {
        let escaped =
            text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
        format!("\"{escaped}\"")
    };
    if !portable::varies(text) {
        return literal(text);
    }
    let parts = portable::render(
        text,
        |text| format!(" {}", literal(text)),
        |name| format!(" (or (getenv {}) \"\")", literal(name)),
    );
    format!("(string-append{parts})")
}

fn list(words: &[String], indent: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| string(word)).collect();
    format!("(list {})", words.join(&format!("\n{indent}      ")))
}

/// What is wanted or merely comes first: the Shepherd has no soft dependencies, but can be asked.
fn before_start(links: &Links) -> String {
    let mut text = String::new();
    let mut each = |names: &[String], condition: &str, action: &str| {
        if !names.is_empty() {
            let _ = write!(
                text,
                "\n      (for-each (lambda (name)\n                  (let ((other (lookup-service name)))\n                    \
                 (when (and other{condition})\n                      ({action}))))\n                '({}))",
                names.join(" ")
            );
        }
    };
    each(&links.want, "", "start-service other");
    each(&links.want_later, "", "start-in-the-background (list name)");
    each(&links.after, " (eq? 'starting (service-status other))", "start-service other");
    text
}

fn requisites(links: &Links) -> String {
    let tests: Vec<String> = links
        .requisite
        .iter()
        .map(|name| format!("(let ((other (lookup-service '{name}))) (and other (service-running? other)))"))
        .collect();
    tests.join("\n           ")
}

/// Keyword arguments that all ways of starting a process have.
fn process_arguments(draft: &Draft<'_>, with_mask: bool) -> String {
    let exec = &draft.service.exec;
    let mut text = String::new();
    let mut keyword = |name: &str, value: &str| {
        let _ = write!(text, "\n              #:{name} {value}");
    };
    let identity = &draft.identity;
    if let Some(user) = &identity.user {
        keyword("user", &string(user));
        // Without a group the process would keep root's.
        let group = identity.group.as_ref().map_or_else(
            || format!("(group:name (getgrgid (passwd:gid (getpwnam {}))))", string(user)),
            |group| string(group),
        );
        keyword("group", &group);
        if with_mask {
            let own = format!("(groups-of {})", string(user));
            let more = list(&identity.supplementary_groups, "              ");
            let all =
                if identity.supplementary_groups.is_empty() { own } else { format!("(append {own} {more})") };
            keyword("supplementary-groups", &all);
        }
    } else if let Some(group) = &identity.group {
        keyword("group", &string(group));
    }
    keyword("directory", &string(&draft.working_directory()));
    if let Some(umask) = exec.umask.filter(|_| with_mask) {
        keyword("file-creation-mask", &format!("#o{umask:03o}"));
    }
    if let Some(Some(path)) = draft.output_file() {
        keyword("log-file", &string(path));
    }
    keyword("environment-variables", &environment(draft));
    let able = super::ability::Abilities::of(super::Manager::Shepherd);
    let limits: Vec<String> = exec
        .limits
        .iter()
        .filter(|(name, _)| able.limits.contains(&name.as_str()))
        .map(|(name, limit)| {
            let word = |value: Option<u64>| value.map_or_else(|| "#f".to_owned(), |value| value.to_string());
            format!("({} {} {})", name.to_ascii_lowercase(), word(limit.soft), word(limit.hard))
        })
        .collect();
    if !limits.is_empty() {
        keyword("resource-limits", &format!("'({})", limits.join(" ")));
    }
    text
}

/// The Shepherd's own environment at the time, so that what was set in it reaches services.
fn environment(draft: &Draft<'_>) -> String {
    let base = draft.identity.user.as_ref().map_or_else(
        || "(environ)".to_owned(),
        |user| format!("(user-environment-variables {} (environ))", string(user)),
    );
    if draft.environment.is_empty() {
        return base;
    }
    let words: Vec<String> =
        draft.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("(append {}\n                {base})", list(&words, "                        "))
}

fn start(draft: &Draft<'_>) -> String {
    let mut body = before_start(&draft.links);
    body.push_str(&directories(draft));
    let run = run(draft);
    let requisites = requisites(&draft.links);
    if requisites.is_empty() {
        format!("(lambda _{body}\n      {run})")
    } else {
        format!("(lambda _{body}\n      (and {requisites}\n           {run}))")
    }
}

fn run(draft: &Draft<'_>) -> String {
    let command = list(&draft.command, "              ");
    if draft.service.service_type == ServiceType::Oneshot {
        if draft.command.is_empty() {
            return "#t".to_owned();
        }
        let arguments = process_arguments(draft, false);
        return format!("(zero? (spawn-command\n              {command}{arguments}))");
    }
    let arguments = process_arguments(draft, true);
    if !draft.sockets.is_empty() {
        let endpoints: Vec<String> =
            draft.sockets.iter().flat_map(|socket| endpoints(socket, draft.system)).collect();
        return format!(
            "((make-systemd-constructor\n              {command}\n              (list {})\n              #:lazy-start? #t{arguments}))",
            endpoints.join("\n                    ")
        );
    }
    if let Some(path) = &draft.service.pid_file
        && draft.service.service_type == ServiceType::Forking
    {
        let wait = draft.service.timeout_start.map_or(86_400, whole_seconds);
        return format!(
            "((make-forkexec-constructor\n              {command}\n              #:pid-file {}\n              #:pid-file-timeout {wait}{arguments}))",
            string(&path.to_string_lossy())
        );
    }
    if !draft.ready {
        return format!("((make-forkexec-constructor\n              {command}{arguments}))");
    }
    format!(
        "(match (pipe O_CLOEXEC)\n        ((input . output)\n         ;; A newline tells that it is up, an end \
         without one that it is not.\n         (let ((pid (fork+exec-command\n              {command}\n              \
         #:extra-ports (list output){arguments})))\n           (close-port output)\n           (let ((up? (char? \
         (read-char (non-blocking-port input)))))\n             (close-port input)\n             (and up? pid)))))"
    )
}

fn endpoints(socket: &SocketSettings, system: bool) -> Vec<String> {
    // The Shepherd sets the mode of the directory even if it was there: a user's stays closed to others.
    let mode = if system { socket.directory_mode } else { 0o700 };
    let listening = socket.listen.iter().filter(|listen| listen.kind == ListenKind::Stream);
    let name = socket.file_descriptor_name.clone();
    listening
        .map(|listen| {
            let name = name.as_ref().map(|name| format!(" #:name {}", string(name))).unwrap_or_default();
            let directory = if listen.address.starts_with('/') {
                format!(" #:socket-directory-permissions #o{mode:o}")
            } else {
                String::new()
            };
            format!("(endpoint {}{name}{directory})", address(&listen.address))
        })
        .collect()
}

/// A path, `@name`, `port`, `host:port` or `[host]:port`.
fn address(text: &str) -> String {
    if text.starts_with('/') {
        return format!("(make-socket-address AF_UNIX {})", string(text));
    }
    if let Some(name) = text.strip_prefix('@') {
        return format!("(make-socket-address AF_UNIX (string-append \"\\x00\" {}))", string(name));
    }
    match text.rsplit_once(':') {
        None => format!("(make-socket-address AF_INET6 IN6ADDR_ANY {text})"),
        Some((host, port)) if host.starts_with('[') => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            format!("(make-socket-address AF_INET6 (inet-pton AF_INET6 {}) {port})", string(host))
        }
        Some((host, port)) => {
            format!("(make-socket-address AF_INET (inet-pton AF_INET {}) {port})", string(host))
        }
    }
}

fn directories(draft: &Draft<'_>) -> String {
    let mut text = String::new();
    let exec = &draft.service.exec;
    for directory in &draft.directories {
        let path = string(&directory.path);
        let _ = write!(text, "\n      (mkdir-p {path})\n      (chmod {path} #o{:o})", directory.mode);
        if let Some(user) = exec.user.as_ref().filter(|_| directory.owned) {
            let user = string(user);
            let group = exec.group.as_ref().map_or_else(
                || format!("(passwd:gid (getpwnam {user}))"),
                |group| format!("(group:gid (getgrnam {}))", string(group)),
            );
            let _ = write!(text, "\n      (chown {path} (passwd:uid (getpwnam {user})) {group})");
        }
    }
    text
}

fn stop(draft: &Draft<'_>) -> String {
    let service = draft.service;
    if service.service_type == ServiceType::Oneshot {
        if draft.stop_command.is_empty() {
            return "(const #f)".to_owned();
        }
        let command = list(&draft.stop_command, "              ");
        return format!(
            "(lambda _\n      (spawn-command\n              {command}{})\n      #f)",
            process_arguments(draft, false)
        );
    }
    if !draft.sockets.is_empty() {
        return "(make-systemd-destructor)".to_owned();
    }
    let number = if draft.wrapped { 15 } else { service.kill.signal };
    let signal = format!("SIG{}", signal::name(number));
    let grace = draft.stop_timeout().map_or(86_400, whole_seconds);
    if !draft.wrapped && service.kill.mode != KillMode::ControlGroup {
        return format!(
            "(lambda (process)\n      (terminate-process (process-id process) {signal} #:grace-period {grace})\n      #f)"
        );
    }
    format!("(make-kill-destructor {signal} #:grace-period {grace})")
}
