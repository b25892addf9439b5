//! How far two strings are apart.

/// The Levenshtein distance of two byte strings, if it is at most `limit`: the number of bytes to insert, to remove
/// or to replace.
pub(super) fn distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    // One row of the usual table: the distances of a's beginning to all beginnings of b.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, x) in a.iter().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut best = left;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            *cell = left;
            diagonal = above;
            best = best.min(left);
        }
        if best > limit {
            return None;
        }
    }
    row.last().copied().filter(|d| *d <= limit)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn counts_insertions_removals_and_replacements() {
        for (a, b, expected) in [
            ("", "", Some(0)),
            ("aliased", "aliased", Some(0)),
            ("aliased", "aliasedxx", Some(2)),
            ("aliased", "aliasedxxx", None),
            ("aliased", "aliaed", Some(1)),
            ("cifsy", "cxfsz", Some(2)),
            ("cifsy", "cxxsz", None),
            ("ab", "ba", Some(2)),
            ("kitten", "sitting", None),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes(), 2), expected, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes(), 2), expected, "{b} {a}");
        }
        assert_eq!(distance(b"kitten", b"sitting", 3), Some(3));
    }
}
