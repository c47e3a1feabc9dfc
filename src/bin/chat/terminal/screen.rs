//! The screen: the line that the user is typing at the bottom, and all others above it.

use std::io::{self, Write};

use crossterm::cursor::{MoveToColumn, MoveUp};
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The prompt before the line that the user is typing, and before the user's earlier lines.
pub(crate) const PROMPT: &str = "> ";
/// The width of a terminal that does not report it.
const USUAL_WIDTH: usize = 80;
/// A narrower terminal is treated as this wide.
const LEAST_WIDTH: usize = 8;

/// The only writer to the terminal.
#[derive(Debug)]
pub(crate) struct Screen<W> {
    output: W,
    width: usize,
    /// Lines that wait to be shown.
    waiting: String,
    /// The row of the cursor, counted from the first row of the typed line.
    cursor_row: u16,
    /// The line and the cursor as last drawn.
    drawn: Option<(String, usize)>,
}

impl<W: Write> Screen<W> {
    /// A screen of `width` columns, 0 if unknown; the cursor must be at the beginning of a row.
    pub(crate) fn new(output: W, width: u16) -> Self {
        let waiting = String::new();
        let mut screen = Self { output, width: 0, waiting, cursor_row: 0, drawn: None };
        screen.set_width(width);
        screen
    }

    pub(crate) fn set_width(&mut self, width: u16) {
        let width = usize::from(width);
        self.drawn = None;
        self.width = if width == 0 { USUAL_WIDTH } else { width.max(LEAST_WIDTH) };
    }

    /// Queues a line for the next drawing.
    pub(crate) fn show(&mut self, line: &str) {
        self.waiting.push_str(line);
        // In raw mode, the terminal does not add the CR itself.
        self.waiting.push_str("\r\n");
    }

    /// Draws the waiting lines, and below them the line that the user is typing, with the cursor.
    pub(crate) fn draw(&mut self, line: &str, cursor: usize) -> io::Result<()> {
        let is_drawn = self.drawn.as_ref().is_some_and(|(text, at)| text == line && *at == cursor);
        if is_drawn && self.waiting.is_empty() {
            return Ok(());
        }
        self.drawn = Some((line.to_owned(), cursor));
        let mut bytes = Vec::new();
        self.erase(&mut bytes)?;
        bytes.extend_from_slice(self.waiting.as_bytes());
        self.waiting.clear();
        let layout = Layout::new(line, cursor, self.width);
        bytes.extend_from_slice(layout.rows.join("\r\n").as_bytes());
        let below = u16::try_from(layout.rows.len() - 1).unwrap_or(u16::MAX) - layout.row;
        if below > 0 {
            queue!(bytes, MoveUp(below))?;
        }
        queue!(bytes, MoveToColumn(layout.column))?;
        self.cursor_row = layout.row;
        self.output.write_all(&bytes)?;
        self.output.flush()
    }

    /// Removes the typed line, and leaves the cursor below the others.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.erase(&mut bytes)?;
        bytes.extend_from_slice(self.waiting.as_bytes());
        self.waiting.clear();
        self.output.write_all(&bytes)?;
        self.output.flush()
    }

    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.cursor_row = 0;
        self.drawn = None;
        queue!(self.output, Clear(ClearType::All), crossterm::cursor::MoveTo(0, 0))
    }

    /// Erases the typed line.
    fn erase(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        if self.cursor_row > 0 {
            queue!(bytes, MoveUp(self.cursor_row))?;
        }
        self.cursor_row = 0;
        queue!(bytes, MoveToColumn(0), Clear(ClearType::FromCursorDown))
    }
}

/// The typed line cut into rows. The last column stays free, because terminals differ in what they
/// do when it is written to.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    rows: Vec<String>,
    /// Position of the cursor.
    row: u16,
    column: u16,
}

impl Layout {
    fn new(line: &str, cursor: usize, width: usize) -> Self {
        let mut rows = vec![PROMPT.to_owned()];
        let mut column = PROMPT.len();
        let mut place = (0, column);
        for (start, character) in line.grapheme_indices(true) {
            let columns = character.width();
            if column + columns >= width {
                rows.push(String::new());
                column = 0;
            }
            if start == cursor {
                place = (rows.len() - 1, column);
            }
            rows.last_mut().unwrap_or(&mut String::new()).push_str(character);
            column += columns;
        }
        if cursor >= line.len() {
            place = (rows.len() - 1, column);
        }
        let [row, column] = [place.0, place.1].map(|n| u16::try_from(n).unwrap_or(u16::MAX));
        Self { rows, row, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(line: &str, cursor: usize, width: usize) -> (Vec<String>, u16, u16) {
        let Layout { rows, row, column } = Layout::new(line, cursor, width);
        (rows, row, column)
    }

    #[test]
    fn a_line_is_cut_before_the_last_column() {
        assert_eq!(layout("", 0, 10), (vec!["> ".to_owned()], 0, 2));
        assert_eq!(layout("1234567", 7, 10), (vec!["> 1234567".to_owned()], 0, 9));
        let rows = vec!["> 1234567".to_owned(), "89".to_owned()];
        assert_eq!(layout("123456789", 9, 10), (rows.clone(), 1, 2));
        assert_eq!(layout("123456789", 7, 10), (rows.clone(), 1, 0));
        assert_eq!(layout("123456789", 6, 10), (rows, 0, 8));
    }

    #[test]
    fn wide_characters_are_not_cut_and_marks_take_no_room() {
        assert_eq!(
            layout("日本語日", 12, 10),
            (vec!["> 日本語".to_owned(), "日".to_owned()], 1, 2)
        );
        assert_eq!(layout("e\u{301}e", 4, 10).2, 4);
        assert_eq!(layout("👨‍👩‍👧", 18, 10).2, 4);
    }

    #[test]
    fn any_line_is_drawn_at_any_width() {
        let line = "日本 e\u{301} 👨‍👩‍👧 plain text, and \u{200d} more of it ".repeat(8);
        for width in 0..100 {
            let mut screen = Screen::new(Vec::new(), width);
            for (cursor, _) in line.grapheme_indices(true).step_by(7) {
                screen.draw(&line, cursor).unwrap();
            }
        }
    }
}
