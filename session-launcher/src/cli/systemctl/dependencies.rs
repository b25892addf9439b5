//! `list-dependencies`.

use std::io::Write;

use super::arguments::Arguments;
use super::failure::Failure;
use super::output::{Palette, color_of_state, dot};
use super::{Result, names};
use crate::client::Manager;

/// What the unit pulls in.
const FORWARD: [&str; 6] = ["Requires", "Requisite", "Wants", "ConsistsOf", "BindsTo", "Upholds"];
/// What pulls it in.
const REVERSE: [&str; 6] = ["RequiredBy", "RequisiteOf", "WantedBy", "PartOf", "BoundBy", "UpheldBy"];

/// The tree's deepest branch: a bound, not a limit that any session meets.
const DEPTH: usize = 100;

/// Prints units and what they depend on as a tree.
pub async fn run(
    manager: &Manager,
    arguments: &Arguments,
    units: &[String],
    output: &mut dyn Write,
) -> Result {
    let kinds: &[&str] = match (arguments.reverse, arguments.after, arguments.before) {
        (true, ..) => &REVERSE,
        (_, true, _) => &["After"],
        (_, _, true) => &["Before"],
        _ => &FORWARD,
    };
    let default = ["default.target".to_owned()];
    let words = if units.is_empty() { default.as_slice() } else { units };
    for (place, name) in names::expand(manager, words).await?.iter().enumerate() {
        if place > 0 {
            writeln!(output)?;
        }
        writeln!(output, "{name}")?;
        let mut tree = Tree {
            manager,
            arguments,
            kinds,
            palette: Palette::of_stdout(),
            path: Vec::new(),
            last: Vec::new(),
        };
        tree.write(name, output).await?;
    }
    Ok(0)
}

struct Tree<'a> {
    manager: &'a Manager,
    arguments: &'a Arguments,
    kinds: &'a [&'a str],
    palette: Palette,
    /// The units from the root to here; in a list, all that were printed.
    path: Vec<String>,
    /// For each level below the root: whether its branch is the last one.
    last: Vec<bool>,
}

impl Tree<'_> {
    async fn write(&mut self, name: &str, output: &mut dyn Write) -> Result<()> {
        if self.last.len() > DEPTH {
            return Ok(());
        }
        self.path.push(name.to_owned());
        let children = self.children(name).await?;
        let count = children.len();
        for (place, child) in children.into_iter().enumerate() {
            let is_last = place + 1 == count;
            if self.path.contains(&child) {
                if !self.arguments.plain {
                    self.last.push(is_last);
                    writeln!(output, "  {}...", self.lines(true))?;
                    self.last.pop();
                }
                continue;
            }
            self.last.push(is_last);
            if self.arguments.plain {
                writeln!(output, "  {child}")?;
            } else {
                let state = self.manager.active_state(&child).await.unwrap_or_else(|_| "inactive".to_owned());
                let mark = self.palette.paint(color_of_state(&state), dot(&state));
                writeln!(output, "{mark} {}{child}", self.lines(false))?;
            }
            if self.arguments.all || child.ends_with(".target") {
                Box::pin(self.write(&child, output)).await?;
            }
            self.last.pop();
        }
        if !self.arguments.plain {
            self.path.pop();
        }
        Ok(())
    }

    fn lines(&self, is_circle: bool) -> String {
        let mut text = String::new();
        let Some((own, above)) = self.last.split_last() else { return text };
        for is_last in above {
            text.push_str(if *is_last { "  " } else { "│ " });
        }
        text.push_str(if *own || is_circle { "└─" } else { "├─" });
        text
    }

    async fn children(&self, name: &str) -> Result<Vec<String>> {
        let failed = |error| Failure::call(format!("Failed to get properties of {name}"), error);
        let path = self.manager.load_unit(name).await.map_err(failed)?;
        let interface = crate::client::manager::UNIT_INTERFACE;
        let properties = self.manager.properties(&path, interface).await.map_err(failed)?;
        let mut children: Vec<String> = Vec::new();
        for kind in self.kinds {
            children.extend(properties.texts(kind).into_iter().map(str::to_owned));
        }
        // Targets come last, since they have branches of their own.
        children.sort_by_cached_key(|name| (name.ends_with(".target"), name.to_ascii_lowercase()));
        children.dedup();
        Ok(children)
    }
}
