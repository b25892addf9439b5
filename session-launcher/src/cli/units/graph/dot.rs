//! The graph in the DOT language of Graphviz.

use std::io::{self, Write};

use crate::unit::load::UnitSet;
use crate::unit::pull_tree::{Edge, PullTree};
use crate::unit::spec::{DependencyKind, LoadState, UnitKind, UnitName};

/// Writes pulling dependencies as arrows, and the order among the units as grey ones.
pub fn write(tree: &PullTree, set: &UnitSet, output: &mut dyn Write) -> io::Result<()> {
    let units = tree.units();
    writeln!(output, "digraph units {{\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];")?;
    for name in &units {
        writeln!(output, "  {}{};", quoted(name.as_str()), attributes(set, name))?;
    }
    for edge in units.iter().flat_map(|name| tree.children(name)).chain(&tree.others) {
        let Edge { from, to, kind, .. } = edge;
        let style = match kind {
            DependencyKind::Wants | DependencyKind::Upholds => "dashed",
            DependencyKind::BindsTo => "bold",
            _ => "solid",
        };
        writeln!(
            output,
            "  {} -> {} [style={style}, tooltip=\"{}\"];",
            quoted(from.as_str()),
            quoted(to.as_str()),
            kind.as_str()
        )?;
    }
    for unit in units.iter().filter_map(|name| set.get(name)) {
        for other in unit.dependencies.names(DependencyKind::After).filter(|name| units.contains(name)) {
            writeln!(
                output,
                "  {} -> {} [color=grey80, constraint=false, arrowhead=empty, tooltip=\"After\"];",
                quoted(unit.name.as_str()),
                quoted(other.as_str())
            )?;
        }
    }
    writeln!(output, "}}")
}

fn attributes(set: &UnitSet, name: &UnitName) -> &'static str {
    if set.get(name).is_none_or(|unit| unit.load_state != LoadState::Loaded) {
        return " [style=dotted, fontcolor=grey50]";
    }
    match name.kind() {
        UnitKind::Target => " [shape=box, style=\"rounded,bold\"]",
        UnitKind::Socket | UnitKind::Timer | UnitKind::Path => " [shape=cds]",
        UnitKind::Slice => " [shape=folder]",
        _ => "",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
