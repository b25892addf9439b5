//! Builds test roots and keeps them.
//!
//! A root is built as `NAME.partial`, renamed to `NAME` when whole, and then stamped with its recipe in `NAME.stamp`.
//! So one that was interrupted, or whose recipe changed, is built again. Nothing ever writes to a finished root:
//! [`super::machine`] puts an overlay on top.

use super::recipe::{self, BASE, RECIPES, Recipe};
use super::{LabError, is_root, mirror};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The Debian suite of every root.
pub const SUITE: &str = "sid";

/// Environment variable that names the directory where roots are kept; the default is `target/roots`.
pub const CACHE_VARIABLE: &str = "USHER_ROOT_CACHE";

/// Files that every root gets: path, mode, content.
///
/// A mirror that is a snapshot has an old Release file; and packages must not start their services.
pub const FILES: &[(&str, u32, &str)] = &[
    ("etc/apt/apt.conf.d/90usher-tests", 0o644, "Acquire::Check-Valid-Until \"false\";\n"),
    ("usr/sbin/policy-rc.d", 0o755, "#!/bin/sh\nexit 101\n"),
];

/// Where roots are kept.
pub fn cache() -> PathBuf {
    std::env::var_os(CACHE_VARIABLE)
        .map_or_else(|| crate::binaries::workspace().join("target/roots"), PathBuf::from)
}

/// The directory of the root called `name`, built first when it is missing, broken or of another recipe.
///
/// Says on standard error what it does when that takes long. Processes that want the same root wait for each other.
///
/// # Errors
/// Not root, unknown name, or a step failed: the error names the step and ends with its last output.
pub fn ensure(name: &str) -> Result<PathBuf, LabError> {
    let recipe = recipe::find(name).ok_or_else(|| {
        let names: Vec<_> = RECIPES.iter().map(|recipe| recipe.name).collect();
        LabError::UnknownRoot(name.to_owned(), names.join(", "))
    })?;
    if !is_root() {
        return Err(LabError::NotRoot);
    }
    // One that failed is not tried again for every test of this process.
    static FAILURES: Mutex<BTreeMap<&str, String>> = Mutex::new(BTreeMap::new());
    let mut failures = FAILURES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = failures.get(recipe.name) {
        return Err(LabError::Earlier(failure.clone()));
    }
    let cache = cache();
    fs::create_dir_all(&cache).map_err(|error| LabError::Io(cache.clone(), error))?;
    ensure_recipe(&cache, recipe).inspect_err(|error| {
        failures.insert(recipe.name, error.to_string());
    })
}

fn ensure_recipe(cache: &Path, recipe: &Recipe) -> Result<PathBuf, LabError> {
    let directory = cache.join(recipe.name);
    let stamp = cache.join(format!("{}.stamp", recipe.name));
    let lock_path = cache.join(format!("{}.lock", recipe.name));
    let lock = fs::File::create(&lock_path).map_err(|error| LabError::Io(lock_path.clone(), error))?;
    lock.lock().map_err(|error| LabError::Io(lock_path, error))?;

    let stamped = fs::read_to_string(&stamp).is_ok_and(|text| text == recipe.stamp());
    let whole = recipe.expects.iter().all(|path| directory.join(path).symlink_metadata().is_ok());
    if stamped && whole {
        return Ok(directory);
    }
    build(cache, recipe, &directory)?;
    fs::write(&stamp, recipe.stamp()).map_err(|error| LabError::Io(stamp, error))?;
    Ok(directory)
}

fn build(cache: &Path, recipe: &Recipe, directory: &Path) -> Result<(), LabError> {
    let partial = cache.join(format!("{}.partial", recipe.name));
    let stamp = cache.join(format!("{}.stamp", recipe.name));
    for old in [&partial, directory] {
        remove(old)?;
    }
    match fs::remove_file(&stamp) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(LabError::Io(stamp, error)),
        _ => {}
    }
    if recipe.name == BASE.name {
        bootstrap(&partial)?;
    } else {
        let base = ensure_recipe(cache, &BASE)?;
        eprintln!("root {}: copying the base", recipe.name);
        run(
            "copying the base root",
            Command::new("cp").args(["-a", "--reflink=auto"]).arg(&base).arg(&partial),
        )?;
        install(recipe, &partial)?;
    }
    for path in recipe.expects {
        if partial.join(path).symlink_metadata().is_err() {
            return Err(LabError::Command {
                what: format!("building root {}", recipe.name),
                status: "not whole".into(),
                tail: format!("its packages installed, but /{path} is not there"),
            });
        }
    }
    fs::rename(&partial, directory).map_err(|error| LabError::Io(directory.to_owned(), error))
}

fn remove(directory: &Path) -> Result<(), LabError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LabError::Io(directory.to_owned(), error))
        }
        _ => Ok(()),
    }
}

fn bootstrap(partial: &Path) -> Result<(), LabError> {
    let mirror = mirror::find()?;
    if Command::new("debootstrap")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("root base: installing debootstrap");
        run("apt-get update", Command::new("apt-get").arg("update"))?;
        let mut command = Command::new("apt-get");
        command.args(["install", "-y", "--no-install-recommends", "debootstrap"]);
        run("apt-get install debootstrap", command.env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    eprintln!("root base: debootstrap of {SUITE} (half a minute)");
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", SUITE]).arg(partial).arg(mirror);
    run("debootstrap", &mut command)?;
    for (path, mode, content) in FILES {
        let path = partial.join(path);
        fs::write(&path, content).map_err(|error| LabError::Io(path.clone(), error))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode))
            .map_err(|error| LabError::Io(path, error))?;
    }
    Ok(())
}

fn install(recipe: &Recipe, partial: &Path) -> Result<(), LabError> {
    eprintln!("root {}: installing {}", recipe.name, recipe.packages.join(" "));
    // The host's resolver settings, for the time of the installation.
    let resolver = partial.join("etc/resolv.conf");
    let _ = fs::copy("/etc/resolv.conf", &resolver);
    run("apt-get update in the root", inside(partial).args(["apt-get", "update"]))?;
    let mut command = inside(partial);
    command.args(["apt-get", "install", "-y", "--no-install-recommends"]).args(recipe.packages);
    run("apt-get install in the root", &mut command)?;
    run("apt-get clean in the root", inside(partial).args(["apt-get", "clean"]))
}

/// A command in the unfinished root, with a /proc whose mount does not outlive it.
fn inside(partial: &Path) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"])
        .arg("root=$1; shift; mount -t proc proc \"$root/proc\"; exec chroot \"$root\" \"$@\"")
        .arg("sh")
        .arg(partial)
        .args(["env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
    command
}

/// Runs a step to its end. Its output is kept for the error, and shown as it comes when `USHER_VERBOSE` is set.
fn run(what: &str, command: &mut Command) -> Result<(), LabError> {
    let failed = |status: String, tail: String| LabError::Command { what: what.to_owned(), status, tail };
    let verbose = std::env::var_os("USHER_VERBOSE").is_some();
    let (reader, writer) = std::io::pipe().map_err(|error| failed(error.to_string(), String::new()))?;
    let errors = writer.try_clone().map_err(|error| failed(error.to_string(), String::new()))?;
    let mut child =
        command.stdin(Stdio::null()).stdout(writer).stderr(errors).spawn().map_err(|error| {
            failed(error.to_string(), command.get_program().to_string_lossy().into_owned())
        })?;
    // The command still holds the pipe's ends that the child got; without them the reader sees the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut tail = std::collections::VecDeque::new();
    for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        if verbose {
            eprintln!("  {line}");
        }
        if tail.len() == 15 {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    let status = child.wait().map_err(|error| failed(error.to_string(), String::new()))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(status.to_string(), Vec::from(tail).join("\n")))
}
