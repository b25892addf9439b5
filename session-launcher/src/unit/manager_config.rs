//! The defaults of a manager (systemd-user.conf(5)): `user.conf` and `user.conf.d`, `system.conf` and its directory for
//! the system's.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::conf_files;
use super::diagnostic::{Diagnostic, Severity};
use super::directive::limit;
use super::search_path::SearchPath;
use super::spec::{Limit, OomPolicy, StartLimit};
use super::specifier::Host;
use super::syntax;
use super::value::{number, timespan};
use super::words::{self, Backslash};

/// What units have that do not say otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagerConfig {
    /// `DefaultTimeoutStartSec=`; `None`: for ever.
    pub timeout_start: Option<Duration>,
    /// `DefaultTimeoutStopSec=`; `None`: for ever.
    pub timeout_stop: Option<Duration>,
    /// `DefaultTimeoutAbortSec=`; outer `None`: as the stop time-out.
    pub timeout_abort: Option<Option<Duration>>,
    /// `DefaultRestartSec=`; `None`: never.
    pub restart_delay: Option<Duration>,
    /// `DefaultStartLimitIntervalSec=` and `DefaultStartLimitBurst=`.
    pub start_limit: StartLimit,
    /// `DefaultTimerAccuracySec=`.
    pub timer_accuracy: Duration,
    /// `DefaultOOMPolicy=`.
    pub oom_policy: OomPolicy,
    /// `DefaultEnvironment=`.
    pub environment: Vec<(String, String)>,
    /// `DefaultLimit...=`.
    pub limits: BTreeMap<String, Limit>,
}

impl Default for ManagerConfig {
    fn default() -> Self {
        Self {
            timeout_start: Some(Duration::from_secs(90)),
            timeout_stop: Some(Duration::from_secs(90)),
            timeout_abort: None,
            restart_delay: Some(Duration::from_millis(100)),
            start_limit: StartLimit::default(),
            timer_accuracy: Duration::from_secs(60),
            oom_policy: OomPolicy::Stop,
            environment: Vec::new(),
            limits: BTreeMap::new(),
        }
    }
}

impl ManagerConfig {
    /// Reads the first `user.conf` there is and all of `user.conf.d`; for system units `system.conf`.
    pub fn load(host: &Host, path: &SearchPath) -> (Self, Vec<Diagnostic>) {
        let mut directories: Vec<PathBuf> = Vec::new();
        let name = if host.system { "system.conf" } else { "user.conf" };
        if path.root().is_none() && !host.system {
            directories.push(host.config_home.join("systemd"));
        }
        directories.extend(
            ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"].map(PathBuf::from),
        );
        let mut config = Self::default();
        let mut findings = Vec::new();
        let main = directories.iter().map(|dir| path.locate(&dir.join(name))).find(|file| file.exists());
        let drop_ins: Vec<PathBuf> = directories.iter().map(|dir| dir.join(format!("{name}.d"))).collect();
        for file in main.into_iter().chain(conf_files::list(&drop_ins, path.root(), "conf")) {
            let Ok(text) = fs::read(&file) else { continue };
            let parsed = syntax::parse(&text);
            for (line, error) in &parsed.errors {
                findings.push(Diagnostic::at(Severity::Warning, &file, *line, error.to_string()));
            }
            for assignment in parsed.assignments.iter().filter(|assignment| assignment.section == "Manager") {
                if config.apply(&assignment.key, &assignment.value).is_none() {
                    let message = format!(
                        "{}={}: not understood, the line is ignored",
                        assignment.key, assignment.value
                    );
                    findings.push(Diagnostic::at(Severity::Warning, &file, assignment.line, message));
                }
            }
        }
        (config, findings)
    }

    /// `None` when the value is wrong. Directives that say nothing of units are passed over.
    fn apply(&mut self, key: &str, value: &str) -> Option<()> {
        let span = || timespan::parse(value).map(|span| span.finite());
        let span_or_never = || span().map(|span| span.filter(|span| !span.is_zero()));
        match key {
            "DefaultTimeoutStartSec" => self.timeout_start = span_or_never()?,
            "DefaultTimeoutStopSec" => self.timeout_stop = span_or_never()?,
            "DefaultTimeoutAbortSec" => {
                self.timeout_abort = if value.is_empty() { None } else { Some(span_or_never()?) };
            }
            "DefaultRestartSec" => self.restart_delay = span()?,
            "DefaultStartLimitIntervalSec" | "DefaultStartLimitInterval" => {
                self.start_limit.interval = span()?
            }
            "DefaultStartLimitBurst" => self.start_limit.burst = number::unsigned(value)?,
            "DefaultTimerAccuracySec" => self.timer_accuracy = span()?.unwrap_or(Duration::MAX),
            "DefaultOOMPolicy" => {
                self.oom_policy = match value {
                    "continue" => OomPolicy::Continue,
                    "stop" => OomPolicy::Stop,
                    "kill" => OomPolicy::Kill,
                    _ => return None,
                };
            }
            "DefaultEnvironment" if value.is_empty() => self.environment.clear(),
            "DefaultEnvironment" => {
                for word in words::split(value, Backslash::Escape).ok()? {
                    let (name, value) = word.split_once('=')?;
                    self.environment.retain(|(known, _)| known != name);
                    self.environment.push((name.to_owned(), value.to_owned()));
                }
            }
            _ => {
                if let Some(name) =
                    key.strip_prefix("DefaultLimit").filter(|name| limit::NAMES.contains(name))
                {
                    self.limits.insert(name.to_owned(), limit::parse(name, value)?);
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_drop_ins() {
        let dir = tempfile::tempdir().unwrap();
        let lib = dir.path().join("usr/lib/systemd/user.conf.d");
        fs::create_dir_all(&lib).unwrap();
        fs::create_dir_all(dir.path().join("etc/systemd")).unwrap();
        fs::write(
            dir.path().join("etc/systemd/user.conf"),
            "[Manager]\nDefaultTimeoutStopSec=10\nDefaultRestartSec=2s\n",
        )
        .unwrap();
        fs::write(lib.join("10.conf"), "[Manager]\nDefaultTimeoutStopSec=0\nDefaultLimitNOFILE=bad\n")
            .unwrap();
        let (config, findings) = ManagerConfig::load(&Host::fixed(), &SearchPath::global(Some(dir.path())));
        assert_eq!((config.timeout_stop, config.restart_delay), (None, Some(Duration::from_secs(2))));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 3);
    }
}
