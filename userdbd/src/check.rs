//! `userdbd --check`: what is wrong with the files, for a person or a script.

use std::path::Path;
use std::process::ExitCode;

use crate::config::Config;
use crate::source::Sources;

/// Reads everything below `root` and the configuration, and prints each problem on a line of its own. Fails when there is one.
pub fn check(root: &Path, config: &Path) -> ExitCode {
    let mut problems = Vec::new();
    if let Err(error) = Config::read(config) {
        problems.push(error.to_string());
    }
    let mut sources = Sources::read(root, None);
    let index = sources.index();
    problems.extend(sources.problems().iter().map(ToString::to_string));
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        let users: usize = index.sources().iter().map(|source| source.users.iter().count()).sum();
        let groups: usize = index.sources().iter().map(|source| source.groups.iter().count()).sum();
        println!("{users} users and {groups} groups, no problem found");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
