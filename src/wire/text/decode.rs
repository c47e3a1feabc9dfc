//! Decodes a text client's bytes into lines.

use std::collections::VecDeque;

use memchr::memchr3;
use serde::{Deserialize, Serialize};

use super::editing::{self, BACKSPACE, DELETE};
use super::first_line::{TLS_HANDSHAKE, could_be_http_request, is_http_request, is_irc_opening};
use super::line_editing::LineEditing;
use super::telnet::{IAC, Telnet, Token};
use crate::edit::Key;
use crate::text::{Line, Text};
use crate::wire::incoming::{Incoming, WireError};
use crate::wire::proxy;
use crate::wire::signature::Signature;

/// This many bytes without a line end are an error, telnet commands included.
pub const MAX_WITHOUT_LINE_END: usize = 64 * 1024;

/// Telnet's Ctrl-D: the client's end, if the line is empty.
const END_OF_TRANSMISSION: u8 = 0x04;
/// IAC NOP.
const KEEP_ALIVE_LENGTH: usize = 2;
/// How far ahead to look for a special byte: without a limit, Backspaces take quadratic time.
const LOOK_AHEAD: usize = 256;
/// A larger buffer of a half-typed line is freed after use, so that idle clients stay small.
const KEPT_CAPACITY: usize = 256;
/// Bytes kept of each end of a first line that is too long: the check for HTTP, which comes before
/// the check of the length, needs a request's method and version.
const BEGINNING: usize = 4096;
const END: usize = 4096;

/// Decodes the bytes of one text client into [`Incoming`].
///
/// A line ends in LF, CR LF, CR NUL or CR: what netcat, telnet in line mode, and telnet in
/// character mode send for Enter.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Decoder {
    pub(super) stage: Stage,
    telnet: Telnet,
    /// The half-typed line, up to the longest line accepted.
    pub(super) line: Vec<u8>,
    /// The end of a longer first line. The bytes between `line` and this are only counted.
    #[serde(default)]
    pub(super) end: VecDeque<u8>,
    /// Length of the half-typed line, which may exceed what is kept of it.
    pub(super) length: usize,
    /// The line lacks something that the client sent at an unknown place.
    #[serde(default)]
    pub(super) has_loss: bool,
    /// How many of the [taken out](Self::take_bytes) bytes belong to `line`.
    #[serde(default)]
    beginning: usize,
    pub(super) since_line_end: usize,
    /// See [`wire::Decoder::overhead`](crate::wire::Decoder::overhead).
    #[serde(skip)]
    pub(super) overhead: usize,
    /// A CR ended a line: an LF or NUL that follows belongs to it.
    pub(super) after_cr: bool,
    /// Whether the client ever sent a telnet command.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_telnet: bool,
    /// Of a client that said `/edit on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) editing: Option<Box<LineEditing>>,
    /// An item that an older chatd had decoded and not handed out.
    #[serde(rename = "ready")]
    leftover: Option<Incoming>,
    /// The next items, before anything that is still to be decoded. None are left between reads.
    #[serde(skip)]
    pub(super) ready: VecDeque<Incoming>,
    #[serde(default)]
    signature: Signature,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// No byte has arrived yet.
    #[default]
    New,
    FirstLine,
    Later,
    /// The client ended or failed; further bytes are dropped.
    Over,
}

impl Decoder {
    /// See [`wire::Decoder::next`](crate::wire::Decoder::next).
    pub fn next(&mut self, input: &mut &[u8], max_line: usize) -> Option<Incoming> {
        let item = self.ready_or_decoded(input, max_line);
        if item.is_none() {
            // Between reads it takes no memory.
            self.ready = VecDeque::new();
        }
        item
    }

    fn ready_or_decoded(&mut self, input: &mut &[u8], max_line: usize) -> Option<Incoming> {
        if let Some(ready) = self.leftover.take().or_else(|| self.ready.pop_front()) {
            return Some(ready);
        }
        if self.stage == Stage::New && self.signature.is_open() {
            self.signature.hold(input);
            if self.signature.is_whole() {
                return Some(self.fail(WireError::Proxy));
            } else if self.signature.is_open() {
                return None;
            }
        }
        self.decode_held(max_line).or_else(|| self.decode(input, max_line))
    }

    /// Decodes the bytes that were held back, once they are known to be no header.
    fn decode_held(&mut self, max_line: usize) -> Option<Incoming> {
        while let Some(byte) = self.signature.release() {
            let item = self.decode(&mut [byte].as_slice(), max_line);
            if item.is_some() {
                return item;
            }
        }
        None
    }

    fn decode(&mut self, input: &mut &[u8], max_line: usize) -> Option<Incoming> {
        if self.stage == Stage::New && !input.is_empty() {
            self.stage = Stage::FirstLine;
            if input[0] == TLS_HANDSHAKE {
                return Some(self.fail(WireError::Tls));
            }
        }
        while !input.is_empty() && self.stage != Stage::Over && !self.is_to_pay() {
            let plain = self.plain_prefix(input);
            let (taken, rest) = input.split_at(plain.max(1));
            *input = rest;
            self.since_line_end = self.since_line_end.saturating_add(taken.len());
            let mut item = None;
            if plain > 0 {
                self.extend(taken, max_line);
            } else {
                item = self.special(taken[0], max_line);
            }
            self.has_loss |= self.telnet.is_about_option() && self.length > 0;
            if self.since_line_end >= MAX_WITHOUT_LINE_END {
                self.ready.extend(item.take());
                let error = self.fail(WireError::EndlessLine);
                self.ready.push_back(error);
            }
            if !self.ready.is_empty() {
                self.ready.extend(item);
                return self.ready.pop_front();
            }
            if item.is_some() {
                return item;
            }
        }
        if self.stage == Stage::Over {
            *input = &[];
            return None;
        }
        if input.is_empty() { self.drawing() } else { None }
    }

    /// See [`wire::Decoder::overhead`](crate::wire::Decoder::overhead).
    pub fn overhead(&mut self) -> &mut usize {
        &mut self.overhead
    }

    /// See [`wire::Decoder::finish`](crate::wire::Decoder::finish).
    pub fn finish(&mut self, max_line: usize) -> Option<Incoming> {
        self.signature.end();
        let held = self.ready.pop_front().or_else(|| self.decode_held(max_line));
        held.or_else(|| {
            let has_line = self.length > 0 && !self.has_keyboard();
            let last = has_line.then(|| self.line(max_line));
            self.stage = Stage::Over;
            last
        })
    }

    /// Whether the client is in the middle of the first line that it ever sends.
    pub fn is_in_first_line(&self) -> bool {
        self.stage == Stage::FirstLine && self.length > 0
    }

    /// Takes out the bytes of the half-typed line. The caller must [put them back](Self::put_bytes)
    /// before it uses the decoder again.
    pub fn take_bytes(&mut self) -> Vec<u8> {
        self.beginning = self.line.len();
        let mut bytes = std::mem::take(&mut self.line);
        bytes.extend(std::mem::take(&mut self.end));
        bytes
    }

    /// Undoes [`take_bytes`](Self::take_bytes).
    pub fn put_bytes(&mut self, mut bytes: Vec<u8>) {
        let end = bytes.split_off(self.beginning.min(bytes.len()));
        (self.line, self.end) = (bytes, end.into());
    }

    /// The number of bytes at the front of `input` that are plain text, as far as it looks ahead.
    fn plain_prefix(&self, input: &[u8]) -> usize {
        let input = &input[..input.len().min(LOOK_AHEAD)];
        if !self.telnet.is_data() || self.after_cr || self.has_keyboard() {
            return 0;
        }
        let end = memchr3(b'\n', b'\r', IAC, input).unwrap_or(input.len());
        memchr3(END_OF_TRANSMISSION, BACKSPACE, DELETE, &input[..end]).unwrap_or(end)
    }

    fn extend(&mut self, bytes: &[u8], max_line: usize) {
        let is_first = self.stage != Stage::Later;
        let most = if is_first { max_line.max(BEGINNING) } else { max_line };
        let is_whole = self.length == self.line.len();
        let room = if is_whole { most.saturating_sub(self.line.len()).min(bytes.len()) } else { 0 };
        let (beginning, rest) = bytes.split_at(room);
        self.line.extend_from_slice(beginning);
        if is_first {
            self.extend_end(rest);
        }
        self.length = self.length.saturating_add(bytes.len());
    }

    fn extend_end(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(END)..];
        let surplus = (self.end.len() + bytes.len()).saturating_sub(END);
        self.end.drain(..surplus);
        self.end.extend(bytes);
    }

    /// Whether the kept ends of the line look like an HTTP request.
    fn is_http(&mut self) -> bool {
        let kept = Text::new([&*self.line, &*self.end.make_contiguous()].concat());
        if self.line.len() + self.end.len() < self.length {
            could_be_http_request(kept.as_str())
        } else {
            is_http_request(kept.as_str())
        }
    }

    /// Decodes a byte that may be part of a command, or end or edit the line.
    #[inline(never)]
    fn special(&mut self, byte: u8, max_line: usize) -> Option<Incoming> {
        let (before, items) = (self.length, self.ready.len());
        let is_of_line_end = self.after_cr && self.telnet.is_data() && matches!(byte, b'\n' | 0);
        let item = self.telnet.push(byte).and_then(|token| self.token(token, max_line));
        let is_said = |item: &Incoming| !matches!(item, Incoming::SpeaksTelnet | Incoming::Draw(_));
        let has_item = item.is_some() || self.ready.iter().skip(items).any(is_said);
        if !has_item && self.length <= before && !is_of_line_end {
            self.overhead += 1;
        }
        item
    }

    fn token(&mut self, token: Token, max_line: usize) -> Option<Incoming> {
        if !self.is_telnet && token.is_command() {
            self.is_telnet = true;
            self.ready.push_back(Incoming::SpeaksTelnet);
        }
        match token {
            Token::Data(byte) if self.has_keyboard() => self.key_byte(byte, max_line),
            Token::Data(byte) => return self.data(byte, max_line),
            Token::Option(verb, option) => self.negotiate(verb, option),
            Token::Parameter(byte) => {
                self.editing.iter_mut().for_each(|editing| editing.add_parameter(byte));
            }
            Token::ParametersEnd => {
                if let Some(editing) = &mut self.editing {
                    editing.end_parameters(&mut self.ready);
                }
            }
            // Some clients send it for days as a keep-alive, so it does not count.
            Token::KeepAlive => self.since_line_end -= KEEP_ALIVE_LENGTH.min(self.since_line_end),
            Token::AreYouThere => return Some(Incoming::Ping),
            Token::EndOfFile => return Some(self.quit(max_line)),
            Token::Interrupt | Token::EraseLine => self.clear(),
            Token::EraseCharacter if self.has_keyboard() => self.press(Key::Backspace, max_line),
            Token::EraseCharacter => self.erase_character(),
            Token::Meaningless => self.has_loss |= self.length > 0,
            Token::MeaninglessBefore(byte) if self.has_keyboard() => self.key_byte(byte, max_line),
            Token::MeaninglessBefore(byte) => {
                self.has_loss = true;
                return self.data(byte, max_line);
            }
        }
        None
    }

    fn data(&mut self, byte: u8, max_line: usize) -> Option<Incoming> {
        let after_cr = std::mem::take(&mut self.after_cr);
        match byte {
            b'\n' | 0 if after_cr => None,
            b'\n' => self.end_line(true, max_line),
            b'\r' => {
                self.after_cr = true;
                self.end_line(false, max_line)
            }
            END_OF_TRANSMISSION if self.length == 0 => Some(self.quit(max_line)),
            END_OF_TRANSMISSION => {
                self.has_loss = true;
                None
            }
            BACKSPACE | DELETE => {
                self.erase_character();
                None
            }
            _ => {
                self.extend(&[byte], max_line);
                None
            }
        }
    }

    fn end_line(&mut self, bare_line_feed: bool, max_line: usize) -> Option<Incoming> {
        let first = self.stage == Stage::FirstLine;
        let line = self.line(max_line);
        self.since_line_end = 0;
        if first && bare_line_feed && self.stage != Stage::Over {
            self.ready.push_back(Incoming::BareLineFeeds);
        }
        match line {
            Incoming::Line(line) => self.say(line),
            other => self.ready.push_back(other),
        }
        None
    }

    /// Ends the half-typed line.
    fn line(&mut self, max_line: usize) -> Incoming {
        if self.stage == Stage::FirstLine && self.is_http() {
            return self.fail(WireError::Http);
        }
        if self.stage == Stage::FirstLine && is_irc_opening(&self.line) {
            return self.fail(WireError::Irc);
        }
        if self.stage == Stage::FirstLine && proxy::is_header_line(&self.line) {
            return self.fail(WireError::Proxy);
        }
        self.stage = Stage::Later;
        // A reload may have raised the limit after part of the line was dropped.
        let line = if self.length > max_line.min(self.line.len()) {
            Incoming::TooLong { bytes: self.length, limit: max_line }
        } else {
            let line = Line::new(&self.line);
            Incoming::Line(if self.has_loss { line.with_loss() } else { line })
        };
        self.clear();
        line
    }

    fn quit(&mut self, max_line: usize) -> Incoming {
        let has_line = self.length > 0 && !self.has_keyboard();
        let last = has_line.then(|| self.line(max_line));
        self.stage = Stage::Over;
        match last {
            Some(error @ Incoming::Error(_)) => error,
            last => {
                self.ready.extend(last);
                Incoming::Quit
            }
        }
    }

    fn fail(&mut self, error: WireError) -> Incoming {
        self.clear();
        self.stage = Stage::Over;
        Incoming::Error(error)
    }

    fn clear(&mut self) {
        self.editing.iter_mut().for_each(|editing| editing.clear());
        self.line.clear();
        self.line.shrink_to(KEPT_CAPACITY);
        self.end = VecDeque::new();
        self.length = 0;
        self.has_loss = false;
    }

    /// Removes the last character, with all of its UTF-8 bytes.
    fn erase_character(&mut self) {
        if self.end.is_empty() && self.length > self.line.len() {
            self.length -= 1;
            return;
        }
        let end = self.end.make_contiguous();
        let erased = editing::last_character(if end.is_empty() { &self.line } else { end });
        match self.end.len().checked_sub(erased) {
            Some(left) => self.end.truncate(left),
            None => self.line.truncate(self.line.len() - erased),
        }
        self.length -= erased;
        if self.length == 0 {
            self.clear();
        }
    }
}

#[cfg(test)]
mod tests;
