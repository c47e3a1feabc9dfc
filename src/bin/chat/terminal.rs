//! At a terminal: receives keys and the server's lines, and draws the screen.
//!
//! Only one thread writes to the screen, so that no line of the server can land in the line that
//! the user is typing.

mod mode;
mod key;
mod palette;
mod bar;
mod shown;
mod display;
#[cfg(target_os = "linux")]
mod hangup;
mod load;
mod link;
mod past;
mod desk;

use std::io;
use std::thread;

use crossbeam_channel::{Sender, bounded};
use crossterm::event::{Event as Input, read};
use crossterm::terminal;

use self::desk::Desk;
use self::display::Display;
pub(crate) use self::link::Link;
pub(crate) use self::mode::{Keys, MAX_PASSWORD, ask_password};
use self::palette::Palette;
use self::past::Past;
use crate::cli::Options;
use crate::talk::Talk;

/// Most keys that wait; after that, the terminal has to wait.
const MAX_INPUT: usize = 1024;

/// Runs the chat. Returns whether the server received every typed line.
pub(crate) fn run(link: Link, talk: Talk, options: &Options, _: &Keys) -> io::Result<bool> {
    let (input, inputs) = bounded(MAX_INPUT);
    #[cfg(target_os = "linux")]
    watch(input.clone())?;
    thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&input))?;
    let (width, height) = terminal::size().unwrap_or_default();
    let palette = Palette { has_colours: options.has_colours() };
    let has_bar = options.status.is_on();
    let screen = Display::new(width, height, palette, has_bar);
    let is_restricted = options.restricted;
    let past = if is_restricted { Past::default() } else { Past::load() };
    Desk::new(link, talk, screen, past, is_restricted).run(inputs)
}

/// Tells of the end of the terminal, which is `None`.
#[cfg(target_os = "linux")]
fn watch(input: Sender<Option<Input>>) -> io::Result<()> {
    thread::Builder::new().name("hangup".to_owned()).spawn(move || {
        if hangup::wait(&io::stdin()).is_ok() {
            // Fails only if nobody needs to know.
            let _ = input.send(None);
        }
    })?;
    Ok(())
}

/// Reads keys until the receiver is dropped.
fn read_keys(input: &Sender<Option<Input>>) {
    while let Ok(event) = read() {
        if input.send(Some(event)).is_err() {
            return;
        }
    }
}
