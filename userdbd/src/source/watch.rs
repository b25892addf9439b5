//! What changes in the files and directories that records come from, and in the socket directory: inotify(7), translated
//! into what has to be read again.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

/// Something that was written, made, moved or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A file in `/etc`.
    Account(OsString),
    /// A file in one of the userdb directories, by the directory's place in the search order.
    DropIn(usize, OsString),
    /// A file in one of the pool directories.
    Pool(OsString),
    /// A file that a link in a userdb directory leads to, or more than can be told apart.
    Everything,
    /// The sockets of other services.
    Sockets,
}

/// A change, and whether the file is still being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What changed.
    pub change: Change,
    /// Somebody has written to it and not closed it yet.
    pub unfinished: bool,
}

/// What a watched directory is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Etc,
    DropIns(usize),
    Pools,
    Sockets,
    /// Holds files that links lead to.
    Target(OsString),
    /// The nearest directory that exists above one that does not. The name is what must appear there.
    Above(OsString),
}

/// Watches directories, also those that do not exist yet.
#[derive(Debug)]
pub struct Watcher {
    inotify: OwnedFd,
    etc: PathBuf,
    drop_ins: Vec<PathBuf>,
    pools: Vec<PathBuf>,
    sockets: PathBuf,
    targets: HashSet<PathBuf>,
    /// The same directory may be several places.
    places: HashMap<i32, HashSet<Place>>,
}

const IN_PLACE: WatchFlags = WatchFlags::MODIFY.union(WatchFlags::CLOSE_WRITE);
const NAMES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::ATTRIB);
const ITSELF: WatchFlags = WatchFlags::DELETE_SELF.union(WatchFlags::MOVE_SELF).union(WatchFlags::ONLYDIR);

/// Files of `/etc` that matter, and the locks that say that an edit of them goes on.
const ACCOUNT_FILES: [&str; 11] = [
    "passwd",
    "group",
    "shadow",
    "gshadow",
    "passwd.lock",
    "group.lock",
    "shadow.lock",
    "gshadow.lock",
    "nsswitch.conf",
    "machine-id",
    "hostname",
];

impl Watcher {
    /// Watches `etc`, the userdb directories, the pool directories and the socket directory.
    ///
    /// # Errors
    /// When the kernel gives no inotify instance, or no watch for a directory that exists.
    pub fn new(
        etc: PathBuf,
        drop_ins: Vec<PathBuf>,
        pools: Vec<PathBuf>,
        sockets: PathBuf,
    ) -> std::io::Result<Self> {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let mut watcher =
            Self { inotify, etc, drop_ins, pools, sockets, targets: HashSet::new(), places: HashMap::new() };
        watcher.arm()?;
        Ok(watcher)
    }

    /// Watches the directories that hold what links lead to, besides the others.
    ///
    /// # Errors
    /// As [`Watcher::new`].
    pub fn watch_targets(&mut self, targets: HashSet<PathBuf>) -> std::io::Result<()> {
        if self.targets != targets {
            self.targets = targets;
            self.arm()?;
        }
        Ok(())
    }

    /// Sets the watches anew: directories may have come or gone since.
    fn arm(&mut self) -> std::io::Result<()> {
        let old: HashSet<i32> = std::mem::take(&mut self.places).into_keys().collect();
        let mut wanted = vec![(self.etc.clone(), Place::Etc), (self.sockets.clone(), Place::Sockets)];
        wanted.extend(self.drop_ins.iter().cloned().zip((0..).map(Place::DropIns)));
        wanted.extend(self.pools.iter().map(|directory| (directory.clone(), Place::Pools)));
        for target in &self.targets {
            if let (Some(directory), Some(name)) = (target.parent(), target.file_name()) {
                wanted.push((directory.to_owned(), Place::Target(name.to_owned())));
            }
        }
        for (directory, place) in wanted {
            self.watch(&directory, place)?;
        }
        for descriptor in old.difference(&self.places.keys().copied().collect()) {
            // It may be gone already, with its directory.
            let _ = inotify::remove_watch(&self.inotify, *descriptor);
        }
        Ok(())
    }

    /// Watches a directory, and what is above it, where it would appear or disappear.
    fn watch(&mut self, directory: &Path, place: Place) -> std::io::Result<()> {
        if self.add(directory, IN_PLACE | NAMES | ITSELF, place.clone())? {
            return Ok(());
        }
        let mut missing = directory;
        while let (Some(above), Some(name)) = (missing.parent(), missing.file_name()) {
            if self.add(above, NAMES | ITSELF, Place::Above(name.to_owned()))? {
                // It may have appeared before the watch above it was there.
                if missing.exists() {
                    return self.watch(directory, place);
                }
                return Ok(());
            }
            missing = above;
        }
        Ok(())
    }

    /// False when the directory does not exist.
    fn add(&mut self, directory: &Path, flags: WatchFlags, place: Place) -> std::io::Result<bool> {
        match inotify::add_watch(&self.inotify, directory, flags | WatchFlags::MASK_ADD) {
            Ok(descriptor) => {
                self.places.entry(descriptor).or_default().insert(place);
                Ok(true)
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(false),
            Err(errno) => {
                let error = std::io::Error::from(errno);
                Err(std::io::Error::new(error.kind(), format!("watching {}: {error}", directory.display())))
            }
        }
    }

    /// Takes all events that are there, without waiting.
    ///
    /// # Errors
    /// When the watches cannot be set anew.
    pub fn take(&mut self) -> std::io::Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut stale = false;
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    let places = self.places.get(&event.wd());
                    stale |= translate(event.events(), name, places, &mut events);
                }
                Err(Errno::WOULDBLOCK) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        if stale {
            self.arm()?;
        }
        Ok(events)
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

impl std::os::fd::AsRawFd for Watcher {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.inotify.as_raw_fd()
    }
}

/// Adds what one event of the kernel means. True when the set of watched directories is out of date.
fn translate(
    flags: ReadFlags,
    name: Option<&OsStr>,
    places: Option<&HashSet<Place>>,
    events: &mut Vec<Event>,
) -> bool {
    let mut add = |change| {
        let event = Event { change, unfinished: flags.contains(ReadFlags::MODIFY) };
        if events.last() != Some(&event) {
            events.push(event);
        }
    };
    if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
        add(Change::Everything);
        add(Change::Sockets);
        return true;
    }
    let Some(places) = places else { return false };
    let Some(name) = name else {
        let gone = flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED);
        if gone {
            add(Change::Everything);
            add(Change::Sockets);
        }
        return gone;
    };
    let mut stale = false;
    for place in places {
        match place {
            Place::Etc if ACCOUNT_FILES.iter().any(|file| *file == name) => {
                add(Change::Account(name.to_owned()))
            }
            Place::Etc => {}
            Place::DropIns(directory) => add(Change::DropIn(*directory, name.to_owned())),
            Place::Pools => add(Change::Pool(name.to_owned())),
            Place::Sockets => add(Change::Sockets),
            Place::Target(target) if target == name => add(Change::Everything),
            Place::Target(_) => {}
            Place::Above(expected) if expected == name => {
                add(Change::Everything);
                add(Change::Sockets);
                stale = true;
            }
            Place::Above(_) => {}
        }
    }
    stale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watcher(root: &Path) -> Watcher {
        let drop_ins = vec![root.join("etc/userdb"), root.join("run/userdb")];
        Watcher::new(root.join("etc"), drop_ins, vec![root.join("etc/usher/pools.d")], root.join("sockets"))
            .unwrap()
    }

    fn changes(watcher: &mut Watcher) -> Vec<Change> {
        watcher.take().unwrap().into_iter().map(|event| event.change).collect()
    }

    #[test]
    fn files_that_matter_are_told_from_those_that_do_not() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["etc/userdb", "run/userdb", "sockets"] {
            std::fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let mut watcher = watcher(root.path());
        std::fs::write(root.path().join("etc/motd"), "x").unwrap();
        assert_eq!(changes(&mut watcher), []);
        std::fs::write(root.path().join("etc/passwd"), "x").unwrap();
        assert!(changes(&mut watcher).iter().all(|change| *change == Change::Account("passwd".into())));
        std::fs::write(root.path().join("run/userdb/a.user"), "x").unwrap();
        assert!(changes(&mut watcher).iter().all(|change| *change == Change::DropIn(1, "a.user".into())));
        std::fs::create_dir_all(root.path().join("etc/usher/pools.d")).unwrap();
        changes(&mut watcher);
        changes(&mut watcher);
        std::fs::write(root.path().join("etc/usher/pools.d/p.toml"), "x").unwrap();
        assert!(changes(&mut watcher).iter().all(|change| *change == Change::Pool("p.toml".into())));
        std::fs::write(root.path().join("sockets/x"), "x").unwrap();
        assert!(changes(&mut watcher).iter().all(|change| *change == Change::Sockets));
    }

    #[test]
    fn a_file_that_is_still_open_is_unfinished() {
        use std::io::Write;
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("etc")).unwrap();
        let mut watcher = watcher(root.path());
        let mut file = std::fs::File::create(root.path().join("etc/passwd")).unwrap();
        file.write_all(b"half").unwrap();
        assert!(watcher.take().unwrap().last().unwrap().unfinished);
        drop(file);
        assert!(!watcher.take().unwrap().last().unwrap().unfinished);
    }

    #[test]
    fn directories_may_appear_disappear_and_appear_again() {
        let root = tempfile::tempdir().unwrap();
        let mut watcher = watcher(root.path());
        let directory = root.path().join("run/userdb");
        for _ in 0..2 {
            std::fs::create_dir_all(&directory).unwrap();
            // The first look sees `run`, the second what appeared in it before it was watched.
            assert!(changes(&mut watcher).contains(&Change::Everything));
            changes(&mut watcher);
            std::fs::write(directory.join("a.user"), "x").unwrap();
            assert!(changes(&mut watcher).contains(&Change::DropIn(1, "a.user".into())));
            std::fs::remove_dir_all(root.path().join("run")).unwrap();
            assert!(changes(&mut watcher).contains(&Change::Everything));
            changes(&mut watcher);
        }
    }

    #[test]
    fn what_a_link_leads_to_is_watched_when_told() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("elsewhere/a.json");
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let mut watcher = watcher(root.path());
        watcher.watch_targets(HashSet::from([target.clone()])).unwrap();
        changes(&mut watcher);
        std::fs::write(&target, "x").unwrap();
        assert!(changes(&mut watcher).contains(&Change::Everything));
    }
}
