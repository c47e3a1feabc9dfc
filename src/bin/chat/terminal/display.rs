//! `Display`: the screen at standard output.

use std::io::{self, Write};

use chatd::edit::{Prompt, Screen, Size};

use super::bar::bar;
use super::palette::Palette;
use super::shown::Shown;
use crate::talk::Status;

/// The control byte that rings a terminal's bell.
const BEL: u8 = 7;

/// The only writer to the terminal.
#[derive(Debug)]
pub(crate) struct Display {
    screen: Screen,
    palette: Palette,
    has_bar: bool,
    shown: Shown,
    /// Whether the width is another than that of the last drawing.
    has_other_width: bool,
    /// What waits to be written.
    bytes: Vec<u8>,
}

impl Display {
    /// A terminal of this size, 0 if unknown, with the cursor at the beginning of a row.
    pub(crate) fn new(width: u16, height: u16, palette: Palette, has_bar: bool) -> Self {
        let screen = Screen::new(Size::new(width, height));
        let shown = Shown::default();
        Self { screen, palette, has_bar, shown, has_other_width: false, bytes: Vec::new() }
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        let size = Size::new(width, height);
        let old = self.screen.size();
        self.has_other_width |= size.width() != old.width();
        self.shown.resize(old.height(), size.height());
        self.screen.resize(size);
    }

    /// Queues a line for the next drawing.
    pub(crate) fn show(&mut self, line: &str) {
        self.screen.show(line, &mut self.bytes);
        self.shown.add(line.to_owned(), Vec::new());
    }

    /// The same for a line of the server, which may name the user.
    pub(crate) fn show_heard(&mut self, line: &str, is_marked: bool) {
        let (line, paint) = self.palette.paint(line, is_marked);
        self.screen.show_painted(&line, &paint, &mut self.bytes);
        self.shown.add(line, paint);
    }

    /// Rings the bell at the next drawing.
    pub(crate) fn ring(&mut self) {
        self.bytes.push(BEL);
    }

    pub(crate) fn clear(&mut self) {
        self.screen.clear(&mut self.bytes);
        self.shown.clear(self.screen.size().height());
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
        if std::mem::take(&mut self.has_other_width) {
            self.repaint();
        }
        self.screen.draw(&mut self.bytes);
        self.write()
    }

    /// Draws everything anew, with the rows of other programs out of the way.
    fn repaint(&mut self) {
        let others = self.shown.claim(self.screen.size().height());
        if others > 0 {
            self.screen.scroll_out(others, &mut self.bytes);
        }
        self.screen.repaint(self.shown.lines(), &mut self.bytes);
    }

    /// Draws the typed line again, below what another program wrote.
    pub(crate) fn redraw(&mut self) {
        self.shown.share();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the terminal all that waits, and returns how many rows are above its screen.
    fn drawn(display: &mut Display, terminal: &mut vt100::Parser) -> usize {
        terminal.process(&std::mem::take(&mut display.bytes));
        terminal.screen().scrollback_len()
    }

    #[test]
    fn a_window_that_grows_is_not_copied_to_above_the_screen_at_each_step() {
        let [rows, columns] = [24, 80].map(|n: u16| n.try_into().unwrap());
        let mut terminal = vt100::Parser::new(rows, columns, 1000);
        let mut display = Display::new(80, 24, Palette { has_colours: false }, false);
        display.show("one");
        display.resize(81, 24);
        display.repaint();
        let above = drawn(&mut display, &mut terminal);
        for n in 1..=10 {
            let [rows, columns] = [24 + n, 81 + n].map(|n| n.try_into().unwrap());
            terminal.set_size(rows, columns);
            display.resize(81 + n, 24 + n);
            display.repaint();
            assert_eq!(drawn(&mut display, &mut terminal), above);
        }
    }
}
