//! `cargo xtask install`: puts what a package of a distribution holds below a directory.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use usher_tests::binaries::workspace;

/// Where the repository's service files expect the daemon.
const LIBEXECDIR: &str = "/usr/libexec";

/// Which half of Usher.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Part {
    /// userdbd, userdbctl and the pools
    Userdb,
    /// session-launcher under all its names, its units, and its D-Bus activation
    Session,
    /// The module for glibc's name service switch
    Nss,
}

/// Whose service files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Manager {
    Dinit,
    Openrc,
    Shepherd,
}

impl Manager {
    /// The repository's directory, where it goes, and the files' mode.
    const fn system_services(self) -> (&'static str, &'static str, u32) {
        match self {
            Self::Dinit => ("dinit", "/usr/lib/dinit.d", 0o644),
            Self::Openrc => ("openrc", "/etc/init.d", 0o755),
            // The Shepherd has no directory of services; its configuration loads files by their names.
            Self::Shepherd => ("shepherd", "/usr/share/usher/shepherd", 0o644),
        }
    }

    /// Where services of users go.
    const fn user_services(self) -> &'static str {
        match self {
            Self::Dinit => "/usr/lib/dinit.d/user",
            Self::Openrc => "/etc/user/init.d",
            Self::Shepherd => "/usr/share/usher/shepherd/user",
        }
    }
}

#[derive(clap::Args)]
pub struct Arguments {
    /// The directory that stands for / (a package's staging directory)
    #[arg(long, value_name = "DIR")]
    destdir: PathBuf,
    /// What to install, instead of the two halves
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["userdb", "session"])]
    parts: Vec<Part>,
    /// Service files of this manager too
    #[arg(long, value_enum, value_name = "MANAGER")]
    service: Option<Manager>,
    /// The session bus as a user service of that manager; most distributions have one of their own
    #[arg(long, requires = "service")]
    session_bus: bool,
    /// Where the daemon and GNOME's helpers go
    #[arg(long, value_name = "DIR", default_value = LIBEXECDIR)]
    libexecdir: PathBuf,
    /// Where the C library is, for its module
    #[arg(long, value_name = "DIR", default_value = "/usr/lib")]
    libdir: PathBuf,
    /// Take the programs from there instead of building them
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// One thing to be put somewhere.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    /// A copy, with this mode.
    File { from: PathBuf, to: PathBuf, mode: u32 },
    /// A service file, in which the daemon's directory is put right.
    Service { from: PathBuf, to: PathBuf, mode: u32, libexecdir: PathBuf },
    /// A symbolic link.
    Link { target: PathBuf, to: PathBuf },
}

/// Builds if need be, copies, and names every file.
pub fn run(arguments: &Arguments) -> ExitCode {
    match install(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn install(arguments: &Arguments) -> io::Result<()> {
    let binaries = match &arguments.binaries {
        Some(directory) => directory.clone(),
        None => build(&arguments.parts)?,
    };
    for entry in entries(arguments, &binaries, &workspace())? {
        put(&entry, &arguments.destdir)?;
    }
    Ok(())
}

/// Builds for release, and gives the directory of the programs.
fn build(parts: &[Part]) -> io::Result<PathBuf> {
    let packages = parts.iter().flat_map(|part| match part {
        Part::Userdb => ["userdbd", "userdbctl"].as_slice(),
        Part::Session => &["session-launcher"],
        Part::Nss => &["nss-userdb"],
    });
    let mut command = Command::new(super::cargo());
    command.current_dir(workspace()).args(["build", "--release", "--locked"]);
    command.args(packages.flat_map(|package| ["--package", package]));
    if !command.status()?.success() {
        return Err(io::Error::other("the build failed"));
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    Ok(target.join("release"))
}

/// All that belongs to the parts.
fn entries(arguments: &Arguments, binaries: &Path, source: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let libexec = &arguments.libexecdir;
    for part in &arguments.parts {
        match part {
            Part::Userdb => {
                entries.push(program(binaries, "userdbd", libexec));
                entries.push(program(binaries, "userdbctl", Path::new("/usr/bin")));
                let pools = source.join("userdbd/pools.d");
                copies(&pools, Path::new("/usr/lib/usher/pools.d"), &mut entries)?;
            }
            Part::Session => {
                entries.push(program(binaries, "session-launcher", Path::new("/usr/bin")));
                for (directory, name) in [
                    (Path::new("/usr/bin"), "systemctl"),
                    (libexec, "gnome-session-init-worker"),
                    (libexec, "gnome-session-ctl"),
                ] {
                    let target = PathBuf::from("/usr/bin/session-launcher");
                    entries.push(Entry::Link { target, to: directory.join(name) });
                }
                user_units(&source.join("units"), Path::new("/usr/lib/systemd/user"), &mut entries)?;
                let services = Path::new("/usr/share/dbus-1/services");
                copies(&source.join("dbus"), services, &mut entries)?;
            }
            Part::Nss => entries.push(Entry::File {
                from: binaries.join("libnss_userdb.so"),
                to: arguments.libdir.join("libnss_userdb.so.2"),
                mode: 0o755,
            }),
        }
    }
    manual_pages(&source.join("docs/man"), &arguments.parts, &mut entries)?;
    if let Some(manager) = arguments.service {
        let (own, to, mode) = manager.system_services();
        if arguments.parts.contains(&Part::Userdb) {
            services(&source.join(own), Path::new(to), mode, libexec, &mut entries)?;
        }
        if arguments.session_bus {
            let to = manager.user_services();
            services(&source.join(own).join("user"), Path::new(to), mode, libexec, &mut entries)?;
        }
    }
    Ok(entries)
}

fn program(binaries: &Path, name: &str, directory: &Path) -> Entry {
    Entry::File { from: binaries.join(name), to: directory.join(name), mode: 0o755 }
}

/// The files of a directory, in the order of their names.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let failed = |error| io::Error::new(io::Error::kind(&error), format!("{}: {error}", directory.display()));
    let mut files: Vec<PathBuf> =
        fs::read_dir(directory).map_err(failed)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

fn copies(directory: &Path, to: &Path, entries: &mut Vec<Entry>) -> io::Result<()> {
    for from in files(directory)? {
        let to = to.join(from.file_name().unwrap_or_default());
        entries.push(Entry::File { from, to, mode: 0o644 });
    }
    Ok(())
}

/// Units and their drop-ins; those in `system` and `user` are for `session-launcher translate`.
fn user_units(directory: &Path, to: &Path, entries: &mut Vec<Entry>) -> io::Result<()> {
    for from in files(directory)? {
        let name = from.file_name().unwrap_or_default().to_owned();
        if from.is_dir() {
            if name != "system" && name != "user" {
                copies(&from, &to.join(name), entries)?;
            }
        } else if from.extension().is_none_or(|extension| extension != "md") {
            entries.push(Entry::File { to: to.join(name), from, mode: 0o644 });
        }
    }
    Ok(())
}

/// The manual pages of the parts, by the names of the programs that they are about.
fn manual_pages(directory: &Path, parts: &[Part], entries: &mut Vec<Entry>) -> io::Result<()> {
    for from in files(directory)? {
        let Some(name) = from.file_name().and_then(|name| name.to_str()) else { continue };
        let part = if name.starts_with("userdb") || name.starts_with("usher-pools") {
            Part::Userdb
        } else {
            Part::Session
        };
        let section = name.rsplit_once('.').map_or("1", |(_, section)| section);
        if parts.contains(&part) {
            let to = Path::new("/usr/share/man").join(format!("man{section}")).join(name);
            entries.push(Entry::File { from, to, mode: 0o644 });
        }
    }
    Ok(())
}

fn services(
    directory: &Path,
    to: &Path,
    mode: u32,
    libexecdir: &Path,
    entries: &mut Vec<Entry>,
) -> io::Result<()> {
    for from in files(directory)?.into_iter().filter(|path| path.is_file()) {
        let to = to.join(from.file_name().unwrap_or_default());
        entries.push(Entry::Service { from, to, mode, libexecdir: libexecdir.to_owned() });
    }
    Ok(())
}

fn put(entry: &Entry, destdir: &Path) -> io::Result<()> {
    let (Entry::File { to, .. } | Entry::Service { to, .. } | Entry::Link { to, .. }) = entry;
    let place = destdir.join(to.strip_prefix("/").unwrap_or(to));
    let failed = |error| io::Error::new(io::Error::kind(&error), format!("{}: {error}", place.display()));
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    // A program that runs cannot be written into, but can be replaced.
    match fs::remove_file(&place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    match entry {
        Entry::File { from, mode, .. } | Entry::Service { from, mode, .. } => {
            let unread =
                |error| io::Error::new(io::Error::kind(&error), format!("{}: {error}", from.display()));
            if let Entry::Service { libexecdir, .. } = entry {
                let text = fs::read_to_string(from).map_err(unread)?;
                let libexecdir = libexecdir.display().to_string();
                fs::write(&place, text.replace(LIBEXECDIR, &libexecdir)).map_err(failed)?;
            } else {
                fs::copy(from, &place).map_err(unread)?;
            }
            fs::set_permissions(&place, fs::Permissions::from_mode(*mode)).map_err(failed)?;
            println!("{}", to.display());
        }
        Entry::Link { target, .. } => {
            std::os::unix::fs::symlink(target, &place).map_err(failed)?;
            println!("{} -> {}", to.display(), target.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn staged(parts: Vec<Part>, service: Option<Manager>) -> (tempfile::TempDir, BTreeSet<PathBuf>) {
        let directory = tempfile::tempdir().unwrap();
        let binaries = directory.path().join("built");
        fs::create_dir(&binaries).unwrap();
        for name in ["userdbd", "userdbctl", "session-launcher", "libnss_userdb.so"] {
            fs::write(binaries.join(name), name).unwrap();
        }
        let destdir = directory.path().join("root");
        let arguments = Arguments {
            destdir: destdir.clone(),
            parts,
            service,
            session_bus: service.is_some(),
            libexecdir: "/usr/lib/usher".into(),
            libdir: "/lib".into(),
            binaries: Some(binaries),
        };
        install(&arguments).unwrap();
        // Once more over itself, as an upgrade does.
        install(&arguments).unwrap();
        let mut found = BTreeSet::new();
        let mut directories = vec![destdir.clone()];
        while let Some(directory) = directories.pop() {
            for path in files(&directory).unwrap() {
                if path.is_dir() {
                    directories.push(path);
                } else {
                    found.insert(Path::new("/").join(path.strip_prefix(&destdir).unwrap()));
                }
            }
        }
        (directory, found)
    }

    #[test]
    fn everything_lands_where_the_guide_says() {
        let (directory, found) = staged(vec![Part::Userdb, Part::Session, Part::Nss], Some(Manager::Openrc));
        for path in [
            "/usr/lib/usher/userdbd",
            "/usr/bin/userdbctl",
            "/usr/bin/session-launcher",
            "/usr/bin/systemctl",
            "/usr/lib/usher/gnome-session-init-worker",
            "/usr/lib/usher/gnome-session-ctl",
            "/lib/libnss_userdb.so.2",
            "/usr/lib/usher/pools.d/gdm-greeter.toml",
            "/usr/lib/systemd/user/graphical-session.target",
            "/usr/lib/systemd/user/pipewire.service.d/not-for-greeters.conf",
            "/usr/share/dbus-1/services/org.freedesktop.systemd1.service",
            "/usr/share/man/man8/userdbd.8",
            "/usr/share/man/man5/userdbd.toml.5",
            "/etc/init.d/userdbd",
            "/etc/user/init.d/dbus",
        ] {
            assert!(found.contains(Path::new(path)), "{path}: {found:#?}");
        }
        let service = fs::read_to_string(directory.path().join("root/etc/init.d/userdbd")).unwrap();
        assert!(service.contains(" /usr/lib/usher/userdbd") && !service.contains("libexec"), "{service}");
        assert!(!found.iter().any(|path| path.ends_with("README.md")), "{found:#?}");
        for name in ["userdbd.service", "system/userdbd.service", "user/dbus.service"] {
            assert!(!found.contains(&Path::new("/usr/lib/systemd/user").join(name)), "{found:#?}");
        }
        let mode = |path: &str| {
            fs::metadata(directory.path().join("root").join(path)).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode("usr/bin/userdbctl"), 0o755);
        assert_eq!(mode("etc/init.d/userdbd"), 0o755);
        assert_eq!(mode("usr/share/man/man8/userdbd.8"), 0o644);
        // Every page that there is belongs to a part.
        let pages = files(&workspace().join("docs/man")).unwrap().len();
        assert_eq!(found.iter().filter(|path| path.starts_with("/usr/share/man")).count(), pages);
    }

    #[test]
    fn a_half_brings_nothing_of_the_other() {
        let (_directory, found) = staged(vec![Part::Session], Some(Manager::Dinit));
        assert!(found.contains(Path::new("/usr/share/man/man1/session-launcher.1")), "{found:#?}");
        assert!(!found.iter().any(|path| path.to_string_lossy().contains("userdb")), "{found:#?}");
    }
}
