//! Unit files: their states, and links that `[Install]` names.

use std::path::{Path, PathBuf};

use zbus::Message;

use super::units::valid_name;
use crate::bus::call::Call;
use crate::bus::error::Failure;
use crate::bus::table::Method;
use crate::daemon::view;
use crate::unit::install::{self, Change, Installation, Overwrite, Presets, UnitFileState};
use crate::unit::load::Loader;
use crate::unit::shell_pattern;
use crate::unit::spec::UnitName;

/// The methods.
pub const METHODS: &[Method] = &[
    Method::looking("ListUnitFiles", ("", ""), ("a(ss)", "unit_files"), list),
    Method::looking(
        "ListUnitFilesByPatterns",
        ("asas", "states patterns"),
        ("a(ss)", "unit_files"),
        list_by_patterns,
    ),
    Method::looking("GetUnitFileState", ("s", "file"), ("s", "state"), state),
    Method::changing(
        "EnableUnitFiles",
        ("asbb", "files runtime force"),
        ("ba(sss)", "carries_install_info changes"),
        enable,
    ),
    Method::changing("DisableUnitFiles", ("asb", "files runtime"), ("a(sss)", "changes"), disable),
    Method::changing(
        "EnableUnitFilesWithFlags",
        ("ast", "files flags"),
        ("ba(sss)", "carries_install_info changes"),
        enable_with_flags,
    ),
    Method::changing(
        "DisableUnitFilesWithFlags",
        ("ast", "files flags"),
        ("a(sss)", "changes"),
        disable_with_flags,
    ),
    Method::changing(
        "DisableUnitFilesWithFlagsAndInstallInfo",
        ("ast", "files flags"),
        ("ba(sss)", "carries_install_info changes"),
        disable_with_install_info,
    ),
    Method::changing(
        "ReenableUnitFiles",
        ("asbb", "files runtime force"),
        ("ba(sss)", "carries_install_info changes"),
        reenable,
    ),
    Method::changing(
        "PresetUnitFiles",
        ("asbb", "files runtime force"),
        ("ba(sss)", "carries_install_info changes"),
        preset,
    ),
    Method::changing("MaskUnitFiles", ("asbb", "files runtime force"), ("a(sss)", "changes"), mask),
    Method::changing("UnmaskUnitFiles", ("asb", "files runtime"), ("a(sss)", "changes"), unmask),
    Method::changing("LinkUnitFiles", ("asbb", "files runtime force"), ("a(sss)", "changes"), link),
    Method::changing("RevertUnitFiles", ("as", "files"), ("a(sss)", "changes"), revert),
    Method::looking("GetDefaultTarget", ("", ""), ("s", "name"), default_target),
    Method::changing("SetDefaultTarget", ("sb", "name force"), ("a(sss)", "changes"), set_default_target),
    Method::looking("GetUnitFileLinks", ("sb", "name runtime"), ("as", "links"), links),
    Method::changing(
        "AddDependencyUnitFiles",
        ("asssbb", "files target type runtime force"),
        ("a(sss)", "changes"),
        add_dependency,
    ),
];

const DEFAULT_TARGET: &str = "default.target";

/// `UNIT_FILE_RUNTIME`, `UNIT_FILE_FORCE`: bits of the `WithFlags` methods.
const RUNTIME: u64 = 1;
const FORCE: u64 = 1 << 1;

/// How many files one call may name.
const MAX_FILES: usize = 4096;

/// Files as they are on disk now, whatever the manager has loaded.
fn loader(call: &Call<'_>) -> Loader {
    view::loader(call.driver.environment())
}

fn list(call: &mut Call<'_>) -> Result<Message, Failure> {
    listed(call, &[], &[])
}

fn list_by_patterns(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (states, patterns): (Vec<String>, Vec<String>) = call.arguments()?;
    listed(call, &states, &patterns)
}

fn listed(call: &Call<'_>, states: &[String], patterns: &[String]) -> Result<Message, Failure> {
    let loader = loader(call);
    let fits = |name: &UnitName| {
        patterns.is_empty() || patterns.iter().any(|pattern| shell_pattern::matches(pattern, name.as_str()))
    };
    let rows: Vec<(String, &'static str)> = loader
        .catalog()
        .names()
        .filter(|name| fits(name))
        .filter_map(|name| {
            let state = install::state(&loader, name).as_str();
            let file = loader.catalog().find(name).file?;
            // An alias is listed under the path of its own name.
            let path = match file.file_name() {
                Some(own) if own == name.as_str() => file,
                _ => file.with_file_name(name.as_str()),
            };
            Some((loader.path().describe(&path).display().to_string(), state))
        })
        .filter(|(_, state)| states.is_empty() || states.iter().any(|wanted| wanted == state))
        .collect();
    call.answer(&rows)
}

fn state(call: &mut Call<'_>) -> Result<Message, Failure> {
    let name: String = call.arguments()?;
    let unit = UnitName::new(name).map_err(|_| Failure::invalid_arguments("Invalid argument"))?;
    match install::state(&loader(call), &unit) {
        UnitFileState::NotFound => Err(Failure::file_not_found("No such file or directory")),
        state => call.answer(&state.as_str()),
    }
}

/// How links are made or removed.
#[derive(Debug, Clone, Copy)]
struct How {
    runtime: bool,
    force: bool,
}

impl How {
    fn of_flags(flags: u64) -> Result<Self, Failure> {
        if flags & !(RUNTIME | FORCE) != 0 {
            return Err(Failure::invalid_arguments("Invalid argument"));
        }
        Ok(Self { runtime: flags & RUNTIME != 0, force: flags & FORCE != 0 })
    }

    fn overwrite(self) -> Overwrite {
        if self.force { Overwrite::Links } else { Overwrite::Refuse }
    }

    fn directory(self, loader: &Loader) -> Result<PathBuf, Failure> {
        let host = loader.host();
        if !self.runtime {
            return Ok(host.config_home.join("systemd/user"));
        }
        let run = host.runtime_dir.as_ref();
        run.map(|run| run.join("systemd/user"))
            .ok_or_else(|| Failure::not_supported("There is no $XDG_RUNTIME_DIR."))
    }
}

fn names(files: &[String]) -> Result<Vec<UnitName>, Failure> {
    if files.len() > MAX_FILES {
        return Err(Failure::limits_exceeded("Too many unit files."));
    }
    files
        .iter()
        .map(|file| {
            // A path names the unit whose file it is.
            let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
            valid_name(name)
        })
        .collect()
}

type Row = (&'static str, String, String);

/// Carries changes out, tells that files have changed, and gives the changes as clients get them.
fn carry_out(call: &mut Call<'_>, loader: &Loader, changes: &[Change]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for change in changes {
        install::apply(loader, change)?;
        match change {
            Change::Link { path, target, replaces } => {
                if *replaces {
                    rows.push(("unlink", path.display().to_string(), String::new()));
                }
                rows.push(("symlink", path.display().to_string(), target.display().to_string()));
            }
            Change::Unlink(path) | Change::RemoveDirectory(path) => {
                rows.push(("unlink", path.display().to_string(), String::new()))
            }
        }
    }
    if !rows.is_empty() {
        call.state.broadcast_to_subscribers("UnitFilesChanged", &());
    }
    Ok(rows)
}

fn carries_install_info(loader: &Loader, names: &[UnitName]) -> bool {
    names.iter().any(|name| {
        Installation::of(loader, name)
            .is_some_and(|installation| installation.has_links() || !installation.also.is_empty())
    })
}

fn enable(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, runtime, force): (Vec<String>, bool, bool) = call.arguments()?;
    enable_files(call, &files, How { runtime, force })
}

fn enable_with_flags(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, flags): (Vec<String>, u64) = call.arguments()?;
    enable_files(call, &files, How::of_flags(flags)?)
}

fn enable_files(call: &mut Call<'_>, files: &[String], how: How) -> Result<Message, Failure> {
    let (mut loader, names) = (loader(call), names(files)?);
    let directory = how.directory(&loader)?;
    // Files that lie elsewhere are made known first.
    let elsewhere: Vec<PathBuf> =
        files.iter().map(PathBuf::from).filter(|file| install::is_elsewhere(&loader, file)).collect();
    let linked = install::link_files(&loader, &elsewhere, &directory, how.overwrite())?;
    let mut rows = carry_out(call, &loader, &linked)?;
    if !linked.is_empty() {
        loader = self::loader(call);
    }
    let changes = install::enable(&loader, &names, &directory, how.overwrite())?;
    rows.extend(carry_out(call, &loader, &changes)?);
    call.answer(&(carries_install_info(&loader, &names), rows))
}

fn disable(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, runtime): (Vec<String>, bool) = call.arguments()?;
    let (_, rows) = disable_files(call, &files, How { runtime, force: false })?;
    call.answer(&rows)
}

fn disable_with_flags(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, flags): (Vec<String>, u64) = call.arguments()?;
    let (_, rows) = disable_files(call, &files, How::of_flags(flags)?)?;
    call.answer(&rows)
}

fn disable_with_install_info(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, flags): (Vec<String>, u64) = call.arguments()?;
    let answer = disable_files(call, &files, How::of_flags(flags)?)?;
    call.answer(&answer)
}

fn disable_files(call: &mut Call<'_>, files: &[String], how: How) -> Result<(bool, Vec<Row>), Failure> {
    let (loader, names) = (loader(call), names(files)?);
    let changes = install::disable(&loader, &names, &how.directory(&loader)?);
    if let Some(missing) = names.iter().find(|name| loader.catalog().find(name).file.is_none())
        && changes.is_empty()
    {
        return Err(Failure::no_such_unit(format!("Unit {missing} does not exist")));
    }
    let carries = carries_install_info(&loader, &names);
    Ok((carries, carry_out(call, &loader, &changes)?))
}

fn reenable(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, runtime, force): (Vec<String>, bool, bool) = call.arguments()?;
    let how = How { runtime, force };
    let (_, mut rows) = disable_files(call, &files, how)?;
    let (loader, names) = (loader(call), names(&files)?);
    let changes = install::enable(&loader, &names, &how.directory(&loader)?, how.overwrite())?;
    rows.extend(carry_out(call, &loader, &changes)?);
    call.answer(&(carries_install_info(&loader, &names), rows))
}

fn preset(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, runtime, force): (Vec<String>, bool, bool) = call.arguments()?;
    let (loader, names) = (loader(call), names(&files)?);
    let presets = Presets::load(loader.host(), loader.path());
    let directory = How { runtime, force }.directory(&loader)?;
    let (changes, errors) = install::preset(&loader, &presets, &names, &directory);
    if let Some(error) = errors.into_iter().next() {
        return Err(error.into());
    }
    let rows = carry_out(call, &loader, &changes)?;
    call.answer(&(carries_install_info(&loader, &names), rows))
}

fn mask(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, runtime, force): (Vec<String>, bool, bool) = call.arguments()?;
    let (loader, names, how) = (loader(call), names(&files)?, How { runtime, force });
    let changes = install::mask(&loader, &names, &how.directory(&loader)?, how.overwrite())?;
    let rows = carry_out(call, &loader, &changes)?;
    call.answer(&rows)
}

fn unmask(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, runtime): (Vec<String>, bool) = call.arguments()?;
    let (loader, names) = (loader(call), names(&files)?);
    let changes = install::unmask(&loader, &names, &How { runtime, force: false }.directory(&loader)?);
    let rows = carry_out(call, &loader, &changes)?;
    call.answer(&rows)
}

fn link(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, runtime, force): (Vec<String>, bool, bool) = call.arguments()?;
    if files.len() > MAX_FILES {
        return Err(Failure::limits_exceeded("Too many unit files."));
    }
    let (loader, how) = (loader(call), How { runtime, force });
    let changes = install::link_files(
        &loader,
        &files.iter().map(PathBuf::from).collect::<Vec<_>>(),
        &how.directory(&loader)?,
        how.overwrite(),
    )?;
    let rows = carry_out(call, &loader, &changes)?;
    call.answer(&rows)
}

fn revert(call: &mut Call<'_>) -> Result<Message, Failure> {
    let files: Vec<String> = call.arguments()?;
    let names = names(&files).map_err(|_| Failure::invalid_arguments("Invalid argument"))?;
    let loader = loader(call);
    let changes = install::revert(&loader, &names);
    let rows = carry_out(call, &loader, &changes)?;
    call.answer(&rows)
}

fn default_target(call: &mut Call<'_>) -> Result<Message, Failure> {
    let loader = loader(call);
    let found = loader.catalog().find(&valid_name(DEFAULT_TARGET)?);
    match found.file {
        Some(_) => call.answer(&found.name.as_str()),
        None => Err(Failure::file_not_found("No such file or directory")),
    }
}

fn set_default_target(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, force): (String, bool) = call.arguments()?;
    let unit = valid_name(&name)?;
    let how = How { runtime: false, force };
    let loader = loader(call);
    let target = loader
        .catalog()
        .find(&unit)
        .file
        .ok_or_else(|| Failure::no_such_unit(format!("Unit {unit} does not exist")))?;
    let target = loader.path().describe(&target).into_owned();
    let link = how.directory(&loader)?.join(DEFAULT_TARGET);
    let change = install::link(&loader, &link, &target, how.overwrite())?;
    let rows = carry_out(call, &loader, change.as_slice())?;
    call.answer(&rows)
}

/// The links that enabling the unit has made.
fn links(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (name, runtime): (String, bool) = call.arguments()?;
    let loader = loader(call);
    let directory = How { runtime, force: false }.directory(&loader)?;
    let links: Vec<String> = install::disable(&loader, &[valid_name(&name)?], &directory)
        .iter()
        .map(|change| match change {
            Change::Link { path, .. } | Change::Unlink(path) | Change::RemoveDirectory(path) => {
                path.display().to_string()
            }
        })
        .collect();
    call.answer(&links)
}

fn add_dependency(call: &mut Call<'_>) -> Result<Message, Failure> {
    let (files, target, kind, runtime, force): (Vec<String>, String, String, bool, bool) =
        call.arguments()?;
    let suffix = match kind.as_str() {
        "Wants" => "wants",
        "Requires" => "requires",
        _ => return Err(Failure::invalid_arguments("Invalid argument")),
    };
    let (loader, how, target) = (loader(call), How { runtime, force }, valid_name(&target)?);
    let directory = how.directory(&loader)?.join(format!("{target}.{suffix}"));
    let mut changes = Vec::new();
    for name in names(&files)? {
        let file = loader
            .catalog()
            .find(&name)
            .file
            .ok_or_else(|| Failure::no_such_unit(format!("Unit {name} does not exist")))?;
        let file = loader.path().describe(&file).into_owned();
        changes.extend(install::link(&loader, &directory.join(name.as_str()), &file, how.overwrite())?);
    }
    let rows = carry_out(call, &loader, &changes)?;
    call.answer(&rows)
}
