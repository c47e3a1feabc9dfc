//! The connection as a terminal uses it: threads that connect, reconnect and carry lines.

use std::io;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, SendError, Sender, bounded, unbounded};

use super::load::Load;
use crate::net::connection::{Closer, Dialer};
use crate::net::probe::WrongPort;
use crate::net::web::Told;
use crate::net::wire::{Outgoing, Wire};
use crate::talk::Event;

/// Most events that wait to be handled; after that, the server has to wait.
const MAX_HEARD: usize = 256;

/// One connection after another.
#[derive(Debug)]
pub(crate) struct Link {
    dialer: Arc<Dialer>,
    /// Lines to the sending thread, which ends when this is dropped.
    writer: Option<Sender<Line>>,
    /// Ends the connection for both threads.
    closer: Option<Closer>,
    /// The number of the connection; what older ones report no longer matters.
    number: u64,
    to_self: Sender<Report>,
    heard: Receiver<Report>,
    /// The lines among what was heard.
    load: Arc<Load>,
}

/// A line to send, and the room that it is for if it names one.
type Line = (Option<String>, String);

/// An event, and the number of the connection.
pub(crate) type Report = (u64, Heard);

/// An event from the receiving thread.
#[derive(Debug)]
pub(crate) enum Heard {
    Connected(Outgoing),
    Line(Told),
    Lost(Option<String>),
    WrongPort(String),
}

impl Link {
    /// Starts with an existing connection.
    pub(crate) fn new(dialer: Dialer, wire: Wire) -> Self {
        let (to_self, heard) = bounded(MAX_HEARD);
        let dialer = Arc::new(dialer);
        let load = Arc::default();
        let link = Self { dialer, writer: None, closer: None, number: 0, to_self, heard, load };
        link.attend(Some(wire));
        link
    }

    /// Events of the connection, to be passed to [`take`](Self::take).
    pub(crate) fn heard(&self) -> &Receiver<Report> {
        &self.heard
    }

    /// Handles an event, and translates it for the talk; `None` if it is of an older connection.
    pub(crate) fn take(&mut self, (number, heard): Report) -> Option<Event> {
        if let Heard::Line(told) = &heard {
            self.load.remove(told.line.as_str().len());
        }
        if number != self.number {
            return None;
        }
        Some(match heard {
            Heard::Connected(writer) => {
                self.closer = writer.closer().ok();
                match send_all(writer) {
                    Ok(lines) => {
                        self.writer = Some(lines);
                        Event::Connected
                    }
                    Err(error) => Event::Lost(Some(error.to_string())),
                }
            }
            Heard::Line(Told { room, line }) => Event::Heard { room, line },
            Heard::Lost(reason) => {
                self.writer = None;
                Event::Lost(reason)
            }
            Heard::WrongPort(why) => {
                self.writer = None;
                Event::WrongPort(why)
            }
        })
    }

    /// Ends a connection that is broken, without a word.
    pub(crate) fn hang_up(&mut self) {
        self.writer = None;
        self.number += 1;
        if let Some(closer) = self.closer.take() {
            closer.close();
        }
    }

    pub(crate) fn dial(&mut self) {
        self.number += 1;
        self.attend(None);
    }

    /// Queues a line. If the connection is broken, the receiving thread reports it.
    pub(crate) fn send(&self, room: Option<String>, line: String) {
        if let Some(writer) = &self.writer {
            let _ = writer.send((room, line));
        }
    }

    /// Sends nothing more, and tells the server.
    pub(crate) fn finish(&mut self) {
        self.writer = None;
    }

    /// Starts the receiving thread, which connects first unless there is a connection.
    fn attend(&self, wire: Option<Wire>) {
        let (dialer, link) = (Arc::clone(&self.dialer), self.to_self.clone());
        let load = Arc::clone(&self.load);
        let number = self.number;
        let thread = thread::Builder::new().name("receive".to_owned());
        let started = thread.spawn(move || {
            // Fails only if the link is gone, and then nobody needs the events.
            let _ = receive(&dialer, wire, |heard| {
                if let Heard::Line(told) = &heard {
                    load.add(told.line.as_str().len());
                }
                link.send((number, heard))
            });
        });
        if let Err(error) = started {
            let _ = self.to_self.try_send((number, Heard::Lost(Some(error.to_string()))));
        }
    }
}

/// Reports a connection to the link, from its beginning to its end.
fn receive(
    dialer: &Dialer,
    wire: Option<Wire>,
    report: impl Fn(Heard) -> Result<(), SendError<Report>>,
) -> Result<(), SendError<Report>> {
    let is_first = wire.is_some();
    let wire = wire.map_or_else(|| Wire::open(dialer, true), Ok);
    let Wire { mut incoming, outgoing } = match wire {
        Ok(wire) => wire,
        Err(error) => return report(Heard::Lost(Some(error.to_string()))),
    };
    report(Heard::Connected(outgoing))?;
    let end = loop {
        match incoming.next() {
            Ok(Some(told)) => report(Heard::Line(told))?,
            end => break end.map(drop),
        }
    };
    // Only the first connection: a later one may meet a server that is shutting down.
    let end = if is_first { incoming.explain(end) } else { end };
    report(match end {
        Ok(()) => Heard::Lost(None),
        Err(error) if WrongPort::is(&error) => Heard::WrongPort(error.to_string()),
        Err(error) => Heard::Lost(Some(error.to_string())),
    })
}

/// Starts the sending thread, which finishes the connection when the sender is dropped.
fn send_all(mut outgoing: Outgoing) -> io::Result<Sender<Line>> {
    // Unbounded, because a person types little.
    let (sender, lines) = unbounded::<Line>();
    thread::Builder::new().name("send".to_owned()).spawn(move || {
        for (room, line) in lines {
            if outgoing.say(room.as_deref(), line.as_bytes()).is_err() {
                return;
            }
        }
        let _ = outgoing.finish();
    })?;
    Ok(sender)
}
