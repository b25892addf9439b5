//! Watches the files of path units and PID files, by inotify(7).

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use crate::job::Event;
use crate::unit::spec::{PathWatch, PathWatchKind, UnitName};

/// Who waits for a watched directory or file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Waiter {
    Path(UnitName, usize),
    PidFile(UnitName),
}

/// All watches.
#[derive(Debug)]
pub struct PathWatches {
    inotify: Option<OwnedFd>,
    /// By watch: who waits for it, and for which name in it; an empty one stands for any.
    waiters: HashMap<i32, Vec<(Waiter, Vec<std::ffi::OsString>)>>,
    paths: HashMap<UnitName, Vec<PathWatch>>,
    pid_files: HashMap<UnitName, PathBuf>,
}

impl Default for PathWatches {
    fn default() -> Self {
        Self::new()
    }
}

impl PathWatches {
    /// Without watches.
    pub fn new() -> Self {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK);
        if let Err(error) = &inotify {
            tracing::error!("path units do not work: inotify: {error}");
        }
        Self {
            inotify: inotify.ok(),
            waiters: HashMap::new(),
            paths: HashMap::new(),
            pid_files: HashMap::new(),
        }
    }

    /// What to wait for.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(AsFd::as_fd)
    }

    /// Watches these paths for a path unit instead of what it had; an empty list ends that.
    pub fn watch(&mut self, unit: UnitName, watches: Vec<PathWatch>) {
        if watches.is_empty() {
            self.paths.remove(&unit);
        } else {
            self.paths.insert(unit, watches);
        }
        self.rebuild();
    }

    /// Watches for a PID file.
    pub fn watch_pid_file(&mut self, unit: UnitName, path: PathBuf) {
        self.pid_files.insert(unit, path);
        self.rebuild();
    }

    /// What has changed since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        let Some(inotify) = &self.inotify else { return Vec::new() };
        let mut found: Vec<Waiter> = Vec::new();
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(inotify, &mut buffer);
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| {
                std::os::unix::ffi::OsStrExt::as_bytes(std::ffi::OsStr::new(
                    name.to_str().unwrap_or_default(),
                ))
                .to_vec()
            });
            let waiters = self.waiters.get(&event.wd()).map(Vec::as_slice).unwrap_or_default();
            for (waiter, names) in waiters {
                let meant = names.is_empty()
                    || name.as_ref().is_none_or(|name| {
                        names.iter().any(|wanted| wanted.as_encoded_bytes() == name.as_slice())
                    });
                if meant && !found.contains(waiter) {
                    found.push(waiter.clone());
                }
            }
        }
        if found.is_empty() {
            return Vec::new();
        }
        // A directory may have come on the way to a watched path.
        self.rebuild();
        found
            .into_iter()
            .filter_map(|waiter| match waiter {
                Waiter::Path(unit, watch) => Some(Event::PathChanged { unit, watch }),
                Waiter::PidFile(unit) => {
                    let path = self.pid_files.get(&unit)?;
                    path.exists().then_some(Event::PidFileChanged { unit })
                }
            })
            .collect()
    }

    /// Sets all watches again: on each path, and on every directory that leads to it.
    fn rebuild(&mut self) {
        let Some(inotify) = &self.inotify else { return };
        let mut wanted: Vec<(PathBuf, WatchFlags, Waiter, Vec<std::ffi::OsString>)> = Vec::new();
        for (unit, watches) in &self.paths {
            for (place, watch) in watches.iter().enumerate() {
                let waiter = Waiter::Path(unit.clone(), place);
                wanted.push((watch.path.clone(), content_flags(watch.kind), waiter.clone(), Vec::new()));
                wanted.extend(ancestors(&watch.path, &waiter));
            }
        }
        for (unit, path) in &self.pid_files {
            let waiter = Waiter::PidFile(unit.clone());
            wanted.push((path.clone(), WatchFlags::CLOSE_WRITE, waiter.clone(), Vec::new()));
            wanted.extend(ancestors(path, &waiter));
        }
        let mut waiters: HashMap<i32, Vec<(Waiter, Vec<std::ffi::OsString>)>> = HashMap::new();
        for (path, flags, waiter, names) in wanted {
            // The same path may be watched for several: MASK_ADD keeps what the others want.
            if let Ok(watch) = inotify::add_watch(inotify, &path, flags | WatchFlags::MASK_ADD) {
                waiters.entry(watch).or_default().push((waiter, names));
            }
        }
        for gone in self.waiters.keys().filter(|watch| !waiters.contains_key(watch)) {
            let _ = inotify::remove_watch(inotify, *gone);
        }
        self.waiters = waiters;
    }
}

/// What happens to the path itself.
fn content_flags(kind: PathWatchKind) -> WatchFlags {
    let changed = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF | WatchFlags::ATTRIB;
    let entries = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
    match kind {
        PathWatchKind::PathExists | PathWatchKind::PathExistsGlob => changed,
        PathWatchKind::PathChanged => changed | WatchFlags::CLOSE_WRITE | entries,
        PathWatchKind::PathModified => changed | WatchFlags::CLOSE_WRITE | WatchFlags::MODIFY | entries,
        PathWatchKind::DirectoryNotEmpty => changed | entries,
    }
}

/// The directories that lead to a path, each with the name in it that leads on.
fn ancestors(path: &Path, waiter: &Waiter) -> Vec<(PathBuf, WatchFlags, Waiter, Vec<std::ffi::OsString>)> {
    let flags = WatchFlags::CREATE
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF;
    let mut found = Vec::new();
    let mut below = path;
    while let Some(parent) = below.parent() {
        // A pattern may mean any name.
        let name = below.file_name().filter(|name| !name.to_string_lossy().contains(['*', '?', '[']));
        let names = name.map(|name| vec![name.to_owned()]).unwrap_or_default();
        found.push((parent.to_owned(), flags, waiter.clone(), names));
        if parent.exists() && below != path {
            break;
        }
        below = parent;
    }
    found
}
