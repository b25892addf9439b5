//! Dinit, which no registry has: its programs are found where somebody has built them.

use std::path::{Path, PathBuf};

use super::machine::Builder;
use crate::skip::skip;

/// Names the directories with Dinit's programs, separated by colons: each has a version of its own.
const VARIABLE: &str = "DINIT_BIN_DIR";

/// The directories with Dinit's programs: those of `$DINIT_BIN_DIR`, else the first of `$PATH`.
///
/// # Panics
/// When `$DINIT_BIN_DIR` names one that has none.
pub fn directories() -> Vec<PathBuf> {
    let of = |variable: &str| std::env::var_os(variable).unwrap_or_default();
    let own: Vec<PathBuf> =
        std::env::split_paths(&of(VARIABLE)).filter(|path| !path.as_os_str().is_empty()).collect();
    for path in &own {
        assert!(path.join("dinit").is_file(), "{VARIABLE}: there is no dinit in {}", path.display());
    }
    if own.is_empty() {
        std::env::split_paths(&of("PATH")).filter(|path| path.join("dinit").is_file()).take(1).collect()
    } else {
        own
    }
}

/// The first of them, for tests that take any version. Skips the test where there is none.
pub fn directory_or_skip() -> Option<PathBuf> {
    let first = directories().into_iter().next();
    if first.is_none() {
        skip("dinit is neither in DINIT_BIN_DIR nor on PATH");
    }
    first
}

/// Makes `dinit` and `dinitctl` of a directory appear in a machine's /usr/bin.
pub fn bind(builder: Builder, directory: &Path) -> Builder {
    ["dinit", "dinitctl"].iter().fold(builder, |builder, program| {
        builder.bind_read_only(directory.join(program), format!("/usr/bin/{program}"))
    })
}

/// The same with the first of all directories, or skips the test where there is none.
pub fn bind_or_skip(builder: Builder) -> Option<Builder> {
    Some(bind(builder, &directory_or_skip()?))
}
