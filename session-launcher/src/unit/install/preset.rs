//! Which units are enabled by default (systemd.preset(5)).

use std::fs;
use std::path::PathBuf;

use crate::unit::conf_files;
use crate::unit::name::UnitName;
use crate::unit::search_path::SearchPath;
use crate::unit::shell_pattern::matches;
use crate::unit::specifier::Host;

/// What a preset file says of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preset {
    /// Enable it; a template in these instances.
    Enable(Vec<String>),
    /// Disable it.
    Disable,
    /// Leave it.
    Ignore,
}

/// All lines of all preset files, in order.
#[derive(Debug, Clone, Default)]
pub struct Presets {
    rules: Vec<(String, Preset)>,
}

impl Presets {
    /// Reads the preset files for user units.
    pub fn load(host: &Host, path: &SearchPath) -> Self {
        let mut directories = Vec::new();
        if path.root().is_none() {
            directories.push(host.config_home.join("systemd/user-preset"));
        }
        directories.extend(
            [
                "/etc/systemd/user-preset",
                "/run/systemd/user-preset",
                "/usr/local/lib/systemd/user-preset",
                "/usr/lib/systemd/user-preset",
            ]
            .map(PathBuf::from),
        );
        let mut presets = Self::default();
        for file in conf_files::list(&directories, path.root(), "preset") {
            presets.read(&fs::read_to_string(file).unwrap_or_default());
        }
        presets
    }

    /// Adds the lines of one file.
    pub fn read(&mut self, text: &str) {
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            let mut words = line.split_whitespace();
            let (Some(verb), Some(pattern)) = (words.next(), words.next()) else { continue };
            let preset = match verb {
                "enable" => Preset::Enable(words.map(str::to_owned).collect()),
                "disable" => Preset::Disable,
                "ignore" => Preset::Ignore,
                _ => continue,
            };
            self.rules.push((pattern.to_owned(), preset));
        }
    }

    /// The first rule that fits; without one a unit is enabled.
    pub fn of(&self, name: &UnitName) -> Preset {
        for (pattern, preset) in &self.rules {
            if matches(pattern, name.as_str()) {
                return preset.clone();
            }
            // A rule for a template with instances holds for just these.
            if let (Some(template), Some(instance), Preset::Enable(instances)) =
                (name.template(), name.instance(), preset)
                && matches(pattern, template.as_str())
            {
                let listed = instances.is_empty() || instances.iter().any(|known| known == instance);
                return if listed { Preset::Enable(Vec::new()) } else { Preset::Disable };
            }
        }
        Preset::Enable(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_counts() {
        let mut presets = Presets::default();
        presets.read("# comment\nenable a@.service one two\ndisable a*\nenable *.service\nignore b.target\ndisable *\n");
        let of = |name: &str| presets.of(&UnitName::new(name).unwrap());
        assert_eq!(of("a@one.service"), Preset::Enable(vec![]));
        assert_eq!(of("a@three.service"), Preset::Disable);
        assert_eq!(of("ab.service"), Preset::Disable);
        assert_eq!(of("b.service"), Preset::Enable(vec![]));
        assert_eq!(of("b.target"), Preset::Ignore);
        assert_eq!(of("c.target"), Preset::Disable);
        assert_eq!(Presets::default().of(&UnitName::new("x.service").unwrap()), Preset::Enable(vec![]));
    }
}
