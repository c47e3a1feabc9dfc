//! `Frames`: the reading half of a WebSocket connection, without its socket.

use std::io::{self, Cursor, Read, Write};

use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Bytes, Error, Message, Utf8Bytes};

/// Bytes buffered for each connection; the library's own choice would be 128 KiB.
const BUFFER: usize = 4096;
/// Buffer kept for the next message; small, so that idle clients stay small.
const KEPT_CAPACITY: usize = 256;

/// Assembles messages from frames, and produces the answers that the protocol requires.
#[derive(Debug)]
pub struct Frames {
    context: WebSocketContext,
    unfinished: Unfinished,
    /// Most bytes of an unfinished message, including the headers of its frames.
    most_unfinished: usize,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Text.
    Text(Utf8Bytes),
    /// Binary data.
    Binary(Bytes),
    /// A ping; its answer is in the output.
    Ping,
}

/// Why there are no more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client closed the connection; the answer is in the output.
    Closed,
    /// The client broke the protocol; the caller sends a close frame with this code.
    Broken(u16),
}

impl Frames {
    /// The server's side of a connection. A message has at most `most` bytes, and at most twice as
    /// many with the headers of its frames: it may be cut into small frames, but not into an
    /// endless number of empty ones.
    pub fn new(most: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        let context = WebSocketContext::new(Role::Server, Some(config));
        let unfinished = Unfinished::default();
        Self { context, unfinished, most_unfinished: most.saturating_mul(2) }
    }

    /// The bytes of the incomplete message so far; a new `Frames` that reads them is in the same
    /// state.
    pub fn unfinished(&self) -> &[u8] {
        &self.unfinished.bytes
    }

    /// Takes these bytes out. The caller must not use this `Frames` afterwards.
    pub fn take_unfinished(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.unfinished).bytes
    }

    /// Reads the next message from `input`, and consumes what it read; `None` if it needs more
    /// bytes. Appends answers to `output`, even when there is no message.
    ///
    /// # Errors
    /// There will be no more messages.
    pub fn next(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Option<Data>, End> {
        let before = *input;
        let result = self.read(&mut Pipe { input, output });
        self.unfinished.bytes.extend_from_slice(&before[..before.len() - input.len()]);
        if matches!(result, Ok(None)) {
            self.unfinished.settle();
            if self.unfinished.bytes.len() > self.most_unfinished {
                self.unfinished = Unfinished::default();
                return Err(End::Broken(CloseCode::Size.into()));
            }
        }
        result
    }

    fn read(&mut self, mut pipe: &mut Pipe<'_, '_>) -> Result<Option<Data>, End> {
        loop {
            match self.context.read(&mut pipe) {
                Ok(Message::Text(text)) => return Ok(Some(Data::Text(text))),
                Ok(Message::Binary(bytes)) => return Ok(Some(Data::Binary(bytes))),
                Ok(Message::Close(_)) => {
                    // The library reports the connection as closed, which the caller is about to
                    // do.
                    let _ = self.context.flush(&mut pipe);
                    return Err(End::Closed);
                }
                // Reading only queues the answer.
                Ok(Message::Ping(_)) => {
                    self.context.flush(&mut pipe).map_err(end)?;
                    return Ok(Some(Data::Ping));
                }
                Ok(Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(None);
                }
                Err(error) => return Err(end(error)),
            }
        }
    }
}

/// The bytes since the last complete message, without control frames.
#[derive(Debug, Default)]
struct Unfinished {
    bytes: Vec<u8>,
    /// How many of these bytes are complete frames.
    whole: usize,
}

impl Unfinished {
    /// Drops the bytes of messages that were returned, once all complete frames were read.
    fn settle(&mut self) {
        while let Some((header, length)) = first_frame(&self.bytes[self.whole..]) {
            let end = self.whole + length;
            if matches!(header.opcode, OpCode::Control(_)) {
                self.bytes.drain(self.whole..end);
            } else if header.is_final {
                self.bytes.drain(..end);
                self.whole = 0;
            } else {
                self.whole = end;
            }
        }
        self.bytes.shrink_to(KEPT_CAPACITY);
    }
}

/// The frame at the front of `bytes` and its length, if it is complete.
fn first_frame(bytes: &[u8]) -> Option<(FrameHeader, usize)> {
    let mut cursor = Cursor::new(bytes);
    let (header, payload) = FrameHeader::parse(&mut cursor).ok().flatten()?;
    let length = cursor.position().checked_add(payload)?;
    usize::try_from(length)
        .ok()
        .filter(|&length| length <= bytes.len())
        .map(|length| (header, length))
}

fn end(error: Error) -> End {
    let code = match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ReceivedAfterClosing) => return End::Closed,
        Error::Capacity(_) => CloseCode::Size,
        Error::Utf8(_) => CloseCode::Invalid,
        _ => CloseCode::Protocol,
    };
    End::Broken(code.into())
}

/// The connection as the library sees it: the bytes that arrived, and a buffer for answers.
struct Pipe<'a, 'b> {
    input: &'a mut &'b [u8],
    output: &'a mut Vec<u8>,
}

impl Read for Pipe<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // `Ok(0)` would mean the end of the connection.
        if self.input.is_empty() {
            Err(io::ErrorKind::WouldBlock.into())
        } else {
            self.input.read(buffer)
        }
    }
}

impl Write for Pipe<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
