//! `Wire`: lines to and from the server, whichever way they are carried.

use std::io::{self, BufReader, Write};
use std::time::Duration;

use chatd::text::Text;

use super::connection::{Closer, Dialer, Reader, Writer};
use super::lines::Lines;
use super::web;
use super::web::Told;
use crate::cli::Target;

/// Both halves of a connection.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
}

impl Wire {
    /// Connects. With `is_many`, the client may be in several rooms, if the server can tell them
    /// apart.
    pub(crate) fn open(dialer: &Dialer, is_many: bool) -> io::Result<Self> {
        let connection = dialer.dial()?;
        if let Target::Web { path, .. } = dialer.target() {
            let authority = dialer.target().authority();
            let (incoming, outgoing) = web::open(connection, &authority, path, is_many)?;
            let (incoming, outgoing) = (Box::new(incoming), Box::new(outgoing));
            return Ok(Self {
                incoming: Incoming::Web(incoming),
                outgoing: Outgoing::Web(outgoing),
            });
        }
        Ok(Self {
            incoming: Incoming::Text(Lines::new(BufReader::new(connection.reader))),
            outgoing: Outgoing::Text(connection.writer),
        })
    }
}

/// The half that reads.
#[derive(Debug)]
pub(crate) enum Incoming {
    Text(Lines<BufReader<Reader>>),
    Web(Box<web::Incoming>),
}

impl Incoming {
    /// Waits for the next line; `None` at the end. On a wrong port, this fails with a
    /// [`WrongPort`](crate::net::probe::WrongPort).
    pub(crate) fn next(&mut self) -> io::Result<Option<Told>> {
        match self {
            Self::Text(lines) => {
                let line = lines.next_line()?;
                Ok(line.map(|line| Told { room: None, line: Text::new(line.bytes) }))
            }
            Self::Web(incoming) => incoming.next(),
        }
    }

    /// Replaces the reason for `end` if the first bytes show a clearer one.
    pub(crate) fn explain(&self, end: io::Result<()>) -> io::Result<()> {
        match self {
            Self::Text(lines) => lines.input().get_ref().explain(end),
            Self::Web(_) => end,
        }
    }

    /// How long reads may take from now on, all together.
    pub(crate) fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Text(lines) => lines.input().get_ref().set_patience(patience),
            Self::Web(incoming) => incoming.set_patience(patience),
        }
    }
}

/// The half that writes.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Text(Writer),
    Web(Box<web::Outgoing>),
}

impl Outgoing {
    /// Whether the server gets the bytes as they are.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether the server takes a line of this length.
    pub(crate) fn has_room_for(&self, line: &[u8]) -> bool {
        self.is_text() || web::fits(&String::from_utf8_lossy(line))
    }

    /// Says a line, in a room if one is named and the wire can name one.
    pub(crate) fn say(&mut self, room: Option<&str>, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Text(writer) => writer.write_all(&[line, b"\n"].concat()),
            Self::Web(outgoing) => outgoing.say(room, &String::from_utf8_lossy(line)),
        }
    }

    /// Tells the server that nothing more will be sent; it can still send.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Text(writer) => writer.finish(),
            Self::Web(outgoing) => outgoing.finish(),
        }
    }

    pub(crate) fn closer(&self) -> io::Result<Closer> {
        match self {
            Self::Text(writer) => writer.closer(),
            Self::Web(outgoing) => outgoing.closer(),
        }
    }
}
