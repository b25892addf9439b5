//! `%` specifiers (systemd.unit(5), "Specifiers").

use std::path::{Path, PathBuf};

use super::escape;
use super::name::UnitName;

/// Why a value with `%` cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecifierError {
    /// `%` and something unknown.
    #[error("unknown specifier %{0}")]
    Unknown(char),
    /// One that has no value here.
    #[error("specifier %{0} has no value here")]
    NoValue(char),
    /// The instance or prefix is not escaped as systemd-escape does.
    #[error("specifier %{0}: {1:?} cannot be unescaped")]
    Unescape(char, String),
}

/// The user, the machine and the directories that specifiers speak of. Read once, so that all units agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// Units are those of a system manager, not of a user's.
    pub system: bool,
    /// `%a`, as in ConditionArchitecture=.
    pub architecture: String,
    /// `%b`, 32 hexadecimal digits.
    pub boot_id: Option<String>,
    /// `%m`, 32 hexadecimal digits.
    pub machine_id: Option<String>,
    /// `%H`.
    pub host_name: String,
    /// `%q`.
    pub pretty_host_name: Option<String>,
    /// `%v`.
    pub kernel_release: String,
    /// /etc/os-release.
    pub os_release: std::collections::BTreeMap<String, String>,
    /// `%u`.
    pub user: String,
    /// `%U`.
    pub uid: u32,
    /// `%g`.
    pub group: String,
    /// `%G`.
    pub gid: u32,
    /// `%h`.
    pub home: PathBuf,
    /// `%s`.
    pub shell: PathBuf,
    /// `%t`: $XDG_RUNTIME_DIR.
    pub runtime_dir: Option<PathBuf>,
    /// `%E`: $XDG_CONFIG_HOME.
    pub config_home: PathBuf,
    /// `%D`: $XDG_DATA_HOME.
    pub data_home: PathBuf,
    /// `%S`: $XDG_STATE_HOME.
    pub state_home: PathBuf,
    /// `%C`: $XDG_CACHE_HOME.
    pub cache_home: PathBuf,
    /// `%T` and `%V`, when $TMPDIR, $TEMP or $TMP is set.
    pub temporary_dir: Option<PathBuf>,
    /// `%d`.
    pub credentials_dir: Option<PathBuf>,
}

/// The specifiers of one unit.
#[derive(Debug, Clone, Copy)]
pub struct Specifiers<'a> {
    host: &'a Host,
    name: &'a UnitName,
    fragment: Option<&'a Path>,
}

impl<'a> Specifiers<'a> {
    /// For that unit; `fragment` is its main file.
    pub const fn new(host: &'a Host, name: &'a UnitName, fragment: Option<&'a Path>) -> Self {
        Self { host, name, fragment }
    }

    /// Replaces all specifiers. A `%` at the end stays.
    ///
    /// # Errors
    /// A specifier is unknown or has no value.
    pub fn expand(&self, text: &str) -> Result<String, SpecifierError> {
        if !text.contains('%') {
            return Ok(text.to_owned());
        }
        let mut expanded = String::with_capacity(text.len());
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                expanded.push(character);
                continue;
            }
            match characters.next() {
                Some(letter) => expanded.push_str(&self.value(letter)?),
                None => expanded.push('%'),
            }
        }
        Ok(expanded)
    }

    fn value(&self, letter: char) -> Result<String, SpecifierError> {
        let host = self.host;
        let missing = || SpecifierError::NoValue(letter);
        let path = |path: &Path| path.to_string_lossy().into_owned();
        Ok(match letter {
            '%' => "%".to_owned(),
            'n' => self.name.to_string(),
            'N' => self.name.stem().to_owned(),
            'p' => self.name.prefix().to_owned(),
            'P' => self.unescaped(letter, self.name.prefix())?,
            'j' => self.last_component().to_owned(),
            'J' => self.unescaped(letter, self.last_component())?,
            'i' => self.name.instance().unwrap_or_default().to_owned(),
            'I' => self.unescaped(letter, self.name.instance().unwrap_or_default())?,
            'f' => self.file_name(letter)?,
            'y' => path(self.fragment.ok_or_else(missing)?),
            'Y' => path(self.fragment.and_then(Path::parent).ok_or_else(missing)?),
            'a' => host.architecture.clone(),
            'b' => host.boot_id.clone().ok_or_else(missing)?,
            'm' => host.machine_id.clone().ok_or_else(missing)?,
            'H' => host.host_name.clone(),
            'l' => self.short_host_name().to_owned(),
            'q' => host.pretty_host_name.clone().unwrap_or_else(|| self.short_host_name().to_owned()),
            'v' => host.kernel_release.clone(),
            'A' => self.os_release("IMAGE_VERSION"),
            'B' => self.os_release("BUILD_ID"),
            'M' => self.os_release("IMAGE_ID"),
            'o' => self.os_release("ID"),
            'w' => self.os_release("VERSION_ID"),
            'W' => self.os_release("VARIANT_ID"),
            'u' => host.user.clone(),
            'U' => host.uid.to_string(),
            'g' => host.group.clone(),
            'G' => host.gid.to_string(),
            'h' => path(&host.home),
            's' => path(&host.shell),
            't' => path(host.runtime_dir.as_deref().ok_or_else(missing)?),
            'E' => path(&host.config_home),
            'D' => path(&host.data_home),
            'S' => path(&host.state_home),
            'C' => path(&host.cache_home),
            'L' if host.system => "/var/log".to_owned(),
            'L' => path(&host.state_home.join("log")),
            'T' => path(host.temporary_dir.as_deref().unwrap_or(Path::new("/tmp"))),
            'V' => path(host.temporary_dir.as_deref().unwrap_or(Path::new("/var/tmp"))),
            'd' => path(host.credentials_dir.as_deref().ok_or_else(missing)?),
            _ => return Err(SpecifierError::Unknown(letter)),
        })
    }

    fn unescaped(&self, letter: char, text: &str) -> Result<String, SpecifierError> {
        escape::unescape(text).ok_or_else(|| SpecifierError::Unescape(letter, text.to_owned()))
    }

    fn last_component(&self) -> &'a str {
        let prefix = self.name.prefix();
        prefix.rsplit_once('-').map_or(prefix, |(_, last)| last)
    }

    fn file_name(&self, letter: char) -> Result<String, SpecifierError> {
        let text = self.name.instance().unwrap_or_else(|| self.name.prefix());
        escape::unescape_path(text).ok_or_else(|| SpecifierError::Unescape(letter, text.to_owned()))
    }

    fn short_host_name(&self) -> &'a str {
        self.host.host_name.split('.').next().unwrap_or_default()
    }

    fn os_release(&self, field: &str) -> String {
        self.host.os_release.get(field).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
impl Host {
    /// A host that is the same everywhere.
    pub(crate) fn fixed() -> Self {
        Self {
            architecture: "x86-64".into(),
            host_name: "box.example".into(),
            kernel_release: "6.1".into(),
            user: "ann".into(),
            uid: 1000,
            group: "people".into(),
            gid: 100,
            home: "/home/ann".into(),
            shell: "/bin/sh".into(),
            runtime_dir: Some("/run/user/1000".into()),
            config_home: "/home/ann/.config".into(),
            data_home: "/home/ann/.local/share".into(),
            state_home: "/home/ann/.local/state".into(),
            cache_home: "/home/ann/.cache".into(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(name: &str, text: &str) -> Result<String, SpecifierError> {
        let host = Host::fixed();
        let name = UnitName::new(name).unwrap();
        Specifiers::new(&host, &name, Some(Path::new("/usr/lib/systemd/user/x.service"))).expand(text)
    }

    #[test]
    fn of_the_name() {
        let name = r"app-foo\x2dbar@a-b\x20c.service";
        for (text, expected) in [
            ("%n|%N", r"app-foo\x2dbar@a-b\x20c.service|app-foo\x2dbar@a-b\x20c"),
            ("%p|%P", r"app-foo\x2dbar|app/foo-bar"),
            ("%j|%J", r"foo\x2dbar|foo-bar"),
            ("%i|%I", r"a-b\x20c|a/b c"),
            ("%f", "/a/b c"),
            ("%y|%Y", "/usr/lib/systemd/user/x.service|/usr/lib/systemd/user"),
        ] {
            assert_eq!(expand(name, text).unwrap(), expected);
        }
        assert_eq!(expand("a-b.service", "%i%I|%f|%j").unwrap(), "|/a/b|b");
    }

    #[test]
    fn of_the_user_and_the_machine() {
        assert_eq!(
            expand("a.service", "%u %U %g %G %h %s").unwrap(),
            "ann 1000 people 100 /home/ann /bin/sh"
        );
        assert_eq!(
            expand("a.service", "%t %E %L %T %V").unwrap(),
            "/run/user/1000 /home/ann/.config /home/ann/.local/state/log /tmp /var/tmp"
        );
        assert_eq!(expand("a.service", "%H %l %q").unwrap(), "box.example box box");
    }

    #[test]
    fn percent_signs() {
        assert_eq!(expand("a.service", "100%% %").unwrap(), "100% %");
        assert_eq!(expand("a.service", "%z"), Err(SpecifierError::Unknown('z')));
        assert_eq!(expand("a.service", "%m"), Err(SpecifierError::NoValue('m')));
        assert!(expand(r"a@\x.service", "%I").is_err());
    }
}
