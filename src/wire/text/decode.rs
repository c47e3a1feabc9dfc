//! Decodes a text client's bytes into lines.

use serde::{Deserialize, Serialize};

use super::first_line::{TLS_HANDSHAKE, is_http_request};
use super::telnet::{IAC, Telnet, Token};
use crate::text::Text;
use crate::wire::incoming::{Incoming, WireError};

/// This many bytes without a line end are an error, telnet commands included.
pub const MAX_WITHOUT_LINE_END: usize = 64 * 1024;

/// Telnet's Ctrl-D: the client's end, if the line is empty.
const END_OF_TRANSMISSION: u8 = 0x04;
/// IAC NOP.
const KEEP_ALIVE_LENGTH: usize = 2;
/// A larger buffer of a half-typed line is freed after use, so that idle clients stay small.
const KEPT_CAPACITY: usize = 256;

/// Decodes the bytes of one text client into [`Incoming`].
///
/// A line ends in LF, CR LF, CR NUL or CR: what netcat, telnet in line mode, and telnet in
/// character mode send for Enter.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Decoder {
    stage: Stage,
    telnet: Telnet,
    /// The half-typed line, up to the longest line accepted.
    line: Vec<u8>,
    /// Length of the half-typed line, which may exceed what is kept of it.
    length: usize,
    since_line_end: usize,
    /// A CR ended a line: an LF or NUL that follows belongs to it.
    after_cr: bool,
    /// The next item, before anything that is still to be decoded.
    ready: Option<Incoming>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// No byte has arrived yet.
    #[default]
    New,
    FirstLine,
    Later,
    /// The client ended or failed; the rest of its bytes is dropped.
    Over,
}

impl Decoder {
    /// See [`wire::Decoder::next`](crate::wire::Decoder::next).
    pub fn next(&mut self, input: &mut &[u8], max_line: usize) -> Option<Incoming> {
        if let Some(ready) = self.ready.take() {
            return Some(ready);
        }
        if self.stage == Stage::New && !input.is_empty() {
            self.stage = Stage::FirstLine;
            if input[0] == TLS_HANDSHAKE {
                return Some(self.fail(WireError::Tls));
            }
        }
        while !input.is_empty() && self.stage != Stage::Over {
            let plain = self.plain_prefix(input);
            let (taken, rest) = input.split_at(plain.max(1));
            *input = rest;
            self.since_line_end = self.since_line_end.saturating_add(taken.len());
            if plain > 0 {
                self.extend(taken, max_line);
            } else if let Some(token) = self.telnet.push(taken[0])
                && let Some(incoming) = self.token(token, max_line)
            {
                return Some(incoming);
            }
            if self.since_line_end >= MAX_WITHOUT_LINE_END {
                return Some(self.fail(WireError::EndlessLine));
            }
        }
        if self.stage == Stage::Over {
            *input = &[];
        }
        None
    }

    /// See [`wire::Decoder::finish`](crate::wire::Decoder::finish).
    pub fn finish(&mut self, max_line: usize) -> Option<Incoming> {
        let left = self.ready.take().or_else(|| (self.length > 0).then(|| self.line(max_line)));
        self.stage = Stage::Over;
        left
    }

    /// Whether the client is in the middle of the first line that it ever sends.
    pub fn is_in_first_line(&self) -> bool {
        self.stage == Stage::FirstLine && self.length > 0
    }

    /// The number of bytes at the front of `input` that are plain text.
    fn plain_prefix(&self, input: &[u8]) -> usize {
        if !self.telnet.is_data() || self.after_cr {
            return 0;
        }
        let special = |&byte: &u8| matches!(byte, b'\n' | b'\r' | IAC | END_OF_TRANSMISSION);
        input.iter().position(special).unwrap_or(input.len())
    }

    fn extend(&mut self, bytes: &[u8], max_line: usize) {
        // The first line is kept beyond the limit, because it is checked for HTTP before its
        // length.
        let most = if self.stage == Stage::Later { max_line } else { MAX_WITHOUT_LINE_END };
        let room = most.saturating_sub(self.line.len()).min(bytes.len());
        self.line.extend_from_slice(&bytes[..room]);
        self.length = self.length.saturating_add(bytes.len());
    }

    fn token(&mut self, token: Token, max_line: usize) -> Option<Incoming> {
        match token {
            Token::Data(byte) => return self.data(byte, max_line),
            Token::Answer(bytes) => return Some(Incoming::Answer(bytes.to_vec())),
            // Some clients send it for days as a keep-alive, so it does not count.
            Token::KeepAlive => self.since_line_end -= KEEP_ALIVE_LENGTH.min(self.since_line_end),
            Token::AreYouThere => return Some(Incoming::Ping),
            Token::EndOfFile => return Some(self.quit(max_line)),
            Token::Interrupt | Token::EraseLine => self.clear(),
            Token::EraseCharacter => self.erase_character(),
        }
        None
    }

    fn data(&mut self, byte: u8, max_line: usize) -> Option<Incoming> {
        let after_cr = std::mem::take(&mut self.after_cr);
        match byte {
            b'\n' | 0 if after_cr => None,
            b'\n' => Some(self.end_line(true, max_line)),
            b'\r' => {
                self.after_cr = true;
                Some(self.end_line(false, max_line))
            }
            END_OF_TRANSMISSION if self.length == 0 => Some(self.quit(max_line)),
            END_OF_TRANSMISSION => None,
            _ => {
                self.extend(&[byte], max_line);
                None
            }
        }
    }

    fn end_line(&mut self, bare_line_feed: bool, max_line: usize) -> Incoming {
        let first = self.stage == Stage::FirstLine;
        let line = self.line(max_line);
        self.since_line_end = 0;
        if first && bare_line_feed && self.stage != Stage::Over {
            self.ready = Some(line);
            return Incoming::BareLineFeeds;
        }
        line
    }

    /// Ends the half-typed line.
    fn line(&mut self, max_line: usize) -> Incoming {
        if self.stage == Stage::FirstLine && is_http_request(Text::new(&self.line).as_str()) {
            return self.fail(WireError::Http);
        }
        self.stage = Stage::Later;
        // A reload may have raised the limit after part of the line was dropped.
        let line = if self.length > max_line.min(self.line.len()) {
            Incoming::TooLong { bytes: self.length, limit: max_line }
        } else {
            Incoming::Line(Text::new(&self.line))
        };
        self.clear();
        line
    }

    fn quit(&mut self, max_line: usize) -> Incoming {
        let last = self.finish(max_line);
        match last {
            Some(error @ Incoming::Error(_)) => error,
            Some(line) => {
                self.ready = Some(Incoming::Quit);
                line
            }
            None => Incoming::Quit,
        }
    }

    fn fail(&mut self, error: WireError) -> Incoming {
        self.clear();
        self.stage = Stage::Over;
        Incoming::Error(error)
    }

    fn clear(&mut self) {
        self.line.clear();
        self.line.shrink_to(KEPT_CAPACITY);
        self.length = 0;
    }

    /// Removes the last character, with all of its UTF-8 bytes.
    fn erase_character(&mut self) {
        if self.length > self.line.len() {
            self.length -= 1;
            return;
        }
        while self.line.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
        self.length = self.line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 16;

    /// Decodes `pieces`, each as a read of its own, and then the end.
    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Incoming> {
        let mut decoder = Decoder::default();
        let mut all = Vec::new();
        for mut piece in pieces {
            while let Some(incoming) = decoder.next(&mut piece, LIMIT) {
                all.push(incoming);
            }
            assert!(piece.is_empty());
        }
        all.extend(std::iter::from_fn(|| decoder.finish(LIMIT)));
        all
    }

    fn whole(bytes: &[u8]) -> Vec<Incoming> {
        decode([bytes])
    }

    fn line(text: &str) -> Incoming {
        Incoming::Line(Text::new(text))
    }

    #[test]
    fn all_four_kinds_of_enter_end_a_line() {
        assert_eq!(whole(b"a\r\nb\r\0c\rd\ne\n"), ["a", "b", "c", "d", "e"].map(line));
        assert_eq!(whole(b"a\n\nb"), [Incoming::BareLineFeeds, line("a"), line(""), line("b")]);
    }

    #[test]
    fn only_a_bare_line_feed_after_the_first_line_asks_for_bare_line_feeds() {
        assert_eq!(whole(b"a\nb\n"), [Incoming::BareLineFeeds, line("a"), line("b")]);
        assert_eq!(whole(b"a\rb\n"), [line("a"), line("b")]);
        assert_eq!(whole(b"a"), [line("a")]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_refused_whole() {
        let exact = "x".repeat(LIMIT);
        assert_eq!(whole(format!("\r{exact}\r").as_bytes()), [line(""), line(&exact)]);
        let refused = Incoming::TooLong { bytes: LIMIT + 1, limit: LIMIT };
        assert_eq!(whole(format!("\r{exact}y\rz").as_bytes()), [line(""), refused, line("z")]);
    }

    #[test]
    fn http_and_tls_are_errors_as_the_first_line_only() {
        let http = [Incoming::Error(WireError::Http)];
        assert_eq!(whole(b"GET /a/long/target HTTP/1.1\r\nHost: x\r\n"), http);
        assert_eq!(whole(b"GET / HTTP/1.0"), http);
        assert_eq!(whole(b"GET / HTTP/1.0\xff\xec"), http);
        assert_eq!(whole(b"\x16\x03\x01hello\n"), [Incoming::Error(WireError::Tls)]);
        assert_eq!(whole(b"a\rGET / HTTP/1.1\r"), [line("a"), line("GET / HTTP/1.1")]);
    }

    #[test]
    fn the_end_of_file_ends_with_the_last_line_and_ctrl_d_only_on_an_empty_one() {
        assert_eq!(whole(b"hi\xff\xecmore"), [line("hi"), Incoming::Quit]);
        assert_eq!(whole(b"\x04more"), [Incoming::Quit]);
        assert_eq!(whole(b"a\x04b\r\x04"), [line("ab"), Incoming::Quit]);
        assert_eq!(whole(b"a\r\0\x04"), [line("a"), Incoming::Quit]);
        let full = "x".repeat(LIMIT);
        assert_eq!(whole(format!("{full}\x04\r").as_bytes()), [line(&full)]);
    }

    #[test]
    fn telnet_edits_the_half_typed_line() {
        assert_eq!(whole(b"a\xc3\xb1\xff\xf7b\r"), [line("ab")]);
        assert_eq!(whole(b"abc\xff\xf8d\r"), [line("d")]);
        let answer = Incoming::Answer(vec![0xff, 0xfc, 6]);
        assert_eq!(whole(b"abc\xff\xf4\xff\xfd\x06d\r"), [answer, line("d")]);
        assert_eq!(whole(b"ab\xff\xf6c\r"), [Incoming::Ping, line("abc")]);
        for interrupt in [b"abc\xff\xf3d\r", b"abc\xff\xeed\r"] {
            assert_eq!(whole(interrupt), [line("d")]);
        }
    }

    #[test]
    fn sixty_four_kib_without_a_line_end_are_an_error_whatever_they_are() {
        let endless = [Incoming::Error(WireError::EndlessLine)];
        for byte in [b'x', 0x04, 0] {
            let mut bytes = vec![byte; MAX_WITHOUT_LINE_END];
            bytes[0] = b'y';
            assert_eq!(whole(&bytes), endless);
        }
        let mut subnegotiation = vec![0xff, 0xfa];
        subnegotiation.resize(MAX_WITHOUT_LINE_END, 24);
        assert_eq!(whole(&subnegotiation), endless);
        let longest = vec![b'x'; MAX_WITHOUT_LINE_END - 1];
        let refused = Incoming::TooLong { bytes: longest.len(), limit: LIMIT };
        assert_eq!(whole(&longest), [refused]);
    }

    #[test]
    fn keep_alives_may_go_on_for_ever() {
        let mut bytes = [0xff, 0xf1].repeat(MAX_WITHOUT_LINE_END);
        bytes.extend(b"x\r");
        assert_eq!(whole(&bytes), [line("x")]);
    }

    #[test]
    fn it_knows_when_the_first_line_is_half_typed() {
        let mut decoder = Decoder::default();
        let mut states = [b"".as_slice(), b"\xff\xfb\x1f", b"h", b"\xff\xf8", b"h", b"\n", b"x"]
            .map(|mut bytes| {
                while decoder.next(&mut bytes, LIMIT).is_some() {}
                decoder.is_in_first_line()
            })
            .into_iter();
        assert!(states.by_ref().take(2).all(|typing| !typing));
        assert!(states.eq([true, false, true, false, false]));
    }

    #[test]
    fn a_limit_that_grows_in_the_middle_of_a_line_never_lets_a_part_of_it_pass() {
        let mut decoder = Decoder::default();
        let mut next = |mut bytes: &[u8], limit| decoder.next(&mut bytes, limit);
        assert_eq!(next(b"a\r", LIMIT), Some(line("a")));
        assert_eq!(next(&[b'x'; LIMIT + 1], LIMIT), None);
        let refused = Incoming::TooLong { bytes: LIMIT + 2, limit: 2 * LIMIT };
        assert_eq!(next(b"y\r", 2 * LIMIT), Some(refused));
        assert_eq!(next(&[b'x'; LIMIT], LIMIT), None);
        let whole = "x".repeat(LIMIT) + "y";
        assert_eq!(next(b"y\r", 2 * LIMIT), Some(line(&whole)));
    }

    /// Random bytes with many special ones.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let special =
            prop::sample::select(b"\r\n\0\x04\xff\xff\xf4\xfd\x06\xfa\xf0\xec\xf7 aG".to_vec());
        prop::collection::vec(prop_oneof![special, any::<u8>()], 0..120)
    }

    proptest! {
        #[test]
        fn chunking_never_changes_decoding(bytes in hostile(), cuts in prop::collection::vec(0usize..120, 0..8)) {
            let mut cuts: Vec<_> = cuts.into_iter().filter(|&cut| cut < bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
            prop_assert_eq!(decode(pieces), whole(&bytes));
            prop_assert_eq!(decode(bytes.chunks(1)), whole(&bytes));
        }

        #[test]
        fn an_http_request_line_never_passes(target in "[!-~]{1,40}", minor in 0..10u8) {
            let request = format!("GET {target} HTTP/1.{minor}\r\n");
            prop_assert_eq!(whole(request.as_bytes()), [Incoming::Error(WireError::Http)]);
        }
    }
}
