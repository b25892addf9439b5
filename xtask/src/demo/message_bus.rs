//! A session bus for the demo: dbus-daemon of this machine or, where there is none, of Debian's packages, which are unpacked
//! among the demo's files without being installed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::session::first_line;

/// What dbus-daemon needs beyond Debian's minimal system.
const PACKAGES: [&str; 9] = [
    "dbus-daemon",
    "libdbus-1-3",
    "libexpat1",
    "libapparmor1",
    "libaudit1",
    "libcap-ng0",
    "libcap2",
    "libselinux1",
    "libsystemd0",
];

/// A running bus. It ends with this value.
pub struct MessageBus {
    daemon: Child,
    address: String,
}

impl Drop for MessageBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl MessageBus {
    /// Starts a bus for the user that `adjust` makes a command run as, with its files below `root`.
    ///
    /// # Errors
    /// What went wrong, for a person.
    pub fn start(root: &Path, adjust: impl Fn(&mut Command)) -> Result<Self, String> {
        let config = root.join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}/run/bus</listen>\
             <servicedir>{}/services</servicedir>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
             <allow own=\"*\"/></policy></busconfig>\n",
            root.display(),
            root.display()
        );
        std::fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
        let (program, libraries) = find(root)?;
        let mut command = Command::new(&program);
        command
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .current_dir("/");
        if let Some(libraries) = libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        adjust(&mut command);
        let mut daemon = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let address = first_line(&mut daemon).ok_or("dbus-daemon does not come up")?;
        Ok(Self { daemon, address })
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// dbus-daemon, and where its libraries are if not in their usual place.
fn find(root: &Path) -> Result<(PathBuf, Option<PathBuf>), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path)
        .map(|directory| directory.join("dbus-daemon"))
        .find(|path| path.is_file())
    {
        return Ok((found, None));
    }
    println!("(there is no dbus-daemon here: Debian's package is unpacked for the demo)");
    let unpacked = root.join("dbus");
    unpack(&unpacked)?;
    let program = unpacked.join("usr/bin/dbus-daemon");
    let libraries = unpacked.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
    Ok((program, Some(libraries)))
}

fn unpack(directory: &Path) -> Result<(), String> {
    let script = r#"
        mkdir -p "$0" && cd "$0"
        apt-get -q download "$@" || { apt-get -q update && apt-get -q download "$@"; }
        for package in *.deb; do dpkg-deb -x "$package" .; rm "$package"; done
        chmod -R a+rX ."#;
    let output = Command::new("sh")
        .args(["-ec", script])
        .arg(directory)
        .args(PACKAGES)
        .output()
        .map_err(|error| format!("sh: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "the session needs a message bus: install dbus-daemon. Fetching it failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}
