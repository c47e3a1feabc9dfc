//! Decodes an IRC client's bytes into requests.

use serde::{Deserialize, Serialize};

use crate::wire::incoming::{Incoming, WireError};
use crate::wire::proxy;
use crate::wire::signature::Signature;
use crate::wire::text::{
    MAX_WITHOUT_LINE_END, TLS_HANDSHAKE, could_be_http_request, is_http_request,
};

/// The longest line without tags, line end included (RFC 1459, section 2.3).
const MAX_LINE: usize = 512;
/// The longest tags of a client without `@` and the blank (IRCv3, message tags).
const MAX_TAGS: usize = 4094;
/// Bytes kept of a line: what is longer cannot be accepted.
const MAX_KEPT: usize = MAX_TAGS + 2 + MAX_LINE;
/// Bytes kept of the end of a first line that is longer, for the check for HTTP.
const END: usize = 16;
/// A larger buffer of half a line is freed after use, so that idle clients stay small.
const KEPT_CAPACITY: usize = 256;

/// Decodes the bytes of one client into [`Incoming`]. A line ends in LF or CR LF; any other CR, and
/// NUL, is dropped.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Decoder {
    stage: Stage,
    /// Half a line, up to [`MAX_KEPT`].
    line: Vec<u8>,
    /// The last bytes of a longer line.
    #[serde(default)]
    end: Vec<u8>,
    /// Length of the half line, which may exceed what is kept of it.
    length: usize,
    since_line_end: usize,
    #[serde(default)]
    signature: Signature,
    /// See [`wire::Decoder::overhead`](crate::wire::Decoder::overhead).
    #[serde(skip)]
    overhead: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// No byte has arrived yet.
    #[default]
    New,
    FirstLine,
    Later,
    /// The client failed; further bytes are dropped.
    Over,
}

impl Decoder {
    /// See [`wire::Decoder::next`](crate::wire::Decoder::next).
    #[inline(never)]
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Incoming> {
        if self.stage == Stage::New && self.signature.is_open() {
            self.signature.hold(input);
            if self.signature.is_whole() {
                return Some(self.fail(WireError::Proxy));
            } else if self.signature.is_open() {
                return None;
            }
        }
        self.decode_held().or_else(|| self.decode(input))
    }

    /// Decodes the bytes that were held back, once they are known to be no header.
    fn decode_held(&mut self) -> Option<Incoming> {
        while let Some(byte) = self.signature.release() {
            let item = self.decode(&mut [byte].as_slice());
            if item.is_some() {
                return item;
            }
        }
        None
    }

    fn decode(&mut self, input: &mut &[u8]) -> Option<Incoming> {
        if self.stage == Stage::New && !input.is_empty() {
            self.stage = Stage::FirstLine;
            if input[0] == TLS_HANDSHAKE {
                *input = &[];
                return Some(self.fail(WireError::Tls));
            }
        }
        while !input.is_empty() && self.stage != Stage::Over {
            let room = MAX_WITHOUT_LINE_END - self.since_line_end;
            let end = input.iter().take(room).position(|byte| *byte == b'\n');
            let (taken, rest) = input.split_at(end.unwrap_or(input.len().min(room)));
            self.extend(taken);
            if end.is_some() {
                *input = &rest[1..];
                return Some(self.end_line());
            }
            *input = rest;
            self.since_line_end += taken.len();
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
    pub fn finish(&mut self) -> Option<Incoming> {
        self.signature.end();
        if let Some(held) = self.decode_held() {
            return Some(held);
        }
        let last = (self.length > 0).then(|| self.end_line());
        if !matches!(last, Some(Incoming::Error(_))) {
            self.stage = Stage::Over;
        }
        last
    }

    /// See [`wire::Decoder::overhead`](crate::wire::Decoder::overhead).
    pub fn overhead(&mut self) -> &mut usize {
        &mut self.overhead
    }

    /// See [`wire::Decoder::take_bytes`](crate::wire::Decoder::take_bytes).
    pub fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.line)
    }

    /// See [`wire::Decoder::put_bytes`](crate::wire::Decoder::put_bytes).
    pub fn put_bytes(&mut self, bytes: Vec<u8>) {
        self.line = bytes;
    }

    /// Adds bytes without a line end to the half line.
    fn extend(&mut self, bytes: &[u8]) {
        let kept = bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\0'));
        for byte in kept {
            self.length += 1;
            if self.line.len() < MAX_KEPT {
                self.line.push(*byte);
            } else {
                self.end.push(*byte);
            }
        }
        let excess = self.end.len().saturating_sub(END);
        self.end.drain(..excess);
    }

    fn end_line(&mut self) -> Incoming {
        let is_first = self.stage == Stage::FirstLine;
        if is_first && self.is_http() {
            return self.fail(WireError::Http);
        }
        if is_first && proxy::is_header_line(&self.line) {
            return self.fail(WireError::Proxy);
        }
        if self.length > 0 {
            self.stage = Stage::Later;
        }
        let line = std::str::from_utf8(&self.line);
        let item = match (excess(&self.line, self.length), line) {
            (Some((bytes, limit)), _) => Incoming::TooLong { bytes, limit },
            (None, Ok(line)) => Incoming::Irc(line.to_owned()),
            (None, Err(_)) => Incoming::NotUtf8,
        };
        self.clear();
        item
    }

    fn is_http(&self) -> bool {
        let beginning = String::from_utf8_lossy(&self.line);
        if self.end.is_empty() {
            return is_http_request(&beginning);
        }
        could_be_http_request(&format!("{beginning}{}", String::from_utf8_lossy(&self.end)))
    }

    fn fail(&mut self, error: WireError) -> Incoming {
        self.clear();
        self.stage = Stage::Over;
        Incoming::Error(error)
    }

    fn clear(&mut self) {
        self.line.clear();
        self.line.shrink_to(KEPT_CAPACITY);
        self.end = Vec::new();
        self.length = 0;
        self.since_line_end = 0;
    }
}

/// The length of the tags, or of the rest with its line end, and the limit that it exceeds.
fn excess(line: &[u8], length: usize) -> Option<(usize, usize)> {
    let tags = match line.first() {
        Some(b'@') => line.iter().position(|byte| *byte == b' ').map_or(length, |at| at + 1),
        _ => 0,
    };
    let bytes = length - tags.min(length) + "\r\n".len();
    match tags > MAX_TAGS + 2 {
        true => Some((tags - 2, MAX_TAGS)),
        false => (bytes > MAX_LINE).then_some((bytes, MAX_LINE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Incoming> {
        let (mut decoder, mut items) = (Decoder::default(), Vec::new());
        for mut piece in pieces {
            while let Some(item) = decoder.next(&mut piece) {
                items.push(item);
            }
            assert!(piece.is_empty(), "bytes were left over");
            let saved = serde_json::to_string(&decoder).unwrap();
            decoder = serde_json::from_str(&saved).unwrap();
        }
        items.extend(std::iter::from_fn(|| decoder.finish()));
        items
    }

    fn irc(line: &str) -> Incoming {
        Incoming::Irc(line.to_owned())
    }

    #[test]
    fn lines_end_in_lf_or_cr_lf_and_other_crs_and_nuls_are_dropped() {
        assert_eq!(
            decode([&b"NICK a\nUSER b\r\n\r\nPI\rN\0G :x\r\r\nla"[..], b"st"]),
            [irc("NICK a"), irc("USER b"), irc(""), irc("PING :x"), irc("last")]
        );
    }

    #[test]
    fn a_proxy_header_is_an_error_as_the_first_line_only() {
        let proxy = [Incoming::Error(WireError::Proxy)];
        for header in [
            b"PROXY TCP4 192.0.2.7 198.51.100.1 4321 1234\r\nNICK a\r\n".as_slice(),
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0cNICK a\r\n",
        ] {
            assert_eq!(decode([header]), proxy);
            assert_eq!(decode(header.chunks(1)), proxy);
        }
        let blank = || irc("");
        assert_eq!(decode([&b"\r\n\r\nA\n"[..]]), [blank(), blank(), irc("A")]);
        assert_eq!(decode([&b"\r\n"[..], b"\r\n"]), [blank(), blank()]);
        let later = b"A\r\nPROXY UNKNOWN\r\n".as_slice();
        assert_eq!(decode([later]), [irc("A"), irc("PROXY UNKNOWN")]);
    }

    #[test]
    fn a_line_may_have_510_bytes_and_tags_of_4094() {
        let (tags, body) = ("t".repeat(MAX_TAGS), "x".repeat(510));
        let whole = format!("@{tags} {body}");
        assert_eq!(decode([format!("{whole}\r\n{body}\n").as_bytes()]), [irc(&whole), irc(&body)]);
        for (long, bytes, limit) in [
            (format!("@t{tags} {body}"), 4095, 4094),
            (format!("@{tags} {body}x"), 513, 512),
            (format!("{body}x"), 513, 512),
        ] {
            assert_eq!(
                decode([format!("{long}\r\nA\r\n").as_bytes()]),
                [Incoming::TooLong { bytes, limit }, irc("A")]
            );
        }
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_no_request() {
        assert_eq!(decode([&b"PRIVMSG a :\xff\r\nA\r\n"[..]]), [Incoming::NotUtf8, irc("A")]);
    }

    #[test]
    fn tls_and_http_are_known_by_their_beginnings() {
        let tls = decode([&b"\x16\x03\x01NICK a\r\n"[..], b"NICK b\r\n"]);
        assert_eq!(tls, [Incoming::Error(WireError::Tls)]);
        for http in ["POST / HTTP/1.1".to_owned(), format!("POST /{} HTTP/1.1", "x".repeat(9000))] {
            let items = decode([format!("{http}\r\nNICK a\r\n").as_bytes()]);
            assert_eq!(items, [Incoming::Error(WireError::Http)]);
        }
        assert_eq!(decode([&b"NICK a\r\nGET / HTTP/1.1\r\n"[..]]).len(), 2);
    }

    #[test]
    fn a_line_without_an_end_ends_the_session() {
        let bytes = [b"NICK a\r\n", &*vec![b'x'; MAX_WITHOUT_LINE_END], b"\nNICK b\n"].concat();
        let items = decode(bytes.chunks(1000));
        assert_eq!(items, [irc("NICK a"), Incoming::Error(WireError::EndlessLine)]);
    }

    proptest! {
        #[test]
        fn however_reads_split_the_bytes_the_same_items_come_out(
            bytes in prop::collection::vec(
                prop::sample::select(&b"@; :\r\n\0aGET /HTTP/1.1\xc3\xa9"[..]), 0..200,
            ),
            size in 1_usize..20,
        ) {
            prop_assert_eq!(decode(bytes.chunks(size)), decode([&*bytes]));
        }
    }
}
