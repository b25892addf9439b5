//! How far two strings are apart.

/// The distance of two byte strings, if it is at most `limit`: the number of bytes to insert, to remove or to replace,
/// and of neighbours to swap (optimal string alignment: what was swapped is not edited again).
pub(super) fn distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    // Rows of the usual table: the distances of a's beginnings to all beginnings of b. A swap looks two rows back.
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut previous_x = None;
    for (at, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        row.push(at + 1);
        let mut previous_y = None;
        for (column, y) in b.iter().enumerate() {
            let cell = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut best = (cell(&above, column) + usize::from(x != y))
                .min(cell(&above, column + 1) + 1)
                .min(cell(&row, column) + 1);
            if previous_x == Some(y) && previous_y == Some(x) {
                best = best.min(cell(&before, column.wrapping_sub(1)) + 1);
            }
            row.push(best);
            previous_y = Some(y);
        }
        previous_x = Some(x);
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|d| *d <= limit)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn counts_insertions_removals_replacements_and_swaps() {
        for (a, b, expected) in [
            ("", "", Some(0)),
            ("aliased", "aliased", Some(0)),
            ("aliased", "aliasedxx", Some(2)),
            ("aliased", "aliasedxxx", None),
            ("aliased", "aliaed", Some(1)),
            ("aliased", "laaised", Some(2)),
            ("aliased", "alisade", Some(2)),
            ("cifsy", "cxfsz", Some(2)),
            ("cifsy", "cxxsz", None),
            ("ab", "ba", Some(1)),
            ("kitten", "sitting", None),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes(), 2), expected, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes(), 2), expected, "{b} {a}");
        }
        assert_eq!(distance(b"kitten", b"sitting", 3), Some(3));
        // Swapped bytes are not edited again: true Damerau-Levenshtein would give 2.
        assert_eq!(distance(b"ca", b"abc", 3), Some(3));
    }
}
