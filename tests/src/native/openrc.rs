//! The user's OpenRC.

use std::fs;
use std::path::{Path, PathBuf};

use super::user::User;
use super::{Native, directories};
use crate::lab::machine::Builder;
use crate::lab::process::Daemon;

/// Names directories with other versions of OpenRC, each as `meson install` with `DESTDIR` leaves it.
const VARIABLE: &str = "OPENRC_DIR";

/// One version of OpenRC.
#[derive(Debug, Clone)]
pub struct OpenRc {
    /// `None`: the root's own.
    directory: Option<PathBuf>,
}

impl OpenRc {
    /// The root's own.
    pub const DISTRIBUTED: Self = Self { directory: None };

    /// The one that tests use which look at one only: the first that the variable names, else the root's own.
    pub fn chosen() -> Self {
        Self { directory: directories(VARIABLE).into_iter().next() }
    }

    /// The root's own, and all that the variable names.
    pub fn all() -> Vec<Self> {
        let others = directories(VARIABLE).into_iter().map(|directory| Self { directory: Some(directory) });
        std::iter::once(Self::DISTRIBUTED).chain(others).collect()
    }

    /// For messages.
    pub fn version(&self) -> String {
        let directory = self.directory.as_ref().and_then(|directory| directory.file_name());
        directory.map_or_else(|| "of the root".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

impl Native for OpenRc {
    fn name(&self) -> &'static str {
        "openrc"
    }

    fn service(&self, unit: &str) -> String {
        unit.replace('\\', "+")
    }

    fn tool(&self, verb: &str, unit: &str) -> Vec<String> {
        ["rc-service", "--user", &self.service(unit), verb].map(str::to_owned).to_vec()
    }

    fn list(&self) -> Vec<String> {
        ["rc-status", "--user", "--format", "ini"].map(str::to_owned).to_vec()
    }

    /// `name =  started 00:00:01 (0)`.
    fn is_up(&self, list: &str, unit: &str) -> bool {
        let service = self.service(unit);
        list.lines()
            .filter_map(|line| line.split_once(" = "))
            .any(|(name, state)| name == service && state.split_ascii_whitespace().next() == Some("started"))
    }

    fn process(&self) -> &'static str {
        "supervise-daemon"
    }

    fn can_be_private(&self) -> bool {
        false
    }

    fn bind(&self, builder: Builder) -> Builder {
        let Some(directory) = &self.directory else { return builder };
        let builder = builder.bind_read_only(directory.join("usr/lib/rc"), "/usr/lib/rc");
        let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        // Where upstream puts tools that Debian has in /usr/bin, which is on everybody's PATH.
        let places = [("usr/bin", "usr/bin"), ("usr/sbin", "usr/sbin"), ("usr/sbin", "usr/bin")];
        places.iter().chain([&(&*libraries, &*libraries)]).fold(builder, |builder, (from, to)| {
            files(&directory.join(from)).into_iter().fold(builder, |builder, (name, path)| {
                let is_tool = name.starts_with("rc-") || from == to;
                if is_tool { builder.bind_read_only(path, format!("/{to}/{name}")) } else { builder }
            })
        })
    }

    fn log_in(&self, user: &User) -> Option<Daemon> {
        user.machine.command("mkdir").args(["-p", "/run/openrc"]).run();
        // openrc-user makes it, which needs PAM.
        user.script("mkdir -p ~/.config/rc/runlevels/default");
        // The shared libraries have to be of the version, too.
        let says = user.command("/usr/sbin/openrc").arg("--version").run();
        if let Some(name) = self.directory.as_ref().and_then(|directory| directory.file_name()) {
            let name = name.to_string_lossy();
            assert!(says.split_ascii_whitespace().any(|word| word == name), "{name}: it is {says}");
        }
        user.command("/usr/sbin/openrc").args(["--user", "default"]).run();
        None
    }
}

/// The files in a directory that are no links.
fn files(directory: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .collect()
}
