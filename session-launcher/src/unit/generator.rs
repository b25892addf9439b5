//! Units that are made from files of other formats, below `generator.late`, so that any unit file replaces them.

pub mod dbus_service;
pub mod desktop_entry;
pub mod xdg_autostart;

use std::fs;
use std::io;
use std::path::Path;

use super::name::UnitName;

/// A generated unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Its name.
    pub name: UnitName,
    /// The text of its file.
    pub text: String,
    /// Units that want it.
    pub wanted_by: Vec<UnitName>,
}

/// Writes units and their `.wants/` links into a directory.
///
/// # Errors
/// A file or link cannot be made.
pub fn write(units: &[Generated], directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for unit in units {
        fs::write(directory.join(unit.name.as_str()), &unit.text)?;
        for target in &unit.wanted_by {
            let wants = directory.join(format!("{target}.wants"));
            fs::create_dir_all(&wants)?;
            let link = wants.join(unit.name.as_str());
            match std::os::unix::fs::symlink(Path::new("..").join(unit.name.as_str()), &link) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => result?,
            }
        }
    }
    Ok(())
}

/// Writes a word so that a command line of a unit gives it back.
fn quote_argument(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=./:,@".contains(c);
    let escaped = word.replace('%', "%%");
    if !word.is_empty() && word.chars().all(|c| plain(c) || c == '%') {
        return escaped;
    }
    let mut quoted = String::from("\"");
    for character in escaped.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// A program by its path, or by its name in the usual directories below `root`; its path in the described system.
fn find_program(program: &str, root: Option<&Path>) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let executable = |path: &str| {
        let place = super::conf_files::in_root(root, Path::new(path));
        fs::metadata(place).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if program.starts_with('/') {
        return executable(program).then(|| program.to_owned());
    }
    if program.is_empty() || program.contains('/') {
        return None;
    }
    let directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    directories.iter().map(|directory| format!("{directory}/{program}")).find(|path| executable(path))
}
