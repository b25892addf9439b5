//! The NSS module of the tests, whose source is `tests/c/nss_fake.c`.

use crate::binaries::workspace;
use crate::lab::machine::Builder;
use std::path::Path;
use std::process::Command;

/// Where Debian's C library looks for modules.
const MODULES: &str = "/usr/lib/x86_64-linux-gnu";

/// Compiled modules: `fake`, and `fakedyn`, which knows the groups of a user.
#[derive(Debug)]
pub struct Modules {
    directory: tempfile::TempDir,
}

impl Modules {
    /// Compiles them.
    ///
    /// # Panics
    /// When there is no C compiler, or it does not take the source.
    pub fn compile() -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        for (name, flags) in [("fake", &[][..]), ("fakedyn", &["-DINITGROUPS"])] {
            let output = Command::new("gcc")
                .args(["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"])
                .args(flags)
                .arg("-o")
                .arg(library(directory.path(), name))
                .arg(workspace().join("tests/c/nss_fake.c"))
                .output()
                .unwrap_or_else(|error| panic!("gcc: {error}"));
            assert!(output.status.success(), "gcc: {}", String::from_utf8_lossy(&output.stderr));
        }
        Self { directory }
    }

    /// Puts them into a machine.
    pub fn install(&self, mut machine: Builder) -> Builder {
        for name in ["fake", "fakedyn"] {
            machine = machine
                .bind_read_only(library(self.directory.path(), name), library(Path::new(MODULES), name));
        }
        machine
    }
}

fn library(directory: &Path, name: &str) -> std::path::PathBuf {
    directory.join(format!("libnss_{name}.so.2"))
}
