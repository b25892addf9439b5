//! The files of the repository are what `translate` makes of its units now.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use usher_tests::binaries::workspace;
use usher_tests::native_files::{self, Scope};

fn files(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn the_repository_has_what_translate_makes() {
    for (manager, scope) in
        native_files::MANAGERS.into_iter().flat_map(|m| Scope::ALL.map(|scope| (m, scope)))
    {
        let directory = tempfile::tempdir().unwrap();
        let output = native_files::translate(manager, scope, directory.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let kept = scope.directory(manager);
        let (made, kept_files) = (files(directory.path()), files(&workspace().join(&kept)));
        let kept = kept.display();
        assert_eq!(made, kept_files, "{kept}/ is old; make it again with: cargo xtask translate");
    }
}
