//! A WebSocket connection in two halves, for the thread that reads and the one that writes.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatd::wire::MAX_WITHOUT_LINE_END;
use serde_json::json;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::client::generate_key;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

use super::upgrade;
use super::words::{Told, Translator};
use crate::net::connection::{Closer, Connection, Reader, Writer};

/// How long the server's answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest head of that answer, in bytes.
const MAX_HEAD: usize = 8 * 1024;
/// Longest message of the server, in bytes.
const MAX_MESSAGE: usize = 1024 * 1024;

/// Asks for WebSocket on a connection. With `is_many`, the client may be in several rooms.
///
/// # Errors
/// The connection failed, or the server did not agree.
pub(crate) fn open(
    Connection { mut reader, mut writer }: Connection,
    authority: &str,
    path: &str,
    is_many: bool,
) -> io::Result<(Incoming, Outgoing)> {
    let key = generate_key();
    writer.write_all(upgrade::request(authority, path, &key).as_bytes())?;
    reader.set_patience(Some(PATIENCE))?;
    let (head, rest) = read_head(&mut reader)?;
    upgrade::check(&head, &key)?;
    reader.set_patience(None)?;
    let asked = Arc::new(AtomicUsize::new(0));
    let writer = SharedWriter(Arc::new(Mutex::new(writer)));
    let stream = Stream { reader: Some(reader), writer: writer.clone() };
    let socket = WebSocket::from_partially_read(stream, rest, Role::Client, Some(config()));
    let translator = Translator::new(is_many, Arc::clone(&asked));
    let incoming = Incoming { socket, translator, told: VecDeque::new() };
    let stream = Stream { reader: None, writer };
    let socket = WebSocket::from_raw_socket(stream, Role::Client, Some(config()));
    let mut outgoing = Outgoing { socket, asked };
    if is_many {
        outgoing.send(&json!({"t": "hello", "rooms": "many"}))?;
    }
    // As on the text wire: the terminal shows one's own lines.
    outgoing.say(None, "/echo off")?;
    Ok((incoming, outgoing))
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .write_buffer_size(0)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// The head of the answer, and what came behind it.
fn read_head(reader: &mut Reader) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 1024];
        let length = reader.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..length]);
        if let Some(end) = upgrade::end_of_head(&bytes) {
            let rest = bytes.split_off(end);
            return Ok((bytes, rest));
        }
        if length == 0 || bytes.len() > MAX_HEAD {
            return Err(io::Error::other("no chatd answers at that address"));
        }
    }
}

/// The half that reads.
#[derive(Debug)]
pub(crate) struct Incoming {
    socket: WebSocket<Stream>,
    translator: Translator,
    /// Lines of the last message that were not taken yet.
    told: VecDeque<Told>,
}

impl Incoming {
    /// Waits for the next line; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Told>> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Ok(Some(told));
            }
            match self.socket.read() {
                Ok(Message::Text(text)) => self.told.extend(self.translator.translate(&text)),
                // Answered with the next read; but that may wait.
                Ok(Message::Ping(_)) => self.socket.flush().map_err(in_words)?,
                Ok(Message::Close(_)) => {
                    // What the answer to it meets does not matter.
                    let _ = self.socket.flush();
                    return Ok(None);
                }
                Ok(_) => {}
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(None),
                Err(error) => return Err(in_words(error)),
            }
        }
    }

    /// How long reads may take from now on, all together.
    pub(crate) fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        let reader = &self.socket.get_ref().reader;
        reader.as_ref().map_or(Ok(()), |reader| reader.set_patience(patience))
    }
}

/// The half that writes.
#[derive(Debug)]
pub(crate) struct Outgoing {
    socket: WebSocket<Stream>,
    /// How often the user asked for the settings of a room.
    asked: Arc<AtomicUsize>,
}

impl Outgoing {
    /// Says a line or a command, in a room if one is named.
    pub(crate) fn say(&mut self, room: Option<&str>, line: &str) -> io::Result<()> {
        if line.trim().eq_ignore_ascii_case("/room") {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        match room {
            _ if line.is_empty() => Ok(()),
            Some(room) => self.send(&json!({"t": "say", "room": room, "text": line})),
            None => self.send(&say(line)),
        }
    }

    fn send(&mut self, object: &serde_json::Value) -> io::Result<()> {
        self.socket.send(Message::text(object.to_string())).map_err(in_words)
    }

    /// Tells the server that nothing more will be sent.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.socket.close(None).map_err(in_words)?;
        self.socket.flush().map_err(in_words)
    }

    pub(crate) fn closer(&self) -> io::Result<Closer> {
        self.socket.get_ref().writer.lock().closer()
    }
}

fn say(line: &str) -> serde_json::Value {
    json!({"t": "say", "text": line})
}

/// Whether the server takes a line, which is longer in JSON; after a message that is too long for
/// it, it ends the connection.
pub(crate) fn fits(line: &str) -> bool {
    say(line).to_string().len() <= MAX_WITHOUT_LINE_END
}

fn in_words(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            io::Error::new(io::ErrorKind::UnexpectedEof, "it was cut")
        }
        error => io::Error::other(error),
    }
}

/// What both halves write to.
#[derive(Clone, Debug)]
struct SharedWriter(Arc<Mutex<Writer>>);

impl SharedWriter {
    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes below one half.
#[derive(Debug)]
struct Stream {
    /// Only of the half that reads.
    reader: Option<Reader>,
    writer: SharedWriter,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.as_mut().map_or(Err(io::ErrorKind::WouldBlock.into()), |it| it.read(buffer))
    }
}

impl Write for Stream {
    /// Writes all of it: a frame of the other half must not come into the middle of one.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.lock().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_json_makes_too_long_does_not_fit() {
        let most = MAX_WITHOUT_LINE_END - say("").to_string().len();
        assert!(fits(&"x".repeat(most)) && !fits(&"x".repeat(most + 1)));
        assert!(fits(&"\u{1}".repeat(most / 6)) && !fits(&"\u{1}".repeat(most / 6 + 1)));
    }
}
