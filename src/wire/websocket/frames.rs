//! `Frames`: the reading half of a WebSocket connection, without its socket.

use std::io::{self, Cursor, Read, Write};

use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{self, CloseCode, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Bytes, Error, Message, Utf8Bytes};

/// Most bytes in the payload of a control frame (RFC 6455, section 5.5).
const MOST_CONTROL: usize = 125;

/// Assembles messages from frames, and produces the answers that the protocol requires.
///
/// The library decodes each message when all of it has arrived, so that an unfinished one is in
/// memory once, as it was sent.
#[derive(Debug)]
pub struct Frames {
    unfinished: Unfinished,
    /// Most bytes of a message.
    most: usize,
    /// See [`wire::Decoder::overhead`](crate::wire::Decoder::overhead): pongs, and the headers of
    /// frames that end no message.
    pub overhead: usize,
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
        Self { unfinished: Unfinished::default(), most, overhead: 0 }
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
        let result = self.read(input, output);
        if result.is_err() {
            self.unfinished = Unfinished::default();
        }
        result
    }

    fn read(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Option<Data>, End> {
        while let Some(bytes) = self.unfinished.complete(input, self.most, &mut self.overhead)? {
            if let Some(data) = decode(&bytes, self.most, output)? {
                return Ok(Some(data));
            }
            self.overhead += bytes.len();
        }
        Ok(None)
    }
}

/// Decodes a message or a control frame, and appends the answer to `output`.
fn decode(mut bytes: &[u8], most: usize, output: &mut Vec<u8>) -> Result<Option<Data>, End> {
    let mut context = context(bytes.len(), most);
    let mut pipe = Pipe { input: &mut bytes, output };
    match context.read(&mut pipe) {
        Ok(Message::Text(text)) => Ok(Some(Data::Text(text))),
        Ok(Message::Binary(bytes)) => Ok(Some(Data::Binary(bytes))),
        Ok(Message::Close(_)) => {
            // The library reports the connection as closed, which the caller is about to do.
            let _ = context.flush(&mut pipe);
            Err(End::Closed)
        }
        // Reading only queues the answer.
        Ok(Message::Ping(_)) => {
            context.flush(&mut pipe).map_err(end)?;
            Ok(Some(Data::Ping))
        }
        Ok(Message::Pong(_) | Message::Frame(_)) => Ok(None),
        Err(error) => Err(end(error)),
    }
}

/// The library's state for one message of `length` bytes. It is made aside and boxed, so that the
/// stack of a session does not reach another page, which would stay resident.
#[inline(never)]
fn context(length: usize, most: usize) -> Box<WebSocketContext> {
    let config = WebSocketConfig::default()
        .read_buffer_size(length)
        .write_buffer_size(0)
        .max_message_size(Some(most))
        .max_frame_size(Some(most));
    Box::new(WebSocketContext::new(Role::Server, Some(config)))
}

/// The bytes since the last complete message, without complete control frames.
#[derive(Debug, Default)]
struct Unfinished {
    bytes: Vec<u8>,
    /// How many of these bytes are complete frames.
    whole: usize,
    /// Bytes in the payloads of these frames.
    payload: usize,
    /// The beginning of a character that they end with; `None` unless the message is a text.
    cut: Option<Vec<u8>>,
}

/// The frame after the complete ones.
struct FrameStart {
    header: FrameHeader,
    payload: usize,
    /// Where the frame ends in [`Unfinished::bytes`].
    end: usize,
}

impl Unfinished {
    /// Takes bytes from `input` up to the end of a message or of a control frame, and returns it;
    /// `None` if it needs more bytes. Adds the headers of frames that end no message to `overhead`.
    fn complete(
        &mut self,
        input: &mut &[u8],
        most: usize,
        overhead: &mut usize,
    ) -> Result<Option<Vec<u8>>, End> {
        while let Some(frame) = self.begin_frame(input)? {
            self.check(&frame, most)?;
            self.take(input, frame.end - self.bytes.len());
            if self.bytes.len() < frame.end {
                return Ok(None);
            }
            if let Some(complete) = self.end_frame(&frame)? {
                return Ok(Some(complete));
            }
            *overhead += frame.header.len(frame.payload as u64);
        }
        Ok(None)
    }

    /// Takes the header of the next frame, unless it is there already.
    fn begin_frame(&mut self, input: &mut &[u8]) -> Result<Option<FrameStart>, End> {
        loop {
            let mut cursor = Cursor::new(&self.bytes[self.whole..]);
            if let Some((header, payload)) = FrameHeader::parse(&mut cursor).map_err(end)? {
                let length = usize::try_from(cursor.position().saturating_add(payload));
                let end = self.whole.saturating_add(length.unwrap_or(usize::MAX));
                let payload = usize::try_from(payload).unwrap_or(usize::MAX);
                return Ok(Some(FrameStart { header, payload, end }));
            }
            if input.is_empty() {
                return Ok(None);
            }
            self.take(input, 1);
        }
    }

    /// # Errors
    /// The protocol forbids the frame, or its message is too large.
    fn check(&self, frame: &FrameStart, most: usize) -> Result<(), End> {
        let FrameStart { header, payload, end } = frame;
        let is_allowed = match header.opcode {
            OpCode::Control(_) => header.is_final && *payload <= MOST_CONTROL,
            OpCode::Data(kind) => (kind == coding::Data::Continue) == (self.whole > 0),
        };
        if !is_allowed || header.mask.is_none() || header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(End::Broken(CloseCode::Protocol.into()));
        }
        let is_too_large =
            self.payload.saturating_add(*payload) > most || *end > most.saturating_mul(2);
        if is_too_large && matches!(header.opcode, OpCode::Data(_)) {
            return Err(End::Broken(CloseCode::Size.into()));
        }
        Ok(())
    }

    /// Takes up to `count` bytes from `input`. The capacity grows by an eighth: doubled, it would
    /// be half empty.
    fn take(&mut self, input: &mut &[u8], count: usize) {
        let (taken, rest) = input.split_at(count.min(input.len()));
        if self.bytes.capacity() - self.bytes.len() < taken.len() {
            self.bytes.reserve_exact(taken.len().max(self.bytes.len() / 8));
        }
        self.bytes.extend_from_slice(taken);
        *input = rest;
    }

    /// Returns the frame if it is a control frame, and its message if it is the last one of it.
    ///
    /// # Errors
    /// The message is a text that is not UTF-8.
    fn end_frame(&mut self, frame: &FrameStart) -> Result<Option<Vec<u8>>, End> {
        match frame.header.opcode {
            OpCode::Control(_) => return Ok(Some(self.bytes.split_off(self.whole))),
            OpCode::Data(_) if frame.header.is_final => {
                return Ok(Some(std::mem::take(self).bytes));
            }
            OpCode::Data(coding::Data::Text) => self.cut = Some(Vec::new()),
            OpCode::Data(_) => {}
        }
        self.check_text(frame)?;
        self.whole = frame.end;
        self.payload += frame.payload;
        Ok(None)
    }

    /// Checks a text up to the end of `frame`: a client need not wait for the end of its message to
    /// learn that it is not UTF-8 (RFC 6455, section 8.1).
    fn check_text(&mut self, frame: &FrameStart) -> Result<(), End> {
        let Some(mut text) = self.cut.take() else { return Ok(()) };
        let payload = self.bytes[frame.end - frame.payload..frame.end].iter();
        let mask = frame.header.mask.unwrap_or_default();
        text.extend(payload.zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        let valid = match std::str::from_utf8(&text) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(End::Broken(CloseCode::Invalid.into())),
        };
        self.cut = Some(text.split_off(valid));
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use tungstenite::protocol::frame::Frame;

    /// A masked frame.
    fn frame(payload: &[u8], kind: coding::Data, is_final: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut frame = Frame::message(payload.to_vec(), OpCode::Data(kind), is_final);
        frame.header_mut().mask = Some([1, 2, 3, 4]);
        frame.format(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_text_that_is_not_utf_8_ends_at_the_frame_that_shows_it() {
        use coding::Data::{Binary, Continue, Text};
        let read = |parts: &[(&[u8], coding::Data)]| {
            let bytes: Vec<_> =
                parts.iter().flat_map(|(part, kind)| frame(part, *kind, false)).collect();
            Frames::new(1000).next(&mut bytes.as_slice(), &mut Vec::new())
        };
        let cut = "a€b".as_bytes();
        assert_eq!(
            read(&[(&cut[..2], Text), (&cut[2..3], Continue), (&cut[3..], Continue)]),
            Ok(None)
        );
        let bad = Err(End::Broken(CloseCode::Invalid.into()));
        assert_eq!(read(&[(b"a\xff", Text)]), bad);
        assert_eq!(read(&[(&cut[..2], Text), (b"b", Continue)]), bad);
        assert_eq!(read(&[(b"a\xff", Binary), (b"\xff", Continue)]), Ok(None));
    }

    #[test]
    fn an_unfinished_message_takes_little_more_memory_than_its_bytes() {
        let most = 64 * 1024;
        for (fragment, count) in [(60_000, 1), (6_000, 10), (100, 600)] {
            let mut bytes = Vec::new();
            for index in 0..count {
                let kind = if index == 0 { coding::Data::Text } else { coding::Data::Continue };
                let mut frame = Frame::message("x".repeat(fragment), OpCode::Data(kind), false);
                frame.header_mut().mask = Some([1, 2, 3, 4]);
                frame.format(&mut bytes).unwrap();
            }
            for size in [1, 100, 4096] {
                let mut frames = Frames::new(most);
                for mut piece in bytes.chunks(size) {
                    assert_eq!(frames.next(&mut piece, &mut Vec::new()), Ok(None));
                }
                assert_eq!(frames.unfinished(), bytes);
                let capacity = frames.unfinished.bytes.capacity();
                assert!(capacity <= bytes.len() * 9 / 8, "{capacity}");
            }
        }
    }
}
