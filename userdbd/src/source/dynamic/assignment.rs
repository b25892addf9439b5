//! Which name of a pool has which uid: the first name the first uid, and so on, whatever is in use. Only a name whose uid
//! belongs to somebody else gets another one, and keeps that from then on, so that no name ever changes its uid because of
//! another name's trouble.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

/// The uids of a pool's names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// By number of the name, from 1 on. A number that is missing has no uid.
    pub uids: BTreeMap<u32, u32>,
    /// Those that are not where they would be by their number. To be kept.
    pub moved: BTreeMap<u32, u32>,
}

/// Assigns the uids of a range. `kept` is what was moved before; `is_taken` tells uids that belong to others.
///
/// A name that has to move takes the highest uid that is free, from the highest name if need be: low numbers are used first.
pub fn assign(
    range: &RangeInclusive<u32>,
    kept: &BTreeMap<u32, u32>,
    is_taken: impl Fn(u32) -> bool,
) -> Assignment {
    let first = *range.start();
    let count = (range.end() - first).saturating_add(1);
    let mut assignment = Assignment::default();
    let mut moved_to = HashSet::new();
    for (number, uid) in kept {
        if (1..=count).contains(number) && range.contains(uid) && !is_taken(*uid) && moved_to.insert(*uid) {
            assignment.moved.insert(*number, *uid);
        }
    }
    let mut spare = *range.end();
    for number in 1..=count {
        let own = first + (number - 1);
        let is_free = |uid: u32, moved_to: &HashSet<u32>| !is_taken(uid) && !moved_to.contains(&uid);
        let uid = if let Some(uid) = assignment.moved.get(&number) {
            *uid
        } else if is_free(own, &moved_to) {
            own
        } else {
            while spare > own && !is_free(spare, &moved_to) {
                spare -= 1;
            }
            if spare <= own {
                continue;
            }
            moved_to.insert(spare);
            assignment.moved.insert(number, spare);
            spare
        };
        assignment.uids.insert(number, uid);
    }
    assignment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(u32, u32)]) -> BTreeMap<u32, u32> {
        pairs.iter().copied().collect()
    }

    #[test]
    fn names_have_the_uids_of_their_numbers() {
        let assignment = assign(&(100..=102), &BTreeMap::new(), |_| false);
        assert_eq!(assignment.uids, map(&[(1, 100), (2, 101), (3, 102)]));
        assert_eq!(assignment.moved, map(&[]));
    }

    #[test]
    fn a_taken_uid_costs_the_highest_name_and_moves_nobody_else() {
        let assignment = assign(&(100..=104), &BTreeMap::new(), |uid| uid == 101);
        assert_eq!(assignment.uids, map(&[(1, 100), (2, 104), (3, 102), (4, 103)]));
        assert_eq!(assignment.moved, map(&[(2, 104)]));
        let two = assign(&(100..=104), &assignment.moved, |uid| uid == 101 || uid == 102);
        assert_eq!(two.uids, map(&[(1, 100), (2, 104), (3, 103)]));
    }

    #[test]
    fn who_moved_stays_there() {
        let kept = map(&[(2, 104)]);
        let free_again = assign(&(100..=104), &kept, |_| false);
        assert_eq!(free_again.uids, map(&[(1, 100), (2, 104), (3, 102), (4, 103)]));
        let moved_again = assign(&(100..=104), &kept, |uid| uid == 104);
        assert_eq!(moved_again.uids, map(&[(1, 100), (2, 101), (3, 102), (4, 103)]));
        assert_eq!(moved_again.moved, map(&[]));
    }

    #[test]
    fn what_was_kept_must_still_make_sense() {
        let kept = map(&[(1, 99), (2, 104), (3, 104), (9, 103)]);
        let assignment = assign(&(100..=104), &kept, |_| false);
        assert_eq!(assignment.moved, map(&[(2, 104)]));
        assert_eq!(assignment.uids, map(&[(1, 100), (2, 104), (3, 102), (4, 103)]));
    }

    #[test]
    fn no_uid_is_ever_given_twice() {
        for taken in 0_u32..32 {
            let first = assign(&(0..=4), &BTreeMap::new(), |uid| taken & (1 << uid) != 0);
            for later in 0_u32..32 {
                let second = assign(&(0..=4), &first.moved, |uid| later & (1 << uid) != 0);
                let uids: HashSet<_> = second.uids.values().collect();
                assert_eq!(uids.len(), second.uids.len());
                assert!(second.uids.values().all(|uid| later & (1 << uid) == 0));
                assert!(second.uids.len() <= 5 - later.count_ones() as usize);
            }
        }
    }
}
