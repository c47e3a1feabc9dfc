//! The connection as a terminal uses it: threads that carry lines, and connect anew.

use std::io::{self, BufReader, Write};
use std::sync::Arc;
use std::thread;

use chatd::text::Text;
use crossbeam_channel::{Receiver, SendError, Sender, bounded, unbounded};

use crate::net::connection::{Connection, Dialer, Writer};
use crate::net::lines::Lines;
use crate::net::probe::WrongPort;
use crate::talk::Event;

/// Lines of the server's that wait to be shown. Then the server has to wait.
const MAX_HEARD: usize = 256;

/// One connection after the other.
#[derive(Debug)]
pub(crate) struct Link {
    dialer: Arc<Dialer>,
    /// To the thread that sends. Without it that thread finishes.
    writer: Option<Sender<String>>,
    to_self: Sender<Heard>,
    heard: Receiver<Heard>,
}

/// What the thread that receives has to tell.
#[derive(Debug)]
pub(crate) enum Heard {
    Connected(Writer),
    Line(Text),
    Lost(Option<String>),
    WrongPort(String),
}

impl Link {
    /// Begins with a connection that is there.
    pub(crate) fn new(dialer: Dialer, connection: Connection) -> Self {
        let (to_self, heard) = bounded(MAX_HEARD);
        let link = Self { dialer: Arc::new(dialer), writer: None, to_self, heard };
        link.attend(Some(connection));
        link
    }

    /// What happens to the connection. To be given to [`take`](Self::take).
    pub(crate) fn heard(&self) -> &Receiver<Heard> {
        &self.heard
    }

    /// Keeps what is its own, and says what it means for the talk.
    pub(crate) fn take(&mut self, heard: Heard) -> Event {
        match heard {
            Heard::Connected(writer) => match send_all(writer) {
                Ok(lines) => {
                    self.writer = Some(lines);
                    Event::Connected
                }
                Err(error) => Event::Lost(Some(error.to_string())),
            },
            Heard::Line(line) => Event::Heard(line),
            Heard::Lost(reason) => {
                self.writer = None;
                Event::Lost(reason)
            }
            Heard::WrongPort(why) => {
                self.writer = None;
                Event::WrongPort(why)
            }
        }
    }

    /// Connects anew.
    pub(crate) fn dial(&self) {
        self.attend(None);
    }

    /// Sends a line, soon. When the connection is broken the thread that receives will tell.
    pub(crate) fn send(&self, line: String) {
        if let Some(writer) = &self.writer {
            let _ = writer.send(line);
        }
    }

    /// Sends nothing more, and says so to the server.
    pub(crate) fn finish(&mut self) {
        self.writer = None;
    }

    /// Starts the thread that connects, unless that was done, and receives.
    fn attend(&self, connection: Option<Connection>) {
        let (dialer, link) = (Arc::clone(&self.dialer), self.to_self.clone());
        let thread = thread::Builder::new().name("receive".to_owned());
        let started = thread.spawn(move || {
            // Without a link nobody wants to know.
            let _ = receive(&dialer, connection, &link);
        });
        if let Err(error) = started {
            let _ = self.to_self.try_send(Heard::Lost(Some(error.to_string())));
        }
    }
}

/// Tells the link of a connection, from its beginning to its end.
fn receive(
    dialer: &Dialer,
    connection: Option<Connection>,
    link: &Sender<Heard>,
) -> Result<(), SendError<Heard>> {
    let is_first = connection.is_some();
    let Connection { reader, writer } = match connection.map_or_else(|| dialer.dial(), Ok) {
        Ok(connection) => connection,
        Err(error) => return link.send(Heard::Lost(Some(error.to_string()))),
    };
    link.send(Heard::Connected(writer))?;
    let mut lines = Lines::new(BufReader::new(reader));
    let end = loop {
        match lines.next_line() {
            Ok(Some(line)) => link.send(Heard::Line(Text::new(line.bytes)))?,
            end => break end.map(drop),
        }
    };
    // A later one may meet a server that is about to go.
    let end = if is_first { lines.input().get_ref().explain(end) } else { end };
    link.send(match end {
        Ok(()) => Heard::Lost(None),
        Err(error) if WrongPort::is(&error) => Heard::WrongPort(error.to_string()),
        Err(error) => Heard::Lost(Some(error.to_string())),
    })
}

/// Starts the thread that sends lines, and says that no more will come when there is no sender.
fn send_all(mut writer: Writer) -> io::Result<Sender<String>> {
    // What a person types is never so much that it has to be held up.
    let (sender, lines) = unbounded::<String>();
    thread::Builder::new().name("send".to_owned()).spawn(move || {
        for line in lines {
            if writer.write_all(format!("{line}\n").as_bytes()).is_err() {
                return;
            }
        }
        let _ = writer.finish();
    })?;
    Ok(sender)
}
