//! Items of a value: quotes and C escapes (systemd.syntax(7), "Quoting").

use super::syntax::is_space;

/// Why a value cannot be split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// A quote that is opened and not closed.
    #[error("the quote {0} is not closed")]
    OpenQuote(char),
    /// A backslash and something that is no known escape.
    #[error("unknown escape sequence \\{0}")]
    UnknownEscape(String),
    /// A backslash at the end.
    #[error("a backslash at the end of the value escapes nothing")]
    TrailingBackslash,
}

/// What a backslash means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backslash {
    /// It introduces a C escape; an unknown one is an error.
    Escape,
    /// It introduces a C escape; an unknown one stays as written.
    EscapeRelaxed,
    /// It stands for itself, as in lists of unit names.
    Literal,
    /// It takes the meaning from the character behind it, as in a shell.
    Shell,
    /// The same, and what is missing at the end, a quote or what the backslash is for, is no error.
    ShellRelaxed,
}

/// Splits a value at white space outside quotes; quotes are removed.
///
/// # Errors
/// A quote is not closed, or an escape is unknown and `backslash` is strict.
pub fn split(value: &str, backslash: Backslash) -> Result<Vec<String>, WordError> {
    let mut words = Vec::new();
    let mut reader = WordReader::new(value, backslash);
    while let Some(word) = reader.next_word()? {
        words.push(word);
    }
    Ok(words)
}

/// Splits as [`split`] with strict escapes, and where one is unknown again with those left as written: what systemd
/// does for command lines. The second value is the escape that it would warn about.
///
/// # Errors
/// A quote is not closed.
pub fn split_and_warn(value: &str) -> Result<(Vec<String>, Option<WordError>), WordError> {
    match split(value, Backslash::Escape) {
        Ok(words) => Ok((words, None)),
        Err(error @ WordError::UnknownEscape(_)) => {
            Ok((split(value, Backslash::EscapeRelaxed)?, Some(error)))
        }
        Err(error) => Err(error),
    }
}

/// Splits as a shell does, without any expansion: a backslash takes the meaning from the character behind it.
///
/// # Errors
/// A quote is not closed.
pub fn split_shell(value: &str) -> Result<Vec<String>, WordError> {
    split(value, Backslash::Shell)
}

/// The words of a variable's value, where `$NAME` stands for itself in a command line. Any value has some.
pub fn split_variable(value: &str) -> Vec<String> {
    split(value, Backslash::ShellRelaxed).unwrap_or_default()
}

/// Resolves the C escapes of a text that is one item, quotes and all.
///
/// # Errors
/// An escape is unknown.
pub fn unescape(text: &str) -> Result<String, WordError> {
    let mut reader = WordReader::new(text, Backslash::Escape);
    let mut bytes = Vec::with_capacity(text.len());
    while let Some(character) = reader.rest.next() {
        if character == '\\' {
            reader.escape(&mut bytes)?;
        } else {
            push(&mut bytes, character);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads one item after the other, and tells what is left.
#[derive(Debug, Clone)]
pub struct WordReader<'a> {
    rest: std::str::Chars<'a>,
    backslash: Backslash,
}

impl<'a> WordReader<'a> {
    /// Begins at the start of a value.
    pub fn new(value: &'a str, backslash: Backslash) -> Self {
        Self { rest: value.chars(), backslash }
    }

    /// The same place, with unknown escapes left as written.
    pub fn relaxed(&self) -> Self {
        Self { rest: self.rest.clone(), backslash: Backslash::EscapeRelaxed }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a str {
        self.rest.as_str()
    }

    /// The next item, `None` at the end.
    ///
    /// # Errors
    /// A quote is not closed, or an escape is unknown and escapes are strict.
    pub fn next_word(&mut self) -> Result<Option<String>, WordError> {
        self.rest = self.rest.as_str().trim_start_matches(is_space).chars();
        if self.rest.as_str().is_empty() {
            return Ok(None);
        }
        let mut word = Vec::new();
        let mut quote = None;
        while let Some(character) = self.rest.next() {
            match (character, quote) {
                (_, Some(open)) if character == open => quote = None,
                ('\\', _) if self.backslash != Backslash::Literal => self.escape(&mut word)?,
                ('"' | '\'', None) => quote = Some(character),
                (_, None) if is_space(character) => break,
                _ => push(&mut word, character),
            }
        }
        if let Some(open) = quote.filter(|_| self.backslash != Backslash::ShellRelaxed) {
            return Err(WordError::OpenQuote(open));
        }
        Ok(Some(String::from_utf8_lossy(&word).into_owned()))
    }

    fn escape(&mut self, word: &mut Vec<u8>) -> Result<(), WordError> {
        let rest = self.rest.as_str();
        if rest.is_empty() {
            match self.backslash {
                Backslash::Escape => return Err(WordError::TrailingBackslash),
                Backslash::ShellRelaxed => {}
                _ => word.push(b'\\'),
            }
            return Ok(());
        }
        if matches!(self.backslash, Backslash::Shell | Backslash::ShellRelaxed) {
            word.extend_from_slice(rest.chars().take(1).collect::<String>().as_bytes());
            self.rest.next();
            return Ok(());
        }
        match unescape_one(rest) {
            Some((Unescaped::Byte(byte), rest)) => {
                word.push(byte);
                self.rest = rest.chars();
            }
            Some((Unescaped::Character(character), rest)) => {
                push(word, character);
                self.rest = rest.chars();
            }
            None if self.backslash == Backslash::EscapeRelaxed => word.push(b'\\'),
            None => return Err(WordError::UnknownEscape(rest.chars().take(1).collect())),
        }
        Ok(())
    }
}

fn push(word: &mut Vec<u8>, character: char) {
    word.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

enum Unescaped {
    Byte(u8),
    Character(char),
}

/// Reads what follows a backslash.
fn unescape_one(text: &str) -> Option<(Unescaped, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    let simple = match first {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        's' => b' ',
        '\\' | '"' | '\'' => first as u8,
        'x' => {
            let (code, rest) = digits(rest, 2, 16)?;
            return Some((Unescaped::Byte(u8::try_from(code).ok().filter(|byte| *byte != 0)?), rest));
        }
        'u' => {
            let (code, rest) = digits(rest, 4, 16)?;
            return Some((Unescaped::Character(char::from_u32(code).filter(|c| *c != '\0')?), rest));
        }
        'U' => {
            let (code, rest) = digits(rest, 8, 16)?;
            return Some((Unescaped::Character(char::from_u32(code).filter(|c| *c != '\0')?), rest));
        }
        '0'..='7' => {
            let (code, rest) = digits(text, 3, 8)?;
            return Some((Unescaped::Byte(u8::try_from(code).ok().filter(|byte| *byte != 0)?), rest));
        }
        _ => return None,
    };
    Some((Unescaped::Byte(simple), rest))
}

fn digits(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(digits, radix).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(value: &str) -> Vec<String> {
        split(value, Backslash::Escape).unwrap()
    }

    #[test]
    fn white_space_separates() {
        assert_eq!(words("  a\tb  c "), ["a", "b", "c"]);
        assert!(words(" \t").is_empty());
    }

    #[test]
    fn quotes_hold_an_item_together_and_go() {
        assert_eq!(words(r#""a b" 'c "d"' "" x"#), ["a b", "c \"d\"", "", "x"]);
        assert_eq!(words(r#"A="b c"d"#), ["A=b cd"]);
    }

    #[test]
    fn escapes_are_those_of_c_and_a_space() {
        assert_eq!(words(r"\x41\102\s\t\\\u00e9\U0001F600\'"), ["AB \t\\\u{e9}\u{1f600}'"]);
        assert_eq!(words(r"\xc3\xa9"), ["\u{e9}"], "bytes join to characters");
        assert_eq!(words(r#""a\nb""#), ["a\nb"]);
    }

    #[test]
    fn unknown_escapes_are_errors_or_stay() {
        for bad in [r"\q", r"\x4", r"\u12", r"\400", r"\x00", r"\000", r"\8"] {
            assert!(split(bad, Backslash::Escape).is_err(), "{bad}");
            assert_eq!(split(bad, Backslash::EscapeRelaxed).unwrap(), [bad]);
        }
        let (words, warning) = split_and_warn(r"a\qb \t").unwrap();
        assert_eq!(words, [r"a\qb", "\t"]);
        assert_eq!(warning, Some(WordError::UnknownEscape("q".into())));
    }

    #[test]
    fn unit_names_keep_their_backslashes() {
        assert_eq!(split(r"a\x2db.service c", Backslash::Literal).unwrap(), [r"a\x2db.service", "c"]);
    }

    /// What systemd 262's user manager makes of `ExecStart=program $V` with these values of V.
    #[test]
    fn values_of_variables() {
        let cases: [(&str, &[&str]); 14] = [
            (r"a\b c\\d", &["ab", r"c\d"]),
            (r"'a\b' 'c\'d' e", &["ab", "c'd", "e"]),
            (r#""a\b" "c\"d" "e\\f""#, &["ab", "c\"d", r"e\f"]),
            (r"a\tb a\x41b a\101 \ x\ y", &["atb", "ax41b", "a101", " x y"]),
            ("a \"b c", &["a", "b c"]),
            ("it's fine", &["its fine"]),
            (r"a b\", &["a", "b"]),
            (r"a\", &["a"]),
            (r#"a"b c"d e'f g' "#, &["ab cd", "ef g"]),
            ("a '' b", &["a", "", "b"]),
            ("one\ntwo\tthree  four", &["one", "two", "three", "four"]),
            ("\"", &[""]),
            (r"\", &[""]),
            (r#"\q \z""#, &["q", "z"]),
        ];
        for (value, expected) in cases {
            assert_eq!(split_variable(value), expected, "{value}");
        }
        assert!(split_variable(" ").is_empty());
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert_eq!(split("'a b", Backslash::Escape), Err(WordError::OpenQuote('\'')));
        assert_eq!(split("a\\", Backslash::Escape), Err(WordError::TrailingBackslash));
    }
}
