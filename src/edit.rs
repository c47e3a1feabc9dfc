//! The line that a user types at a terminal: bytes to keys, keys to edits, and what is drawn.
//!
//! It knows no terminal, sockets or clocks: it takes bytes, and fills buffers with text and ANSI
//! sequences. The client `chat` and telnet with `/edit on` are edited by the same rules.

mod secret; // the password in a line
mod names; // names of people and rooms that the server mentioned
mod recall; // earlier lines
mod undo; // what changed the line
mod usage; // what a command takes at a place
mod complete; // the Tab key
mod key; // what a key means
mod keys; // bytes to keys
mod paste; // a pasted text of several lines
mod editor; // keys to edits
mod size; // a terminal's size
mod prompt; // the typed line as it is drawn
mod screen; // the typed line below, all others above

pub use self::complete::COMMANDS;
pub use self::editor::{Editor, Outcome};
pub use self::key::{Key, pasted};
pub use self::keys::KeyReader;
pub use self::names::{Names, SharedNames};
pub use self::paste::{Paste, Pasting};
pub use self::prompt::Prompt;
pub use self::screen::{Paint, Screen};
pub use self::secret::{has_secret, masked, password, secret_start};
pub use self::size::Size;
