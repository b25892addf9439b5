//! Records with one line for each field.

mod account;
pub mod group;
mod home;
mod limits;
pub mod login;
mod password;
mod self_modifiable;
mod session;
pub mod user;

use super::color::{Color, Palette};
use crate::database::LookupError;
use crate::format::text::{printable, yes_no};

/// Lines of labels and values. Labels end in one column; control characters of values are spelt out.
#[derive(Debug)]
struct Fields {
    text: String,
    palette: Palette,
}

/// Where labels end.
const LABEL_WIDTH: usize = 12;

impl Fields {
    fn new(palette: Palette) -> Self {
        Self { text: String::new(), palette }
    }

    /// A label and its value.
    fn add(&mut self, label: &str, value: impl AsRef<str>) {
        self.text.push_str(&format!("{label:>LABEL_WIDTH$}: {}\n", printable(value.as_ref())));
    }

    /// A label and its value, if there is one.
    fn add_optional(&mut self, label: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.add(label, value);
        }
    }

    /// A label and its number, if there is one.
    fn add_number(&mut self, label: &str, number: Option<impl std::fmt::Display>) {
        self.add_optional(label, number.map(|number| number.to_string()));
    }

    /// A label and `yes` or `no`, if it is known.
    fn add_bool(&mut self, label: &str, value: Option<bool>) {
        self.add_optional(label, value.map(yes_no));
    }

    /// A label, and values below each other.
    fn add_list<T: AsRef<str>>(&mut self, label: &str, values: &[T]) {
        for (at, value) in values.iter().enumerate() {
            if at == 0 {
                self.add(label, value);
            } else {
                self.add_below(value);
            }
        }
    }

    /// A label, and the names of a list that may break off.
    fn add_memberships(
        &mut self,
        label: &str,
        list: impl FnOnce(&mut dyn FnMut(String)) -> Result<(), LookupError>,
    ) {
        let mut names = Vec::new();
        if let Err(error) = list(&mut |name| names.push(name)) {
            names.push(format!("(can't acquire: {error})"));
        }
        self.add_list(label, &names);
    }

    /// A line below a value.
    fn add_below(&mut self, value: impl AsRef<str>) {
        self.text.push_str(&format!("{:LABEL_WIDTH$}  {}\n", "", printable(value.as_ref())));
    }

    /// A label, a word in a colour, and what is to be said about it.
    fn add_colored(&mut self, label: &str, color: Color, word: &str, remark: &str) {
        let word = printable(word);
        self.text.push_str(&format!("{label:>LABEL_WIDTH$}: {}{remark}\n", self.palette.paint(color, &word)));
    }

    /// A line as it is.
    fn add_line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}
