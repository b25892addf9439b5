//! The clients on the bus, by their unique names, and what they hold here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use zbus::Message;

use super::error::Failure;
use crate::unit::spec::UnitName;

/// More clients than that are turned away; the bus itself takes fewer in its usual configuration.
const MAX_CLIENTS: usize = 4096;

/// How many units one client may hold on to.
const MAX_REFERENCES: usize = 4096;

/// How many transient units one client may have made that are still there.
const MAX_TRANSIENT: usize = 4096;

/// How many calls of one client may wait until it is known who it is.
const MAX_WAITING: usize = 256;

/// How many units' properties one client is told of without having subscribed.
const MAX_WATCHED: usize = 256;

/// Who a client is, as the bus says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// Its user.
    pub uid: u32,
    /// Its process.
    pub pid: u32,
}

impl Credentials {
    /// Whether it may change anything: the manager's own user and root.
    pub fn may_change(&self) -> bool {
        self.uid == 0 || self.uid == rustix::process::getuid().as_raw()
    }
}

/// One client. What it has asked for outlives an engine; who it is can be asked again.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Client {
    /// It has called `Subscribe`.
    pub subscribed: bool,
    /// Units that it holds on to, and how often.
    pub references: BTreeMap<UnitName, u32>,
    /// Units whose properties it has read, so that it is told of their changes.
    pub watched: BTreeSet<UnitName>,
    /// Transient units that it has made.
    pub transient: BTreeSet<UnitName>,
    /// Who it is, once the bus has said it.
    #[serde(skip)]
    pub credentials: Option<Credentials>,
    /// The number of the question to the bus.
    #[serde(skip)]
    pub question: Option<NonZeroU32>,
    /// Its calls until then, in order.
    #[serde(skip)]
    pub waiting: VecDeque<Message>,
}

impl Client {
    /// Puts a call aside. False when too many are there.
    pub fn wait(&mut self, message: Message) -> bool {
        let fits = self.waiting.len() < MAX_WAITING;
        if fits {
            self.waiting.push_back(message);
        }
        fits
    }

    /// Whether it has asked for anything that lasts.
    fn holds(&self) -> bool {
        self.subscribed
            || !self.references.is_empty()
            || !self.watched.is_empty()
            || !self.transient.is_empty()
    }

    /// Notes a unit that the client makes.
    ///
    /// # Errors
    /// It has made too many that are still there.
    pub fn make(&mut self, unit: &UnitName) -> Result<(), Failure> {
        if self.transient.len() >= MAX_TRANSIENT {
            return Err(Failure::limits_exceeded("Too many transient units of one client."));
        }
        self.transient.insert(unit.clone());
        Ok(())
    }

    /// Takes one more hold of a unit.
    ///
    /// # Errors
    /// It holds too many.
    pub fn reference(&mut self, unit: &UnitName) -> Result<(), Failure> {
        if self.references.len() >= MAX_REFERENCES && !self.references.contains_key(unit) {
            return Err(Failure::limits_exceeded("Too many references of one client."));
        }
        let count = self.references.entry(unit.clone()).or_default();
        *count = count.saturating_add(1);
        Ok(())
    }

    /// Lets go once. False when it did not hold the unit.
    pub fn release(&mut self, unit: &UnitName) -> bool {
        match self.references.get_mut(unit) {
            None => false,
            Some(count) => {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.references.remove(unit);
                }
                true
            }
        }
    }
}

/// Clients by their unique names, as they are saved.
pub type SavedClients = BTreeMap<String, Client>;

/// All clients that hold something or have called.
#[derive(Debug, Default)]
pub struct Clients {
    clients: SavedClients,
    /// Somebody holds something else than at the last call of [`Clients::take_changed`].
    changed: bool,
}

impl Clients {
    /// The client of that unique name.
    ///
    /// # Errors
    /// There are too many.
    pub fn entry(&mut self, name: &str) -> Result<&mut Client, Failure> {
        if self.clients.len() >= MAX_CLIENTS && !self.clients.contains_key(name) {
            return Err(Failure::limits_exceeded("Too many clients."));
        }
        Ok(self.clients.entry(name.to_owned()).or_default())
    }

    /// The same, to change what it holds.
    ///
    /// # Errors
    /// There are too many.
    pub fn change(&mut self, name: &str) -> Result<&mut Client, Failure> {
        self.changed = true;
        self.entry(name)
    }

    /// Notes that a client has read a unit's properties.
    pub fn watch(&mut self, name: &str, unit: &UnitName) {
        // Beyond its bounds a client is told less.
        let Ok(client) = self.entry(name) else { return };
        if client.watched.len() < MAX_WATCHED && !client.watched.contains(unit) {
            client.watched.insert(unit.clone());
            self.changed = true;
        }
    }

    /// Whether anybody holds something else than at the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What has to outlive an engine.
    pub fn saved(&self) -> SavedClients {
        self.clients
            .iter()
            .filter(|(_, client)| client.holds())
            .map(|(name, client)| (name.clone(), client.clone()))
            .collect()
    }

    /// The clients that an earlier engine had.
    pub fn restore(saved: SavedClients) -> Self {
        Self { clients: saved, changed: false }
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.clients.keys()
    }

    /// The client of that name, if it is known.
    pub fn get(&self, name: &str) -> Option<&Client> {
        self.clients.get(name)
    }

    /// The client that the bus was asked about under that number.
    pub fn answered(&mut self, question: NonZeroU32) -> Option<(String, &mut Client)> {
        self.clients
            .iter_mut()
            .find(|(_, client)| client.question == Some(question))
            .map(|(name, client)| (name.clone(), client))
    }

    /// Forgets a client that has left.
    pub fn remove(&mut self, name: &str) -> Option<Client> {
        // Nothing to be saved: whoever is not on the bus any more is forgotten after a restart too.
        self.clients.remove(name)
    }

    /// Forgets a unit that is no more.
    pub fn forget_unit(&mut self, unit: &UnitName) {
        for client in self.clients.values_mut() {
            client.watched.remove(unit);
            client.transient.remove(unit);
        }
    }

    /// Whether somebody has subscribed.
    pub fn any_subscribed(&self) -> bool {
        self.clients.values().any(|client| client.subscribed)
    }

    /// Whether somebody holds on to the unit.
    pub fn any_reference(&self, unit: &UnitName) -> bool {
        self.clients.values().any(|client| client.references.contains_key(unit))
    }

    /// The names of those that hold on to a unit, once for each time.
    pub fn holders(&self, unit: &UnitName) -> Vec<String> {
        let count = |client: &Client| client.references.get(unit).copied().unwrap_or(0);
        self.clients
            .iter()
            .flat_map(|(name, client)| std::iter::repeat_n(name.clone(), count(client).min(16) as usize))
            .collect()
    }

    /// The names of those that have read the unit's properties.
    pub fn watchers(&self, unit: &UnitName) -> Vec<String> {
        self.clients
            .iter()
            .filter(|(_, client)| client.watched.contains(unit))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> UnitName {
        UnitName::new(text).unwrap()
    }

    #[test]
    fn references_are_counted() {
        let mut clients = Clients::default();
        let client = clients.entry(":1.1").unwrap();
        client.reference(&unit("a.service")).unwrap();
        client.reference(&unit("a.service")).unwrap();
        assert!(client.release(&unit("a.service")));
        assert!(clients.any_reference(&unit("a.service")));
        assert!(clients.entry(":1.1").unwrap().release(&unit("a.service")));
        assert!(!clients.any_reference(&unit("a.service")));
        assert!(!clients.entry(":1.1").unwrap().release(&unit("a.service")));
    }

    #[test]
    fn what_a_client_holds_is_bounded() {
        let mut client = Client::default();
        for number in 0..MAX_REFERENCES {
            client.reference(&unit(&format!("u{number}.service"))).unwrap();
        }
        assert!(client.reference(&unit("one-more.service")).is_err());
        assert!(client.reference(&unit("u0.service")).is_ok());
        let message = Message::method_call("/", "A").build(&()).unwrap();
        for _ in 0..MAX_WAITING {
            assert!(client.wait(message.clone()));
        }
        assert!(!client.wait(message));
    }
}
