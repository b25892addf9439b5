//! The Debian mirror that this machine itself uses.

use super::LabError;
use std::process::Command;

/// Overrides what apt's configuration says.
const MIRROR_VARIABLE: &str = "USHER_DEBIAN_MIRROR";

/// The URI of the first Debian archive that apt is configured to use, without its trailing slash.
///
/// # Errors
/// apt-get is missing, or none of its sources ends in `/debian`.
pub fn find() -> Result<String, LabError> {
    if let Ok(mirror) = std::env::var(MIRROR_VARIABLE) {
        return Ok(mirror);
    }
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)"])
        .output()
        .map_err(|error| LabError::NoMirror(format!("apt-get: {error}; set {MIRROR_VARIABLE}")))?;
    let listed = String::from_utf8_lossy(&output.stdout);
    pick(&listed).ok_or_else(|| {
        LabError::NoMirror(format!("apt is configured with none that ends in /debian; set {MIRROR_VARIABLE}"))
    })
}

fn pick(listed: &str) -> Option<String> {
    listed
        .lines()
        .map(|line| line.trim().trim_end_matches('/'))
        .find(|uri| uri.ends_with("/debian"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_archive_and_not_the_security_one() {
        let listed = "http://one.example/debian-security/\nhttp://two.example/debian/\n";
        assert_eq!(pick(listed).as_deref(), Some("http://two.example/debian"));
    }

    #[test]
    fn other_distributions_are_no_mirror() {
        assert_eq!(pick("http://one.example/ubuntu/\n"), None);
    }
}
