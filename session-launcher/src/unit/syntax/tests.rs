use super::*;

fn values(text: &str) -> Vec<(String, String, String, u32)> {
    parse(text.as_bytes()).assignments.into_iter().map(|a| (a.section, a.key, a.value, a.line)).collect()
}

fn one(section: &str, key: &str, value: &str, line: u32) -> (String, String, String, u32) {
    (section.into(), key.into(), value.into(), line)
}

#[test]
fn spaces_around_names_and_values_are_dropped() {
    assert_eq!(values("  [Unit]  \n\tKey \t=  a b  \n"), [one("Unit", "Key", "a b", 2)]);
}

#[test]
fn other_unicode_spaces_stay() {
    assert_eq!(values("[Unit]\nKey=\u{a0}a\u{2003}"), [one("Unit", "Key", "\u{a0}a\u{2003}", 2)]);
}

#[test]
fn the_last_line_needs_no_end() {
    assert_eq!(values("[Unit]\nKey=a"), [one("Unit", "Key", "a", 2)]);
    assert_eq!(values("[Unit]\nKey=a\\"), [one("Unit", "Key", "a", 2)]);
}

#[test]
fn only_the_first_equals_sign_counts() {
    assert_eq!(values("[S]\nEnvironment=A=b=c"), [one("S", "Environment", "A=b=c", 2)]);
}

#[test]
fn continued_lines_are_joined_with_a_space() {
    assert_eq!(
        values("[S]\nKey=a \\\n   b\nNext=c"),
        [one("S", "Key", "a     b", 2), one("S", "Next", "c", 4)]
    );
}

#[test]
fn comments_inside_a_continued_line_are_skipped() {
    let text = "[S]\nKey=a\\\n# no\n ; no\\\n  b\nNext=c\n";
    assert_eq!(values(text), [one("S", "Key", "a   b", 2), one("S", "Next", "c", 6)]);
}

#[test]
fn an_empty_line_ends_a_continued_line() {
    assert_eq!(values("[S]\nKey=a\\\n\nb=c"), [one("S", "Key", "a", 2), one("S", "b", "c", 4)]);
}

#[test]
fn a_comment_is_never_continued() {
    assert_eq!(values("[S]\n# comment \\\nKey=a"), [one("S", "Key", "a", 3)]);
}

#[test]
fn two_backslashes_do_not_continue() {
    assert_eq!(values("[S]\nKey=a\\\\\nNext=b"), [one("S", "Key", "a\\\\", 2), one("S", "Next", "b", 3)]);
    assert_eq!(values("[S]\nKey=a\\\\\\\nb"), [one("S", "Key", "a\\\\ b", 2)]);
}

#[test]
fn a_hash_after_the_value_is_no_comment() {
    assert_eq!(values("[S]\nKey=a # b"), [one("S", "Key", "a # b", 2)]);
}

#[test]
fn carriage_returns_and_a_byte_order_mark_are_tolerated() {
    assert_eq!(
        values("\u{feff}[S]\r\nKey=a\r\nNext=b\r\n"),
        [one("S", "Key", "a", 2), one("S", "Next", "b", 3)]
    );
}

#[test]
fn bad_lines_are_listed_and_skipped() {
    let file = parse(b"Early=1\n[S]\nnonsense\n=value\nKey=a");
    assert_eq!(
        file.errors,
        [(1, SyntaxError::OutsideSection), (3, SyntaxError::MissingEquals), (4, SyntaxError::MissingKey)]
    );
    assert_eq!(file.assignments.len(), 1);
}

#[test]
fn an_open_section_header_ends_the_file() {
    let file = parse(b"[S]\nA=1\n[T\nB=2");
    assert_eq!(file.errors, [(3, SyntaxError::SectionHeader("[T".into()))]);
    assert_eq!(file.assignments.len(), 1);
}

#[test]
fn what_is_not_utf8_ends_the_file() {
    let file = parse(b"[S]\nA=1\nB=\xff\nC=2");
    assert_eq!(file.errors, [(3, SyntaxError::NotUtf8)]);
    assert_eq!(file.assignments.len(), 1);
    assert!(parse(b"[S]\n# \xff\nA=1").errors.is_empty(), "a comment may hold anything");
}

#[test]
fn a_line_is_bounded() {
    let mut text = b"[S]\n".to_vec();
    for _ in 0..40 {
        text.extend(vec![b'a'; MAX_LINE / 32]);
        text.extend(b"\\\n");
    }
    assert_eq!(parse(&text).errors, [(2, SyntaxError::LineTooLong)]);
}
