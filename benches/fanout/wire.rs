//! The bytes on the sockets: the 64-byte line, and how each server formats it.
//!
//! Knows no sockets and no time.

pub(crate) mod many;

use std::ops::Range;
use std::time::Duration;

/// Bytes of a line without its line end; with a `\n` it is 64 bytes.
const PAYLOAD: usize = 63;
/// The sender id of lines that churning visitors say.
pub(crate) const VISITOR: u8 = 25;

/// What comes before a payload in JSON.
const TEXT: &[u8] = b"\"text\":\"";

const MARK: u8 = b'@';
const DIGITS: Range<usize> = 3..15;
const FILLER: &[u8; PAYLOAD] = b"@? ............ the quick brown fox jumps over the lazy dog. ok";

/// Who said a line, and which of that sender's lines it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) sender: u8,
    pub(crate) number: u64,
}

impl Stamp {
    fn write(self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(FILLER);
        let payload = &mut out[start..];
        payload[1] = b'A' + self.sender;
        let mut rest = self.number;
        for digit in payload[DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    /// `None` when any of the payload's bytes is not as [`Stamp::write`] left it.
    fn read(payload: &[u8]) -> Option<Stamp> {
        let sender = payload[1].checked_sub(b'A').filter(|sender| *sender <= VISITOR)?;
        let mut number = 0;
        for digit in &payload[DIGITS] {
            number = number * 10 + u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        }
        let dressed = payload[0] == MARK
            && payload[2..DIGITS.start] == FILLER[2..DIGITS.start]
            && payload[DIGITS.end..] == FILLER[DIGITS.end..];
        dressed.then_some(Stamp { sender, number })
    }
}

/// The next thing in a stream of received bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// More bytes are needed.
    Partial,
    /// So many bytes of notice, reply or greeting.
    Other(usize),
    /// So many bytes that carry one of our lines.
    Line(usize, Stamp),
    /// Something that started as one of our lines and is damaged.
    Damaged,
}

/// In what lines come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// In lines.
    Lines,
    /// In WebSocket frames, in which a payload follows this; without it, a payload is the end.
    Messages(Option<&'static [u8]>),
    /// In events of `EventSource`, in which a payload follows this.
    Events(&'static [u8]),
}

/// How one kind of server is talked to.
pub(crate) struct Dialect {
    before: &'static [u8],
    after: &'static [u8],
    /// What comes before a payload where it isn't a line of text of its own.
    envelope: Option<&'static [u8]>,
    /// In what lines come.
    shape: Shape,
    hello: fn(index: usize, sends: bool) -> Vec<u8>,
    /// A line that holds one of these tells that the server has taken the client in.
    ready: [&'static [u8]; 2],
    /// Whether senders are told what the other senders say.
    pub(crate) senders_hear: bool,
    /// How long it must be quiet after the last client came in.
    pub(crate) settle: Duration,
}

impl Dialect {
    /// Appends one line for the server.
    pub(crate) fn say(&self, stamp: Stamp, out: &mut Vec<u8>) {
        out.extend_from_slice(self.before);
        stamp.write(out);
        out.extend_from_slice(self.after);
    }

    /// What the client of that index sends as soon as it is connected.
    pub(crate) fn hello(&self, index: usize, sends: bool) -> Vec<u8> {
        (self.hello)(index, sends)
    }

    /// Whether these bytes tell that the client was taken in.
    pub(crate) fn is_ready(&self, line: &[u8]) -> bool {
        let holds = |mark: &[u8]| line.windows(mark.len()).any(|window| window == mark);
        self.ready.iter().any(|mark| holds(mark))
    }

    /// How many of the first bytes of `data` are whole lines or frames.
    pub(crate) fn whole(&self, data: &[u8]) -> usize {
        if !matches!(self.shape, Shape::Messages(_)) {
            return data.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        }
        let mut done = 0;
        while let Frame::Other(length) | Frame::Line(length, _) = self.frame(&data[done..]) {
            done += length;
        }
        done
    }

    /// The first frame of `data`.
    pub(crate) fn frame(&self, data: &[u8]) -> Frame {
        match self.shape {
            Shape::Messages(before) => return framed(data, before),
            Shape::Events(before) => return event(data, before),
            Shape::Lines => {}
        }
        if let Some(envelope) = self.envelope {
            let whole = envelope.len() + PAYLOAD + self.after.len();
            if data.starts_with(envelope) {
                return match data.get(envelope.len()..whole) {
                    Some(rest) => line(whole, &rest[..PAYLOAD]),
                    None => Frame::Partial,
                };
            }
            if envelope.starts_with(data) {
                return Frame::Partial;
            }
        }
        let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
            return Frame::Partial;
        };
        let text = data[..end].strip_suffix(b"\r").unwrap_or(&data[..end]);
        match text.len().checked_sub(PAYLOAD) {
            Some(start) if text[start] == MARK => line(end + 1, &text[start..]),
            _ => Frame::Other(end + 1),
        }
    }
}

fn line(length: usize, payload: &[u8]) -> Frame {
    match Stamp::read(payload) {
        Some(stamp) => Frame::Line(length, stamp),
        None => Frame::Damaged,
    }
}

/// The first WebSocket frame of `data`, or the head of the answer that comes before all frames.
fn framed(data: &[u8], before: Option<&[u8]>) -> Frame {
    if data.starts_with(b"HTTP") {
        let end = data.windows(4).position(|window| window == b"\r\n\r\n");
        return end.map_or(Frame::Partial, |end| Frame::Other(end + 4));
    }
    let (header, length) = match *data {
        [_, length @ 0..=125, ..] => (2, usize::from(length)),
        [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        [_, 127..=255, ..] => return Frame::Damaged,
        _ => return Frame::Partial,
    };
    let whole = header + length;
    let Some(text) = data.get(header..whole) else { return Frame::Partial };
    let payload = match before {
        Some(before) => behind(text, before),
        None => length.checked_sub(PAYLOAD).map(|start| &text[start..]),
    };
    carried(whole, payload)
}

/// The first event of `data`, or the head of the answer and what comes before all events.
fn event(data: &[u8], before: &[u8]) -> Frame {
    let Some(end) = data.windows(2).position(|window| window == b"\n\n") else {
        return Frame::Partial;
    };
    let whole = end + 2;
    carried(whole, behind(&data[..end], before))
}

/// What may be a payload behind these bytes of a text.
fn behind<'a>(text: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let place = text.windows(before.len()).position(|window| window == before)?;
    text[place + before.len()..].get(..PAYLOAD)
}

/// A frame of that length, with what may be a payload in it.
fn carried(whole: usize, payload: Option<&[u8]>) -> Frame {
    match payload.filter(|payload| payload[0] == MARK) {
        Some(payload) => line(whole, payload),
        None => Frame::Other(whole),
    }
}

/// A request for a stream of the lobby, unless the client speaks: then it has the text port.
fn read(sends: bool, accept: &str) -> Vec<u8> {
    if sends {
        return b"/ping\n".to_vec();
    }
    let head = "GET /rooms/lobby HTTP/1.1\r\nHost: localhost";
    format!("{head}\r\nAccept: {accept}\r\n\r\n").into_bytes()
}

/// A request for WebSocket, then these messages with masks of zeros, which change nothing.
fn upgrade(fields: &str, messages: &[&str]) -> Vec<u8> {
    let mut out = format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    )
    .into_bytes();
    for message in messages {
        out.extend([0x81, 0x80 | message.len() as u8, 0, 0, 0, 0]);
        out.extend_from_slice(message.as_bytes());
    }
    out
}

/// Bare lines; greets with `-- floor`.
pub(crate) static FLOOR: Dialect = Dialect {
    before: b"",
    after: b"\n",
    envelope: None,
    shape: Shape::Lines,
    hello: |_, _| Vec::new(),
    ready: [b"-- floor", b"-- floor"],
    senders_hear: true,
    settle: Duration::ZERO,
};

/// `<guest7> PAYLOAD`. The `/ping` settles how lines end; joins are announced after 300 ms.
pub(crate) static CHATD: Dialect = Dialect {
    before: b"",
    after: b"\n",
    envelope: None,
    shape: Shape::Lines,
    hello: |_, _| b"/ping\n".to_vec(),
    ready: [b"-- pong", b"-- pong"],
    senders_hear: true,
    settle: Duration::from_millis(350),
};

/// As [`CHATD`], for clients that say nothing: the welcome is enough.
pub(crate) static CHATD_SILENT: Dialect =
    Dialect { hello: |_, _| Vec::new(), ready: [b"-- Welcome", b"-- Welcome"], ..CHATD };

/// As [`CHATD`], for clients that say nothing but their name.
pub(crate) static CHATD_NAMED: Dialect =
    Dialect { hello: |index, _| format!("/nick idle{index}\n/ping\n").into_bytes(), ..CHATD };

/// As [`CHATD`], in a room other than the one that clients come into.
pub(crate) static CHATD_APART: Dialect =
    Dialect { hello: |_, _| b"/join apart\n/ping\n".to_vec(), ..CHATD };

/// As [`CHATD`], each line in a WebSocket message.
pub(crate) static LINES: Dialect = Dialect {
    before: &[0x81, 0x80 | 63, 0, 0, 0, 0],
    after: b"",
    envelope: None,
    shape: Shape::Messages(None),
    hello: |_, _| upgrade("", &["/echo off", "/ping"]),
    ready: [b"-- pong", b"-- pong"],
    senders_hear: true,
    settle: Duration::from_millis(350),
};

/// The same for clients that say nothing but their name.
pub(crate) static LINES_NAMED: Dialect =
    Dialect { hello: |index, _| upgrade("", &[&format!("/nick idle{index}"), "/ping"]), ..LINES };

/// `{"t":"said","room":"lobby","nick":"guest7","text":"PAYLOAD","ts":…,"id":"…"}`.
pub(crate) static JSON: Dialect = Dialect {
    before: b"\x81\xd4\0\0\0\0{\"t\":\"say\",\"text\":\"",
    after: b"\"}",
    shape: Shape::Messages(Some(TEXT)),
    hello: |_, _| {
        let messages = [r#"{"t":"say","text":"/echo off"}"#, r#"{"t":"say","text":"/ping"}"#];
        upgrade("Sec-WebSocket-Protocol: chatd.v1\r\n", &messages)
    },
    ready: [br#""text":"pong""#, br#""text":"pong""#],
    ..LINES
};

/// As [`CHATD`], for clients that read over HTTP, while those who speak have the text port.
pub(crate) static STREAM: Dialect = Dialect {
    hello: |_, sends| read(sends, "text/plain"),
    ready: [b"-- pong", b"HTTP/1.1 200"],
    ..CHATD
};

/// The same for `EventSource`: `data: {"t":"said",…,"text":"PAYLOAD",…}` behind an id.
pub(crate) static EVENTS: Dialect = Dialect {
    shape: Shape::Events(TEXT),
    hello: |_, sends| read(sends, "text/event-stream"),
    senders_hear: false,
    ..STREAM
};

/// `<user7> PAYLOAD`.
pub(crate) static NCAT: Dialect = Dialect {
    before: b"",
    after: b"\n",
    envelope: None,
    shape: Shape::Lines,
    hello: |_, _| Vec::new(),
    ready: [b"<announce>", b"<announce>"],
    senders_hear: true,
    settle: Duration::from_millis(200),
};

/// RESP: receivers subscribe, senders publish and hear only `:N`.
pub(crate) static REDIS: Dialect = Dialect {
    before: b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nchat\r\n$63\r\n",
    after: b"\r\n",
    envelope: Some(b"*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$63\r\n"),
    shape: Shape::Lines,
    hello: |_, sends| if sends { b"PING\r\n".to_vec() } else { b"SUBSCRIBE chat\r\n".to_vec() },
    ready: [b":1", b"+PONG"],
    senders_hear: false,
    settle: Duration::ZERO,
};

/// `:nick!user@host PRIVMSG #c :PAYLOAD`.
pub(crate) static IRC: Dialect = Dialect {
    before: b"PRIVMSG #c :",
    after: b"\r\n",
    envelope: None,
    shape: Shape::Lines,
    hello: |index, _| format!("NICK n{index}\r\nUSER u 0 * :u\r\nJOIN #c\r\n").into_bytes(),
    ready: [b" 366 ", b" 366 "],
    senders_hear: true,
    settle: Duration::from_millis(200),
};

/// The same, in chatd, which announces joins after 300 ms.
pub(crate) static CHATD_IRC: Dialect = Dialect { settle: Duration::from_millis(350), ..IRC };

/// The same for clients in no channel, which only listen.
pub(crate) static CHATD_IRC_SILENT: Dialect = Dialect {
    hello: |index, _| format!("NICK idle{index}\r\nUSER u 0 * :u\r\n").into_bytes(),
    ready: [b" 001 ", b" 001 "],
    ..CHATD_IRC
};
