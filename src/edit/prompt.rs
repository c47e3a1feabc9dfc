//! `Prompt`: the line that the user is typing, as it is drawn.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::secret::{MASK, secret_start};
use super::size::Size;

/// What precedes the line.
pub(super) const PROMPT: &str = "> ";
/// Most columns drawn, about: of a longer line, only the part at the cursor is shown.
const MAX_COLUMNS: usize = 4096;
/// Most bytes drawn, about: marks take no columns, and a character can have any number of them.
const MAX_BYTES: usize = 4096;
/// Bytes of a character without marks.
const UNMARKED: usize = 4;
/// Moves the cursor from the end of a full row to the beginning of the next one: most terminals wait
/// for a character before they do.
const WRAP: &str = " \r";
/// The fewest rows of a terminal that shows a bar.
const ROWS_FOR_BAR: usize = 5;
/// What a bar looks like: it can be read on any background.
const REVERSE: &str = "\x1b[7m";
const PLAIN: &str = "\x1b[m";

/// The typed line, cut into rows, with the movements that put the cursor in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// What draws it from the beginning of an empty row.
    pub(super) text: String,
    /// The row of the cursor, counted from the first.
    pub(super) row: usize,
    /// How many rows it takes.
    #[serde(skip)]
    pub(super) height: usize,
}

impl Prompt {
    /// Draws `line` with the cursor at the byte `cursor`. A password in it is masked.
    pub fn new(line: &str, cursor: usize, size: Size) -> Self {
        Self::above(line, cursor, size, None)
    }

    /// The same with a bar below it, which is shorter than a row; without one if the terminal has
    /// few rows.
    pub fn with_bar(line: &str, cursor: usize, size: Size, bar: &str) -> Self {
        Self::above(line, cursor, size, Some(bar).filter(|_| size.height() >= ROWS_FOR_BAR))
    }

    fn above(line: &str, cursor: usize, size: Size, bar: Option<&str>) -> Self {
        let layout = Layout::new(line, cursor, size.width());
        let height = size.height() - usize::from(bar.is_some());
        let most = height.min(MAX_COLUMNS / size.width()).max(1);
        let (first, end) = layout.part(most);
        let mut text = layout.rows[first..end].join(WRAP);
        let below = end - 1 - layout.row + usize::from(bar.is_some());
        if let Some(bar) = bar {
            text.push_str(&format!("\r\n{REVERSE}{bar}{PLAIN}"));
        }
        if below > 0 {
            text.push_str(&format!("\x1b[{below}A"));
        }
        if bar.is_some() || !layout.is_cursor_at_end() {
            text.push('\r');
            if layout.column > 0 {
                text.push_str(&format!("\x1b[{}C", layout.column));
            }
        }
        let height = end - first + usize::from(bar.is_some());
        Self { text, row: layout.row - first, height }
    }
}

/// The typed line cut into rows, all of which but the last are full.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    rows: Vec<String>,
    /// The column after the last character.
    last_column: usize,
    /// Position of the cursor.
    row: usize,
    column: usize,
}

impl Layout {
    fn new(line: &str, cursor: usize, width: usize) -> Self {
        let secret = secret_start(line).unwrap_or(line.len());
        let mut rows = vec![PROMPT.to_owned()];
        let mut column = PROMPT.len();
        let mut place = None;
        for (start, character) in line.grapheme_indices(true) {
            let shown = if start < secret { character } else { MASK };
            // A cluster can have any number of parts, and be wider than the terminal.
            let columns = shown.width().min(width);
            let shown = without_most_marks(shown, columns, width, last(&mut rows).len());
            if column + columns > width {
                // A wide character that does not fit: the terminal would leave the column free, too.
                last(&mut rows).push_str(&" ".repeat(width.saturating_sub(column)));
                rows.push(String::new());
                column = 0;
            }
            if start >= cursor {
                place = place.or(Some((rows.len() - 1, column)));
            }
            last(&mut rows).push_str(shown);
            column += columns;
            if column == width {
                rows.push(String::new());
                column = 0;
            }
        }
        let (row, at) = place.unwrap_or((rows.len() - 1, column));
        Self { rows, last_column: column, row, column: at }
    }

    /// The rows to be drawn: `most` at most, in [`MAX_BYTES`], with that of the cursor.
    fn part(&self, most: usize) -> (usize, usize) {
        let mut bytes = self.rows[self.row].len();
        let mut fits = |row: &&String| {
            bytes += row.len();
            bytes <= MAX_BYTES
        };
        let above = self.rows[..self.row].iter().rev().take(most - 1);
        let first = self.row - above.take_while(&mut fits).count();
        let below = self.rows[self.row + 1..].iter().take(first + most - self.row - 1);
        (first, self.row + 1 + below.take_while(&mut fits).count())
    }

    fn is_cursor_at_end(&self) -> bool {
        self.row + 1 == self.rows.len() && self.column == self.last_column
    }
}

/// As much of a character as its share of a row in [`MAX_BYTES`], in which `used` bytes are, lets
/// be drawn.
fn without_most_marks(character: &str, columns: usize, width: usize, used: usize) -> &str {
    let share = columns * UNMARKED.max(MAX_BYTES / width);
    let most = if columns == 0 { MAX_BYTES.saturating_sub(used) } else { share };
    let end = (0..=most.min(character.len())).rfind(|&end| character.is_char_boundary(end));
    &character[..end.unwrap_or(0)]
}

/// The last row; there is always one.
fn last(rows: &mut Vec<String>) -> &mut String {
    if rows.is_empty() {
        rows.push(String::new());
    }
    let last = rows.len() - 1;
    &mut rows[last]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(line: &str, cursor: usize, width: usize) -> (Vec<String>, usize, usize) {
        let Layout { rows, row, column, .. } = Layout::new(line, cursor, width);
        (rows, row, column)
    }

    fn drawn(line: &str, cursor: usize, width: u16, height: u16) -> (String, usize) {
        let Prompt { text, row, .. } = Prompt::new(line, cursor, Size::new(width, height));
        (text, row)
    }

    #[test]
    fn a_full_row_goes_on_in_the_next() {
        assert_eq!(layout("", 0, 10), (vec!["> ".to_owned()], 0, 2));
        assert_eq!(layout("1234567", 7, 10), (vec!["> 1234567".to_owned()], 0, 9));
        let rows = vec!["> 12345678".to_owned(), String::new()];
        assert_eq!(layout("12345678", 8, 10), (rows, 1, 0));
        let rows = vec!["> 12345678".to_owned(), "9".to_owned()];
        assert_eq!(layout("123456789", 9, 10), (rows.clone(), 1, 1));
        assert_eq!(layout("123456789", 8, 10), (rows.clone(), 1, 0));
        assert_eq!(layout("123456789", 7, 10), (rows, 0, 9));
    }

    #[test]
    fn a_cluster_that_is_wider_than_the_terminal_has_a_row_of_its_own() {
        // Leading consonants of Hangul never break (UAX 29), and each is two columns wide.
        let wide = "\u{1100}".repeat(5);
        let rows = vec!["> ".to_owned() + &" ".repeat(6), wide.clone(), "a".to_owned()];
        assert_eq!(layout(&format!("{wide}a"), wide.len() + 1, 8), (rows, 2, 1));
    }

    #[test]
    fn wide_characters_are_not_cut_and_marks_take_no_room() {
        let rows = vec!["> x日本語 ".to_owned(), "日".to_owned()];
        assert_eq!(layout("x日本語日", 13, 10), (rows, 1, 2));
        assert_eq!(layout("e\u{301}e", 4, 10).2, 4);
        assert_eq!(layout("👨‍👩‍👧", 18, 10).2, 4);
    }

    #[test]
    fn the_right_margin_is_left_by_a_blank_and_the_cursor_put_in_its_place() {
        assert_eq!(drawn("12345678", 8, 10, 24), ("> 12345678 \r".to_owned(), 1));
        assert_eq!(drawn("123456789", 0, 10, 24), ("> 12345678 \r9\x1b[1A\r\x1b[2C".to_owned(), 0));
        assert_eq!(drawn("ab", 0, 10, 24), ("> ab\r\x1b[2C".to_owned(), 0));
    }

    #[test]
    fn of_a_line_that_is_higher_than_the_terminal_the_part_at_the_cursor_is_shown() {
        let line = "12345678abcdefghijABCDEFGHIJklm";
        assert_eq!(drawn(line, line.len(), 10, 2), ("ABCDEFGHIJ \rklm".to_owned(), 1));
        let (text, row) = drawn(line, 0, 10, 2);
        assert_eq!((&*text, row), ("> 12345678 \rabcdefghij\x1b[1A\r\x1b[2C", 0));
        let (text, _) = drawn(&"x".repeat(60_000), 60_000, 1000, 1000);
        assert!(text.len() < 5000);
    }

    #[test]
    fn a_bar_is_below_all_rows_and_the_cursor_above_it() {
        let drawn = |line: &str, height| {
            let Prompt { text, row, .. } =
                Prompt::with_bar(line, line.len(), Size::new(10, height), "bar");
            (text, row)
        };
        let bar = "\r\n\x1b[7mbar\x1b[m\x1b[1A\r";
        assert_eq!(drawn("ab", 24), (format!("> ab{bar}\x1b[4C"), 0));
        assert_eq!(drawn("12345678", 24), (format!("> 12345678 \r{bar}"), 1));
        let (text, row) = drawn(&"x".repeat(100), 5);
        assert_eq!((text.matches(WRAP).count(), row), (3, 3), "one row of five is the bar's");
        assert_eq!(drawn("ab", 4), ("> ab".to_owned(), 0));
    }

    #[test]
    fn what_is_drawn_is_bounded_however_many_marks_a_line_has() {
        let marks = "\u{301}".repeat(4000);
        let lines = [
            format!("a{marks}b"),
            marks.clone(),
            format!("a{}", "\u{301}".repeat(20)).repeat(200),
            "\u{200b}".repeat(2700),
            "\u{1100}".repeat(2700),
            format!("x{}", "\u{1f1e6}".repeat(2000)),
        ];
        for line in lines {
            for width in [8, 80, 1000] {
                for cursor in [0, line.len()] {
                    let (text, _) = drawn(&line, cursor, width, 1000);
                    assert!(text.len() < 2 * MAX_BYTES, "{} of {width}", text.len());
                }
            }
        }
        let tall = format!("{}\u{301}\u{302}\u{303}", "e\u{301}".repeat(70));
        assert_eq!(drawn(&tall, tall.len(), 80, 24).0, format!("> {tall}"));
    }

    #[test]
    fn a_password_is_masked() {
        assert_eq!(drawn("/login al s3", 12, 80, 24).0, "> /login al **");
    }
}
