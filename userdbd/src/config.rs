//! `/etc/usher/userdbd.toml`: what an administrator can change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// The whole file. Every key has a default, and an unknown key is an error, so that a typing mistake is seen.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Other services that answer for users.
    pub backends: Backends,
    /// What one client may use.
    pub limits: Limits,
    /// Where the entry point is linked for programs that look services up by interface. None: `/run/varlink/registry`
    /// when the sockets are in their standard directory, else nowhere.
    pub registry_directory: Option<PathBuf>,
    /// Where the daemon remembers what it lends, below the root.
    pub state_directory: StateDirectory,
    /// Users that are lent over Varlink.
    pub lending: Lending,
    /// The socket that musl's lookup functions ask.
    pub nscd: Nscd,
}

/// A path that is `/var/lib/usher` if nothing is said.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct StateDirectory(pub PathBuf);

impl Default for StateDirectory {
    fn default() -> Self {
        Self("/var/lib/usher".into())
    }
}

/// `[lending]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lending {
    /// Uids that may borrow users, besides 0.
    pub borrowers: Vec<u32>,
    /// How many users one uid other than 0 may have.
    pub loans_per_uid: usize,
    /// How long a borrower has to come back after the daemon was restarted, in seconds.
    #[serde(rename = "grace-seconds", deserialize_with = "seconds")]
    pub grace: Duration,
}

impl Default for Lending {
    fn default() -> Self {
        Self { borrowers: Vec::new(), loans_per_uid: 16, grace: Duration::from_secs(60) }
    }
}

/// `[nscd]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nscd {
    /// Whether there is such a socket.
    pub enabled: bool,
    /// Where it is. None: `/run/nscd/socket` when the sockets are in their standard directory, else `nscd/socket` in theirs.
    pub socket: Option<PathBuf>,
    /// How long any answer may take, in milliseconds: musl waits for as long as it takes.
    #[serde(rename = "deadline-ms", deserialize_with = "milliseconds")]
    pub deadline: Duration,
}

impl Default for Nscd {
    fn default() -> Self {
        Self { enabled: true, socket: None, deadline: Duration::from_millis(500) }
    }
}

/// `[backends]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Backends {
    /// Asked in this order; those that are not named here follow in the order of their names.
    pub order: Vec<String>,
    /// Never asked.
    pub ignore: Vec<String>,
    /// How long a backend may take to answer, in milliseconds. NSS modules have the same time.
    #[serde(rename = "deadline-ms", deserialize_with = "milliseconds")]
    pub deadline: Duration,
    /// How long an answer that is there waits for a backend that comes before it in the order, in milliseconds.
    #[serde(rename = "patience-ms", deserialize_with = "milliseconds")]
    pub patience: Duration,
}

impl Default for Backends {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            ignore: Vec::new(),
            deadline: Duration::from_secs(2),
            patience: Duration::from_millis(500),
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Connections that one uid other than 0 may hold.
    pub connections_per_uid: usize,
    /// Bytes of unfinished requests that one uid other than 0 may make the daemon hold.
    pub request_bytes_per_uid: usize,
    /// Questions to backends that one uid other than 0 may have open; more of them wait.
    pub backend_queries_per_uid: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections_per_uid: 512, request_bytes_per_uid: 8 << 20, backend_queries_per_uid: 32 }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|count| Duration::from_secs(count.into()))
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|count| Duration::from_millis(count.into()))
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is there and cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no TOML, or has a key or value that does not exist.
    #[error("{}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column, and what is wrong there.
        source: Box<toml::de::Error>,
    },
}

impl Config {
    /// Reads the file; a missing one means the defaults.
    ///
    /// # Errors
    /// When it is there and cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| ConfigError::Parse { path: path.to_owned(), source: Box::new(error) }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_means_the_defaults() {
        let config = Config::read(Path::new("/nonexistent/userdbd.toml")).unwrap();
        assert_eq!(config.backends.deadline, Duration::from_secs(2));
        assert_eq!(config.limits.connections_per_uid, 512);
    }

    #[test]
    fn keys_are_read_and_the_others_keep_their_defaults() {
        let config: Config =
            toml::from_str("[backends]\norder = [\"b\", \"a\"]\ndeadline-ms = 150\n").unwrap();
        assert_eq!(config.backends.order, ["b", "a"]);
        assert_eq!(config.backends.deadline, Duration::from_millis(150));
        assert_eq!(config.backends.patience, Duration::from_millis(500));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("userdbd.toml");
        std::fs::write(&path, "[limits]\nconections-per-uid = 3\n").unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        assert!(message.contains("userdbd.toml") && message.contains("line 2"), "{message}");
        assert!(message.contains("conections-per-uid"), "{message}");
    }
}
