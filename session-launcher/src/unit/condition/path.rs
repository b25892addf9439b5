//! Conditions about files.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::unit::spec::ConditionKind;

/// Whether a condition about that place of this machine holds.
pub fn test(kind: ConditionKind, place: &Path, root: Option<&Path>) -> bool {
    let metadata = || fs::metadata(place).ok();
    match kind {
        ConditionKind::PathExists => place.exists(),
        ConditionKind::PathExistsGlob => place
            .to_str()
            .and_then(|pattern| glob::glob(pattern).ok())
            .is_some_and(|mut found| found.next().is_some()),
        ConditionKind::PathIsDirectory => place.is_dir(),
        ConditionKind::PathIsSymbolicLink => place.is_symlink(),
        ConditionKind::PathIsMountPoint => is_mount_point(place),
        ConditionKind::PathIsReadWrite => rustix::fs::statvfs(place)
            .is_ok_and(|stat| !stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY)),
        ConditionKind::PathIsEncrypted => is_encrypted(place),
        ConditionKind::PathIsSocket => metadata().is_some_and(|meta| meta.file_type().is_socket()),
        ConditionKind::DirectoryNotEmpty => {
            fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some())
        }
        ConditionKind::FileNotEmpty => metadata().is_some_and(|meta| meta.is_file() && meta.len() > 0),
        ConditionKind::FileIsExecutable => {
            metadata().is_some_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        }
        ConditionKind::NeedsUpdate => needs_update(place, root),
        _ => false,
    }
}

fn is_mount_point(place: &Path) -> bool {
    let Ok(place) = fs::canonicalize(place) else { return false };
    if place == Path::new("/") {
        return true;
    }
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The kernel writes a space as \040.
    let wanted = place.to_string_lossy().replace(' ', "\\040");
    text.lines().any(|line| line.split(' ').nth(4) == Some(wanted.as_str()))
}

/// Whether the block device below a file is one of dm-crypt.
fn is_encrypted(place: &Path) -> bool {
    let Ok(metadata) = fs::metadata(place) else { return false };
    let device = metadata.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let uuid = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/dm/uuid")).unwrap_or_default();
    uuid.starts_with("CRYPT-")
}

/// Whether /usr is newer than the note of the last update.
fn needs_update(place: &Path, root: Option<&Path>) -> bool {
    let usr = crate::unit::conf_files::in_root(root, Path::new("/usr"));
    let Ok(usr) = fs::metadata(usr).and_then(|meta| meta.modified()) else { return false };
    match fs::metadata(place.join(".updated")).and_then(|meta| meta.modified()) {
        Ok(updated) => usr > updated,
        Err(_) => true,
    }
}
