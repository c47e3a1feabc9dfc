//! `Line`: builds one line to a client.

use std::fmt::{Display, Write};

/// The longest line without tags and without its line end, in bytes.
pub const MAX_BODY: usize = 510;

/// One line to a client. Whatever text it is given, it stays one line, with the parameters that it
/// was given: `push` is the only way into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    tags: String,
    body: String,
}

impl Line {
    /// A line from `source`, with a command or numeric.
    pub fn new(source: impl Display, command: impl Display) -> Self {
        let mut line = Self { tags: String::new(), body: String::with_capacity(96) };
        line.body.push(':');
        line.push(&source.to_string(), false);
        line.param(command)
    }

    /// A line without a source.
    pub fn bare(command: &str) -> Self {
        let mut line = Self { tags: String::new(), body: String::with_capacity(32) };
        line.push(command, false);
        line
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push(if self.tags.is_empty() { '@' } else { ';' });
        self.tags.extend(key.chars().filter(|c| !c.is_control() && !"=; ".contains(*c)));
        if !value.is_empty() {
            self.tags.push('=');
            escape(value, &mut self.tags);
        }
        self
    }

    /// Adds a parameter in the middle. One that cannot stand there is cut at a blank; without
    /// anything left it is `*`.
    #[must_use]
    pub fn param(mut self, text: impl Display) -> Self {
        self.body.push(' ');
        self.push_display(text, false);
        self
    }

    /// Adds the last parameter, which may be empty and have blanks.
    #[must_use]
    pub fn last(mut self, text: impl Display) -> Self {
        self.body.push_str(" :");
        self.push_display(text, true);
        self
    }

    fn push_display(&mut self, text: impl Display, is_last: bool) {
        let mut written = String::new();
        // Writing to a String cannot fail.
        let _ = write!(written, "{text}");
        self.push(&written, is_last);
    }

    /// Appends one parameter: never a CR, LF or NUL, and no blank or leading colon in the middle.
    fn push(&mut self, text: &str, is_last: bool) {
        let kept = |c: &char| !matches!(c, '\r' | '\n' | '\0');
        if is_last {
            return self.body.extend(text.chars().filter(kept));
        }
        let start = self.body.len();
        let words = text.trim_start_matches([' ', ':', '\r', '\n', '\0']);
        self.body.extend(words.chars().filter(kept).take_while(|c| *c != ' '));
        if self.body.len() == start {
            self.body.push('*');
        }
    }

    /// The tags with their mark, without the blank after them.
    pub(super) fn tags(&self) -> &str {
        &self.tags
    }

    /// The length without tags and line end, in bytes.
    pub fn body_len(&self) -> usize {
        self.body.len()
    }

    /// Appends the line and its end to `out`; what exceeds [`MAX_BODY`] is cut at a character.
    pub fn end(&self, out: &mut Vec<u8>) {
        if !self.tags.is_empty() {
            out.extend_from_slice(self.tags.as_bytes());
            out.push(b' ');
        }
        let end = floor_char_boundary(&self.body, MAX_BODY);
        out.extend_from_slice(&self.body.as_bytes()[..end]);
        out.extend_from_slice(b"\r\n");
    }
}

/// IRCv3, message tags: "Escaping values".
fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            ';' => out.push_str("\\:"),
            ' ' => out.push_str("\\s"),
            '\\' => out.push_str("\\\\"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\0' => {}
            other => out.push(other),
        }
    }
}

/// Cuts `text` into pieces of at most `room` bytes, at a blank if the piece has one in its second
/// half, else at a character. The blank at a cut is dropped.
pub fn pieces(text: &str, room: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        if text.len() <= room {
            return Some(text);
        }
        let end = floor_char_boundary(text, room);
        // A character that does not fit is a piece of its own.
        let end = if end == 0 { text.chars().next().map_or(0, char::len_utf8) } else { end };
        let blank = text[..end + 1 - usize::from(!text.is_char_boundary(end + 1))].rfind(' ');
        let (piece, others) = match blank.filter(|at| *at > end / 2) {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => text.split_at(end),
        };
        rest = Some(others).filter(|others| !others.is_empty());
        Some(piece)
    })
}

/// The last boundary between characters that is not after `most`.
fn floor_char_boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::irc::request::Request;
    use proptest::prelude::*;

    fn sent(line: &Line) -> String {
        let mut out = Vec::new();
        line.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_has_its_tags_source_command_and_parameters() {
        let line = Line::new("a!~b@c", "PRIVMSG").param("#dev").last("hi :) ");
        assert_eq!(sent(&line), ":a!~b@c PRIVMSG #dev :hi :) \r\n");
        let line = line.tag("time", "t").tag("x", "a; b\\\r\n");
        assert_eq!(sent(&line), "@time=t;x=a\\:\\sb\\\\\\r\\n :a!~b@c PRIVMSG #dev :hi :) \r\n");
        assert_eq!(sent(&Line::bare("PING").last("")), "PING :\r\n");
    }

    #[test]
    fn what_exceeds_the_limit_is_cut_at_a_character_and_tags_do_not_count() {
        let line = Line::bare("X").last("é".repeat(300)).tag("t", &"y".repeat(600));
        let sent = sent(&line);
        let (tags, body) = sent.split_once(' ').unwrap();
        assert!(tags.len() > 600 && body.len() <= 512 && body.len() > 508, "{}", body.len());
    }

    proptest! {
        #[test]
        fn whatever_is_pushed_stays_one_line_with_its_parameters(
            tag in any::<String>(), middle in any::<String>(), last in "\\PC{0,80}[\r\n\0 :]{0,9}",
        ) {
            let line = Line::new("src", "CMD").tag("t", &tag).param(&middle).last(&last);
            let sent = sent(&line);
            let inside = sent.strip_suffix("\r\n").unwrap();
            prop_assert!(!inside.contains(['\r', '\n', '\0']));
            let request = Request::parse(inside);
            prop_assert_eq!(request.command, "CMD");
            prop_assert_eq!(request.params.len(), 2);
            prop_assert_eq!(&request.params[1], &last.replace(['\r', '\n', '\0'], ""));
            prop_assert!(!request.params[0].is_empty() && !request.params[0].contains(' '));
        }

        #[test]
        fn pieces_fit_and_lose_nothing_but_blanks_at_cuts(
            text in "[a-cé語 ]{1,300}", room in 4_usize..60,
        ) {
            let cut: Vec<_> = pieces(&text, room).collect();
            prop_assert!(cut.iter().all(|piece| piece.len() <= room));
            let glued: String = cut.concat();
            prop_assert_eq!(glued.replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_blank_or_else_at_a_character() {
        assert_eq!(pieces("hello", 5).collect::<Vec<_>>(), ["hello"]);
        assert_eq!(pieces("hello world", 8).collect::<Vec<_>>(), ["hello", "world"]);
        assert_eq!(pieces("hello world", 5).collect::<Vec<_>>(), ["hello", "world"]);
        assert_eq!(pieces("ééé", 3).collect::<Vec<_>>(), ["é", "é", "é"]);
        assert_eq!(pieces("", 9).collect::<Vec<_>>(), [""]);
    }
}
