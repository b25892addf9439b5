//! The stated minimum Rust version is true for every dependency.

use std::process::Command;

/// Dependencies whose `rust-version` is newer than the workspace's, as lines for a person.
///
/// # Errors
/// `cargo metadata` fails or prints something else.
pub fn violations() -> Result<Vec<String>, String> {
    let output = Command::new(crate::cargo())
        .args(["metadata", "--format-version=1", "--locked"])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    check(&metadata)
}

fn check(metadata: &serde_json::Value) -> Result<Vec<String>, String> {
    let packages = metadata
        .get("packages")
        .and_then(|packages| packages.as_array())
        .ok_or("cargo metadata lists no packages")?;
    // Packages without a source are the workspace's own.
    let ours = packages
        .iter()
        .filter(|package| package.get("source").is_some_and(serde_json::Value::is_null))
        .filter_map(|package| package.get("rust_version")?.as_str())
        .filter_map(version)
        .min()
        .ok_or("no package of the workspace states a rust-version")?;
    let mut violations = Vec::new();
    for package in packages {
        let Some(text) = package.get("rust_version").and_then(|version| version.as_str()) else { continue };
        if version(text).is_none_or(|theirs| theirs > ours) {
            let name = package.get("name").and_then(|name| name.as_str()).unwrap_or("?");
            violations
                .push(format!("{name} needs Rust {text}, the workspace promises {}.{}", ours.0, ours.1));
        }
    }
    Ok(violations)
}

fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_newer_dependency_is_named() {
        let metadata = json!({"packages": [
            {"name": "ours", "source": null, "rust_version": "1.89"},
            {"name": "old", "source": "registry", "rust_version": "1.71.1"},
            {"name": "silent", "source": "registry", "rust_version": null},
            {"name": "new", "source": "registry", "rust_version": "1.90"},
        ]});
        assert_eq!(check(&metadata).unwrap(), ["new needs Rust 1.90, the workspace promises 1.89"]);
    }
}
