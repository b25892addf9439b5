//! Tables of text.

use std::borrow::Cow;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;
use userdb::record::Object;

use super::color::{Color, Palette};
use crate::format::text::printable;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    name: &'static str,
    is_right: bool,
}

impl Column {
    /// A column of text.
    pub fn left(name: &'static str) -> Self {
        Self { name, is_right: false }
    }

    /// A column of numbers.
    pub fn right(name: &'static str) -> Self {
        Self { name, is_right: true }
    }
}

/// A cell.
#[derive(Clone, Debug)]
pub struct Cell {
    text: Option<Box<str>>,
    color: Option<Color>,
}

impl Cell {
    /// Text, with control characters spelt out.
    pub fn text<'a>(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: Some(printable(&text.into()).into()), color: None }
    }

    /// Text, or a dash.
    pub fn optional<'a>(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or_else(Self::empty, Self::text)
    }

    /// A dash.
    pub fn empty() -> Self {
        Self { text: None, color: Some(Color::Grey) }
    }

    /// The cell in a colour; a dash keeps its own.
    #[must_use]
    pub fn colored(self, color: Option<Color>) -> Self {
        if self.text.is_some() { Self { color, ..self } } else { self }
    }

    fn shown(&self) -> &str {
        self.text.as_deref().unwrap_or("-")
    }
}

/// Where a row stands among those of the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    Before,
    Among,
    After,
}

#[derive(Debug)]
struct Row {
    /// Rows without an id come last.
    id: u32,
    order: Order,
    cells: Vec<Cell>,
}

/// Rows of cells under the names of their columns.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    has_glyphs: bool,
}

/// A column is not cut shorter than this.
const NARROWEST: usize = 8;

impl Table {
    /// An empty table.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), has_glyphs: false }
    }

    /// An empty table of rows that have an id; with boundaries there is a column for the lines that they draw.
    pub fn of_ids(columns: impl IntoIterator<Item = Column>, boundaries: bool) -> Self {
        let glyphs = boundaries.then(|| Column::left(" "));
        Self { has_glyphs: boundaries, ..Self::new(glyphs.into_iter().chain(columns).collect()) }
    }

    /// Adds a row.
    pub fn add(&mut self, cells: Vec<Cell>) {
        self.add_ordered(None, Order::Among, cells);
    }

    /// Adds a row that has an id, and no glyph.
    pub fn add_with_id(&mut self, id: Option<u32>, mut cells: Vec<Cell>) {
        if self.has_glyphs {
            cells.insert(0, Cell::text(""));
        }
        self.add_ordered(id, Order::Among, cells);
    }

    /// Adds a row before or after others of the same id, with all cells.
    pub fn add_ordered(&mut self, id: Option<u32>, order: Order, cells: Vec<Cell>) {
        self.rows.push(Row { id: id.unwrap_or(u32::MAX), order, cells });
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Sorts by id; rows of the same one stay in their order.
    pub fn sort_by_id(&mut self) {
        self.rows.sort_by_key(|row| (row.id, row.order));
    }

    /// Sorts by the text of the cells, the first one first.
    pub fn sort_by_text(&mut self) {
        self.rows.sort_by(|a, b| a.cells.iter().map(Cell::shown).cmp(b.cells.iter().map(Cell::shown)));
    }

    /// The rows as JSON objects.
    pub fn to_objects(&self) -> Vec<Object> {
        let object = |row: &Row| {
            let values = row.cells.iter().map(|cell| cell.text.as_deref().map_or(Value::Null, Value::from));
            self.columns.iter().map(|column| column.name.to_owned()).zip(values).collect()
        };
        self.rows.iter().map(object).collect()
    }

    /// The whole table, cut to the width if one is given.
    pub fn text(&self, palette: Palette, header: bool, width: Option<usize>) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.to_uppercase()).collect();
        let mut widths: Vec<usize> = names.iter().map(|name| if header { name.width() } else { 0 }).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = (*width).max(cell.shown().width());
            }
        }
        if let Some(width) = width {
            self.narrow(&mut widths, width);
        }
        let mut line = Line { text: String::new(), palette, separator: None };
        if header {
            line.separator = Some(Color::Underline);
            let cells = names.iter().map(|name| (name.as_str(), Some(Color::Underline)));
            self.add_line(&mut line, &widths, cells);
            line.separator = None;
        }
        for row in &self.rows {
            let cells = row.cells.iter().map(|cell| (cell.shown(), cell.color));
            self.add_line(&mut line, &widths, cells);
        }
        line.text
    }

    fn add_line<'a>(
        &self,
        line: &mut Line,
        widths: &[usize],
        cells: impl Iterator<Item = (&'a str, Option<Color>)>,
    ) {
        let last = self.columns.len().saturating_sub(1);
        for (at, ((text, color), (width, column))) in cells.zip(widths.iter().zip(&self.columns)).enumerate()
        {
            line.add(text, color, *width, column.is_right, at == 0, at == last);
        }
        line.text.push('\n');
    }

    /// Takes columns off the widest ones until the table fits. Numbers stay whole.
    fn narrow(&self, widths: &mut [usize], total: usize) {
        let mut excess =
            (widths.iter().sum::<usize>() + widths.len().saturating_sub(1)).saturating_sub(total);
        while excess > 0 {
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(width, column)| !column.is_right && **width > NARROWEST)
                .max_by_key(|(width, _)| **width);
            let Some((width, _)) = widest else { return };
            *width -= 1;
            excess -= 1;
        }
    }
}

/// Lines as they are put together.
struct Line {
    text: String,
    palette: Palette,
    separator: Option<Color>,
}

impl Line {
    fn add(
        &mut self,
        text: &str,
        color: Option<Color>,
        width: usize,
        is_right: bool,
        is_first: bool,
        is_last: bool,
    ) {
        if !is_first {
            self.text.push_str(&self.palette.paint_optional(self.separator, " "));
        }
        let color = color.filter(|_| self.palette != Palette::None);
        let text = ellipsized(text, width);
        let padding = " ".repeat(width.saturating_sub(text.width()));
        let cell = if is_right {
            format!("{padding}{text}")
        } else if is_last && color.is_none() {
            // Nothing comes after it, and nothing is to be seen of the padding.
            text.into_owned()
        } else {
            format!("{text}{padding}")
        };
        self.text.push_str(&self.palette.paint_optional(color, &cell));
    }
}

/// The text, cut to the width if it is longer.
fn ellipsized(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if cut.width() + 1 > width {
            cut.pop();
            break;
        }
    }
    cut.push('…');
    Cow::Owned(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::of_ids([Column::left("name"), Column::right("uid"), Column::left("home")], true);
        table.add_with_id(Some(5), vec![Cell::text("b"), Cell::text("5"), Cell::text("/home/b")]);
        let empty: Option<&str> = None;
        table.add_with_id(Some(10), vec![Cell::text("日本"), Cell::text("10"), Cell::optional(empty)]);
        table.add_ordered(
            Some(5),
            Order::Before,
            vec![
                Cell::text("┌─"),
                Cell::text("begin").colored(Some(Color::Grey)),
                Cell::text("5"),
                Cell::empty(),
            ],
        );
        table.sort_by_id();
        table
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let expected = "   NAME  UID HOME\n┌─ begin   5 -\n   b       5 /home/b\n   日本   10 -\n";
        assert_eq!(table().text(Palette::None, true, None), expected);
    }

    #[test]
    fn without_a_header_its_names_take_no_room() {
        let expected = "┌─ begin  5 -\n   b      5 /home/b\n   日本  10 -\n";
        assert_eq!(table().text(Palette::None, false, None), expected);
    }

    #[test]
    fn colored_cells_are_padded_to_the_end() {
        let text = table().text(Palette::Basic, true, None);
        let mut lines = text.lines();
        assert!(lines.next().unwrap().ends_with("\x1b[4mHOME   \x1b[0m"));
        assert!(lines.next().unwrap().ends_with("\x1b[0;90m-      \x1b[0m"));
        assert!(lines.next().unwrap().ends_with(" /home/b"));
    }

    #[test]
    fn a_table_that_is_too_wide_is_cut() {
        let mut table = Table::new(vec![Column::left("name"), Column::right("uid"), Column::left("home")]);
        table.add(vec![Cell::text("ann"), Cell::text("1234567890"), Cell::text("/home/a/long/way")]);
        assert_eq!(table.text(Palette::None, false, Some(26)), "ann 1234567890 /home/a/lo…\n");
        // Not beyond the narrowest.
        assert_eq!(table.text(Palette::None, false, Some(3)), "ann 1234567890 /home/a…\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(vec![Column::left("name")]);
        table.add(vec![Cell::text("a\u{9b}b")]);
        assert_eq!(table.text(Palette::None, false, None), "a\\x9bb\n");
    }

    #[test]
    fn rows_are_objects_too() {
        let mut table = Table::new(vec![Column::left("service"), Column::left("listening")]);
        table.add(vec![Cell::text("a"), Cell::text("yes")]);
        assert_eq!(
            serde_json::to_string(&table.to_objects()).unwrap(),
            r#"[{"service":"a","listening":"yes"}]"#
        );
    }
}
