//! Which users are in which groups, both ways.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Pairs of user and group, in the order in which they were added, without repetition.
#[derive(Debug, Default)]
pub struct Memberships {
    groups_of: HashMap<Arc<str>, Box<[Arc<str>]>>,
    users_in: HashMap<Arc<str>, Box<[Arc<str>]>>,
    /// The groups that have members, in the order in which they were added.
    groups: Box<[Arc<str>]>,
}

impl Memberships {
    /// The groups of a user.
    pub fn groups_of(&self, user: &str) -> &[Arc<str>] {
        self.groups_of.get(user).map_or(&[], |groups| groups)
    }

    /// The users in a group.
    pub fn users_in(&self, group: &str) -> &[Arc<str>] {
        self.users_in.get(group).map_or(&[], |users| users)
    }

    /// The groups that have members, in the order in which they were added.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<str>> {
        self.groups.iter()
    }
}

/// Gathers pairs. Names are kept once, however often they occur.
#[derive(Debug, Default)]
pub struct Builder {
    names: HashSet<Arc<str>>,
    groups_of: HashMap<Arc<str>, Vec<Arc<str>>>,
    users_in: HashMap<Arc<str>, Vec<Arc<str>>>,
    groups: Vec<Arc<str>>,
}

impl Builder {
    /// Makes a name known, so that it is shared with whoever holds it.
    pub fn share(&mut self, name: &Arc<str>) {
        self.names.insert(Arc::clone(name));
    }

    /// Adds a pair.
    pub fn add(&mut self, user: &str, group: &str) {
        let (user, group) = (self.intern(user), self.intern(group));
        // A user is in few groups, so that looking through them is quick.
        let groups = self.groups_of.entry(Arc::clone(&user)).or_insert_with(|| Vec::with_capacity(1));
        if !groups.contains(&group) {
            groups.push(Arc::clone(&group));
            let users = self.users_in.entry(Arc::clone(&group)).or_insert_with(|| {
                self.groups.push(group);
                Vec::new()
            });
            users.push(user);
        }
    }

    fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        name
    }

    /// What was gathered.
    pub fn finish(self) -> Memberships {
        let freeze = |map: HashMap<Arc<str>, Vec<Arc<str>>>| {
            map.into_iter().map(|(name, others)| (name, others.into_boxed_slice())).collect()
        };
        Memberships {
            groups_of: freeze(self.groups_of),
            users_in: freeze(self.users_in),
            groups: self.groups.into(),
        }
    }
}

#[cfg(test)]
impl Memberships {
    /// Whether a user is in a group.
    pub fn contains(&self, user: &str, group: &str) -> bool {
        self.groups_of(user).iter().any(|member| &**member == group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_from_both_sides_and_once() {
        let mut builder = Builder::default();
        for (user, group) in [("ann", "audio"), ("bob", "audio"), ("ann", "video"), ("ann", "audio")] {
            builder.add(user, group);
        }
        let memberships = builder.finish();
        assert_eq!(memberships.groups_of("ann"), ["audio".into(), "video".into()]);
        assert_eq!(memberships.users_in("audio"), ["ann".into(), "bob".into()]);
        assert!(memberships.contains("bob", "audio") && !memberships.contains("bob", "video"));
        assert!(memberships.groups_of("nobody").is_empty());
        assert_eq!(memberships.groups().map(|group| &**group).collect::<Vec<_>>(), ["audio", "video"]);
    }
}
