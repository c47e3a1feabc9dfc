//! `Filter`: which characters of a line are kept.

use super::property::{is_emoji, is_ignorable, is_mark, is_narrow, may_be_joined};

/// Most combining marks in a row; more would cover the lines above and below.
const MAX_MARKS: usize = 4;
/// VARIATION SELECTOR-16: asks for the coloured form of the emoji before it.
const EMOJI_VARIATION: char = '\u{FE0F}';
/// Ends an emoji tag sequence (UTS #51, ED-14a), such as the flag of Scotland.
const TAG_END: char = '\u{E007F}';
/// Tag characters in a sequence, including its end; existing flags have at most seven.
const MAX_TAGS: usize = 32;

/// The text kept so far, and the state that decides about the next character.
pub(super) struct Filter {
    kept: String,
    last: Option<char>,
    marks: usize,
    /// Whether the character before was kept.
    was_kept: bool,
    /// The filter last changed something before this offset in `kept`.
    changed: usize,
}

impl Filter {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        let kept = String::with_capacity(bytes);
        Self { kept, last: None, marks: 0, was_kept: false, changed: 0 }
    }

    /// The kept text, and the offset in it before which the filter changed something; 0 if nothing.
    pub(super) fn finish(self) -> (String, usize) {
        (self.kept, self.changed)
    }

    /// Takes bytes, which need not be UTF-8.
    pub(super) fn push_bytes(&mut self, raw: &[u8]) {
        for chunk in raw.utf8_chunks() {
            self.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                self.replace(char::REPLACEMENT_CHARACTER);
            }
        }
    }

    fn push_str(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match tags(c, chars.as_str()).filter(|_| self.may_be_tagged()) {
                Some((tags, rest)) => {
                    self.keep_narrow(c);
                    tags.chars().for_each(|tag| self.keep_narrow(tag));
                    chars = rest.chars();
                }
                None => self.push(c),
            }
        }
    }

    fn push(&mut self, c: char) {
        match c {
            '\t' => self.replace(' '),
            ' '..='~' => self.keep(c),
            EMOJI_VARIATION => self.keep_narrow(c),
            '\u{200C}' | '\u{200D}' if self.last.is_some_and(may_be_joined) => self.keep_narrow(c),
            _ if is_dangerous(c) => self.drop_one(),
            _ if is_mark(c) && self.marks == MAX_MARKS => self.drop_one(),
            _ if is_mark(c) => {
                self.marks += 1;
                self.keep_narrow(c);
            }
            _ if is_narrow(c) => self.keep_narrow(c),
            _ => self.keep(c),
        }
    }

    fn keep(&mut self, c: char) {
        self.marks = 0;
        self.keep_narrow(c);
    }

    /// Keeps a zero-width character; it does not end a row of marks.
    fn keep_narrow(&mut self, c: char) {
        self.kept.push(c);
        self.last = Some(c);
        self.was_kept = true;
    }

    /// Keeps `c` in place of what was sent.
    fn replace(&mut self, c: char) {
        self.keep(c);
        self.changed = self.kept.len();
    }

    fn drop_one(&mut self) {
        self.was_kept = false;
        self.changed = self.kept.len() + 1;
    }

    /// Whether the kept text ends with a base of an emoji tag sequence: an emoji, perhaps with a
    /// modifier, which is an emoji as well, or with a variation selector.
    fn may_be_tagged(&self) -> bool {
        let mut before = self.kept.chars().rev().skip_while(|&c| c == EMOJI_VARIATION);
        self.was_kept && before.next().is_some_and(is_emoji)
    }
}

/// The tags after the tag `first`, up to the end of their sequence, and the text after them.
fn tags(first: char, behind: &str) -> Option<(&str, &str)> {
    if !is_tag(first) {
        return None;
    }
    let (place, _) = behind.char_indices().take(MAX_TAGS - 1).find(|&(_, c)| !is_tag(c))?;
    let rest = behind[place..].strip_prefix(TAG_END)?;
    let (tags, _) = behind.split_at(behind.len() - rest.len());
    Some((tags, rest))
}

/// Whether `c` is a tag character that spells the meaning of an emoji tag sequence.
fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..='\u{E007E}')
}

/// Controls, line separators, bidirectional controls, and invisible characters.
pub(super) fn is_dangerous(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_ignorable(c)
}
