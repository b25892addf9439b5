//! Lines in a table that show where ranges of ids begin and end.

use std::ops::RangeInclusive;

use userdb::disposition::{CONTAINER, DYNAMIC, FOREIGN, GREETER, SYSTEM};
use userdb::{Disposition, DispositionMask};

use super::color::Color;
use super::table::{Cell, Order, Table};

/// The mapping of this process's user ids.
pub const USER_MAP: &str = "/proc/self/uid_map";
/// The mapping of this process's group ids.
pub const GROUP_MAP: &str = "/proc/self/gid_map";

/// Ids that systemd-homed gives to its users.
const HOMED: RangeInclusive<u32> = 60001..=60513;
/// Ids for users of the host who are mapped into a container.
const MAPPED: RangeInclusive<u32> = 60514..=60577;
/// The largest id that is an id.
const LAST: u32 = u32::MAX - 1;

struct Range {
    name: &'static str,
    ids: RangeInclusive<u32>,
    disposition: Disposition,
}

/// The ranges that systemd shows (<https://systemd.io/UIDS-GIDS>).
const RANGES: &[Range] = &[
    Range { name: "system", ids: 1..=*SYSTEM.end(), disposition: Disposition::System },
    Range { name: "dynamic greeter", ids: GREETER, disposition: Disposition::Dynamic },
    Range { name: "dynamic system", ids: DYNAMIC, disposition: Disposition::Dynamic },
    Range { name: "container", ids: CONTAINER, disposition: Disposition::Container },
    Range { name: "foreign", ids: FOREIGN, disposition: Disposition::Foreign },
    Range { name: "systemd-homed", ids: HOMED, disposition: Disposition::Regular },
    Range { name: MAPPED_NAME, ids: MAPPED, disposition: Disposition::Regular },
];

/// Shown only inside of a user namespace, where such users can be.
const MAPPED_NAME: &str = "mapped";

/// How the lines of a table call its rows.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    pub plural: &'static str,
    pub singular: &'static str,
    /// How many empty cells are before the comment, and after it.
    pub blank: [usize; 2],
}

/// Adds the lines of all ranges whose disposition is asked for and that exist in this user namespace, and of the ids that
/// do not exist in it.
pub fn add(table: &mut Table, names: &Names, map: &str, mask: Option<DispositionMask>) {
    let map = Map::read(map);
    for range in RANGES {
        let asked = mask.is_none_or(|mask| mask.contains(range.disposition));
        if asked && map.covers(&range.ids) && (range.name != MAPPED_NAME || map.is_namespace()) {
            add_range(table, names, range.name, Some(range.disposition), &range.ids);
        }
    }
    for gap in map.gaps() {
        add_range(table, names, "unavailable", None, &gap);
    }
}

fn add_range(
    table: &mut Table,
    names: &Names,
    name: &str,
    disposition: Option<Disposition>,
    ids: &RangeInclusive<u32>,
) {
    let Names { plural, singular, blank: [before, after] } = names;
    let ends = [
        (Order::Before, "┌─", '↓', "begin", "First", *ids.start()),
        (Order::After, "└─", '↑', "end", "Last", *ids.end()),
    ];
    let grey = |cell: Cell| cell.colored(Some(Color::Grey));
    for (order, glyph, arrow, edge, which, id) in ends {
        let mut cells = vec![
            Cell::text(glyph),
            grey(Cell::text(format!("{arrow} {edge} {name} {plural} {arrow}"))),
            grey(Cell::optional(disposition.map(|disposition| disposition.as_str()))),
            grey(Cell::text(id.to_string())),
        ];
        cells.extend((0..*before).map(|_| Cell::empty()));
        cells.push(grey(Cell::text(format!("{which} {name} {singular}"))));
        cells.extend((0..*after).map(|_| Cell::empty()));
        table.add_ordered(Some(id), order, cells);
    }
}

/// Which ids exist in a user namespace (user_namespaces(7)).
#[derive(Debug)]
struct Map(Vec<RangeInclusive<u32>>);

impl Map {
    /// All ids, if the file cannot be read: then there are no namespaces.
    fn read(path: &str) -> Self {
        std::fs::read_to_string(path).map_or_else(|_| Self(vec![0..=LAST]), |text| Self::parse(&text))
    }

    /// Lines of the first id inside, the first one outside, and the count.
    fn parse(text: &str) -> Self {
        let mut ranges: Vec<RangeInclusive<u32>> = text
            .lines()
            .filter_map(|line| {
                let mut numbers = line.split_whitespace().map(str::parse::<u32>);
                let (start, _, count) = (numbers.next()?.ok()?, numbers.next()?, numbers.next()?.ok()?);
                Some(start..=start.checked_add(count.checked_sub(1)?)?)
            })
            .collect();
        ranges.sort_by_key(|range| *range.start());
        let mut joined: Vec<RangeInclusive<u32>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => joined.push(range),
            }
        }
        Self(joined)
    }

    fn covers(&self, ids: &RangeInclusive<u32>) -> bool {
        self.0.iter().any(|range| range.contains(ids.start()) && range.contains(ids.end()))
    }

    fn is_namespace(&self) -> bool {
        !self.covers(&(0..=LAST))
    }

    fn gaps(&self) -> Vec<RangeInclusive<u32>> {
        let mut gaps = Vec::new();
        let mut next = 0u32;
        for range in &self.0 {
            if next < *range.start() {
                gaps.push(next..=range.start() - 1);
            }
            next = range.end().saturating_add(1);
        }
        if next < LAST {
            gaps.push(next..=LAST);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_lacks_ids() {
        let map = Map::parse("         0     100000      65536\n     70000  5 1\n");
        assert!(map.is_namespace());
        assert!(map.covers(&(1..=999)) && !map.covers(&CONTAINER));
        assert_eq!(map.gaps(), [65536..=69999, 70001..=LAST]);
        let whole = Map::parse("         0          0 4294967295\n");
        assert!(!whole.is_namespace() && whole.gaps().is_empty());
    }

    #[test]
    fn adjacent_lines_are_one_range() {
        let map = Map::parse("0 1000 1\n1 100000 65535\n");
        assert!(map.covers(&(0..=65535)));
        assert_eq!(map.gaps(), [65536..=LAST]);
        assert_eq!(Map::parse("junk\n5 5 0\n").gaps(), [0..=LAST]);
    }
}
