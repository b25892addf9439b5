//! What kind of account a record describes, and the id ranges that decide it when the record does not say.

use std::ops::RangeInclusive;

use crate::id;

/// Ids of system accounts: 1 to 999 (0 is intrinsic).
pub const SYSTEM: RangeInclusive<u32> = 0..=999;
/// User ids lent to login screens (dynamic for users, an ordinary range for groups).
pub const GREETER: RangeInclusive<u32> = 60578..=60705;
/// Ids of `DynamicUser=` services.
pub const DYNAMIC: RangeInclusive<u32> = 61184..=65519;
/// Ids mapped into containers.
pub const CONTAINER: RangeInclusive<u32> = 524_288..=1_879_048_191;
/// Ids of foreign disk images: `foreign-0` to `foreign-65535`.
pub const FOREIGN: RangeInclusive<u32> = 2_147_352_576..=2_147_418_111;
/// Ids above the signed 32-bit range are reserved.
pub const RESERVED_MIN: u32 = 2_147_483_648;

/// The kind of an account (`disposition` of a record).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disposition {
    /// root and nobody: the kernel knows them.
    Intrinsic,
    /// A service or a device class.
    System,
    /// Allocated while something runs.
    Dynamic,
    /// A human.
    Regular,
    /// Belongs to a container.
    Container,
    /// Belongs to a foreign disk image.
    Foreign,
    /// Outside all ranges that may be used.
    Reserved,
}

impl Disposition {
    /// All dispositions, in systemd's order.
    pub const ALL: [Self; 7] = [
        Self::Intrinsic,
        Self::System,
        Self::Dynamic,
        Self::Regular,
        Self::Container,
        Self::Foreign,
        Self::Reserved,
    ];

    /// The disposition of this name, exactly as records spell it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == name)
    }

    /// The name that records use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intrinsic => "intrinsic",
            Self::System => "system",
            Self::Dynamic => "dynamic",
            Self::Regular => "regular",
            Self::Container => "container",
            Self::Foreign => "foreign",
            Self::Reserved => "reserved",
        }
    }

    /// The disposition of a user that does not state one.
    pub fn of_uid(uid: u32) -> Self {
        if GREETER.contains(&uid) { Self::Dynamic } else { Self::of_gid(uid) }
    }

    /// The disposition of a group that does not state one.
    pub fn of_gid(gid: u32) -> Self {
        match gid {
            0 | id::NOBODY => Self::Intrinsic,
            _ if SYSTEM.contains(&gid) => Self::System,
            _ if DYNAMIC.contains(&gid) => Self::Dynamic,
            _ if CONTAINER.contains(&gid) => Self::Container,
            _ if FOREIGN.contains(&gid) => Self::Foreign,
            _ if gid >= RESERVED_MIN => Self::Reserved,
            _ => Self::Regular,
        }
    }
}

impl std::fmt::Display for Disposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of dispositions (`dispositionMask` of a request).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DispositionMask(u8);

impl DispositionMask {
    /// Every disposition.
    pub const ALL: Self = Self(0x7F);
    /// None: matches nothing.
    pub const NONE: Self = Self(0);

    /// The set with one more disposition.
    #[must_use]
    pub const fn with(self, disposition: Disposition) -> Self {
        Self(self.0 | 1 << disposition as u8)
    }

    /// True if the disposition is in the set.
    pub const fn contains(self, disposition: Disposition) -> bool {
        self.0 & (1 << disposition as u8) != 0
    }

    /// The dispositions in the set.
    pub fn iter(self) -> impl Iterator<Item = Disposition> {
        Disposition::ALL.into_iter().filter(move |d| self.contains(*d))
    }
}

impl FromIterator<Disposition> for DispositionMask {
    fn from_iter<I: IntoIterator<Item = Disposition>>(dispositions: I) -> Self {
        dispositions.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::Disposition::*;
    use super::*;

    #[test]
    fn ranges_end_where_systemd_ends_them() {
        for (id, user, group) in [
            (0, Intrinsic, Intrinsic),
            (1, System, System),
            (999, System, System),
            (1000, Regular, Regular),
            (60000, Regular, Regular),
            (60577, Regular, Regular),
            (60578, Dynamic, Regular),
            (60705, Dynamic, Regular),
            (60706, Regular, Regular),
            (61183, Regular, Regular),
            (61184, Dynamic, Dynamic),
            (65519, Dynamic, Dynamic),
            (65520, Regular, Regular),
            (65534, Intrinsic, Intrinsic),
            (65536, Regular, Regular),
            (524_287, Regular, Regular),
            (524_288, Container, Container),
            (1_879_048_191, Container, Container),
            (1_879_048_192, Regular, Regular),
            (2_147_352_575, Regular, Regular),
            (2_147_352_576, Foreign, Foreign),
            (2_147_418_111, Foreign, Foreign),
            (2_147_418_112, Regular, Regular),
            (2_147_483_647, Regular, Regular),
            (2_147_483_648, Reserved, Reserved),
            (4_294_967_294, Reserved, Reserved),
        ] {
            assert_eq!(Disposition::of_uid(id), user, "uid {id}");
            assert_eq!(Disposition::of_gid(id), group, "gid {id}");
        }
    }

    #[test]
    fn names_round_trip_and_are_case_sensitive() {
        for d in Disposition::ALL {
            assert_eq!(Disposition::parse(d.as_str()), Some(d));
        }
        assert_eq!(Disposition::parse("Regular"), None);
        assert_eq!(Disposition::parse(""), None);
    }

    #[test]
    fn a_mask_holds_what_was_put_in() {
        let mask: DispositionMask = [System, Foreign].into_iter().collect();
        assert_eq!(mask.iter().collect::<Vec<_>>(), [System, Foreign]);
        assert_eq!(Disposition::ALL.into_iter().collect::<DispositionMask>(), DispositionMask::ALL);
        assert_eq!(DispositionMask::NONE.iter().count(), 0);
    }
}
