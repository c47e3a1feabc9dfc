//! `Screen`: the line that the user is typing at the bottom, and all others above it.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::prompt::{PROMPT, Prompt};
use super::secret::masked;
use super::size::Size;

/// What precedes the further rows of a long line, so that they cannot be taken for lines.
const INDENT: &str = "  ";
/// Erases everything below the cursor.
const ERASE: &str = "\r\x1b[J";
/// Erases everything, and puts the cursor into the first row.
const ERASE_ALL: &str = "\x1b[H\x1b[2J";
/// Puts the cursor into the first row.
const HOME: &str = "\x1b[H";
/// Erases the row from the cursor on.
const ERASE_ROW: &str = "\x1b[K";

/// What is on the screen, for the only writer to the terminal. Each method appends the bytes that
/// have to be written.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Screen {
    size: Size,
    prompt: Prompt,
    /// The row of the cursor in the prompt that is on the screen; `None` if none is.
    shown: Option<usize>,
    /// Whether `prompt` is not the one on the screen.
    is_stale: bool,
}

impl Screen {
    /// The screen of a terminal whose cursor is at the beginning of a row.
    pub fn new(size: Size) -> Self {
        Self { size, ..Self::default() }
    }

    /// The screen of a terminal whose cursor is in a prompt of one row that is no longer known.
    pub fn drawn_before(size: Size) -> Self {
        Self { size, shown: Some(0), is_stale: true, ..Self::default() }
    }

    /// The terminal has another size.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.is_stale = true;
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Has this prompt at the next [drawing](Self::draw).
    pub fn set_prompt(&mut self, prompt: Prompt) {
        self.is_stale |= self.prompt != prompt;
        self.prompt = prompt;
    }

    /// Has the prompt drawn again.
    pub fn redraw(&mut self) {
        self.is_stale = true;
    }

    /// Shows a line above the prompt, which is erased until the next drawing.
    pub fn show(&mut self, line: &str, out: &mut Vec<u8>) {
        self.show_painted(line, &[], out);
    }

    /// The same, with parts of the line painted.
    pub fn show_painted(&mut self, line: &str, paint: &[Paint], out: &mut Vec<u8>) {
        self.erase(out);
        wrap(line, paint, self.size.width(), out);
        // A raw terminal does not add the CR itself.
        out.extend_from_slice(b"\r\n");
    }

    /// Shows the line that the user has typed, as it was drawn.
    pub fn show_typed(&mut self, line: &str, out: &mut Vec<u8>) {
        self.show(&format!("{PROMPT}{}", masked(line)), out);
    }

    /// Draws the prompt, unless it is on the screen.
    pub fn draw(&mut self, out: &mut Vec<u8>) {
        if self.shown.is_some() && !self.is_stale {
            return;
        }
        self.erase(out);
        out.extend_from_slice(self.prompt.text.as_bytes());
        (self.shown, self.is_stale) = (Some(self.prompt.row), false);
    }

    /// Erases the whole screen.
    pub fn clear(&mut self, out: &mut Vec<u8>) {
        self.shown = None;
        out.extend_from_slice(ERASE_ALL.as_bytes());
    }

    /// Draws these lines, the newest last, and the prompt in place of all rows. Some terminals cut
    /// the rows anew when their width changes (VTE, tmux), others do not (xterm): nobody knows where
    /// the prompt is then.
    ///
    /// Row by row: VTE and tmux keep a copy of a screen that is erased at once.
    pub fn repaint<'a>(
        &mut self,
        lines: impl DoubleEndedIterator<Item = (&'a str, &'a [Paint])>,
        out: &mut Vec<u8>,
    ) {
        let (height, width) = (self.size.height(), self.size.width());
        let rows = last_rows(lines, width, height.saturating_sub(self.prompt.height));
        out.extend_from_slice(HOME.as_bytes());
        for at in 0..height {
            out.extend_from_slice(if at > 0 { b"\r\n" } else { b"" });
            // Behind a full row, it would erase the last character.
            out.extend_from_slice(ERASE_ROW.as_bytes());
            out.extend_from_slice(rows.get(at).map_or(&[], Vec::as_slice));
        }
        out.extend_from_slice(format!("\x1b[{};1H", rows.len() + 1).as_bytes());
        self.shown = None;
        self.draw(out);
    }

    /// Moves the first `rows` of the screen to where the terminal keeps what was above it.
    pub fn scroll_out(&mut self, rows: usize, out: &mut Vec<u8>) {
        self.erase(out);
        out.extend_from_slice(format!("\x1b[{}B", self.size.height()).as_bytes());
        out.extend_from_slice(&b"\r\n".repeat(rows));
    }

    /// Erases the prompt, and leaves the cursor below the lines.
    pub fn erase(&mut self, out: &mut Vec<u8>) {
        let Some(row) = self.shown.take() else { return };
        if row > 0 {
            out.extend_from_slice(format!("\x1b[{row}A").as_bytes());
        }
        out.extend_from_slice(ERASE.as_bytes());
    }
}

/// A part of a line that looks different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paint {
    /// The part, in bytes. The parts of a line do not overlap, and are in order.
    pub range: Range<usize>,
    /// The sequence that begins the look; `PLAIN` ends it.
    pub look: String,
}

/// Ends any look.
const PLAIN: &[u8] = b"\x1b[m";

/// Appends a row, which is this part of a line, in its looks.
fn paint_row(line: &str, row: Range<usize>, paint: &[Paint], out: &mut Vec<u8>) {
    let mut done = row.start;
    for Paint { range, look } in paint {
        let (start, end) = (range.start.max(done), range.end.min(row.end));
        if start < end {
            out.extend_from_slice(&line.as_bytes()[done..start]);
            out.extend_from_slice(look.as_bytes());
            out.extend_from_slice(&line.as_bytes()[start..end]);
            out.extend_from_slice(PLAIN);
            done = end;
        }
    }
    out.extend_from_slice(&line.as_bytes()[done..row.end]);
}

/// The last rows of these lines, `most` at most.
fn last_rows<'a>(
    lines: impl DoubleEndedIterator<Item = (&'a str, &'a [Paint])>,
    width: usize,
    most: usize,
) -> VecDeque<Vec<u8>> {
    let mut rows = VecDeque::new();
    for (line, paint) in lines.rev() {
        if rows.len() >= most {
            break;
        }
        let mut drawn = Vec::new();
        wrap(line, paint, width, &mut drawn);
        for row in drawn.split(|byte| *byte == b'\n').rev() {
            rows.push_front(row.strip_suffix(b"\r").unwrap_or(row).to_vec());
        }
    }
    rows.drain(..rows.len().saturating_sub(most));
    rows
}

/// Appends a line in rows of at most `width` columns, the further ones indented. It is broken at
/// blanks where that leaves no row less than half full.
fn wrap(line: &str, paint: &[Paint], width: usize, out: &mut Vec<u8>) {
    // No character has more columns than bytes.
    if line.len() <= width {
        return paint_row(line, 0..line.len(), paint, out);
    }
    let mut start = 0;
    let mut room = width;
    loop {
        let end = start + row_end(&line[start..], room);
        paint_row(line, start..end, paint, out);
        if end == line.len() {
            return;
        }
        start = end;
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(INDENT.as_bytes());
        room = width - INDENT.len();
    }
}

/// The bytes of the text that fit into a row of `room` columns, at least one character.
fn row_end(text: &str, room: usize) -> usize {
    let (mut columns, mut blank) = (0, 0);
    for (start, character) in text.grapheme_indices(true) {
        columns += character.width();
        if columns > room && start > 0 {
            return if blank > 0 { blank } else { start };
        }
        if character == " " && columns > room / 2 {
            blank = start + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
