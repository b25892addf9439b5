//! Comparison operators of conditions, and the order of versions.

use std::cmp::Ordering;

use crate::unit::shell_pattern;

/// Operators, longer ones first.
const OPERATORS: [&str; 11] = ["!$=", "$=", "<=", ">=", "==", "<>", "!=", "<", ">", "=", ""];

/// Splits the operator off.
pub fn operator(text: &str) -> (&'static str, &str) {
    OPERATORS
        .iter()
        .find_map(|operator| text.strip_prefix(operator).map(|rest| (*operator, rest)))
        .unwrap_or(("", text))
}

/// Compares a value as an expression like `>=6.1` says. Without an operator the rest is a shell pattern, if `pattern`.
pub fn test(expression: &str, value: &str, pattern: bool) -> bool {
    let (operator, rest) = operator(expression);
    let order = || compare_versions(value, rest.trim());
    match operator {
        "=" => value == rest,
        "!=" => value != rest,
        "$=" => shell_pattern::matches(rest, value),
        "!$=" => !shell_pattern::matches(rest, value),
        "<" => order() == Ordering::Less,
        "<=" => order() != Ordering::Greater,
        "==" => order() == Ordering::Equal,
        "<>" => order() != Ordering::Equal,
        ">=" => order() != Ordering::Less,
        ">" => order() == Ordering::Greater,
        _ => pattern && shell_pattern::matches(rest, value),
    }
}

/// The order of versions of the UAPI version format: numbers by value, `~` before the end, `-`, `^`, `.` as parts.
pub fn compare_versions(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let skip = |text: &'_ str| -> usize {
            text.find(|c: char| c.is_ascii_alphanumeric() || "-.~^".contains(c)).unwrap_or(text.len())
        };
        left = left.get(skip(left)..).unwrap_or_default();
        right = right.get(skip(right)..).unwrap_or_default();
        for mark in ['~', '-', '^', '.'] {
            match (left.strip_prefix(mark), right.strip_prefix(mark)) {
                (Some(_), None) if mark == '~' => return Ordering::Less,
                (None, Some(_)) if mark == '~' => return Ordering::Greater,
                (Some(l), Some(r)) => (left, right) = (l, r),
                (Some(_), None) if mark != '~' && !right.is_empty() => return Ordering::Less,
                (None, Some(_)) if mark != '~' && !left.is_empty() => return Ordering::Greater,
                _ => {}
            }
            if mark == '~' && (left.is_empty() || right.is_empty()) {
                return left.len().cmp(&right.len());
            }
        }
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let letters = |text: &str| text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        let numeric = digits(left) > 0 || digits(right) > 0;
        let length = |text: &str| if numeric { digits(text) } else { letters(text) };
        let (l, l_rest) = left.split_at_checked(length(left)).unwrap_or((left, ""));
        let (r, r_rest) = right.split_at_checked(length(right)).unwrap_or((right, ""));
        let order = if numeric {
            let (l, r) = (l.trim_start_matches('0'), r.trim_start_matches('0'));
            l.len().cmp(&r.len()).then_with(|| l.cmp(r))
        } else {
            l.cmp(r)
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (l_rest, r_rest);
        if left.is_empty() && right.is_empty() {
            return Ordering::Equal;
        }
    }
}
