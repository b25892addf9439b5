//! `units deps`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::{Error, Result};
use crate::unit::load::{Loader, UnitSet};
use crate::unit::name::UnitName;
use crate::unit::pull_tree::{Edge, Options, PullTree};
use crate::unit::spec::{DependencyKind, DependencyOrigin, LoadState};

/// Arguments of `units deps`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The unit.
    #[arg(default_value = "default.target")]
    unit: String,
    /// What depends on it, among all unit files.
    #[arg(short, long)]
    reverse: bool,
    /// Only these kinds, such as Wants or After.
    #[arg(short, long, value_delimiter = ',', value_name = "KIND")]
    kind: Vec<String>,
    /// With what every unit has: basic.target, shutdown.target, slices.
    #[arg(short, long)]
    all: bool,
    /// Only the unit's own dependencies.
    #[arg(short, long)]
    flat: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Prints a tree, each branch with its kind and where it is written.
///
/// # Errors
/// A name or kind is none, or the output cannot be written.
pub fn run(arguments: &Arguments, loader: &Loader, output: &mut dyn Write) -> Result {
    let name = super::unit_name(&arguments.unit)?;
    let mut set = loader.closure([&name]);
    if arguments.reverse {
        let all: Vec<UnitName> =
            loader.catalog().names().filter(|name| !name.is_template()).cloned().collect();
        set.extend(loader, &all);
    }
    let kinds = arguments.kind.iter().map(|text| kind(text)).collect::<std::result::Result<_, _>>()?;
    let tree =
        PullTree::new(&set, &name, &Options { kinds, reverse: arguments.reverse, defaults: arguments.all });
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &rows(&tree))?;
        writeln!(output)?;
        return Ok(ExitCode::SUCCESS);
    }
    write_tree(&tree, &set, if arguments.flat { 1 } else { usize::MAX }, output)?;
    Ok(ExitCode::SUCCESS)
}

fn kind(text: &str) -> std::result::Result<DependencyKind, Error> {
    let found = DependencyKind::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| Error::Other(format!("{text} is no kind of dependency")))
}

#[derive(Serialize)]
struct Row<'a> {
    from: &'a UnitName,
    to: &'a UnitName,
    kind: DependencyKind,
    origin: &'a DependencyOrigin,
}

fn rows<'tree>(tree: &'tree PullTree) -> Vec<Row<'tree>> {
    let units = tree.units();
    let edges = units.iter().flat_map(|name| tree.children(name));
    let row = |edge: &'tree Edge| {
        let Edge { from, to, kind, origin } = edge;
        Row { from, to, kind: *kind, origin }
    };
    edges.chain(&tree.others).map(row).collect()
}

/// Writes a tree with lines; a unit that is not loaded says so.
///
/// # Errors
/// The output cannot be written.
pub fn write_tree(
    tree: &PullTree,
    set: &UnitSet,
    depth: usize,
    output: &mut dyn Write,
) -> std::io::Result<()> {
    writeln!(output, "{}{}", tree.root, state(set, &tree.root))?;
    // For each open level: the branches that are left, and what is drawn before them.
    let mut levels = vec![(tree.children(&tree.root).iter(), String::new())];
    while let Some((branches, indent)) = levels.last_mut() {
        let Some(edge) = branches.next() else {
            levels.pop();
            continue;
        };
        let last = branches.len() == 0;
        let parent = indent.clone();
        let name = if set.primary(&edge.from) == &tree.root || tree.children(&edge.from).contains(edge) {
            &edge.to
        } else {
            &edge.from
        };
        let line = if last { "\u{2514}\u{2500}" } else { "\u{251c}\u{2500}" };
        writeln!(
            output,
            "{parent}{line} {name}  {}{}{}",
            edge.kind.as_str(),
            written(&edge.origin),
            state(set, name)
        )?;
        if levels.len() < depth {
            let below = format!("{parent}{}", if last { "   " } else { "\u{2502}  " });
            levels.push((tree.children(name).iter(), below));
        }
    }
    Ok(())
}

/// Where a dependency is written, in brackets.
pub fn written(origin: &DependencyOrigin) -> String {
    match origin {
        DependencyOrigin::File { path, line } => {
            let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            format!(" ({file}:{line})")
        }
        DependencyOrigin::Link(path) => {
            let directory = path.parent().and_then(|path| path.file_name());
            format!(" ({}/)", directory.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
        }
        DependencyOrigin::Default => " (default)".to_owned(),
        DependencyOrigin::Implicit => " (implied)".to_owned(),
        DependencyOrigin::Runtime => " (at run time)".to_owned(),
    }
}

fn state(set: &UnitSet, name: &UnitName) -> String {
    match set.get(name).map(|unit| unit.load_state) {
        None | Some(LoadState::Loaded) => String::new(),
        Some(state) => format!("  [{}]", state.as_str()),
    }
}
