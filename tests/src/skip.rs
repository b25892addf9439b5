//! Skips that are seen: libtest knows no "skipped at run time", so the reason goes to a file that xtask reads.

use std::io::Write;

/// Environment variable that names the file to which [`skip`] appends.
pub const SKIP_FILE_VARIABLE: &str = "USHER_SKIP_FILE";

/// Records that the running test is skipped, and why. The caller returns right after.
///
/// Each record is one line, `TEST<TAB>REASON`. Without xtask the reason goes to standard error only.
///
/// # Panics
/// When the file cannot be written: a skip that nobody sees must not look like a pass.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("unnamed test").to_owned();
    let reason = reason.replace(['\n', '\t'], " ");
    eprintln!("skipped: {test}: {reason}");
    if let Some(file) = std::env::var_os(SKIP_FILE_VARIABLE) {
        let mut file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // One write, so that lines of tests that run at once do not mix.
        file.write_all(format!("{test}\t{reason}\n").as_bytes()).expect("the skip file takes a line");
    }
}

/// Whether this runs as continuous integration (`CI=true`): there a root that cannot be built is a skip, elsewhere
/// it is a failure.
pub fn continuous_integration() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
