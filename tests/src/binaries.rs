//! Where the binaries under test are.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The repository's top directory.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// Names a directory of binaries to test as they are: a package's, a musl build's.
const BINARIES_VARIABLE: &str = "USHER_BIN_DIR";

/// Path of the workspace's binary `name`, made up to date first with `cargo build --package NAME`.
///
/// Release tests get the release binary; with `USHER_BIN_DIR` set, it is taken from there and nothing is built.
///
/// # Panics
/// When it does not build.
pub fn built(name: &str) -> PathBuf {
    built_file(name, name)
}

/// Path of the module for glibc's name service switch, likewise.
///
/// # Panics
/// When it does not build.
pub fn built_nss_module() -> PathBuf {
    built_file("nss-userdb", "libnss_userdb.so")
}

/// The file that `cargo build --package PACKAGE` makes.
fn built_file(package: &str, file: &str) -> PathBuf {
    if let Some(directory) = std::env::var_os(BINARIES_VARIABLE) {
        return Path::new(&directory).join(file);
    }
    static BUILT: Mutex<Option<HashMap<String, PathBuf>>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let built = built.get_or_insert_default();
    if let Some(path) = built.get(file) {
        return path.clone();
    }
    // target/PROFILE/deps/TEST-HASH, or target/PROFILE/xtask
    let executable = std::env::current_exe().expect("the test has a path");
    let mut directory = executable.parent().expect("the test lies in a directory");
    if directory.ends_with("deps") {
        directory = directory.parent().expect("deps lies in a profile's directory");
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", package]).current_dir(workspace());
    if directory.ends_with("release") {
        command.arg("--release");
    }
    let status = command.status().expect("cargo runs");
    assert!(status.success(), "cargo build --package {package}: {status}");
    let path = directory.join(file);
    assert!(path.exists(), "{}: cargo built the package, but not here", path.display());
    built.insert(file.to_owned(), path.clone());
    path
}
