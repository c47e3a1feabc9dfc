//! `Display`: the screen at standard output.

use std::io::{self, Write};

use chatd::edit::{Prompt, Screen, Size};

use super::bar::bar;
use super::palette::Palette;
use crate::talk::Status;

/// The control byte that rings a terminal's bell.
const BEL: u8 = 7;

/// The only writer to the terminal.
#[derive(Debug)]
pub(crate) struct Display {
    screen: Screen,
    palette: Palette,
    has_bar: bool,
    /// What waits to be written.
    bytes: Vec<u8>,
}

impl Display {
    /// A terminal of this size, 0 if unknown, with the cursor at the beginning of a row.
    pub(crate) fn new(width: u16, height: u16, palette: Palette, has_bar: bool) -> Self {
        let screen = Screen::new(Size::new(width, height));
        Self { screen, palette, has_bar, bytes: Vec::new() }
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.screen.resize(Size::new(width, height));
    }

    /// Queues a line for the next drawing.
    pub(crate) fn show(&mut self, line: &str) {
        self.screen.show(line, &mut self.bytes);
    }

    /// The same for a line of the server, which may name the user.
    pub(crate) fn show_heard(&mut self, line: &str, is_marked: bool) {
        let (line, paint) = self.palette.paint(line, is_marked);
        self.screen.show_painted(&line, &paint, &mut self.bytes);
    }

    /// Rings the bell at the next drawing.
    pub(crate) fn ring(&mut self) {
        self.bytes.push(BEL);
    }

    pub(crate) fn clear(&mut self) {
        self.screen.clear(&mut self.bytes);
    }

    /// Clears the screen, and shows as many of the lines as it has rows.
    pub(crate) fn turn(&mut self, lines: &[(String, bool)]) {
        self.clear();
        let first = lines.len().saturating_sub(self.screen.size().height());
        for (line, is_marked) in &lines[first..] {
            self.show_heard(line, *is_marked);
        }
    }

    /// Draws the waiting lines, below them the line that the user is typing, with the cursor, and
    /// below that the status.
    pub(crate) fn draw(&mut self, line: &str, cursor: usize, status: &Status) -> io::Result<()> {
        let size = self.screen.size();
        let bar = self.has_bar.then(|| bar(status, size.width()));
        self.screen.set_prompt(match bar {
            Some(bar) => Prompt::with_bar(line, cursor, size, &bar),
            None => Prompt::new(line, cursor, size),
        });
        self.screen.draw(&mut self.bytes);
        self.write()
    }

    /// Draws the typed line again.
    pub(crate) fn redraw(&mut self) {
        self.screen.redraw();
    }

    /// Removes the typed line, and leaves the cursor below the others.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.screen.erase(&mut self.bytes);
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let mut output = io::stdout();
        output.write_all(&self.bytes)?;
        self.bytes.clear();
        output.flush()
    }
}
