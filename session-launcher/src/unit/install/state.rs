//! Whether a unit is enabled (systemctl(1), "is-enabled").

use std::fs;
use std::path::Path;

use super::Installation;
use crate::unit::conf_files::is_mask;
use crate::unit::load::Loader;
use crate::unit::name::UnitName;

/// systemd's `UnitFileState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words of systemctl(1), is-enabled")]
pub enum UnitFileState {
    Enabled,
    EnabledRuntime,
    Linked,
    LinkedRuntime,
    Alias,
    Masked,
    MaskedRuntime,
    Static,
    Disabled,
    Indirect,
    Generated,
    Transient,
    NotFound,
}

impl UnitFileState {
    /// The word that systemctl prints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::EnabledRuntime => "enabled-runtime",
            Self::Linked => "linked",
            Self::LinkedRuntime => "linked-runtime",
            Self::Alias => "alias",
            Self::Masked => "masked",
            Self::MaskedRuntime => "masked-runtime",
            Self::Static => "static",
            Self::Disabled => "disabled",
            Self::Indirect => "indirect",
            Self::Generated => "generated",
            Self::Transient => "transient",
            Self::NotFound => "not-found",
        }
    }

    /// Whether systemctl's exit code calls that enabled: something pulls the unit in, or may do so as it is.
    pub const fn may_start(self) -> bool {
        matches!(
            self,
            Self::Enabled
                | Self::EnabledRuntime
                | Self::Static
                | Self::Alias
                | Self::Indirect
                | Self::Generated
        )
    }
}

/// The state of a unit file.
pub fn state(loader: &Loader, name: &UnitName) -> UnitFileState {
    let found = loader.catalog().find(name);
    let Some(file) = found.file else { return UnitFileState::NotFound };
    let described = loader.path().describe(&file).into_owned();
    if is_mask(&file) {
        return if is_runtime(&described) { UnitFileState::MaskedRuntime } else { UnitFileState::Masked };
    }
    if found.name != *name {
        return UnitFileState::Alias;
    }
    let parts: Vec<&str> = described.iter().filter_map(|part| part.to_str()).collect();
    if parts.iter().any(|part| matches!(*part, "generator" | "generator.early" | "generator.late")) {
        return UnitFileState::Generated;
    }
    if parts.contains(&"transient") {
        return UnitFileState::Transient;
    }
    match links(loader, name) {
        Links::Configured => UnitFileState::Enabled,
        Links::Runtime => UnitFileState::EnabledRuntime,
        Links::Vendor if name.is_instance() => UnitFileState::Static,
        Links::Linked => UnitFileState::Linked,
        Links::LinkedRuntime => UnitFileState::LinkedRuntime,
        Links::Vendor | Links::None => match Installation::of(loader, name) {
            Some(installation) if installation.has_links() => UnitFileState::Disabled,
            Some(installation) if !installation.also.is_empty() => UnitFileState::Indirect,
            _ => UnitFileState::Static,
        },
    }
}

fn is_runtime(path: &Path) -> bool {
    path.starts_with("/run")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    None,
    Configured,
    Runtime,
    Vendor,
    Linked,
    LinkedRuntime,
}

/// Looks for links to the unit in all directories of the search path.
fn links(loader: &Loader, name: &UnitName) -> Links {
    let mut result = Links::None;
    for directory in loader.path().directories() {
        let place = loader.path().locate(directory);
        let runtime = is_runtime(directory);
        let configured =
            !runtime && !directory.starts_with("/usr") && !directory.ends_with("share/systemd/user");
        match links_in(&place, name) {
            (true, _) if configured => return Links::Configured,
            (true, _) if runtime => result = Links::Runtime,
            (true, _) if result == Links::None => result = Links::Vendor,
            (false, true) if configured && result != Links::Runtime => result = Links::Linked,
            (false, true) if runtime && result == Links::None => result = Links::LinkedRuntime,
            _ => {}
        }
    }
    result
}

/// Whether a directory has links to the unit under other names or in `.wants/` and the like, and whether it has one
/// under its own name.
fn links_in(directory: &Path, name: &UnitName) -> (bool, bool) {
    let (mut enabled, mut linked) = (false, false);
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        let side =
            path.extension().is_some_and(|end| end == "wants" || end == "requires" || end == "upholds");
        if kind.is_dir() && side {
            let inside = fs::read_dir(&path).into_iter().flatten().flatten();
            enabled |= inside.map(|entry| entry.path()).any(|link| is_link_to(&link, name));
        } else if kind.is_symlink() {
            let own = entry.file_name().to_str() == Some(name.as_str());
            linked |= own && !is_mask(&path);
            enabled |= !own && target_name(&path).as_deref() == Some(name.as_str());
        }
    }
    (enabled, linked)
}

/// In `.wants/` the name of the link counts; a template is enabled by its instances.
fn is_link_to(link: &Path, name: &UnitName) -> bool {
    let own = link.file_name().and_then(|own| own.to_str()).unwrap_or_default();
    if !fs::symlink_metadata(link).is_ok_and(|meta| meta.is_symlink()) {
        return false;
    }
    own == name.as_str()
        || target_name(link).as_deref() == Some(name.as_str())
        || (name.is_template()
            && UnitName::new(own).ok().and_then(|own| own.template()).as_ref() == Some(name))
}

fn target_name(link: &Path) -> Option<String> {
    Some(fs::read_link(link).ok()?.file_name()?.to_str()?.to_owned())
}
