//! Rules of paths and file names.

use crate::text;

/// The length of a path with its final NUL (`PATH_MAX`).
const PATH_MAX: usize = 4096;
/// The longest file name in bytes (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// A file name: not empty, at most 255 bytes, no slash, not `.` or `..`.
pub fn is_file_name(s: &str) -> bool {
    (1..=NAME_MAX).contains(&s.len()) && !s.contains('/') && !matches!(s, "." | "..")
}

/// An absolute path of a length that the kernel takes.
fn is_absolute(s: &str) -> bool {
    s.starts_with('/') && s.len() < PATH_MAX && s.split('/').all(|part| part.len() <= NAME_MAX)
}

/// An absolute path without `.`, `..` and doubled slashes. One slash at the end is fine.
pub fn is_absolute_normalized(s: &str) -> bool {
    is_absolute(s) && !s.contains("//") && !s.split('/').any(|part| matches!(part, "." | ".."))
}

/// An absolute path, normalized or not, that does not name the root.
pub fn is_image(s: &str) -> bool {
    is_absolute(s) && s.split('/').any(|part| !matches!(part, "" | "."))
}

/// A path that passwd can carry as a home directory.
pub fn is_home(s: &str) -> bool {
    is_absolute_normalized(s) && !s.contains(':') && !text::has_control(s)
}

/// A path that passwd can carry as a shell: a directory's (`/`, `/bin/`) is refused.
pub fn is_shell(s: &str) -> bool {
    is_home(s) && !s.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(parts: usize) -> String {
        "/a".repeat(parts)
    }

    #[test]
    fn normalized_paths_keep_no_dots_and_no_doubled_slashes() {
        let (part, path) = (format!("/{}", "a".repeat(255)), format!("{}a", long(2047)));
        for good in ["/", "/a", "/a/", "/a/b", "/a\n", "/a:b", "/é", "/...", "/.a", &part, &path] {
            assert!(is_absolute_normalized(good), "{good:?}");
        }
        let (part, path) = (format!("/{}", "a".repeat(256)), long(2048));
        for bad in [
            "", "a", "./a", "//", "//a", "/a//b", "/a//", "/.", "/..", "/a/.", "/a/./b", "/a/../b", &part,
            &path,
        ] {
            assert!(!is_absolute_normalized(bad), "{bad:?}");
        }
    }

    #[test]
    fn images_may_be_anywhere_but_at_the_root() {
        for good in ["/a", "//a", "/a/..", "/..", "/a/.", "/a//b", "/a\n"] {
            assert!(is_image(good), "{good:?}");
        }
        for bad in ["", "/", "//", "/.", "/./", "a", "../a"] {
            assert!(!is_image(bad), "{bad:?}");
        }
    }

    #[test]
    fn homes_and_shells_fit_into_passwd() {
        for good in ["/", "/a", "/a/", "/a b", "/é"] {
            assert!(is_home(good), "{good:?}");
        }
        for bad in ["", "a", "/a:b", "/a\n", "/a\u{1}", "/a/../b", "//a"] {
            assert!(!is_home(bad), "{bad:?}");
            assert!(!is_shell(bad), "{bad:?}");
        }
        assert!(is_shell("/bin/sh"));
        assert!(!is_shell("/"));
        assert!(!is_shell("/bin/"));
    }

    #[test]
    fn file_names_are_one_component() {
        let (longest, too_long) = ("a".repeat(255), "a".repeat(256));
        for good in ["a", ".a", "...", "a\n", " ", &longest] {
            assert!(is_file_name(good), "{good:?}");
        }
        for bad in ["", ".", "..", "a/b", "/", &too_long] {
            assert!(!is_file_name(bad), "{bad:?}");
        }
    }
}
