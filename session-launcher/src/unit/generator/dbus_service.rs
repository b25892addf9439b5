//! D-Bus service files: which unit a bus name stands for (D-Bus specification, "Message Bus Starting Services").

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Generated, find_program, quote_argument};
use crate::unit::catalog::Catalog;
use crate::unit::conf_files::in_root;
use crate::unit::directive::service::is_bus_name;
use crate::unit::name::UnitName;
use crate::unit::specifier::Host;
use crate::unit::words;

/// One service file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbusService {
    /// The file, in the described system.
    pub path: PathBuf,
    /// `Name=`.
    pub name: String,
    /// `SystemdService=`: the unit that owns the name once started.
    pub unit: Option<UnitName>,
    /// `Exec=`, split.
    pub command: Vec<String>,
}

/// The directories of the session bus's service files, the most important first.
pub fn directories(host: &Host, environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    directories.extend(host.runtime_dir.as_ref().map(|dir| dir.join("dbus-1/services")));
    directories.push(host.data_home.join("dbus-1/services"));
    let list = environment.get("XDG_DATA_DIRS").map(String::as_str).filter(|list| !list.is_empty());
    let list = list.unwrap_or("/usr/local/share:/usr/share");
    directories.extend(
        list.split(':').filter(|dir| dir.starts_with('/')).map(|dir| Path::new(dir).join("dbus-1/services")),
    );
    directories
}

/// Reads all service files, by bus name; of equal names the first counts.
pub fn load(directories: &[PathBuf], root: Option<&Path>) -> BTreeMap<String, DbusService> {
    let mut services = BTreeMap::new();
    for directory in directories {
        let mut files: Vec<PathBuf> = fs::read_dir(in_root(root, directory))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "service")) {
            let Ok(text) = fs::read(file) else { continue };
            let described = directory.join(file.file_name().unwrap_or_default());
            if let Some(service) = parse(&String::from_utf8_lossy(&text), &described) {
                services.entry(service.name.clone()).or_insert(service);
            }
        }
    }
    services
}

fn parse(text: &str, path: &Path) -> Option<DbusService> {
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    let mut inside = false;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            inside = line == "[D-BUS Service]";
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
            keys.insert(key.trim(), value.trim());
        }
    }
    let name = keys.get("Name").filter(|name| is_bus_name(name))?;
    Some(DbusService {
        path: path.to_owned(),
        name: (*name).to_owned(),
        unit: keys.get("SystemdService").and_then(|unit| UnitName::new(*unit).ok()),
        command: keys.get("Exec").and_then(|exec| words::split_shell(exec).ok()).unwrap_or_default(),
    })
}

/// Makes units for services whose `SystemdService=` is no unit file of the catalog, so that activation by the manager
/// works for them too.
pub fn generate(
    services: &BTreeMap<String, DbusService>,
    catalog: &Catalog,
    root: Option<&Path>,
) -> Vec<Generated> {
    let mut units: BTreeMap<UnitName, Generated> = BTreeMap::new();
    for service in services.values() {
        let Some(name) = service.unit.as_ref().filter(|name| catalog.find(name).file.is_none()) else {
            continue;
        };
        let Some((program, arguments)) = service.command.split_first() else { continue };
        let Some(program) = find_program(program, root) else { continue };
        let words: Vec<String> = std::iter::once(program.as_str())
            .chain(arguments.iter().map(String::as_str))
            .map(quote_argument)
            .collect();
        let path = service.path.display().to_string().replace('%', "%%");
        let mut text = format!("# Made from {}\n[Unit]\n", service.path.display());
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "SourcePath={path}\nDescription=D-Bus service {}\nCollectMode=inactive-or-failed\n\n[Service]\nType=dbus\nBusName={}\nExecStart=:{}\n",
            service.name,
            service.name,
            words.join(" ")
        );
        units.entry(name.clone()).or_insert(Generated { name: name.clone(), text, wanted_by: Vec::new() });
    }
    units.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::search_path::SearchPath;

    #[test]
    fn names_units_and_what_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let services = dir.path().join("services");
        let units = dir.path().join("units");
        fs::create_dir_all(&services).unwrap();
        fs::create_dir_all(&units).unwrap();
        fs::write(units.join("there.service"), "[Service]\nExecStart=/bin/sh\n").unwrap();
        for (file, text) in [
            ("a.service", "Name=org.a\nExec=/bin/sh -c \"x y\"\nSystemdService=there.service"),
            ("b.service", "Name=org.b\nExec=/bin/sh -c \"x y\" 5%\nSystemdService=gone.service"),
            ("c.service", "Name=org.c\nExec=/bin/sh"),
            ("d.service", "Name=no dots\nExec=/bin/sh"),
            ("e.txt", "Name=org.e\nExec=/bin/sh"),
        ] {
            fs::write(services.join(file), format!("[D-BUS Service]\n{text}\n")).unwrap();
        }
        let found = load(&[services], None);
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["org.a", "org.b", "org.c"]);
        assert_eq!(found["org.a"].unit.as_ref().unwrap().as_str(), "there.service");
        let generated = generate(&found, &Catalog::read(&SearchPath::of_directories([units])), None);
        assert_eq!(generated.len(), 1);
        assert_eq!(generated[0].name.as_str(), "gone.service");
        assert!(
            generated[0].text.contains("BusName=org.b\nExecStart=:/bin/sh -c \"x y\" 5%%\n"),
            "{}",
            generated[0].text
        );
    }
}
