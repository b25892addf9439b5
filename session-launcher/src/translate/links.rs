//! Dependencies, as far as a manager has them.

use std::collections::{BTreeMap, BTreeSet};

use super::Manager;
use super::names::{Counterpart, Names};
use super::report::Findings;
use crate::unit::load::UnitSet;
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::spec::{DependencyKind, Unit};

/// The units that are translated together.
#[derive(Debug)]
pub struct Batch<'a> {
    /// They and all that they refer to.
    pub set: &'a UnitSet,
    /// Native names.
    pub names: &'a Names,
    /// The units that get a native service, with its name.
    pub services: BTreeMap<UnitName, String>,
}

impl Batch<'_> {
    /// What a unit is here, and whether it is translated along.
    fn resolve(&self, unit: &UnitName) -> (Counterpart, bool) {
        let unit = self.set.primary(unit);
        if let Some(name) = self.services.get(unit) {
            return (Counterpart::Service(name.clone()), true);
        }
        if unit.kind() == UnitKind::Socket
            && let Some(name) = unit.with_kind(UnitKind::Service).and_then(|name| self.services.get(&name))
        {
            return (Counterpart::Service(name.clone()), true);
        }
        (self.names.counterpart(unit), false)
    }

    /// Whether `first` is ordered before `second`, over any number of units.
    fn ordered(&self, first: &UnitName, second: &UnitName) -> bool {
        let mut seen: BTreeSet<&UnitName> = BTreeSet::new();
        let mut queue = vec![second];
        while let Some(unit) = queue.pop() {
            if !seen.insert(unit) {
                continue;
            }
            let after = self.set.get(unit).into_iter();
            let after = after.flat_map(|unit| unit.dependencies.names(DependencyKind::After));
            let before = self.set.dependents(DependencyKind::Before, unit).map(|unit| &unit.name);
            for earlier in after.chain(before) {
                if earlier == first {
                    return true;
                }
                queue.push(earlier);
            }
        }
        false
    }
}

/// Native dependencies, by native names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Must be started before, and takes this one along when it is stopped.
    pub need: Vec<String>,
    /// Is started too, and waited for; its failure does not matter.
    pub want: Vec<String>,
    /// Is started too, without waiting.
    pub want_later: Vec<String>,
    /// Must be running already.
    pub requisite: Vec<String>,
    /// Goes first when both start.
    pub after: Vec<String>,
    /// Goes later when both start.
    pub before: Vec<String>,
    /// Started when this one ends well.
    pub chain: Option<String>,
}

/// The dependencies of a unit. `merged` are sockets that are part of it.
pub fn links(
    unit: &Unit,
    merged: &[UnitName],
    batch: &Batch<'_>,
    manager: Manager,
    findings: &mut Findings,
) -> Links {
    let mut reader = Reader { unit, batch, manager, findings, links: Links::default() };
    for (kind, dependency) in unit.dependencies.iter() {
        let other = batch.set.primary(&dependency.unit);
        if other != &unit.name && !merged.contains(other) {
            reader.read(kind, other);
        }
    }
    if manager == Manager::Shepherd {
        // It has no Before=; the others wait instead.
        for other in batch.set.dependents(DependencyKind::Before, &unit.name) {
            if let Some(name) = batch.services.get(&other.name) {
                push(&mut reader.links.after, name);
            }
        }
    }
    let mut links = reader.links;
    // What is needed or wanted is waited for anyway.
    let waited: Vec<String> = links.need.iter().chain(&links.want).cloned().collect();
    if manager != Manager::Openrc {
        links.after.retain(|name| !waited.contains(name));
    }
    links.want.retain(|name| !links.need.contains(name));
    links
}

struct Reader<'a, 'b> {
    unit: &'a Unit,
    batch: &'a Batch<'b>,
    manager: Manager,
    findings: &'a mut Findings,
    links: Links,
}

impl Reader<'_, '_> {
    fn read(&mut self, kind: DependencyKind, other: &UnitName) {
        use DependencyKind as Kind;
        let (counterpart, along) = self.batch.resolve(other);
        let directive = format!("{}={other}", kind.as_str());
        let name = match counterpart {
            Counterpart::Service(name) => name,
            Counterpart::Passed => return,
            Counterpart::OfSystemd if matches!(kind, Kind::Requires | Kind::BindsTo | Kind::Requisite) => {
                self.findings.lost(directive, "a part of systemd that is not there");
                return;
            }
            Counterpart::OfSystemd => return,
            Counterpart::NoService => {
                if !matches!(kind, Kind::TriggeredBy | Kind::Triggers | Kind::InSlice) {
                    self.no_service(kind, other, directive);
                }
                return;
            }
        };
        // The service that it is, under a name of its socket.
        if self.batch.services.get(&self.unit.name) == Some(&name) {
            return;
        }
        let manager = self.manager.title();
        match kind {
            Kind::Requires | Kind::BindsTo => self.need(kind, other, &name, along, directive),
            Kind::Wants => self.want(other, &name, along, directive),
            Kind::Upholds => {
                self.want(other, &name, along, directive.clone());
                self.findings.lost(directive, "it is started with this one, but not again when it ends");
            }
            // Its job counts for systemd, but a manager would only see that it is not started yet.
            Kind::Requisite if self.batch.ordered(&self.unit.name, other) => {
                self.findings.lost(directive, "it is not tested, since it is ordered after this one");
            }
            Kind::Requisite => {
                push(&mut self.links.requisite, &name);
                self.findings
                    .lost(directive, "it is tested at the start, but this one does not stop with it");
            }
            Kind::After => push(&mut self.links.after, &name),
            Kind::Before if self.manager != Manager::Shepherd => push(&mut self.links.before, &name),
            Kind::Before if along => {}
            Kind::Before => self.findings.lost(directive, "the Shepherd has no order but by what is needed"),
            Kind::PartOf => {
                let dependencies = &self.unit.dependencies;
                if !dependencies.has(Kind::Requires, other) && !dependencies.has(Kind::BindsTo, other) {
                    self.findings.lost(directive, "it does not stop with it");
                }
            }
            Kind::Conflicts => {
                self.findings.lost(directive, format!("{manager} has no conflicts: both can run"));
            }
            Kind::OnSuccess if self.manager == Manager::Dinit && self.links.chain.is_none() => {
                self.links.chain = Some(name);
            }
            Kind::OnSuccess | Kind::OnFailure => self.findings.lost(directive, "it is not started then"),
            Kind::PropagatesStopTo | Kind::StopPropagatedFrom => {
                self.findings.lost(directive, "one does not stop with the other");
            }
            Kind::PropagatesReloadTo | Kind::ReloadPropagatedFrom => {
                self.findings.lost(directive, "one is not reloaded with the other");
            }
            Kind::JoinsNamespaceOf => self.findings.lost(directive, "there are no name spaces to share"),
            Kind::Triggers | Kind::TriggeredBy | Kind::InSlice => {}
        }
    }

    fn no_service(&mut self, kind: DependencyKind, other: &UnitName, directive: String) {
        let reason = format!("{} has no {} units", self.manager.title(), other.kind());
        match kind {
            DependencyKind::After | DependencyKind::Before => self.findings.note(directive, reason),
            _ => self.findings.lost(directive, reason),
        }
    }

    fn need(&mut self, kind: DependencyKind, other: &UnitName, name: &str, along: bool, directive: String) {
        if self.batch.ordered(&self.unit.name, other) {
            let manager = self.manager.title();
            let reason = format!("it is ordered after this one, but {manager} starts first what is needed");
            self.findings.lost(directive, reason);
            return;
        }
        push(&mut self.links.need, name);
        if !along {
            self.findings.note(directive.clone(), format!("a service {name} has to be there"));
        }
        match (kind, self.manager) {
            (DependencyKind::BindsTo, Manager::Openrc | Manager::Shepherd) => {
                self.findings.lost(directive, "it stops when that one is stopped, but not when it crashes");
            }
            (DependencyKind::Requires, Manager::Dinit) => {
                self.findings.note(directive, "it stops too when that one fails for good");
            }
            _ => {}
        }
    }

    fn want(&mut self, other: &UnitName, name: &str, along: bool, directive: String) {
        let reversed = self.batch.ordered(&self.unit.name, other);
        match self.manager {
            Manager::Shepherd if reversed => push(&mut self.links.want_later, name),
            _ if reversed => {
                let reason = "it is ordered after this one, so it cannot be started by it";
                self.findings.lost(directive, reason);
            }
            // Dinit does not load a service that wants one that is not there.
            Manager::Dinit if !along => {
                push(&mut self.links.after, name);
                self.findings
                    .note(directive, format!("{name} is waited for, but has to be enabled by itself"));
            }
            _ => push(&mut self.links.want, name),
        }
    }
}

fn push(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}
