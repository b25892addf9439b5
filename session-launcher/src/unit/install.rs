//! `[Install]`: enable, disable, preset, and masks (systemd.unit(5), "[Install] Section Options"; systemctl(1)).

mod linked;
mod mask;
mod place;
mod preset;
mod revert;
mod state;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::conf_files::is_mask;
use super::load::Loader;
use super::name::UnitName;
use super::specifier::Specifiers;
use super::syntax;
use super::words::{self, Backslash};

pub use linked::{is_elsewhere, link_files};
pub use mask::{mask, unmask};
pub use place::{apply, link};
pub use preset::{Preset, Presets};
pub use revert::revert;
pub use state::{UnitFileState, state};

/// Whether that is a directive of `[Install]`.
pub fn is_directive(key: &str) -> bool {
    matches!(key, "Alias" | "WantedBy" | "RequiredBy" | "UpheldBy" | "Also" | "DefaultInstance")
}

/// The `[Install]` section of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installation {
    /// `Alias=`.
    pub aliases: Vec<String>,
    /// `WantedBy=`.
    pub wanted_by: Vec<String>,
    /// `RequiredBy=`.
    pub required_by: Vec<String>,
    /// `UpheldBy=`.
    pub upheld_by: Vec<String>,
    /// `Also=`.
    pub also: Vec<String>,
    /// `DefaultInstance=`.
    pub default_instance: Option<String>,
}

impl Installation {
    /// Reads the section of a unit's file and drop-ins. `None` when there is no file.
    pub fn of(loader: &Loader, name: &UnitName) -> Option<Self> {
        let found = loader.catalog().find(name);
        let file = found.file?;
        let names: Vec<&UnitName> = std::iter::once(&found.name).chain(&found.aliases).collect();
        let mut installation = Self::default();
        for path in std::iter::once(file).chain(super::drop_in::files(loader.catalog(), &names)) {
            let Ok(text) = fs::read(&path) else { continue };
            for assignment in syntax::parse(&text).assignments.iter().filter(|line| line.section == "Install")
            {
                installation.apply(loader, name, &assignment.key, &assignment.value);
            }
        }
        Some(installation)
    }

    fn apply(&mut self, loader: &Loader, name: &UnitName, key: &str, value: &str) {
        let list = match key {
            "Alias" => &mut self.aliases,
            "WantedBy" => &mut self.wanted_by,
            "RequiredBy" => &mut self.required_by,
            "UpheldBy" => &mut self.upheld_by,
            "Also" => &mut self.also,
            "DefaultInstance" => {
                self.default_instance = Some(value.to_owned()).filter(|value| !value.is_empty());
                return;
            }
            _ => return,
        };
        if value.is_empty() {
            list.clear();
            return;
        }
        let specifiers = Specifiers::new(loader.host(), name, None);
        let words = words::split(value, Backslash::Literal).unwrap_or_default();
        list.extend(words.iter().filter_map(|word| specifiers.expand(word).ok()));
    }

    /// Whether enabling makes any link.
    pub fn has_links(&self) -> bool {
        !(self.aliases.is_empty()
            && self.wanted_by.is_empty()
            && self.required_by.is_empty()
            && self.upheld_by.is_empty())
    }
}

/// One step of enabling, disabling or masking. Paths are those of the described system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Make a link.
    Link {
        /// The link.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
        /// A link to something else is there, and goes.
        replaces: bool,
    },
    /// Remove a link or file.
    Unlink(PathBuf),
    /// Remove a directory that is empty by then.
    RemoveDirectory(PathBuf),
}

/// What happens to an alias or a mask that is there already and leads elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays, and nothing is changed at all.
    Refuse,
    /// It is replaced. A file that is no link never is.
    Links,
}

/// Why a unit cannot be enabled, disabled or masked.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No file of that name.
    #[error("Unit {0} does not exist")]
    NotFound(UnitName),
    /// It is masked.
    #[error("Unit {} is masked", .0.display())]
    Masked(PathBuf),
    /// The name of a file is none of a unit.
    #[error("Invalid unit name {}", .0.display())]
    InvalidName(PathBuf),
    /// There is no file at that path.
    #[error("Unit {} does not exist", .0.display())]
    NoFile(PathBuf),
    /// The file that is to be linked is a link itself.
    #[error("Refusing to operate on linked unit file {}", .0.display())]
    IsLink(PathBuf),
    /// A directory is to be linked.
    #[error("File {}: Is a directory", .0.display())]
    IsDirectory(PathBuf),
    /// What is to be linked is no file, or not named by its whole path.
    #[error("File {}: Invalid argument", .0.display())]
    NotLinkable(PathBuf),
    /// A template without an instance.
    #[error("{0} is a template without DefaultInstance=: name an instance")]
    NoInstance(UnitName),
    /// A link cannot be made or removed.
    #[error("{}: {error}", path.display())]
    Io {
        /// The link.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// The place of a link is taken by a file.
    #[error("File '{}' already exists", .0.display())]
    Exists(PathBuf),
    /// The place of a link is taken by another link.
    #[error("File '{}' already exists and is a symlink to {}", path.display(), target.display())]
    PointsElsewhere {
        /// The link.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// A link in the tree of an image leads out of it.
    #[error("{} leads out of {}", path.display(), root.display())]
    OutsideOfRoot {
        /// The directory that a link was to be made or removed in.
        path: PathBuf,
        /// The root of the image.
        root: PathBuf,
    },
}

/// What enabling units changes in `directory`, with the units of their `Also=`.
///
/// # Errors
/// A unit is not there or is masked, a template has no instance, or the place of a link is taken.
pub fn enable(
    loader: &Loader,
    names: &[UnitName],
    directory: &Path,
    overwrite: Overwrite,
) -> Result<Vec<Change>, InstallError> {
    let (changes, errors) = enable_each(loader, names, directory, overwrite);
    errors.into_iter().next().map_or(Ok(changes), Err)
}

/// The same, with what is wrong of some units beside what the others change.
fn enable_each(
    loader: &Loader,
    names: &[UnitName],
    directory: &Path,
    overwrite: Overwrite,
) -> (Vec<Change>, Vec<InstallError>) {
    let mut wanted: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    let (mut changes, mut errors) = (Vec::new(), Vec::new());
    for name in with_also(loader, names) {
        let links = match links(loader, &name, directory) {
            Ok(links) => links,
            // What is only mentioned in Also= may be missing.
            Err(_) if !names.contains(&name) => continue,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        for (path, target) in links {
            let path_here = loader.path().locate(&path);
            match wanted.get(&path) {
                None => {}
                Some(known) if *known == target => continue,
                // Two units of one call want the same alias.
                Some(known) => {
                    errors.push(InstallError::PointsElsewhere { path: path_here, target: known.clone() });
                    continue;
                }
            }
            // A dependency on the unit is its own: only an alias can belong to another.
            let overwrite = if path.parent() == Some(directory) { overwrite } else { Overwrite::Links };
            match place::link(loader, &path, &target, overwrite) {
                Ok(change) => changes.extend(change),
                Err(error) => errors.push(error),
            }
            wanted.insert(path, target);
        }
    }
    (changes, errors)
}

/// What disabling units changes in `directory`: all links to them there go, those of their `Also=` too.
pub fn disable(loader: &Loader, names: &[UnitName], directory: &Path) -> Vec<Change> {
    let names = with_also(loader, names);
    let mut changes = Vec::new();
    let mut look_into = vec![directory.to_owned()];
    while let Some(current) = look_into.pop() {
        let Ok(entries) = fs::read_dir(loader.path().locate(&current)) else { continue };
        for entry in entries.flatten() {
            let path = current.join(entry.file_name());
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir()
                && path.extension().is_some_and(|end| end == "wants" || end == "requires" || end == "upholds")
            {
                look_into.push(path);
            } else if kind.is_symlink()
                && !is_mask(&entry.path())
                && links_to(&entry.path(), &names, current != directory)
            {
                changes.push(Change::Unlink(path));
            }
        }
    }
    changes.sort_by(|a, b| format!("{a:?}").cmp(&format!("{b:?}")));
    changes
}

/// What the presets change in `directory`: units that they enable are enabled, those that they disable are disabled.
/// Units without `[Install]` are left alone, as are those whose name is an alias.
///
/// All that goes comes first: what one unit's preset disables may come back with `Also=` of another.
///
/// Units that cannot be enabled do not keep the others from it: what is wrong with them comes with the changes.
pub fn preset(
    loader: &Loader,
    presets: &Presets,
    names: &[UnitName],
    directory: &Path,
) -> (Vec<Change>, Vec<InstallError>) {
    let (mut to_disable, mut to_enable) = (Vec::new(), Vec::new());
    for name in names {
        let has_links = Installation::of(loader, name).is_some_and(|installation| installation.has_links());
        if !has_links || loader.catalog().find(name).name != *name {
            continue;
        }
        match presets.of(name) {
            Preset::Ignore => {}
            Preset::Disable => to_disable.push(name.clone()),
            Preset::Enable(instances) if name.is_template() && !instances.is_empty() => {
                to_enable.extend(instances.iter().filter_map(|instance| name.instantiate(instance)));
            }
            // A template without instances in the preset needs its own default one.
            Preset::Enable(_)
                if name.is_template()
                    && matches!(links(loader, name, directory), Err(InstallError::NoInstance(_))) => {}
            Preset::Enable(_) => to_enable.push(name.clone()),
        }
    }
    let mut changes = disable(loader, &to_disable, directory);
    let (enabled, errors) = enable_each(loader, &to_enable, directory, Overwrite::Refuse);
    // A link that goes and would be made again just stays.
    let wanted = all_links(loader, &to_enable, directory);
    changes.retain(|change| !matches!(change, Change::Unlink(path) if wanted.contains(path)));
    changes.extend(enabled);
    (changes, errors)
}

/// The places of all links that enabling units would make.
fn all_links(loader: &Loader, names: &[UnitName], directory: &Path) -> BTreeSet<PathBuf> {
    let names = with_also(loader, names);
    names
        .iter()
        .filter_map(|name| links(loader, name, directory).ok())
        .flatten()
        .map(|(path, _)| path)
        .collect()
}

fn with_also(loader: &Loader, names: &[UnitName]) -> Vec<UnitName> {
    let mut seen = BTreeSet::new();
    let mut result = Vec::new();
    let mut queue: VecDeque<UnitName> = names.iter().cloned().collect();
    while let Some(name) = queue.pop_front() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(installation) = Installation::of(loader, &name) {
            queue.extend(installation.also.iter().filter_map(|also| UnitName::new(also.as_str()).ok()));
        }
        result.push(name);
    }
    result
}

/// The links that enabling one unit makes: the link and its target.
fn links(
    loader: &Loader,
    name: &UnitName,
    directory: &Path,
) -> Result<Vec<(PathBuf, PathBuf)>, InstallError> {
    let file = loader.catalog().find(name).file.ok_or_else(|| InstallError::NotFound(name.clone()))?;
    if is_mask(&file) {
        return Err(InstallError::Masked(file));
    }
    let target = loader.path().describe(&file).into_owned();
    let installation = Installation::of(loader, name).unwrap_or_default();
    let mut links = Vec::new();
    for alias in installation.aliases.iter().filter_map(|alias| alias_name(name, alias, &installation)) {
        links.push((directory.join(alias.as_str()), target.clone()));
    }
    for (list, suffix) in [
        (&installation.wanted_by, "wants"),
        (&installation.required_by, "requires"),
        (&installation.upheld_by, "upholds"),
    ] {
        for other in list.iter().filter_map(|other| UnitName::new(other.as_str()).ok()) {
            let own = if name.is_template() && !other.is_template() {
                let instance = installation.default_instance.as_deref();
                instance
                    .and_then(|instance| name.instantiate(instance))
                    .ok_or_else(|| InstallError::NoInstance(name.clone()))?
            } else {
                name.clone()
            };
            links.push((directory.join(format!("{other}.{suffix}")).join(own.as_str()), target.clone()));
        }
    }
    Ok(links)
}

/// An alias of an instance is that instance of the alias.
fn alias_name(name: &UnitName, alias: &str, installation: &Installation) -> Option<UnitName> {
    let alias = UnitName::new(alias).ok()?;
    match (name.instance(), alias.is_template()) {
        (Some(instance), true) => alias.instantiate(instance),
        (None, true) if name.is_template() => match &installation.default_instance {
            Some(instance) => alias.instantiate(instance),
            None => Some(alias),
        },
        _ => Some(alias),
    }
    .filter(|alias| alias != name)
}

/// Whether a link stands for one of the names: it has the name itself, or points to it.
fn links_to(link: &Path, names: &[UnitName], by_own_name: bool) -> bool {
    let own = link.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let target = fs::read_link(link).ok();
    let target =
        target.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    names.iter().any(|name| {
        let template = name.template();
        let same = by_own_name && own == name.as_str();
        // All instances of a template that is disabled go.
        let instance = name.is_template()
            && UnitName::new(own).ok().and_then(|own| own.template()).as_ref() == Some(name);
        let pointed = target == name.as_str() && (template.is_none() || own == name.as_str());
        same || instance || pointed
    })
}

#[cfg(test)]
mod tests;
