//! As root they also check owners; as anybody else the owner is whoever runs them.

use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn me() -> (u32, u32) {
    if rustix::process::geteuid().is_root() {
        (61_184, 61_185)
    } else {
        (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
    }
}

fn home(root: &Path, path: &str) -> Home {
    let (uid, gid) = me();
    Home { root: root.to_owned(), parent: "/run/home".into(), path: path.into(), uid, gid }
}

/// A root with something outside of the homes that must stay.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("precious/dir")).unwrap();
    std::fs::write(root.path().join("precious/dir/file"), "precious").unwrap();
    root
}

fn is_whole(root: &Path) {
    assert_eq!(std::fs::read_to_string(root.join("precious/dir/file")).unwrap(), "precious");
}

#[test]
fn a_home_appears_with_its_owner_and_goes_with_all_that_is_in_it() {
    let root = root();
    let home = home(root.path(), "/run/home/a");
    home.make().unwrap();
    let made = root.path().join("run/home/a");
    let metadata = std::fs::metadata(&made).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), me());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o700);
    assert_eq!(std::fs::metadata(root.path().join("run/home")).unwrap().permissions().mode() & 0o7777, 0o755);
    for directory in ["x/y/z", "x/y2", "e"] {
        std::fs::create_dir_all(made.join(directory)).unwrap();
        std::fs::write(made.join(directory).join("file"), "x").unwrap();
    }
    symlink(root.path().join("precious"), made.join("link")).unwrap();
    symlink(root.path().join("precious"), made.join("x/y/link")).unwrap();
    home.remove().unwrap();
    assert_eq!(std::fs::read_dir(root.path().join("run/home")).unwrap().count(), 0);
    home.remove().unwrap();
    is_whole(root.path());
}

#[test]
fn depth_costs_neither_stack_nor_descriptors() {
    let root = root();
    let home = home(root.path(), "/run/home/a");
    home.make().unwrap();
    // Deeper than a path can be long.
    let name = "deep".repeat(8);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut directory = rustix::fs::open(root.path().join("run/home/a"), flags, Mode::empty()).unwrap();
    for _ in 0..300 {
        rustix::fs::mkdirat(&directory, &*name, Mode::RWXU).unwrap();
        rustix::fs::mkdirat(&directory, ".removed-0", Mode::RWXU).unwrap();
        directory = open_directory(directory.as_fd(), &*name).unwrap();
    }
    home.remove().unwrap();
    assert_eq!(std::fs::read_dir(root.path().join("run/home")).unwrap().count(), 0);
}

#[test]
fn what_is_there_already_is_neither_taken_nor_changed() {
    let root = root();
    let home = home(root.path(), "/run/home/a");
    std::fs::create_dir_all(root.path().join("run/home/a")).unwrap();
    std::fs::write(root.path().join("run/home/a/file"), "x").unwrap();
    assert!(matches!(home.make(), Err(HomeError::Exists(_))));
    assert!(root.path().join("run/home/a/file").exists());
    assert_eq!(std::fs::read_dir(root.path().join("run/home")).unwrap().count(), 1);
}

#[test]
fn a_link_is_never_followed() {
    let root = root();
    // In the place of the home.
    let home = home(root.path(), "/run/home/a");
    std::fs::create_dir_all(root.path().join("run/home")).unwrap();
    symlink(root.path().join("precious"), root.path().join("run/home/a")).unwrap();
    assert!(matches!(home.make(), Err(HomeError::Exists(_))));
    home.remove().unwrap();
    is_whole(root.path());
    // In the place of the directory that is half made.
    std::fs::remove_file(root.path().join("run/home/a")).unwrap();
    symlink(root.path().join("precious"), root.path().join("run/home/.a.new")).unwrap();
    home.make().unwrap();
    is_whole(root.path());
    // Above.
    std::fs::rename(root.path().join("run/home"), root.path().join("run/elsewhere")).unwrap();
    symlink(root.path().join("run/elsewhere"), root.path().join("run/home")).unwrap();
    assert!(home.make().is_err());
    assert!(home.remove().is_err());
    assert!(root.path().join("run/elsewhere/a").exists());
    is_whole(root.path());
}

#[test]
fn homes_are_right_below_their_parent() {
    let root = root();
    for path in [
        "/run/home",
        "/run/home/",
        "/run/home/..",
        "/run/home/a/b",
        "/run/homes/a",
        "/precious",
        "/run/home/.",
        "/run/home/.b.new",
    ] {
        assert!(matches!(home(root.path(), path).make(), Err(HomeError::NotBelow(_))), "{path}");
        assert!(matches!(home(root.path(), path).remove(), Err(HomeError::NotBelow(_))), "{path}");
    }
    is_whole(root.path());
}

#[test]
fn a_parent_that_others_can_write_to_is_refused() {
    let root = root();
    std::fs::create_dir_all(root.path().join("run/home")).unwrap();
    for (directory, mode, is_safe) in [
        ("run", 0o777, false),
        ("run", 0o1777, true),
        ("run/home", 0o1777, false),
        ("run/home", 0o775, false),
    ] {
        let set = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(root.path().join(directory), mode).unwrap();
        };
        set(mode);
        let made = home(root.path(), "/run/home/a").make();
        assert_eq!(matches!(made, Err(HomeError::UnsafeParent(_))), !is_safe, "{directory} {mode:o}");
        assert_eq!(made.is_ok(), is_safe);
        set(0o755);
    }
}

#[test]
fn the_directory_of_another_user_is_not_removed() {
    let root = root();
    let mut home = home(root.path(), "/run/home/a");
    home.make().unwrap();
    home.uid += 1;
    home.remove().unwrap();
    assert!(root.path().join("run/home/a").exists());
}
