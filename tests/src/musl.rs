//! Static binaries for musl, built in the root called `musl`.
//!
//! Packagers of musl distributions build with their own Rust, which has a standard library for musl. Here it is built along,
//! so that nothing but Debian's packages is needed.

use crate::binaries::workspace;
use crate::lab::machine::Machine;
use crate::lab::{LabError, root};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root that has the tools.
pub const ROOT: &str = "musl";
/// The packages with binaries that make sense on musl.
pub const PACKAGES: &[&str] = &["userdbd", "userdbctl", "session-launcher"];

/// Builds static release binaries of the packages, and returns the directory that holds them.
///
/// # Errors
/// The root cannot be built or entered, or the packages do not build.
pub fn build(packages: &[&str]) -> Result<PathBuf, LabError> {
    let root = root::ensure(ROOT)?;
    let target = workspace().join("target/musl");
    std::fs::create_dir_all(&target).map_err(|error| LabError::Io(target.clone(), error))?;
    fetch(&workspace().join("Cargo.toml"))?;
    fetch(&library(&root)?.join("Cargo.toml"))?;
    let machine = Machine::builder(ROOT)
        .bind_read_only(workspace(), "/src")
        .bind_read_only(registry(), "/cargo/registry")
        .bind(&target, "/target")
        .start()?;
    let output = machine.command("/src/tests/musl/build.sh").args(packages.iter().copied()).output();
    if !output.status.success() {
        let lines: Vec<_> = output.stderr.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n");
        let what = format!("building {} for musl", packages.join(" "));
        return Err(LabError::Command { what, status: output.status.to_string(), tail });
    }
    Ok(target.join("x86_64-unknown-linux-musl/release"))
}

/// Brings the crates of a workspace into this machine's registry: the root itself needs no network then.
fn fetch(manifest: &Path) -> Result<(), LabError> {
    let what = format!("cargo fetch of {}", manifest.display());
    let failed = |status: String, tail: String| LabError::Command { what: what.clone(), status, tail };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["fetch", "--locked", "--manifest-path"]).arg(manifest);
    // The standard library's manifest uses features that are not stable.
    command.env("RUSTC_BOOTSTRAP", "1");
    let output = command.output().map_err(|error| failed(error.to_string(), String::new()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(output.status.to_string(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// The source of the standard library in the root.
fn library(root: &Path) -> Result<PathBuf, LabError> {
    let sources = root.join("usr/src");
    let failed = |error| LabError::Io(sources.clone(), error);
    std::fs::read_dir(&sources)
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path().join("library")))
        .find(|path| path.join("Cargo.lock").exists())
        .ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))
}

/// Where this machine's cargo keeps crates.
fn registry() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).unwrap_or_else(|| {
        Path::new(&std::env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cargo")
    });
    home.join("registry")
}
