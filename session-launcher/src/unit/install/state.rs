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
    let installation = Installation::of(loader, name).unwrap_or_default();
    let default = installation.default_instance.as_deref().and_then(|instance| name.instantiate(instance));
    match links(loader, name, default.as_ref()) {
        Links::Configured => UnitFileState::Enabled,
        Links::Runtime => UnitFileState::EnabledRuntime,
        Links::Vendor if name.is_instance() => UnitFileState::Static,
        Links::Linked => UnitFileState::Linked,
        Links::LinkedRuntime => UnitFileState::LinkedRuntime,
        Links::OtherInstance => UnitFileState::Indirect,
        Links::Vendor | Links::None if installation.has_links() => UnitFileState::Disabled,
        Links::Vendor | Links::None if !installation.also.is_empty() => UnitFileState::Indirect,
        Links::Vendor | Links::None => UnitFileState::Static,
    }
}

fn is_runtime(path: &Path) -> bool {
    path.starts_with("/run")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    None,
    /// To a template, in an instance that is not its default one.
    OtherInstance,
    Configured,
    Runtime,
    Vendor,
    Linked,
    LinkedRuntime,
}

/// Looks for links to the unit in all directories of the search path. A template is enabled by its default instance.
fn links(loader: &Loader, name: &UnitName, default: Option<&UnitName>) -> Links {
    let mut result = Links::None;
    for directory in loader.path().directories() {
        let place = loader.path().locate(directory);
        let runtime = is_runtime(directory);
        let configured =
            !runtime && !directory.starts_with("/usr") && !directory.ends_with("share/systemd/user");
        let found = Found::in_directory(&place, name, default);
        let nothing = matches!(result, Links::None | Links::OtherInstance);
        result = match found {
            Found { enabled: true, .. } if configured => return Links::Configured,
            Found { enabled: true, .. } if runtime => Links::Runtime,
            Found { enabled: true, .. } if nothing => Links::Vendor,
            Found { linked: true, .. } if configured && result != Links::Runtime => Links::Linked,
            Found { linked: true, .. } if runtime && nothing => Links::LinkedRuntime,
            Found { other_instance: true, .. } if result == Links::None && (configured || runtime) => {
                Links::OtherInstance
            }
            _ => result,
        };
    }
    result
}

/// What links one directory has to a unit.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// Under another name, or in `.wants/` and the like.
    enabled: bool,
    /// Under its own name.
    linked: bool,
    /// In `.wants/` and the like, an instance of the template that is not the default one.
    other_instance: bool,
}

impl Found {
    fn in_directory(directory: &Path, name: &UnitName, default: Option<&UnitName>) -> Self {
        let mut found = Self::default();
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            let side =
                path.extension().is_some_and(|end| end == "wants" || end == "requires" || end == "upholds");
            if kind.is_dir() && side {
                for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
                    found.add(&entry.path(), name, default);
                }
            } else if kind.is_symlink() {
                let own = entry.file_name().to_str() == Some(name.as_str());
                found.linked |= own && !is_mask(&path);
                found.enabled |= !own && target_name(&path).as_deref() == Some(name.as_str());
            }
        }
        found
    }

    /// In `.wants/` the name of the link counts.
    fn add(&mut self, link: &Path, name: &UnitName, default: Option<&UnitName>) {
        if !fs::symlink_metadata(link).is_ok_and(|meta| meta.is_symlink()) {
            return;
        }
        let own = link.file_name().and_then(|own| own.to_str()).unwrap_or_default();
        let instance_of = UnitName::new(own).ok().and_then(|own| own.template());
        if own == name.as_str() || default.is_some_and(|default| own == default.as_str()) {
            self.enabled = true;
        } else if name.is_template() && instance_of.as_ref() == Some(name) {
            self.other_instance = true;
        } else {
            self.enabled |= target_name(link).as_deref() == Some(name.as_str());
        }
    }
}

fn target_name(link: &Path) -> Option<String> {
    Some(fs::read_link(link).ok()?.file_name()?.to_str()?.to_owned())
}
