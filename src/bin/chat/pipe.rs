//! In a pipe: lines in, lines out, and an exit status that says whether the server accepted them.
//!
//! The client sends a ping after the last line. The server handles lines in order, and slows a
//! client down rather than drop a line, so the pong proves that it accepted or refused every line.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chatd::text::Text;
use chatd::wire::edited;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::failure::{Failure, complain};
use crate::heard::Notice;
use crate::identity::Identity;
use crate::net::lines::{Line, Lines, MAX_LINE};
use crate::net::probe::WrongPort;
use crate::net::web::Told;
use crate::net::wire::{Incoming, Outgoing, Wire};
use crate::notices;
use crate::notices::{FIRST_LINE, PING, QUIT};

/// How long the server may take to let the client in; if it takes longer, it is not chatd.
const ENTERING: Duration = Duration::from_secs(60);
/// How long it may take to say goodbye.
const LEAVING: Duration = Duration::from_secs(10);
/// How long to look for more input after that.
const LOOKING: Duration = Duration::from_secs(1);
/// Telnet's IAC; sent twice, it means the byte itself (RFC 854).
const IAC: u8 = 255;
/// Telnet's Ctrl-D, which at the beginning of a line would end the session.
const END_OF_TRANSMISSION: u8 = 4;
const START_OF_HEADING: u8 = 1;

/// Sends all lines of stdin and prints what the server sends, until both are done.
pub(crate) fn run(
    wire: Wire,
    identity: &Identity,
    account: Option<(String, String)>,
) -> Result<(), Failure> {
    let Wire { incoming, outgoing } = wire;
    let progress = Arc::new(Progress::default());
    let (pong, pongs) = bounded(2);
    let (over, end_of_input) = bounded(1);
    let feeder = Feeder { writer: outgoing, pongs, progress: Arc::clone(&progress) };
    let login = account.map(|(nick, password)| format!("/login {nick} {password}"));
    let is_named = login.is_some();
    let entrance: Vec<_> = login.into_iter().chain(identity.entrance(is_named, &[])).collect();
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let fed = feeder.feed(&entrance);
        let _ = over.send(fed);
    })?;
    let listened = listen(incoming, &progress, &pong);
    drop(pong);
    if let Err(error) = &listened
        && WrongPort::is(error)
    {
        return Err(error.to_string().into());
    }
    if progress.is_done(&progress.is_delivered) {
        let _ = end_of_input.recv_timeout(LOOKING);
    } else {
        let reason =
            listened.map_or_else(|error| format!(": {}", describe(&error)), |()| String::new());
        return Err(
            format!("the connection ended before the server accepted every line{reason}").into()
        );
    }
    match progress.is_done(&progress.has_failed) {
        true => Err("not every line was accepted".into()),
        false => Ok(()),
    }
}

/// The clients that sent a ping and have no pong yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Client,
    Input,
}

/// The state that the two threads share.
#[derive(Debug, Default)]
struct Progress {
    pings: Mutex<VecDeque<Asker>>,
    /// The server accepted or refused every line.
    is_delivered: AtomicBool,
    /// A line was refused or not sent.
    has_failed: AtomicBool,
    /// The client itself sent `/quit`.
    is_quitting: AtomicBool,
}

impl Progress {
    fn is_done(&self, what: &AtomicBool) -> bool {
        what.load(Ordering::SeqCst)
    }

    fn set(&self, what: &AtomicBool) {
        what.store(true, Ordering::SeqCst);
    }

    fn ping(&self, asker: Asker) {
        self.pings.lock().unwrap_or_else(PoisonError::into_inner).push_back(asker);
    }

    /// Takes the sender of the ping that a pong answers.
    fn pong(&self) -> Option<Asker> {
        self.pings.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn fail(&self, why: &str) {
        complain(why);
        self.set(&self.has_failed);
    }
}

/// Prints what the server sends, until the end. An error means that lines may be missing.
fn listen(mut incoming: Incoming, progress: &Progress, pong: &Sender<()>) -> io::Result<()> {
    incoming.set_patience(Some(ENTERING))?;
    let mut patience = [None, Some(LEAVING)].into_iter();
    let mut output = Some(io::stdout());
    let mut is_going_down = false;
    let end = loop {
        let line = match incoming.next() {
            Ok(Some(Told { line, .. })) => line,
            end => break end.map(drop),
        };
        let notice = Notice::of(line.as_str());
        is_going_down |= notice == Some(Notice::GoingDown);
        if notice == Some(Notice::Pong) && progress.pong() == Some(Asker::Client) {
            let leaving = patience.next().flatten();
            if leaving.is_some() {
                // Set here, because the next read may be the end.
                progress.set(&progress.is_delivered);
            }
            incoming.set_patience(leaving)?;
            let _ = pong.send(());
        } else if notices::is_refusal(line.as_str()) {
            progress.fail(line.as_str());
        } else if !(notice == Some(Notice::Goodbye) && progress.is_done(&progress.is_quitting)) {
            // When nobody reads stdout any more, stdin is still sent.
            output
                .take_if(|output| writeln!(output, "{line}").inspect_err(tell_unwritten).is_err());
        }
    };
    match is_going_down {
        // Whatever the error: a server that exits with unread input resets the connection.
        true => Err(io::Error::other("the server is going down")),
        false => incoming.explain(end),
    }
}

/// Tells that nothing more can be written, unless it is meant, as by head(1).
fn tell_unwritten(error: &io::Error) {
    if error.kind() != io::ErrorKind::BrokenPipe {
        complain(&format!("chat: cannot write what the server sends: {error}"));
    }
}

/// Each system words a timeout differently.
fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer".to_owned(),
        _ => error.to_string(),
    }
}

/// The thread that sends the input.
#[derive(Debug)]
struct Feeder {
    writer: Outgoing,
    /// A pong for each ping that the client itself sent.
    pongs: Receiver<()>,
    progress: Arc<Progress>,
}

/// The connection is broken; the other thread knows why.
struct Broken;

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl Feeder {
    fn feed(mut self, entrance: &[String]) -> Result<(), Broken> {
        self.progress.ping(Asker::Client);
        self.send(FIRST_LINE.as_bytes())?;
        entrance.iter().try_for_each(|line| self.send(line.as_bytes()))?;
        self.wait_for_pong()?;
        if self.progress.is_done(&self.progress.has_failed) {
            // Lines must not appear under another name, or in another room, than the user asked
            // for.
            return Ok(self.writer.finish()?);
        }
        let mut input = Lines::new(io::stdin().lock());
        let quit = self.say_all(&mut input)?;
        self.progress.ping(Asker::Client);
        self.send(PING.as_bytes())?;
        self.wait_for_pong()?;
        if quit.is_none() {
            self.progress.set(&self.progress.is_quitting);
        }
        let has_quit = quit.is_some();
        self.send(&quit.unwrap_or_else(|| QUIT.into()))?;
        self.writer.finish()?;
        if has_quit {
            self.look_for_more(&mut input);
        }
        Ok(())
    }

    /// Sends lines up to the end, or up to a `/quit`, which it returns.
    fn say_all(&mut self, input: &mut Lines<impl io::BufRead>) -> Result<Option<Vec<u8>>, Broken> {
        loop {
            match input.next_line() {
                Ok(None) => return Ok(None),
                Ok(Some(Line { is_cut: true, .. })) => {
                    self.progress
                        .fail(&format!("chat: a line is longer than {MAX_LINE} bytes; not sent"));
                }
                Ok(Some(Line { bytes, .. })) => {
                    let text = self.as_server_sees(&bytes);
                    if notices::is_quit(&text) {
                        return Ok(Some(bytes));
                    }
                    self.say(&bytes, &text)?;
                }
                Err(error) => {
                    self.progress.fail(&format!("chat: cannot read the input: {error}"));
                    return Ok(None);
                }
            }
        }
    }

    /// Only on the text wire, a backspace erases what is before it.
    fn as_server_sees(&self, line: &[u8]) -> Text {
        if self.writer.is_text() { Text::new(edited(line)) } else { Text::new(line) }
    }

    fn say(&mut self, line: &[u8], text: &Text) -> Result<(), Broken> {
        if let Some(switch) = notices::bell(text) {
            // There is no bell in a pipe, and the server's would ring here.
            switch.unwrap_or_else(|refusal| {
                self.progress.fail(refusal);
                false
            });
            return Ok(());
        }
        if !notices::is_ping(text) {
            if self.writer.has_room_for(line) {
                return self.send(line);
            }
            self.progress.fail("chat: a line is too long for the server; not sent");
            return Ok(());
        }
        self.progress.ping(Asker::Input);
        // Without blanks, which could make the line too long.
        self.send(PING.as_bytes())
    }

    /// Sends the bytes as they are, except what the text wire cannot carry.
    fn send(&mut self, line: &[u8]) -> Result<(), Broken> {
        if !self.writer.is_text() {
            return Ok(self.writer.say(None, line)?);
        }
        let mut bytes = Vec::with_capacity(line.len() + 1);
        for &byte in line {
            match byte {
                // The server drops SOH as well, but never takes it for the end.
                END_OF_TRANSMISSION => bytes.push(START_OF_HEADING),
                IAC => bytes.extend([IAC, IAC]),
                _ => bytes.push(byte),
            }
        }
        Ok(self.writer.say(None, &bytes)?)
    }

    fn wait_for_pong(&self) -> Result<(), Broken> {
        self.pongs.recv().map_err(|_| Broken)
    }

    fn look_for_more(&self, input: &mut Lines<impl io::BufRead>) {
        while let Ok(Some(line)) = input.next_line() {
            if !self.as_server_sees(&line.bytes).is_blank() {
                return self.progress.fail("chat: there are lines after /quit; not sent");
            }
        }
    }
}
