//! `Draw`: what a client's screen has to show while its line is edited.

use crate::edit::{Prompt, SharedNames, Size};

/// What begins editing on the screen: bracketed paste (xterm).
pub(super) const BEGIN: &[u8] = b"\x1b[?2004h";
/// What ends it.
pub(super) const END: &[u8] = b"\x1b[?2004l";
/// The end of all telnet options of editing: WONT ECHO, WONT SGA, DONT NAWS.
pub(super) const END_OPTIONS: &[u8] = b"\xff\xfc\x01\xff\xfc\x03\xff\xfe\x1f";

/// A change of the screen. Changes come in their order, and wait for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draw {
    /// The screen begins, on a terminal of this size. Names in what it shows are learned.
    Begin(Size, SharedNames),
    /// The same, on a screen that another process drew.
    Resume(SharedNames),
    /// The terminal has another size.
    Resize(Size),
    /// The line that is being typed.
    Prompt(Prompt),
    /// The line that was typed.
    Typed(String),
    /// A line above the prompt.
    Show(String),
    /// The screen is cleared.
    Clear,
    /// Editing ends; with the telnet commands that say so.
    End(Vec<u8>),
}

impl Draw {
    /// Whether it changes what is still to be known of the client after a crash.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Begin(..) | Self::Resize(_) | Self::End(_))
    }
}
