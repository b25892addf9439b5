//! Builds the C programs of tests/c.

use crate::binaries::workspace;
use crate::lab::machine::Machine;
use crate::musl;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// For gcc and musl-gcc.
const FLAGS: &[&str] = &["-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-static-libgcc"];

/// Only one thread builds at a time; two test processes write files of the same content under names of their own.
static BUILDING: Mutex<()> = Mutex::new(());

/// The program tests/c/NAME.c, built for this machine's glibc.
///
/// # Panics
/// When it does not build.
pub fn for_glibc(name: &str) -> PathBuf {
    let _lock = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (source, built) = paths(name, "glibc");
    if !is_fresh(&source, &built) {
        let partial = partial(&built);
        let output = Command::new("gcc").args(FLAGS).arg("-o").arg(&partial).arg(&source).output();
        let output = output.unwrap_or_else(|error| panic!("gcc: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::rename(&partial, &built).expect("the program can be renamed");
    }
    built
}

/// The program tests/c/NAME.c, built by musl-gcc, static. None if the test is skipped for want of a root with musl-gcc.
///
/// # Panics
/// When it does not build.
pub fn for_musl(name: &str) -> Option<PathBuf> {
    let _lock = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (source, built) = paths(name, "musl");
    if !is_fresh(&source, &built) {
        let partial = partial(&built);
        let inside = |path: &Path| Path::new("/c").join(path.file_name().expect("a file has a name"));
        let machine = Machine::builder(musl::ROOT)
            .bind_read_only(source.parent().expect("a file has a parent"), "/src")
            .bind(built.parent().expect("a file has a parent"), "/c")
            .start_or_skip()?;
        let command = machine.command("musl-gcc").args(FLAGS).arg("-static").arg("-o").arg(inside(&partial));
        command.arg(format!("/src/{name}.c")).run();
        std::fs::rename(&partial, &built).expect("the program can be renamed");
    }
    Some(built)
}

fn paths(name: &str, library: &str) -> (PathBuf, PathBuf) {
    let source = workspace().join("tests/c").join(format!("{name}.c"));
    let directory = workspace().join("target/c").join(library);
    std::fs::create_dir_all(&directory).expect("a directory for programs can be made");
    (source, directory.join(name))
}

fn partial(built: &Path) -> PathBuf {
    built.with_extension(format!("{}.partial", std::process::id()))
}

fn is_fresh(source: &Path, built: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    match (changed(source), changed(built)) {
        (Ok(source), Ok(built)) => source < built,
        _ => false,
    }
}
