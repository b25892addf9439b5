//! Well-known names on the bus, which services of `Type=dbus` are up with.
//!
//! A process loses its names just before its end is told, and long before where the wrapper of a native service has to tell it.
//! A service that ends is not one that gives its name up, so such a loss waits for the end.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::Driver;
use crate::daemon::census;
use crate::job::Event;
use crate::unit::spec::Unit;

/// How long the end of a process may take to be told.
const END_WAIT: Duration = Duration::from_secs(1);

/// The names, as far as the driver has heard.
#[derive(Debug, Default)]
pub struct BusNames {
    owned: BTreeSet<String>,
    /// Those whose owners have lost them by ending, which has not been told yet.
    lost: Vec<String>,
    /// How long that is waited for.
    until: Option<Instant>,
}

impl BusNames {
    /// Those that have an owner when the engine begins.
    pub fn of(owned: BTreeSet<String>) -> Self {
        Self { owned, ..Self::default() }
    }

    /// Whether the name has an owner.
    pub fn has_owner(&self, name: &str) -> bool {
        self.owned.contains(name)
    }
}

impl Driver {
    /// A name on the bus has an owner now, or has none any more.
    pub fn bus_name_changed(&mut self, name: &str, owned: bool) {
        let names = &mut self.bus_names.owned;
        let changed = if owned { names.insert(name.to_owned()) } else { names.remove(name) };
        if owned {
            // A name that goes from one owner to the next is lost in between.
            self.bus_names.lost.retain(|lost| lost != name);
            self.handle(Event::BusNameOwned { name: name.to_owned(), owned });
        } else if changed && self.owner_is_dying(name) {
            self.bus_names.lost.push(name.to_owned());
            self.bus_names.until = Some(Instant::now() + END_WAIT);
        } else if changed {
            self.handle(Event::BusNameOwned { name: name.to_owned(), owned });
        }
    }

    /// Until when nothing more may be taken from the bus: whoever asks for a unit after the loss of its name must not be told
    /// that it is up. Nothing when no end is waited for.
    pub fn awaits_ends(&self) -> Option<Instant> {
        self.bus_names.until.filter(|_| !self.bus_names.lost.is_empty())
    }

    /// Tells of names whose owners' ends have been told.
    pub fn tell_lost_names(&mut self) {
        let is_late = self.bus_names.until.is_some_and(|until| Instant::now() >= until);
        for name in std::mem::take(&mut self.bus_names.lost) {
            if !is_late && self.owner_is_dying(&name) {
                self.bus_names.lost.push(name);
            } else {
                self.handle(Event::BusNameOwned { name, owned: false });
            }
        }
    }

    /// Whether a process of a service with that name has ended, which is yet to be told.
    fn owner_is_dying(&self, name: &str) -> bool {
        let records = self.engine.host().processes.records();
        records.filter(|(_, record)| census::is_ending(record.pid.as_raw_nonzero().get())).any(
            |(_, record)| {
                let unit = self.engine.spec(&record.unit);
                unit.and_then(Unit::service).and_then(|service| service.bus_name.as_deref()) == Some(name)
            },
        )
    }
}
