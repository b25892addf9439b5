//! Tables.

use std::io::{self, Write};

use super::output::{Color, Palette, columns, shorten};

/// A cell.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    color: Option<Color>,
}

impl Cell {
    /// Plain text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), color: None }
    }

    /// In a colour.
    pub fn colored(self, color: Option<Color>) -> Self {
        Self { color, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Rows below a heading. The last column is not padded; it is shortened first where a terminal is narrow.
#[derive(Debug)]
pub struct Table {
    heading: Option<Vec<Cell>>,
    rows: Vec<Vec<Cell>>,
    /// A dot or a space before each row.
    marks: bool,
    right: Vec<usize>,
}

impl Table {
    /// A table; `marks` adds a first column without a heading.
    pub fn new(heading: &[&str], with_heading: bool, marks: bool) -> Self {
        let cells = heading.iter().map(|text| Cell::new(*text).colored(Some(Color::Bold)));
        Self { heading: with_heading.then(|| cells.collect()), rows: Vec::new(), marks, right: Vec::new() }
    }

    /// Aligns a column to the right.
    pub fn right_aligned(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Adds a row. With marks, its first cell is the mark.
    pub fn add(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Writes it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write(&self, output: &mut dyn Write, palette: Palette, shortens: bool) -> io::Result<()> {
        let heading = self.heading.clone().map(|mut heading| {
            if self.marks {
                heading.insert(0, Cell::new(" "));
            }
            heading
        });
        let rows: Vec<&Vec<Cell>> = heading.iter().chain(&self.rows).collect();
        let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(Cell::width).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count).map(width).collect();
        let limit = shortens.then(columns).flatten();
        for row in rows {
            let mut used = 0;
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let is_last = column + 1 == row.len();
                let width = widths.get(column).copied().unwrap_or(0);
                let mut text = cell.text.clone();
                if let Some(limit) = limit.filter(|_| is_last) {
                    text = shorten(&text, limit.saturating_sub(used).max(8));
                }
                let padding = " ".repeat(width.saturating_sub(text.chars().count()));
                let painted = palette.paint(cell.color, &text);
                if self.right.contains(&column) {
                    line.push_str(&padding);
                    line.push_str(&painted);
                } else {
                    line.push_str(&painted);
                    if !is_last {
                        line.push_str(&padding);
                    }
                }
                if !is_last {
                    line.push(' ');
                }
                used += width + 1;
            }
            writeln!(output, "{line}")?;
        }
        Ok(())
    }
}
