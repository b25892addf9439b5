//! Which unit names there are, and which file each one means: links, aliases, templates, masks
//! (systemd.unit(5), "Description").

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::conf_files::is_mask;
use super::diagnostic::{Diagnostic, Severity};
use super::name::{UnitKind, UnitName};
use super::search_path::SearchPath;

/// Links from name to name are followed that often.
const MAX_LINKS: usize = 8;

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// This file, on this machine.
    File(PathBuf),
    /// Another name.
    Alias(UnitName),
}

/// A name, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The primary name.
    pub name: UnitName,
    /// Other names of the same unit.
    pub aliases: Vec<UnitName>,
    /// The main file on this machine, if there is one. It may be a mask.
    pub file: Option<PathBuf>,
}

/// The directories of a search path, read once.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    entries: BTreeMap<UnitName, Entry>,
    /// By primary name, the names that lead to it.
    aliases: BTreeMap<UnitName, BTreeSet<UnitName>>,
    /// `foo.service.d`, `foo.target.wants`...: by name, the directories in the order of the search path.
    side_directories: BTreeMap<String, Vec<PathBuf>>,
    /// The directories of the search path on this machine.
    directories: Vec<PathBuf>,
    findings: Vec<Diagnostic>,
}

impl Catalog {
    /// Reads the directories. Those that are not there are passed over.
    pub fn read(path: &SearchPath) -> Self {
        let mut catalog = Self::default();
        let links = LinkResolver::new(path);
        for directory in path.directories() {
            let place = path.locate(directory);
            catalog.read_directory(&place, &links);
            catalog.directories.push(place);
        }
        catalog.index_aliases();
        catalog
    }

    fn read_directory(&mut self, directory: &Path, links: &LinkResolver) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            let file_name = entry.file_name();
            let Some(file_name) = file_name.to_str() else { continue };
            let path = entry.path();
            if is_side_directory(file_name) {
                self.side_directories.entry(file_name.to_owned()).or_default().push(path);
                continue;
            }
            let Ok(name) = UnitName::new(file_name) else { continue };
            if self.entries.contains_key(&name) {
                continue;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                continue;
            }
            let meaning =
                if kind.is_symlink() { links.resolve(&name, &path) } else { Ok(Entry::File(path.clone())) };
            match meaning {
                Ok(meaning) => {
                    self.entries.insert(name, meaning);
                }
                Err(message) => {
                    self.findings.push(Diagnostic::general(Severity::Warning, Some(&path), message));
                }
            }
        }
    }

    fn index_aliases(&mut self) {
        let mut aliases: BTreeMap<UnitName, BTreeSet<UnitName>> = BTreeMap::new();
        for (name, entry) in &self.entries {
            if matches!(entry, Entry::Alias(_)) {
                let (target, _) = self.follow(name);
                if target != *name {
                    aliases.entry(target).or_default().insert(name.clone());
                }
            }
        }
        self.aliases = aliases;
    }

    /// Links that could not be used.
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// All names with a file or link of their own; templates too.
    pub fn names(&self) -> impl Iterator<Item = &UnitName> {
        self.entries.keys()
    }

    /// Directories of that name beside unit files, such as `foo.service.d`, the most important first.
    pub fn side_directories(&self, name: &str) -> &[PathBuf] {
        self.side_directories.get(name).map_or(&[], Vec::as_slice)
    }

    /// The position in the search path of the directory that a side directory lies in.
    pub fn rank(&self, side_directory: &Path) -> usize {
        let parent = side_directory.parent();
        self.directories.iter().position(|known| Some(known.as_path()) == parent).unwrap_or(usize::MAX)
    }

    /// Resolves a name.
    pub fn find(&self, name: &UnitName) -> Found {
        let (target, file) = self.follow(name);
        if file.is_none() {
            // An alias of nothing is a name of its own.
            return Found { name: name.clone(), aliases: Vec::new(), file };
        }
        let mut aliases: BTreeSet<UnitName> = self.aliases.get(&target).cloned().unwrap_or_default();
        if let (Some(instance), Some(template)) = (target.instance(), target.template()) {
            let of_template = self.aliases.get(&template).into_iter().flatten();
            aliases.extend(of_template.filter_map(|alias| alias.instantiate(instance)));
        }
        if *name != target {
            aliases.insert(name.clone());
        }
        aliases.remove(&target);
        Found { name: target, aliases: aliases.into_iter().collect(), file }
    }

    /// Follows aliases to the last name, and its file. An instance without a file of its own has its template's.
    fn follow(&self, name: &UnitName) -> (UnitName, Option<PathBuf>) {
        let mut current = name.clone();
        for _ in 0..MAX_LINKS {
            let own = self.entries.get(&current);
            let template = || current.template().and_then(|template| self.entries.get(&template));
            match own.or_else(template) {
                Some(Entry::File(path)) => return (current, Some(path.clone())),
                Some(Entry::Alias(target)) => {
                    let next = match current.instance() {
                        Some(instance) if target.is_template() => target.instantiate(instance),
                        _ => Some(target.clone()),
                    };
                    match next {
                        Some(next) => current = next,
                        None => break,
                    }
                }
                None => return (current, None),
            }
        }
        (name.clone(), None)
    }
}

fn is_side_directory(name: &str) -> bool {
    let Some((stem, suffix)) = name.rsplit_once('.') else { return false };
    if !matches!(suffix, "d" | "wants" | "requires" | "upholds") {
        return false;
    }
    UnitKind::from_suffix(stem).is_some() || UnitName::new(stem).is_ok()
}

/// Decides between aliases and linked files: a link to a place in the search path is an alias.
struct LinkResolver {
    root: Option<PathBuf>,
    directories: BTreeSet<PathBuf>,
}

impl LinkResolver {
    fn new(path: &SearchPath) -> Self {
        let mut directories = BTreeSet::new();
        for directory in path.directories() {
            let place = path.locate(directory);
            if let Ok(real) = fs::canonicalize(&place) {
                directories.insert(real);
            }
            directories.insert(place);
        }
        Self { root: path.root().map(Path::to_owned), directories }
    }

    fn resolve(&self, name: &UnitName, link: &Path) -> Result<Entry, String> {
        if is_mask(link) {
            return Ok(Entry::File(link.to_owned()));
        }
        let target = self.target(link).ok_or("the link cannot be read")?;
        let in_path = target.parent().is_some_and(|parent| {
            self.directories.contains(parent)
                || fs::canonicalize(parent).is_ok_and(|real| self.directories.contains(&real))
        });
        if !in_path {
            return Ok(Entry::File(self.follow_to_file(&target)));
        }
        let target_name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if target_name == name.as_str() {
            return Ok(Entry::File(self.follow_to_file(&target)));
        }
        let target_name = UnitName::new(target_name).map_err(|error| error.to_string())?;
        alias_target(name, target_name).map(Entry::Alias)
    }

    /// Where a link points, one step, without `.` and `..`.
    fn target(&self, link: &Path) -> Option<PathBuf> {
        let target = fs::read_link(link).ok()?;
        let base = if target.is_absolute() {
            self.root.clone().unwrap_or_else(|| "/".into())
        } else {
            link.parent()?.to_owned()
        };
        let mut place = base;
        for part in target.components() {
            match part {
                std::path::Component::ParentDir => {
                    place.pop();
                }
                std::path::Component::Normal(part) => place.push(part),
                _ => {}
            }
        }
        Some(place)
    }

    fn follow_to_file(&self, start: &Path) -> PathBuf {
        let mut place = start.to_owned();
        for _ in 0..MAX_LINKS {
            match self.target(&place) {
                Some(next) => place = next,
                None => break,
            }
        }
        place
    }
}

/// Checks that a name may be an alias of another; an instance may be an alias of a template, as its instance.
fn alias_target(alias: &UnitName, target: UnitName) -> Result<UnitName, String> {
    if alias.kind() != target.kind() {
        return Err(format!("the link to {target} is of another unit type, it is ignored"));
    }
    let matching = match (alias.instance(), target.instance()) {
        (Some(instance), None) if target.is_template() => {
            return target.instantiate(instance).ok_or_else(|| format!("{target} has no such instance"));
        }
        (Some(alias), Some(target)) => alias == target,
        (None, None) => alias.is_template() == target.is_template(),
        _ => false,
    };
    if matching {
        Ok(target)
    } else {
        Err(format!("the link to {target} does not keep the instance, it is ignored"))
    }
}

#[cfg(test)]
mod tests;
