//! The conditions that a request for users or groups can state besides a name or an id.

mod distance;

use std::borrow::Cow;

use crate::{Disposition, DispositionMask, GroupRecord, UserRecord};
use distance::distance;

/// The largest id that is an id.
const ID_MAX: u32 = u32::MAX - 1;
/// A shorter needle is only searched for as it is: nearly every short name is near another one.
const FUZZY_MIN: usize = 5;
/// A longer needle too: comparing costs the square of the length, and anybody may ask.
const FUZZY_MAX: usize = 256;
/// How far a name may be from the needle.
const FUZZY_DISTANCE: usize = 2;

/// Conditions on users. All that are set have to hold; by default none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFilter {
    /// Any of these is in, or near, one of the user's names. Empty means unset.
    pub fuzzy_names: Vec<String>,
    /// The disposition is one of these. `None` means unset, while the empty set matches nobody.
    pub disposition_mask: Option<DispositionMask>,
    /// The smallest uid.
    pub uid_min: u32,
    /// The largest uid.
    pub uid_max: u32,
    /// The UUID. The null UUID means unset, as in systemd.
    pub uuid: Option<u128>,
}

impl Default for UserFilter {
    fn default() -> Self {
        Self { fuzzy_names: Vec::new(), disposition_mask: None, uid_min: 0, uid_max: ID_MAX, uuid: None }
    }
}

impl UserFilter {
    /// True if no condition is set, so that every user matches.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// True if the user meets all conditions. A user without a uid fails only those that ask for one.
    pub fn matches(&self, user: &UserRecord) -> bool {
        matches_id(user.uid(), self.uid_min, self.uid_max)
            && matches_disposition(self.disposition_mask, || user.disposition())
            && matches_uuid(self.uuid, || user.uuid())
            && (self.fuzzy_names.is_empty() || is_near_any(&self.fuzzy_names, &user_names(user)))
    }
}

/// Conditions on groups. All that are set have to hold; by default none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFilter {
    /// Any of these is in, or near, one of the group's names. Empty means unset.
    pub fuzzy_names: Vec<String>,
    /// The disposition is one of these. `None` means unset, while the empty set matches no group.
    pub disposition_mask: Option<DispositionMask>,
    /// The smallest gid.
    pub gid_min: u32,
    /// The largest gid.
    pub gid_max: u32,
    /// The UUID. The null UUID means unset, as in systemd.
    pub uuid: Option<u128>,
}

impl Default for GroupFilter {
    fn default() -> Self {
        Self { fuzzy_names: Vec::new(), disposition_mask: None, gid_min: 0, gid_max: ID_MAX, uuid: None }
    }
}

impl GroupFilter {
    /// True if no condition is set, so that every group matches.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// True if the group meets all conditions. A group without a gid fails only those that ask for one.
    pub fn matches(&self, group: &GroupRecord) -> bool {
        matches_id(group.gid(), self.gid_min, self.gid_max)
            && matches_disposition(self.disposition_mask, || group.disposition())
            && matches_uuid(self.uuid, || group.uuid())
            && (self.fuzzy_names.is_empty() || is_near_any(&self.fuzzy_names, &group_names(group)))
    }
}

fn matches_id(id: Option<u32>, min: u32, max: u32) -> bool {
    match id {
        Some(id) => (min..=max).contains(&id),
        None => min == 0 && max >= ID_MAX,
    }
}

fn matches_disposition(
    mask: Option<DispositionMask>,
    disposition: impl FnOnce() -> Option<Disposition>,
) -> bool {
    match mask {
        None | Some(DispositionMask::ALL) => true,
        Some(mask) => disposition().is_some_and(|d| mask.contains(d)),
    }
}

fn matches_uuid(wanted: Option<u128>, uuid: impl FnOnce() -> Option<u128>) -> bool {
    wanted.is_none_or(|wanted| wanted == 0 || uuid() == Some(wanted))
}

fn user_names(user: &UserRecord) -> Vec<Cow<'_, str>> {
    let mut names: Vec<Cow<'_, str>> = vec![user.user_name().into()];
    names.extend(user.realm().map(|realm| format!("{}@{realm}", user.user_name()).into()));
    names.push(user.real_name());
    names.extend([user.email(), user.cifs_user_name()].into_iter().flatten().map(Cow::from));
    names.extend(user.aliases().into_iter().map(Cow::from));
    names
}

fn group_names(group: &GroupRecord) -> Vec<Cow<'_, str>> {
    let mut names: Vec<Cow<'_, str>> = vec![group.group_name().into()];
    names.extend(group.realm().map(|realm| format!("{}@{realm}", group.group_name()).into()));
    names.extend(group.description());
    names.extend(group.aliases().into_iter().map(Cow::from));
    names
}

fn is_near_any(needles: &[String], names: &[Cow<'_, str>]) -> bool {
    needles.iter().any(|needle| {
        let needle = needle.to_ascii_lowercase();
        names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            name.contains(&needle)
                || ((FUZZY_MIN..=FUZZY_MAX).contains(&needle.len())
                    && distance(needle.as_bytes(), name.as_bytes(), FUZZY_DISTANCE).is_some())
        })
    })
}
