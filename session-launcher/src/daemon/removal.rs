//! Removing whole directories without keeping the event loop.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;

/// How often a name is tried that is not taken.
const MAX_TRIES: u32 = 64;

/// Removes a directory and all in it; one that is not there is removed already.
///
/// It is out of the way at once. What is in it goes in the background, as that may take its time.
///
/// # Errors
/// It cannot be moved out of the way.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        // What a link leads to is not the unit's.
        Ok(metadata) if !metadata.is_dir() => return fs::remove_file(path),
        Ok(_) => {}
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for attempt in 0..MAX_TRIES {
        let aside = path.with_file_name(format!(".#{name}.{}.{attempt}", std::process::id()));
        if fs::symlink_metadata(&aside).is_ok() {
            continue;
        }
        fs::rename(path, &aside)?;
        thread::spawn(move || {
            if let Err(error) = fs::remove_dir_all(&aside) {
                tracing::warn!("{}: {error}", aside.display());
            }
        });
        return Ok(());
    }
    Err(io::Error::other("no name is free to move it out of the way"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed() {
        let base = std::env::temp_dir().join(format!("usher-removal-{}", std::process::id()));
        let (kept, gone, link) = (base.join("kept"), base.join("gone"), base.join("link"));
        fs::create_dir_all(&kept).unwrap();
        fs::create_dir_all(gone.join("deep")).unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        std::os::unix::fs::symlink(&kept, gone.join("deep/link")).unwrap();
        for path in [&gone, &link, &base.join("nothing")] {
            remove(path).unwrap();
            assert!(fs::symlink_metadata(path).is_err());
        }
        assert!(kept.is_dir());
        let _ = fs::remove_dir_all(&base);
    }
}
