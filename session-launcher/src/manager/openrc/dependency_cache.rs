//! OpenRC's cache of dependencies. A service that is not in it does not exist for rc-status, and has no dependencies for
//! rc-service. OpenRC makes it anew when a script is newer, but tells times apart by whole seconds: a script that comes in
//! the second in which the cache was made stays unknown.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timestamps};
use rustix::time::Timespec;

/// The cache of a user's OpenRC.
#[derive(Debug)]
pub struct DependencyCache {
    path: PathBuf,
}

/// The cache's name in OpenRC's directory.
pub const NAME: &str = "deptree";

/// A time before that of every script: the beginning of 2000.
const LONG_AGO: i64 = 946_684_800;

impl DependencyCache {
    /// The cache in `$XDG_RUNTIME_DIR/openrc`.
    pub fn of(directory: &Path) -> Self {
        Self { path: directory.join(NAME) }
    }

    /// Makes the cache look old, so that whichever tool comes next makes it anew. Nobody has to run a tool for that now.
    pub fn outdate(&self) {
        let old = Timespec { tv_sec: LONG_AGO, tv_nsec: 0 };
        let times = Timestamps { last_access: old, last_modification: old };
        // By its name: opening it would look like a new cache to whoever watches it.
        let _ = rustix::fs::utimensat(CWD, &self.path, &times, AtFlags::empty());
    }

    /// Outdates a cache that a tool has just made if it began before the script of one of these services was there.
    pub fn outdate_unless_complete<'a>(&self, mut services: impl Iterator<Item = &'a str>) {
        let Ok(text) = fs::read_to_string(&self.path) else { return };
        let known: std::collections::BTreeSet<&str> =
            text.lines().filter_map(|line| line.split_once("_service='")?.1.strip_suffix('\'')).collect();
        if services.any(|service| !known.contains(service)) {
            self.outdate();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn is_old(cache: &DependencyCache) -> bool {
        let age = SystemTime::now().duration_since(fs::metadata(&cache.path).unwrap().modified().unwrap());
        age.is_ok_and(|age| age > Duration::from_secs(1000))
    }

    #[test]
    fn only_a_cache_that_misses_one_is_outdated() {
        let directory = tempfile::tempdir().unwrap();
        let cache = DependencyCache::of(directory.path());
        fs::write(
            &cache.path,
            "depinfo_0_service='dbus'\ndepinfo_1_service='a:b.service'\ndepinfo_1_iafter_0='c'\n",
        )
        .unwrap();
        cache.outdate_unless_complete(["dbus", "a:b.service"].into_iter());
        assert!(!is_old(&cache));
        cache.outdate_unless_complete(["dbus", "c"].into_iter());
        assert!(is_old(&cache));
    }
}
