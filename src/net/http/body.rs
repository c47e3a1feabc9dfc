//! `Body`: the body of a request, by its length or in chunks (RFC 9112, sections 6 and 7).
//!
//! Strict: what a proxy could read in another way is an error, so that nobody hides a request
//! behind another one (request smuggling).

use super::fields::Fields;
use super::status::Status;

/// Bytes in the body of a request.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// Bytes of chunk extensions and trailers, and of the sizes of the chunks.
const MAX_OVERHEAD: usize = 8 * 1024;

/// How a request says where its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The body has so many bytes.
    Length(usize),
    /// The body comes in chunks.
    Chunked,
}

impl Framing {
    /// The framing of a request; `is_1_1` unless it is HTTP/1.0, which has no chunks.
    ///
    /// # Errors
    /// The framing is odd, not known, or too long.
    pub fn of(fields: &Fields, is_1_1: bool) -> Result<Self, Status> {
        let length = fields.only("content-length")?;
        match (fields.only("transfer-encoding")?, length) {
            (None, None) => Ok(Self::Length(0)),
            (None, Some(length)) => Self::length(length),
            (Some(coding), None) if is_1_1 && coding.eq_ignore_ascii_case("chunked") => {
                Ok(Self::Chunked)
            }
            (Some(_), _) => Err(Status::BadRequest),
        }
    }

    fn length(text: &str) -> Result<Self, Status> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Status::BadRequest);
        }
        match text.parse::<usize>() {
            Ok(length) if length <= MAX_BODY => Ok(Self::Length(length)),
            _ => Err(Status::ContentTooLarge),
        }
    }
}

/// What the decoder expects next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// So many bytes of the body, and then its end.
    Rest(usize),
    /// The line with the size of a chunk.
    Size,
    /// So many bytes of a chunk.
    Chunk(usize),
    /// The line end behind a chunk.
    ChunkEnd,
    /// A trailer, or the empty line behind them.
    Trailer,
    /// Nothing: the body is complete.
    End,
}

/// A body as it comes in.
#[derive(Clone, Debug)]
pub struct Body {
    expected: Expected,
    bytes: Vec<u8>,
    /// The line that is not complete.
    line: Vec<u8>,
    overhead: usize,
}

impl Body {
    /// A body of which nothing has come.
    pub fn new(framing: Framing) -> Self {
        let expected = match framing {
            Framing::Length(0) => Expected::End,
            Framing::Length(length) => Expected::Rest(length),
            Framing::Chunked => Expected::Size,
        };
        Self { expected, bytes: Vec::new(), line: Vec::new(), overhead: 0 }
    }

    /// Takes what has come; what follows the body is dropped. Returns whether the body is complete.
    ///
    /// # Errors
    /// It is malformed or too long.
    pub fn take(&mut self, mut input: &[u8]) -> Result<bool, Status> {
        while self.expected != Expected::End && !input.is_empty() {
            match self.expected {
                Expected::Rest(left) => {
                    let left = self.copy(&mut input, left);
                    self.expected = if left == 0 { Expected::End } else { Expected::Rest(left) };
                }
                Expected::Chunk(left) => {
                    let left = self.copy(&mut input, left);
                    self.expected =
                        if left == 0 { Expected::ChunkEnd } else { Expected::Chunk(left) };
                }
                Expected::Size | Expected::ChunkEnd | Expected::Trailer => {
                    if let Some(line) = self.take_line(&mut input)? {
                        self.expected = self.after_line(&line)?;
                    }
                }
                Expected::End => {}
            }
        }
        Ok(self.expected == Expected::End)
    }

    /// The body.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Copies at most `left` bytes; returns how many are still missing.
    fn copy(&mut self, input: &mut &[u8], left: usize) -> usize {
        let (own, rest) = input.split_at(left.min(input.len()));
        self.bytes.extend_from_slice(own);
        *input = rest;
        left - own.len()
    }

    /// The next line, without its CR LF, once it is complete.
    fn take_line(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, Status> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.overhead += 1;
            if self.overhead > MAX_OVERHEAD {
                return Err(Status::ContentTooLarge);
            }
            match (self.line.last(), byte) {
                (Some(b'\r'), b'\n') => {
                    self.line.pop();
                    return Ok(Some(std::mem::take(&mut self.line)));
                }
                // A line ends in CR LF and in nothing else.
                (Some(b'\r'), _) | (_, b'\n') => return Err(Status::BadRequest),
                _ => self.line.push(byte),
            }
        }
        Ok(None)
    }

    fn after_line(&mut self, line: &[u8]) -> Result<Expected, Status> {
        match self.expected {
            Expected::Size => match size(line)? {
                0 => Ok(Expected::Trailer),
                length if self.bytes.len() + length > MAX_BODY => Err(Status::ContentTooLarge),
                length => Ok(Expected::Chunk(length)),
            },
            Expected::ChunkEnd if line.is_empty() => Ok(Expected::Size),
            Expected::ChunkEnd => Err(Status::BadRequest),
            _ if line.is_empty() => Ok(Expected::End),
            _ if is_trailer(line) => Ok(Expected::Trailer),
            _ => Err(Status::BadRequest),
        }
    }
}

/// The size of a chunk: hexadecimal digits, and perhaps extensions.
fn size(line: &[u8]) -> Result<usize, Status> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at(digits);
    let rest = rest.trim_ascii_start();
    let is_sane = !digits.is_empty() && (rest.is_empty() || rest.starts_with(b";"));
    let has_controls = rest.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
    if !is_sane || has_controls {
        return Err(Status::BadRequest);
    }
    let digits = str::from_utf8(digits).map_err(|_| Status::BadRequest)?;
    match usize::from_str_radix(digits, 16) {
        Ok(length) if length <= MAX_BODY => Ok(length),
        _ => Err(Status::ContentTooLarge),
    }
}

/// Whether a line may be a field behind the last chunk.
fn is_trailer(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| **byte != b':').count();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    name > 0 && name < line.len() && line[..name].iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framing(lines: &[(&str, &str)]) -> Result<Framing, Status> {
        let header = |(name, value): &(&'static str, &'static str)| httparse::Header {
            name,
            value: value.as_bytes(),
        };
        let lines: Vec<(&'static str, &'static str)> =
            lines.iter().map(|(name, value)| (leak(name), leak(value))).collect();
        let headers: Vec<_> = lines.iter().map(header).collect();
        Framing::of(&Fields::of(&headers), true)
    }

    fn leak(text: &str) -> &'static str {
        text.to_owned().leak()
    }

    #[test]
    fn a_length_is_digits_once_and_the_only_coding_is_chunked() {
        assert_eq!(framing(&[]), Ok(Framing::Length(0)));
        assert_eq!(framing(&[("Content-Length", "17")]), Ok(Framing::Length(17)));
        assert_eq!(framing(&[("Transfer-Encoding", "Chunked")]), Ok(Framing::Chunked));
        for odd in ["+5", "-1", "5 5", "2, 2", "", "0x5", "1.0"] {
            assert_eq!(framing(&[("Content-Length", odd)]), Err(Status::BadRequest), "{odd}");
        }
        for odd in ["gzip, chunked", "gzip", "chunked, chunked", "identity", ""] {
            assert_eq!(framing(&[("Transfer-Encoding", odd)]), Err(Status::BadRequest), "{odd}");
        }
        let both = [("Content-Length", "2"), ("Transfer-Encoding", "chunked")];
        assert_eq!(framing(&both), Err(Status::BadRequest));
        assert_eq!(framing(&[both[0], both[0]]), Err(Status::BadRequest));
        for long in ["65537", "99999999999999999999999"] {
            assert_eq!(framing(&[("Content-Length", long)]), Err(Status::ContentTooLarge));
        }
    }

    fn decoded(framing: Framing, input: &[u8], step: usize) -> Result<Option<Vec<u8>>, Status> {
        let mut body = Body::new(framing);
        let mut is_whole = body.take(&[])?;
        for part in input.chunks(step) {
            is_whole = body.take(part)?;
        }
        Ok(is_whole.then(|| body.into_bytes()))
    }

    #[test]
    fn chunks_are_put_together_however_they_come() {
        let chunked = b"3;a=b\r\nabc\r\nA \r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nGET /next";
        for step in 1..chunked.len() {
            let body = decoded(Framing::Chunked, chunked, step);
            assert_eq!(body, Ok(Some(b"abc0123456789".to_vec())), "{step}");
            assert_eq!(decoded(Framing::Length(3), b"abcd", step), Ok(Some(b"abc".to_vec())));
        }
        assert_eq!(decoded(Framing::Length(3), b"ab", 1), Ok(None));
    }

    #[test]
    fn chunks_that_another_program_could_read_in_another_way_are_refused() {
        for odd in [
            "3\nabc\r\n0\r\n\r\n",
            "3\r\nabc\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "+3\r\nabc\r\n0\r\n\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            " 3\r\nabc\r\n0\r\n\r\n",
            "\r\n",
            "3\r\r\nabc",
            "0\r\nno trailer\r\n\r\n",
            "0\r\n\n",
        ] {
            let body = decoded(Framing::Chunked, odd.as_bytes(), 1);
            assert_eq!(body, Err(Status::BadRequest), "{odd:?}");
        }
        let long = format!("1;{}\r\n", "x".repeat(MAX_OVERHEAD));
        for long in [&*long, "10001\r\n", "fffffffffffffffff\r\n"] {
            let body = decoded(Framing::Chunked, long.as_bytes(), 7);
            assert_eq!(body, Err(Status::ContentTooLarge));
        }
    }

    proptest! {
        #[test]
        fn no_body_is_longer_than_allowed(input in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut body = Body::new(Framing::Chunked);
            let _ = body.take(&input);
            prop_assert!(body.bytes.len() <= input.len() && body.line.len() <= MAX_OVERHEAD);
        }
    }
}
