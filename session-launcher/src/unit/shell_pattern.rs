//! Shell patterns, as presets and conditions have them (glob(7)).

/// Whether a text fits a pattern with `*`, `?` and `[...]`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(pattern.get(p..).unwrap_or_default(), text.get(t).copied()),
            Some(letter) if text.get(t) == Some(letter) => Some(1),
            _ => None,
        };
        match (step, star) {
            (Some(width), _) => {
                p += width;
                t += 1;
            }
            // The last star takes one character more.
            (None, Some((at, taken))) => {
                p = at + 1;
                t = taken + 1;
                star = Some((at, taken + 1));
            }
            (None, None) => return false,
        }
    }
    pattern.iter().skip(p).all(|letter| *letter == '*')
}

/// The width of a `[...]` that the character is in.
fn class(pattern: &[char], character: Option<char>) -> Option<usize> {
    let character = character?;
    let end = pattern.iter().skip(2).position(|letter| *letter == ']')? + 2;
    let inside = pattern.get(1..end)?;
    let (negate, inside) = match inside {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, inside),
    };
    let mut found = false;
    let mut rest = inside;
    loop {
        rest = match rest {
            [first, '-', last, after @ ..] => {
                found |= (*first..=*last).contains(&character);
                after
            }
            [letter, after @ ..] => {
                found |= *letter == character;
                after
            }
            [] => break,
        };
    }
    (found != negate).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("a*.service", "abc.service", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("?.socket", "a.socket", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("abc", "abcd", false),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
