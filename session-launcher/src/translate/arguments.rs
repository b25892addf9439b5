//! What `run-service` is told, option by option.

use std::time::Duration;

use super::ability::Abilities;
use super::draft::Identity;
use super::portable;
use super::runner::judges;
use crate::unit::property::condition_text;
use crate::unit::spec::{
    CommandLine, ConditionSet, KillMode, ListenKind, NotifyAccess, RestartPolicy, ServiceSettings,
    ServiceType, SocketSettings, Unit,
};
use crate::unit::value::signal;

/// A command line of `run-service`, as it grows.
#[derive(Debug)]
pub struct Arguments(pub Vec<String>);

impl Arguments {
    pub fn flag(&mut self, name: &str) {
        self.0.push(format!("--{name}"));
    }

    pub fn option(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("--{name}={value}"));
    }

    pub fn timeout(&mut self, name: &str, limit: Option<Duration>) {
        if let Some(limit) = limit {
            self.option(name, super::seconds(limit));
        }
    }

    pub fn readiness(&mut self, service: &ServiceSettings, system: bool) {
        match service.service_type {
            ServiceType::Notify | ServiceType::NotifyReload => self.flag("notify"),
            ServiceType::Dbus => {
                if system {
                    self.flag("system");
                }
                if let Some(name) = &service.bus_name {
                    self.option("bus-name", name);
                }
            }
            _ => {}
        }
        if matches!(service.notify_access, NotifyAccess::All | NotifyAccess::Exec) {
            self.option("notify-access", "all");
        }
        self.timeout("watchdog", service.watchdog);
    }

    pub fn identity(&mut self, identity: &Identity) {
        let Identity { user, group, supplementary_groups, capabilities } = identity;
        for (name, value) in [("user", user), ("group", group)] {
            if let Some(value) = value {
                self.option(name, value);
            }
        }
        for group in supplementary_groups {
            self.option("supplementary-group", group);
        }
        for capability in capabilities.iter().filter(|_| user.is_some()) {
            self.option("ambient-capability", capability);
        }
    }

    pub fn conditions(&mut self, name: &str, set: &ConditionSet) {
        for condition in &set.0 {
            self.option(name, condition_text("", condition));
        }
    }

    pub fn environment(
        &mut self,
        service: &ServiceSettings,
        able: Abilities,
        variables: &[(String, String)],
    ) {
        if !able.environment {
            for (name, value) in variables {
                self.option("environment", format!("{name}={value}"));
            }
        }
        for file in &service.exec.environment_files {
            let mark = if file.optional { "-" } else { "" };
            self.option("environment-file", format!("{mark}{}", file.path));
        }
        for name in &service.exec.unset_environment {
            self.option("unset-environment", name);
        }
    }

    pub fn process(&mut self, service: &ServiceSettings, able: Abilities) {
        let exec = &service.exec;
        if let Some(umask) = exec.umask.filter(|_| !able.umask) {
            self.option("umask", format!("{umask:04o}"));
        }
        // Even where the manager could: it would give up in a container, which allows neither.
        if let Some(nice) = exec.nice {
            self.option("nice", nice);
        }
        if let Some(adjust) = exec.oom_score_adjust {
            self.option("oom-score-adjust", adjust);
        }
        for (name, limit) in exec.limits.iter().filter(|(name, _)| !able.limits.contains(&name.as_str())) {
            let text =
                |value: Option<u64>| value.map_or_else(|| "infinity".to_owned(), |value| value.to_string());
            self.option("limit", format!("{name}={}:{}", text(limit.soft), text(limit.hard)));
        }
    }

    pub fn sockets(&mut self, sockets: &[&SocketSettings]) {
        for socket in sockets {
            for listen in socket.listen.iter().filter(|listen| listen.kind == ListenKind::Stream) {
                self.option("listen-stream", &listen.address);
                if let Some(name) = &socket.file_descriptor_name {
                    self.option("socket-name", name);
                }
            }
            if socket.socket_mode != 0o666 {
                self.option("socket-mode", format!("{:04o}", socket.socket_mode));
            }
        }
    }

    pub fn commands(&mut self, name: &str, commands: &[CommandLine]) {
        for command in commands {
            self.option(name, quoted_command(command));
        }
    }

    pub fn exits(&mut self, service: &ServiceSettings, able: Abilities) {
        for (name, set) in [
            ("success-exit-status", &service.success_exit_status),
            ("restart-prevent-exit-status", &service.restart_prevent_exit_status),
            ("restart-force-exit-status", &service.restart_force_exit_status),
        ] {
            let codes = set.codes.iter().map(u8::to_string);
            let words: Vec<String> =
                codes.chain(set.signals.iter().map(|number| signal::name(*number))).collect();
            if !words.is_empty() {
                self.option(name, words.join(" "));
            }
        }
        if service.restart != RestartPolicy::No && (judges(service, able) || able.restart_here) {
            self.option("restart", policy(service.restart));
        }
    }

    pub fn restart_here(&mut self, unit: &Unit, service: &ServiceSettings) {
        self.flag("restart-here");
        self.timeout("restart-delay", service.restart_delay);
        if let Some((count, interval)) = super::draft::restart_limit(unit) {
            self.option("restart-limit", format!("{count}/{}", super::seconds(interval)));
        }
    }

    pub fn stopping(&mut self, service: &ServiceSettings) {
        if service.kill.signal != 15 {
            self.option("kill-signal", signal::name(service.kill.signal));
        }
        match service.kill.mode {
            KillMode::ControlGroup => {}
            KillMode::Mixed => self.option("kill-mode", "mixed"),
            KillMode::Process | KillMode::None => self.option("kill-mode", "process"),
        }
        self.timeout("stop-timeout", service.timeout_stop);
    }

    pub fn main(&mut self, command: Option<&CommandLine>) {
        let Some(command) = command else { return };
        if command.via_shell {
            self.0.extend(["--literal", "--", "/bin/sh", "-c"].map(str::to_owned));
            self.0.push(command.argv.join(" "));
            return;
        }
        if command.literal && command.argv.iter().any(|word| word.contains('$')) {
            self.flag("literal");
        }
        if command.privileged {
            self.flag("privileged");
        }
        if command.ignore_failure {
            self.flag("ignore-failure");
        }
        let mut words = command.argv.iter();
        match words.next() {
            Some(name) if *name != command.path => self.option("argv0", name),
            _ => {}
        }
        self.0.push("--".to_owned());
        self.0.push(command.path.clone());
        self.0.extend(words.cloned());
    }
}

/// The word of a policy.
pub const fn policy(policy: RestartPolicy) -> &'static str {
    match policy {
        RestartPolicy::No => "no",
        RestartPolicy::OnSuccess => "on-success",
        RestartPolicy::OnFailure => "on-failure",
        RestartPolicy::OnAbnormal => "on-abnormal",
        RestartPolicy::OnWatchdog => "on-watchdog",
        RestartPolicy::OnAbort => "on-abort",
        RestartPolicy::Always => "always",
    }
}

/// A command as systemd writes it, with marks as variables.
fn quoted_command(command: &CommandLine) -> String {
    let varies = command.argv.iter().any(|word| portable::varies(word));
    let argv0 = command.argv.first().filter(|name| **name != command.path && !command.via_shell);
    let literal = command.literal && !varies;
    let mut text = String::new();
    for (mark, given) in [
        ("-", command.ignore_failure),
        ("@", argv0.is_some() || command.login_shell),
        (":", literal),
        ("+", command.privileged),
        ("|", command.via_shell),
    ] {
        if given {
            text.push_str(mark);
        }
    }
    // Where a literal command has marks, dollar signs are written so that they stay.
    let double = command.literal && varies;
    text.push_str(&quoted_word(&command.path, double));
    let skipped = usize::from(argv0.is_none());
    for word in command.argv.iter().skip(skipped) {
        text.push(' ');
        text.push_str(&quoted_word(word, double));
    }
    text
}

fn quoted_word(word: &str, double_dollars: bool) -> String {
    let literal = |text: &str| {
        let text = text.replace('%', "%%");
        if double_dollars { text.replace('$', "$$") } else { text }
    };
    let text = portable::render(word, literal, |name| format!("${{{name}}}"));
    let special = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '\\');
    if !text.is_empty() && text != ";" && !text.contains(special) {
        return text;
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_service::command;

    /// What is written is read again as the same.
    #[test]
    pub fn quoted_commands_are_read_back() {
        for text in [
            "/bin/x a b",
            r#"-@/bin/x name "two words" 'it''s' a\\b"#,
            ":/bin/x $HOME",
            "/bin/x 100%% ${A} \"\"",
            r#"/bin/sh -c "echo \"$A\" ; exit 1""#,
            "/bin/x \";\"",
            "-+/bin/x a",
        ] {
            let parsed = command::parse(&[text.to_owned()]).unwrap();
            assert_eq!(parsed.len(), 1, "{text}");
            let again = command::parse(&[quoted_command(&parsed[0])]).unwrap();
            assert_eq!(parsed, again, "{text}");
        }
    }
}
