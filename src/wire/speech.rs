//! `Speech`: the form of what is sent to one client.

use super::dialect::Dialect;
use super::display::Display;
use super::irc;

/// The form of what is sent to a client, and what its wire knows of it.
#[derive(Debug)]
pub struct Speech {
    /// The encoding.
    pub dialect: Dialect,
    /// Its screen, if its line is edited.
    pub display: Option<Box<Display>>,
    /// Its conversation, if it speaks IRC.
    pub irc: Option<Box<irc::Conversation>>,
}

impl Speech {
    /// That of a client which has just connected to the server of this name.
    pub fn new(dialect: Dialect, server: &str) -> Self {
        let irc = dialect.is_irc().then(|| Box::new(irc::Conversation::new(server)));
        Self { dialect, display: None, irc }
    }
}
