//! Where units of users lie (systemd.unit(5), "Unit File Load Path").

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::conf_files::in_root;
use super::specifier::Host;

/// The directories of unit files, the most important first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchPath {
    root: Option<PathBuf>,
    directories: Vec<PathBuf>,
}

/// Of no user in particular.
const GLOBAL: [&str; 6] = [
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/lib/systemd/user",
    "/usr/share/systemd/user",
];

/// Of the system manager.
const SYSTEM: [&str; 12] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
];

impl SearchPath {
    /// The directories of one user. `$SYSTEMD_UNIT_PATH` replaces them, or comes before them when it ends in a colon.
    pub fn of_user(host: &Host, environment: &BTreeMap<String, String>) -> Self {
        let mut path = Self::default();
        if let Some(own) = environment.get("SYSTEMD_UNIT_PATH") {
            for directory in own.split(':').filter(|directory| !directory.is_empty()) {
                path.push(directory.into());
            }
            if !own.ends_with(':') {
                return path;
            }
        }
        let list = |name: &str| environment.get(name).map(String::as_str).unwrap_or_default();
        let runtime = host.runtime_dir.as_ref().map(|dir| dir.join("systemd"));
        let in_runtime = |name: &str| runtime.as_ref().map(|dir| dir.join(name));
        let config = host.config_home.join("systemd");
        path.push(config.join("user.control"));
        path.extend(in_runtime("user.control"));
        path.extend(in_runtime("transient"));
        path.extend(in_runtime("generator.early"));
        path.push(config.join("user"));
        path.push(config.join("user.attached"));
        path.extend(absolute(list("XDG_CONFIG_DIRS")));
        path.push("/etc/systemd/user".into());
        path.extend(in_runtime("user"));
        path.extend(in_runtime("user.attached"));
        path.push("/run/systemd/user".into());
        path.extend(in_runtime("generator"));
        path.push(host.data_home.join("systemd/user"));
        let data_dirs = Some(list("XDG_DATA_DIRS")).filter(|dirs| !dirs.is_empty());
        path.extend(absolute(data_dirs.unwrap_or("/usr/local/share:/usr/share")));
        path.extend(GLOBAL.iter().skip(2).map(PathBuf::from));
        path.extend(in_runtime("generator.late"));
        path
    }

    /// The directories that concern all users, below `root`: for image builders.
    pub fn global(root: Option<&Path>) -> Self {
        Self { root: root.map(Path::to_owned), directories: GLOBAL.iter().map(PathBuf::from).collect() }
    }

    /// The directories of the system manager, below `root`.
    pub fn system(root: Option<&Path>) -> Self {
        Self { root: root.map(Path::to_owned), directories: SYSTEM.iter().map(PathBuf::from).collect() }
    }

    /// Just these directories.
    pub fn of_directories(directories: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut path = Self::default();
        path.extend(directories);
        path
    }

    /// The directories as the described system names them.
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// What all directories are below; `None` for /.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Where a path of the described system lies on this one.
    pub fn locate(&self, path: &Path) -> PathBuf {
        in_root(self.root(), path)
    }

    /// How the described system names a path of this one.
    pub fn describe<'a>(&self, path: &'a Path) -> std::borrow::Cow<'a, Path> {
        match self.root().and_then(|root| path.strip_prefix(root).ok()) {
            Some(inner) => Path::new("/").join(inner).into(),
            None => path.into(),
        }
    }

    /// Puts a directory before all others.
    pub fn prepend(&mut self, directory: PathBuf) {
        self.directories.retain(|known| *known != directory);
        self.directories.insert(0, directory);
    }

    fn push(&mut self, directory: PathBuf) {
        if !self.directories.contains(&directory) {
            self.directories.push(directory);
        }
    }

    fn extend(&mut self, directories: impl IntoIterator<Item = PathBuf>) {
        for directory in directories {
            self.push(directory);
        }
    }
}

/// `dir/systemd/user` for each absolute directory of a colon-separated list.
fn absolute(list: &str) -> impl Iterator<Item = PathBuf> {
    list.split(':').filter(|dir| dir.starts_with('/')).map(|dir| Path::new(dir).join("systemd/user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &SearchPath) -> String {
        path.directories().iter().map(|dir| format!("{}\n", dir.display())).collect()
    }

    #[test]
    fn the_order_of_systemd_262() {
        let environment = [("XDG_CONFIG_DIRS", "/a:/b"), ("XDG_DATA_DIRS", "/c:relative:/d")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expected = "/home/ann/.config/systemd/user.control
/run/user/1000/systemd/user.control
/run/user/1000/systemd/transient
/run/user/1000/systemd/generator.early
/home/ann/.config/systemd/user
/home/ann/.config/systemd/user.attached
/a/systemd/user
/b/systemd/user
/etc/systemd/user
/run/user/1000/systemd/user
/run/user/1000/systemd/user.attached
/run/systemd/user
/run/user/1000/systemd/generator
/home/ann/.local/share/systemd/user
/c/systemd/user
/d/systemd/user
/usr/local/lib/systemd/user
/usr/local/share/systemd/user
/usr/lib/systemd/user
/usr/share/systemd/user
/run/user/1000/systemd/generator.late
";
        assert_eq!(text(&SearchPath::of_user(&Host::fixed(), &environment)), expected);
    }

    #[test]
    fn the_unit_path_variable() {
        let set = |value: &str| BTreeMap::from([("SYSTEMD_UNIT_PATH".to_owned(), value.to_owned())]);
        assert_eq!(text(&SearchPath::of_user(&Host::fixed(), &set("/x:/y"))), "/x\n/y\n");
        let path = SearchPath::of_user(&Host::fixed(), &set("/x:"));
        assert_eq!(path.directories()[0], Path::new("/x"));
        assert!(path.directories().len() > 10);
    }
}
