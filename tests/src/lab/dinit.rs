//! Dinit, which no registry has: its programs are found where somebody has built them.

use std::path::PathBuf;

use super::machine::Builder;
use crate::skip::skip;

/// The directory with Dinit's programs: `$DINIT_BIN_DIR`, else one of `$PATH`.
pub fn directory() -> Option<PathBuf> {
    let own = std::env::var_os("DINIT_BIN_DIR").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    own.into_iter().chain(std::env::split_paths(&path)).find(|path| path.join("dinit").is_file())
}

/// Makes `dinit` and `dinitctl` appear in a machine's /usr/bin, or skips the test where there are none.
pub fn bind_or_skip(builder: Builder) -> Option<Builder> {
    let Some(directory) = directory() else {
        skip("dinit is neither in DINIT_BIN_DIR nor on PATH");
        return None;
    };
    Some(["dinit", "dinitctl"].iter().fold(builder, |builder, program| {
        builder.bind_read_only(directory.join(program), format!("/usr/bin/{program}"))
    }))
}
