//! Between the terminal and the server: threads that carry lines both ways, and reconnect.

use std::io::{BufReader, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chatd::text::Text;
use crossbeam_channel::{Receiver, SendError, Sender, bounded, select, unbounded};

use crate::connection::{Connection, Dialer, Writer};
use crate::lines::Lines;
use crate::names::Names;
use crate::talk::{Action, Event, Talk};
use crate::terminal::Screen;
use crate::words::Identity;

/// Lines of the server's that wait to be shown. Then the server has to wait.
const MAX_HEARD: usize = 256;
/// Nothing is due for so long that it does not matter.
const NOTHING_DUE: Duration = Duration::from_secs(3600);

/// Names, learned by one thread and completed by another.
pub(crate) type SharedNames = Arc<Mutex<Names>>;

/// Carries out what [`Talk`] decides.
#[derive(Debug)]
pub(crate) struct Link {
    dialer: Arc<Dialer>,
    talk: Talk,
    screen: Screen,
    names: SharedNames,
    /// To the thread that sends. Without it that thread finishes.
    writer: Option<Sender<String>>,
    to_self: Sender<Heard>,
    heard: Receiver<Heard>,
}

/// What the thread that receives has to tell.
#[derive(Debug)]
enum Heard {
    Connected(Writer),
    Line(Text),
    Lost(Option<String>),
}

impl Link {
    /// One that shows on `screen` what it hears, under `identity`.
    pub(crate) fn new(
        dialer: Dialer,
        identity: Identity,
        screen: Screen,
        names: SharedNames,
    ) -> Self {
        let (to_self, heard) = bounded(MAX_HEARD);
        let (dialer, talk) = (Arc::new(dialer), Talk::new(identity));
        Self { dialer, talk, screen, names, writer: None, to_self, heard }
    }

    /// Runs until the user leaves; `typed` must not be dropped before. Returns whether all that
    /// was typed has arrived.
    pub(crate) fn run(mut self, connection: Connection, typed: &Receiver<Event>) -> bool {
        let start = Instant::now();
        self.attend(Some(connection));
        loop {
            let due = self.talk.deadline().unwrap_or(NOTHING_DUE).saturating_sub(start.elapsed());
            let event = select! {
                recv(typed) -> event => event.unwrap_or(Event::Leave { politely: true }),
                recv(self.heard) -> heard => match heard {
                    Ok(heard) => self.take(heard),
                    Err(_) => continue,
                },
                default(due) => Event::Due,
            };
            for action in self.talk.handle(start.elapsed(), event) {
                match action {
                    Action::Show(line) => self.screen.show(line),
                    Action::Send(line) => self.send(line),
                    Action::Finish => self.writer = None,
                    Action::Dial => self.attend(None),
                    Action::End => return self.talk.is_all_delivered(),
                }
            }
        }
    }

    fn take(&mut self, heard: Heard) -> Event {
        match heard {
            Heard::Connected(writer) => match send_all(writer) {
                Ok(lines) => {
                    self.writer = Some(lines);
                    Event::Connected
                }
                Err(error) => Event::Lost(Some(error.to_string())),
            },
            Heard::Line(line) => {
                self.names.lock().unwrap_or_else(PoisonError::into_inner).learn(line.as_str());
                Event::Heard(line)
            }
            Heard::Lost(reason) => {
                self.writer = None;
                Event::Lost(reason)
            }
        }
    }

    /// When the connection is broken its reader will tell.
    fn send(&self, line: String) {
        if let Some(writer) = &self.writer {
            let _ = writer.send(line);
        }
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
    let Connection { reader, writer } = match connection.map_or_else(|| dialer.dial(), Ok) {
        Ok(connection) => connection,
        Err(error) => return link.send(Heard::Lost(Some(error.to_string()))),
    };
    link.send(Heard::Connected(writer))?;
    let mut lines = Lines::new(BufReader::new(reader));
    loop {
        match lines.next_line() {
            Ok(Some(line)) => link.send(Heard::Line(Text::new(line.bytes)))?,
            Ok(None) => return link.send(Heard::Lost(None)),
            Err(error) => return link.send(Heard::Lost(Some(error.to_string()))),
        }
    }
}

/// Starts the thread that sends lines, and says that no more will come when there is no sender.
fn send_all(mut writer: Writer) -> std::io::Result<Sender<String>> {
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
