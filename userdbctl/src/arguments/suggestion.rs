//! What somebody may have meant.

/// The candidate that begins so, or else the one that takes the fewest edits; the first of them if there are several.
pub fn nearest(word: &str, candidates: &'static [&'static str]) -> &'static str {
    if let Some(longer) = candidates.iter().find(|candidate| candidate.starts_with(word)) {
        return longer;
    }
    candidates.iter().min_by_key(|candidate| distance(word, candidate)).copied().unwrap_or_default()
}

/// Letters to insert, remove or replace.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (at, a) in from.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            left = (diagonal + usize::from(a != b)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, left);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, expected) in [
            ("", "user", 4),
            ("usr", "user", 1),
            ("user", "user", 0),
            ("kitten", "sitting", 3),
            ("ab", "", 2),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_is_suggested() {
        assert_eq!(nearest("grp", &["user", "group", "services"]), "group");
        assert_eq!(nearest("groups", &["group", "groups-of-user"]), "groups-of-user");
        assert_eq!(nearest("zzzzz", &["user", "group"]), "user");
    }
}
