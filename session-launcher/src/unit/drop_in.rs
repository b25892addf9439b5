//! Drop-in directories, and `.wants/`, `.requires/` and `.upholds/` (systemd.unit(5), "Description").

use std::path::PathBuf;

use super::catalog::Catalog;
use super::conf_files;
use super::name::UnitName;

/// The directories that add to a unit, the most important first: for each of its names that name's own, its
/// template's, and those of its prefixes (`foo-bar-.service.d`, `foo-.service.d`) in each directory of the search path.
/// `suffix` is `d`, `wants`, `requires` or `upholds`; only `d` has type-wide ones (`service.d`), which come last.
pub fn directories(catalog: &Catalog, names: &[&UnitName], suffix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(PathBuf, usize)> = Vec::new();
    let mut result = Vec::new();
    for name in names {
        found.clear();
        for candidate in candidates(name) {
            let list = catalog.side_directories(&format!("{candidate}.{suffix}"));
            found.extend(list.iter().map(|path| (path.clone(), catalog.rank(path))));
        }
        // A stable sort keeps the order from specific to general inside one directory of the search path.
        found.sort_by_key(|(_, rank)| *rank);
        result.extend(found.drain(..).map(|(path, _)| path));
    }
    if suffix == "d"
        && let Some(name) = names.first()
    {
        result.extend_from_slice(catalog.side_directories(&format!("{}.d", name.kind())));
    }
    result
}

/// The drop-in files of a unit, in the order in which they are read.
pub fn files(catalog: &Catalog, names: &[&UnitName]) -> Vec<PathBuf> {
    conf_files::list(&directories(catalog, names, "d"), None, "conf")
}

/// The name, its template, and its prefixes with their templates, from specific to general.
fn candidates(name: &UnitName) -> Vec<String> {
    let kind = name.kind();
    let instance = name.stem().split_once('@').map(|(_, instance)| instance);
    let mut result = Vec::new();
    let mut prefix = Some(name.prefix());
    while let Some(current) = prefix {
        if let Some(instance) = instance {
            result.push(format!("{current}@{instance}.{kind}"));
            if !instance.is_empty() {
                result.push(format!("{current}@.{kind}"));
            }
        }
        // A prefix holds for instances too, but not the whole name without its instance.
        if instance.is_none() || current != name.prefix() {
            result.push(format!("{current}.{kind}"));
        }
        prefix = shorter_prefix(current);
    }
    result
}

/// `foo-bar-baz` to `foo-bar-` to `foo-` to nothing.
fn shorter_prefix(prefix: &str) -> Option<&str> {
    let trimmed = prefix.strip_suffix('-').unwrap_or(prefix);
    let (head, _) = trimmed.rsplit_once('-')?;
    if head.is_empty() {
        return None;
    }
    prefix.get(..=head.len())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::unit::search_path::SearchPath;

    #[test]
    fn prefixes_from_specific_to_general() {
        let name = UnitName::new("foo-bar-baz.service").unwrap();
        assert_eq!(candidates(&name), ["foo-bar-baz.service", "foo-bar-.service", "foo-.service"]);
        let name = UnitName::new("a-b@x-y.service").unwrap();
        assert_eq!(
            candidates(&name),
            ["a-b@x-y.service", "a-b@.service", "a-@x-y.service", "a-@.service", "a-.service"]
        );
        let name = UnitName::new("-.slice").unwrap();
        assert_eq!(candidates(&name), ["-.slice"]);
    }

    fn write(dir: &Path, path: &str) {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "[Unit]\n").unwrap();
    }

    fn found(dir: &Path, names: &[&str]) -> Vec<String> {
        let path = SearchPath::of_directories([dir.join("etc"), dir.join("lib")]);
        let names: Vec<UnitName> = names.iter().map(|name| UnitName::new(*name).unwrap()).collect();
        let names: Vec<&UnitName> = names.iter().collect();
        let list = files(&Catalog::read(&path), &names);
        list.iter().map(|path| path.strip_prefix(dir).unwrap().display().to_string()).collect()
    }

    #[test]
    fn by_file_name_over_all_directories() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "lib/a.service.d/20.conf",
            "etc/a.service.d/30.conf",
            "lib/service.d/10.conf",
            "lib/a.service.d/x.txt",
        ] {
            write(dir.path(), path);
        }
        let expected = ["lib/service.d/10.conf", "lib/a.service.d/20.conf", "etc/a.service.d/30.conf"];
        assert_eq!(found(dir.path(), &["a.service"]), expected);
    }

    #[test]
    fn of_equal_names_the_more_important_directory_counts() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "lib/a-b.service.d/10.conf",
            "etc/a-.service.d/10.conf",
            "lib/a-.service.d/20.conf",
            "lib/a-b.service.d/20.conf",
            "etc/service.d/20.conf",
        ] {
            write(dir.path(), path);
        }
        assert_eq!(
            found(dir.path(), &["a-b.service"]),
            ["etc/a-.service.d/10.conf", "lib/a-b.service.d/20.conf"]
        );
    }

    #[test]
    fn templates_instances_and_aliases() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "lib/a@.service.d/10.conf",
            "lib/a@x.service.d/20.conf",
            "lib/b@x.service.d/30.conf",
            "lib/a@y.service.d/40.conf",
        ] {
            write(dir.path(), path);
        }
        let expected = ["lib/a@.service.d/10.conf", "lib/a@x.service.d/20.conf", "lib/b@x.service.d/30.conf"];
        assert_eq!(found(dir.path(), &["a@x.service", "b@x.service"]), expected);
    }

    #[test]
    fn a_link_to_dev_null_masks_a_drop_in() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "lib/a.service.d/10.conf");
        fs::create_dir_all(dir.path().join("etc/a.service.d")).unwrap();
        std::os::unix::fs::symlink("/dev/null", dir.path().join("etc/a.service.d/10.conf")).unwrap();
        assert!(found(dir.path(), &["a.service"]).is_empty());
    }
}
