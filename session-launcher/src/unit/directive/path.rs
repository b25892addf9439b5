//! `[Path]` (systemd.path(5)).

use super::{Applied, Line};
use crate::unit::name::UnitName;
use crate::unit::spec::{PathSettings, PathWatch, PathWatchKind};

/// Applies a directive; `None` when there is none of that name.
pub fn apply(path: &mut PathSettings, owner: &UnitName, line: &mut Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "PathExists" => watch(path, PathWatchKind::PathExists, line),
        "PathExistsGlob" => watch(path, PathWatchKind::PathExistsGlob, line),
        "PathChanged" => watch(path, PathWatchKind::PathChanged, line),
        "PathModified" => watch(path, PathWatchKind::PathModified, line),
        "DirectoryNotEmpty" => watch(path, PathWatchKind::DirectoryNotEmpty, line),
        "Unit" => super::timer::trigger_unit(&mut path.unit, owner, line),
        "MakeDirectory" => line.boolean().map(|make| path.make_directory = make),
        "DirectoryMode" => line.mode().map(|mode| path.directory_mode = mode),
        "TriggerLimitIntervalSec" => line.span().map(|span| path.trigger_limit.interval = span),
        "TriggerLimitBurst" => line.unsigned().map(|burst| path.trigger_limit.burst = burst),
        _ => return None,
    })
}

fn watch(path: &mut PathSettings, kind: PathWatchKind, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        path.watches.clear();
        return Ok(());
    }
    let watched = line.path()?.into();
    path.watches.push(PathWatch { kind, path: watched });
    Ok(())
}
