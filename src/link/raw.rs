//! `RawAnswer`: an answer of Redis in one piece of memory, whose values are not copied one by one.
//! The log is read with it: thousands of entries a second, of fifteen values each.
//!
//! Knows RESP2, and no command.

use std::io::{self, Read};
use std::ops::Range;
use std::slice;

use redis::{RedisResult, Value, parse_redis_value};

/// The most bytes of an answer, as of a string in Redis.
const MAX: usize = 512 * 1024 * 1024;
/// The most values of an answer: an empty array has four bytes there, and many more in memory.
const MAX_VALUES: usize = 1 << 20;
/// The least that is read at a time.
const READ: usize = 16 * 1024;

/// The values of an answer, in the order in which they came: an array comes before what is in it.
pub(super) struct RawAnswer {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

enum Piece {
    Nil,
    Array(usize),
    Text(Range<usize>),
}

impl RawAnswer {
    /// Reads the answer to one command.
    ///
    /// # Errors
    /// Redis refused, reading failed, or this is no answer.
    pub(super) fn read(io: &mut impl Read) -> RedisResult<Self> {
        let mut reader = Reader { io, bytes: Vec::new(), at: 0 };
        let (mut pieces, mut missing) = (Vec::new(), 1_usize);
        while missing > 0 {
            let piece = reader.piece()?;
            let more = if let Piece::Array(count) = piece { count } else { 0 };
            missing = missing - 1 + more;
            if missing > MAX_VALUES - pieces.len() {
                return Err(malformed().into());
            }
            pieces.push(piece);
        }
        if reader.at < reader.bytes.len() {
            return Err(malformed().into());
        }
        Ok(Self { bytes: reader.bytes, pieces })
    }

    /// The values, from the first one on.
    pub(super) fn values(&self) -> Values<'_> {
        Values { bytes: &self.bytes, pieces: self.pieces.iter() }
    }
}

/// The values of an answer that were not looked at yet. Each function takes the next one, and
/// returns `None` if it is something else.
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    pieces: slice::Iter<'a, Piece>,
}

impl<'a> Values<'a> {
    /// Whether there is nothing but the answer that there is none.
    pub(super) fn are_nil(&self) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Nil])
    }

    /// How many values an array has. They come next.
    pub(super) fn array(&mut self) -> Option<usize> {
        match self.pieces.next()? {
            Piece::Array(count) => Some(*count),
            _ => None,
        }
    }

    /// A string.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        match self.pieces.next()? {
            Piece::Text(place) => self.bytes.get(place.clone()),
            _ => None,
        }
    }
}

/// The bytes of an answer, as far as they have come, and how many of them were looked at.
struct Reader<'a, R> {
    io: &'a mut R,
    bytes: Vec<u8>,
    at: usize,
}

impl<R: Read> Reader<'_, R> {
    fn piece(&mut self) -> RedisResult<Piece> {
        let line = self.line()?;
        let rest = line.start + 1..line.end;
        match self.bytes[line.clone()].first() {
            Some(b'+' | b':') => Ok(Piece::Text(rest)),
            Some(b'*') => Ok(self.length(rest)?.map_or(Piece::Nil, Piece::Array)),
            Some(b'$') => match self.length(rest)? {
                Some(length) => self.string(length).map(Piece::Text),
                None => Ok(Piece::Nil),
            },
            Some(b'-') => {
                let words = &self.bytes[line.start..line.end + 2];
                parse_redis_value(words).and_then(Value::extract_error)?;
                Err(malformed().into())
            }
            _ => Err(malformed().into()),
        }
    }

    /// The length in a line, or `None` for nil.
    fn length(&self, digits: Range<usize>) -> RedisResult<Option<usize>> {
        match &self.bytes[digits] {
            b"-1" => Ok(None),
            digits => {
                let length = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
                Ok(Some(length.filter(|length| *length <= MAX).ok_or_else(malformed)?))
            }
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> RedisResult<Range<usize>> {
        let mut looked = self.at;
        loop {
            if let Some(length) = self.bytes[looked..].iter().position(|byte| *byte == b'\n') {
                let line = self.at..looked + length;
                self.at = line.end + 1;
                return match self.bytes[line.clone()].last() {
                    Some(b'\r') => Ok(line.start..line.end - 1),
                    _ => Err(malformed().into()),
                };
            }
            looked = self.bytes.len();
            self.fill()?;
        }
    }

    /// The next string, whose length is known.
    fn string(&mut self, length: usize) -> RedisResult<Range<usize>> {
        let text = self.at..self.at + length;
        while self.bytes.len() < text.end + 2 {
            self.fill()?;
        }
        self.at = text.end + 2;
        match &self.bytes[text.end..self.at] {
            b"\r\n" => Ok(text),
            _ => Err(malformed().into()),
        }
    }

    /// Reads what has come, or waits for it.
    fn fill(&mut self) -> io::Result<()> {
        let length = self.bytes.len();
        if length > MAX {
            return Err(malformed());
        }
        self.bytes.resize(length + length.max(READ), 0);
        let read = loop {
            match self.io.read(&mut self.bytes[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.bytes.truncate(length + *read.as_ref().unwrap_or(&0));
        match read? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an answer of Redis")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn values_are_read_in_order_however_they_come() {
        let text = b"*3\r\n$4\r\na\r\nb\r\n*2\r\n$-1\r\n:-7\r\n+OK\r\n";
        for answer in [RawAnswer::read(&mut &text[..]), RawAnswer::read(&mut Slow(text))] {
            let answer = answer.unwrap();
            let mut values = answer.values();
            assert_eq!((values.array(), values.text()), (Some(3), Some(&b"a\r\nb"[..])));
            assert_eq!((values.array(), values.text()), (Some(2), None));
            assert_eq!((values.text(), values.text()), (Some(&b"-7"[..]), Some(&b"OK"[..])));
            assert_eq!((values.text(), values.array()), (None, None));
        }
        assert!(RawAnswer::read(&mut &b"*-1\r\n"[..]).unwrap().values().are_nil());
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for text in [
            "",
            "\r\n",
            "$3\r\nab",
            "$2\r\nabc\r\n",
            "*2\r\n+OK\r\n",
            "+OK\n",
            "?1\r\n",
            "$-2\r\n",
            "*x\r\n",
            "*99999999999\r\n",
            "$99999999999\r\n",
            "+OK\r\n+OK\r\n",
            "PONG\r\n",
        ] {
            assert!(RawAnswer::read(&mut text.as_bytes()).is_err(), "{text:?}");
        }
        let many = format!("*{}\r\n{}", MAX_VALUES + 1, "*0\r\n".repeat(MAX_VALUES + 1));
        assert!(RawAnswer::read(&mut many.as_bytes()).is_err());
        let deep = "*2\r\n".repeat(10_000);
        assert!(RawAnswer::read(&mut deep.as_bytes()).is_err());
    }

    #[test]
    fn a_refusal_keeps_its_code() {
        let refusal = RawAnswer::read(&mut &b"-LOADING Redis is loading\r\n"[..]).err().unwrap();
        assert_eq!(refusal.code(), Some("LOADING"));
    }
}
