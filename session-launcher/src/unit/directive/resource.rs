//! systemd.resource-control(5): the slice, delegation, and limits that are kept as written.

use super::support::{self, Group};
use super::{Applied, Fault, Line};
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::spec::ResourceControl;
use crate::unit::value::boolean;

/// Applies a directive; `None` when there is none of that name.
pub fn apply(resources: &mut ResourceControl, line: &mut Line<'_>) -> Option<Applied> {
    match line.key {
        "Slice" => return Some(slice(resources, line)),
        "Delegate" => return Some(delegate(resources, line)),
        _ => {}
    }
    let entry = support::find(Group::Resource, line.key)?;
    let told = support::unsupported(entry, line);
    let list = resources.limits.entry(line.key.to_owned()).or_default();
    if line.value.is_empty() {
        resources.limits.remove(line.key);
    } else {
        list.push(line.value.to_owned());
    }
    Some(told)
}

fn slice(resources: &mut ResourceControl, line: &Line<'_>) -> Applied {
    let Some(_) = line.given() else {
        resources.slice = None;
        return Ok(());
    };
    let name = line.expanded()?;
    match UnitName::new(name) {
        Ok(name) if name.kind() == UnitKind::Slice && is_slice_name(&name) => {
            resources.slice = Some(name);
            Ok(())
        }
        _ => line.invalid("the name of a slice"),
    }
}

/// Every part between dashes must be there: `a-b.slice` lies in `a.slice`.
pub fn is_slice_name(name: &UnitName) -> bool {
    let stem = name.stem();
    stem == "-" || (!stem.contains('@') && stem.split('-').all(|part| !part.is_empty()))
}

/// The slice that another one lies in; `None` for the root.
pub fn parent_slice(name: &UnitName) -> Option<UnitName> {
    match name.stem().rsplit_once('-') {
        _ if name.stem() == "-" => None,
        Some((parent, _)) => UnitName::new(format!("{parent}.slice")).ok(),
        None => UnitName::new("-.slice").ok(),
    }
}

fn delegate(resources: &mut ResourceControl, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        resources.delegate = Some(Vec::new());
        return Ok(());
    }
    if let Some(on) = boolean::parse(line.value) {
        resources.delegate = on.then(Vec::new);
        return Ok(());
    }
    const CONTROLLERS: [&str; 9] =
        ["cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids", "bpf-firewall"];
    let words = line.words()?;
    if let Some(bad) = words.iter().find(|word| !CONTROLLERS.contains(&word.as_str())) {
        return Err(Fault::Ignored(format!("Delegate={bad}: not a controller, it is ignored")));
    }
    resources.delegate.get_or_insert_default().extend(words);
    Ok(())
}
