//! JSON as systemd's programs print it.

use serde_json::{Number, Value};
use userdb::record::Object;

use super::color::{Color, Palette};

/// How much room JSON takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One value a line, indented.
    #[default]
    Pretty,
    /// All on one line.
    Short,
}

/// One object and a line break.
pub fn object(object: &Object, format: Format, palette: Palette) -> String {
    let mut printer = Printer::new(format, palette);
    printer.object(object, 0);
    printer.finish()
}

/// An array of objects and a line break.
pub fn array(objects: &[Object], format: Format, palette: Palette) -> String {
    let mut printer = Printer::new(format, palette);
    printer.items('[', ']', objects, 0, |printer, object| printer.object(object, 1));
    printer.finish()
}

struct Printer {
    text: String,
    format: Format,
    palette: Palette,
}

impl Printer {
    fn new(format: Format, palette: Palette) -> Self {
        // The short form is for programs.
        let palette = if format == Format::Pretty { palette } else { Palette::None };
        Self { text: String::new(), format, palette }
    }

    fn finish(mut self) -> String {
        self.text.push('\n');
        self.text
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Null => self.word("null", Color::Highlight),
            Value::Bool(value) => self.word(if *value { "true" } else { "false" }, Color::Highlight),
            Value::Number(number) => self.word(&number_text(number), Color::HighlightBlue),
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                self.items('[', ']', items, depth, |printer, item| printer.value(item, depth + 1));
            }
            Value::Object(object) => self.object(object, depth),
        }
    }

    fn object(&mut self, object: &Object, depth: usize) {
        let colon = if self.format == Format::Pretty { " : " } else { ":" };
        self.items('{', '}', object, depth, |printer, (key, value)| {
            printer.string(key);
            printer.text.push_str(colon);
            printer.value(value, depth + 1);
        });
    }

    fn items<I: IntoIterator>(
        &mut self,
        open: char,
        close: char,
        items: I,
        depth: usize,
        mut print: impl FnMut(&mut Self, I::Item),
    ) {
        self.text.push(open);
        let mut is_empty = true;
        for item in items {
            if !is_empty {
                self.text.push(',');
            }
            is_empty = false;
            self.line_break(depth + 1);
            print(self, item);
        }
        if !is_empty {
            self.line_break(depth);
        }
        self.text.push(close);
    }

    fn line_break(&mut self, depth: usize) {
        if self.format == Format::Pretty {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n('\t', depth));
        }
    }

    fn word(&mut self, word: &str, color: Color) {
        self.text.push_str(&self.palette.paint(color, word));
    }

    fn string(&mut self, text: &str) {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '"' => escaped.push_str("\\\""),
                '\\' => escaped.push_str("\\\\"),
                '\u{8}' => escaped.push_str("\\b"),
                '\u{c}' => escaped.push_str("\\f"),
                '\n' => escaped.push_str("\\n"),
                '\r' => escaped.push_str("\\r"),
                '\t' => escaped.push_str("\\t"),
                // C1 controls and DEL too: terminals obey them.
                c if c.is_control() => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => escaped.push(c),
            }
        }
        self.text.push('"');
        self.text.push_str(&self.palette.paint(Color::Green, &escaped));
        self.text.push('"');
    }
}

/// Whole numbers as they are; others with all digits and the exponent of C's `%e`.
fn number_text(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    // Zero has no sign here.
    let text = format!("{:.21e}", float + 0.0);
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Object {
        let text = r#"{"a":1,"b":[],"c":{},"d":[true,null,{"e":-2.5}],"f":"q\"\\/\u0007\u007fé\n"}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn pretty_json_has_one_value_a_line() {
        let expected = "{\n\t\"a\" : 1,\n\t\"b\" : [],\n\t\"c\" : {},\n\t\"d\" : [\n\t\ttrue,\n\t\tnull,\n\t\t{\n\t\t\t\"e\" : \
            -2.500000000000000000000e+00\n\t\t}\n\t],\n\t\"f\" : \"q\\\"\\\\/\\u0007\\u007fé\\n\"\n}\n";
        assert_eq!(object(&example(), Format::Pretty, Palette::None), expected);
    }

    #[test]
    fn fractions_have_all_digits() {
        for (number, expected) in [
            (0.0, "0.000000000000000000000e+00"),
            (-0.0, "0.000000000000000000000e+00"),
            (1e-5, "1.000000000000000081803e-05"),
            (1e120, "9.999999999999999800035e+119"),
        ] {
            assert_eq!(number_text(&Number::from_f64(number).unwrap()), expected);
        }
        assert_eq!(number_text(&u64::MAX.into()), "18446744073709551615");
    }

    #[test]
    fn short_json_is_one_line_that_reads_back() {
        let text = object(&example(), Format::Short, Palette::Full);
        assert_eq!(text.lines().count(), 1);
        assert_eq!(serde_json::from_str::<Object>(&text).unwrap(), example());
    }

    #[test]
    fn colors_stand_inside_of_the_quotes() {
        let text = object(&example(), Format::Pretty, Palette::Full);
        assert!(text.contains("\"\x1b[0;32ma\x1b[0m\" : \x1b[0;1;34m1\x1b[0m,"), "{text}");
    }

    #[test]
    fn an_array_of_objects() {
        let objects = [Object::from_iter([("a".to_owned(), 1.into())])];
        assert_eq!(array(&objects, Format::Short, Palette::None), "[{\"a\":1}]\n");
        assert_eq!(array(&objects, Format::Pretty, Palette::None), "[\n\t{\n\t\t\"a\" : 1\n\t}\n]\n");
    }
}
