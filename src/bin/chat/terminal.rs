//! At a terminal: receives keys and the server's lines, and draws the screen.
//!
//! Only one thread writes to the screen, so that no line of the server can land in the line that
//! the user is typing.

mod key;
mod palette;
mod display;
mod link;
mod desk;

use std::io;
use std::thread;

use crossbeam_channel::{Sender, bounded};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event as Input, read};
use crossterm::{execute, terminal};

use self::desk::Desk;
use self::display::Display;
use self::link::Link;
use self::palette::Palette;
use crate::identity::Identity;
use crate::net::connection::{Connection, Dialer};
use crate::talk::Talk;

/// Most keys that wait; after that, the terminal has to wait.
const MAX_INPUT: usize = 1024;

/// The terminal in raw mode, until this is dropped.
#[derive(Debug)]
pub(crate) struct Keys(());

impl Keys {
    /// Fails if the terminal cannot move its cursor.
    pub(crate) fn take() -> io::Result<Self> {
        if std::env::var_os("TERM").is_some_and(|kind| kind == "dumb") {
            return Err(io::ErrorKind::Unsupported.into());
        }
        terminal::enable_raw_mode()?;
        let keys = Self(());
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(keys)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = execute!(io::stdout(), DisableBracketedPaste);
        let _ = terminal::disable_raw_mode();
    }
}

/// Runs the chat. Returns whether the server received every typed line.
pub(crate) fn run(
    dialer: Dialer,
    connection: Connection,
    identity: Identity,
    has_colours: bool,
    _: &Keys,
) -> io::Result<bool> {
    let (input, inputs) = bounded(MAX_INPUT);
    thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&input))?;
    let (width, height) = terminal::size().unwrap_or_default();
    let screen = Display::new(width, height, Palette { has_colours });
    Desk::new(Link::new(dialer, connection), Talk::new(identity), screen).run(&inputs)
}

/// Reads keys until the receiver is dropped.
fn read_keys(input: &Sender<Input>) {
    while let Ok(event) = read() {
        if input.send(event).is_err() {
            return;
        }
    }
}
