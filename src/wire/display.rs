//! `Display`: the screen of a client whose line is edited.

use serde::{Deserialize, Serialize};

use super::draw::{BEGIN, Draw, END, END_OPTIONS};
use crate::edit::{Screen, SharedNames, Size};

/// A client's screen, and the names that are learned from it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Display {
    screen: Screen,
    #[serde(skip)]
    names: SharedNames,
}

impl Draw {
    /// Applies it to a client's screen, which it may begin or end; appends what has to be sent.
    pub(crate) fn apply(self, display: &mut Option<Box<Display>>, out: &mut Vec<u8>) {
        match (self, display.as_mut()) {
            (Self::Begin(size, names), _) => {
                *display = Some(Box::new(Display { screen: Screen::new(size), names }));
                out.extend_from_slice(BEGIN);
            }
            (Self::End(options), Some(current)) => {
                current.end(&options, out);
                *display = None;
            }
            (other, Some(display)) => display.change(other, out),
            (_, None) => {}
        }
    }
}

impl Display {
    /// A screen of this size on which another process drew, nobody knows what.
    pub(crate) fn drawn_before(size: Size) -> Self {
        Self { screen: Screen::drawn_before(size), names: SharedNames::default() }
    }

    /// The size of the terminal.
    pub(crate) fn size(&self) -> Size {
        self.screen.size()
    }

    fn change(&mut self, draw: Draw, out: &mut Vec<u8>) {
        match draw {
            Draw::Resume(names) => {
                self.names = names;
                self.screen.redraw();
            }
            Draw::Resize(size) => self.screen.resize(size),
            Draw::Prompt(prompt) => self.screen.set_prompt(prompt),
            Draw::Typed(line) => self.screen.show_typed(&line, out),
            Draw::Show(line) => self.screen.show(&line, out),
            Draw::Clear => self.screen.clear(out),
            Draw::Begin(..) | Draw::End(_) => {}
        }
    }

    /// Shows lines above the prompt.
    pub(crate) fn show(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        for line in String::from_utf8_lossy(lines).lines() {
            self.names.lock().learn(line);
            self.screen.show(line, out);
        }
    }

    /// Draws the prompt, if it is not there.
    pub(crate) fn draw(&mut self, out: &mut Vec<u8>) {
        self.screen.draw(out);
    }

    /// Ends the screen with the connection.
    pub(crate) fn close(&mut self, out: &mut Vec<u8>) {
        self.end(END_OPTIONS, out);
    }

    /// Erases the prompt, and ends what editing needs, with these telnet commands.
    fn end(&mut self, options: &[u8], out: &mut Vec<u8>) {
        self.screen.erase(out);
        out.extend_from_slice(END);
        out.extend_from_slice(options);
    }
}
