//! `Text`: one clean line of text, safe to show on anybody's terminal.
//!
//! All input (typed lines, the MOTD, the server's name) becomes a `Text` before it is used, so that
//! history, logs and every wire share one filter.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

/// Most combining marks in a row; more would cover the lines above and below.
const MAX_MARKS: usize = 4;
/// VARIATION SELECTOR-16: asks for the coloured form of the emoji before it.
const EMOJI_VARIATION: char = '\u{FE0F}';

/// One line without control, bidirectional-override or invisible characters. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Text(Arc<str>);

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl Text {
    /// Cleans `raw`; the only way to make a `Text`.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, TAB becomes a space, and characters that move the
    /// cursor, reorder or hide text are dropped. Idempotent.
    pub fn new(raw: impl AsRef<[u8]>) -> Self {
        let raw = raw.as_ref();
        if raw.iter().all(|byte| matches!(byte, b' '..=b'~'))
            && let Ok(plain) = std::str::from_utf8(raw)
        {
            return Self(plain.into());
        }
        let mut filter = Filter::with_capacity(raw.len());
        for chunk in raw.utf8_chunks() {
            chunk.valid().chars().for_each(|c| filter.push(c));
            if !chunk.invalid().is_empty() {
                filter.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self(filter.kept.into())
    }

    /// The text as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is empty or all white space.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text kept so far, and the state that decides about the next character.
struct Filter {
    kept: String,
    last: Option<char>,
    marks: usize,
}

impl Filter {
    fn with_capacity(bytes: usize) -> Self {
        Self { kept: String::with_capacity(bytes), last: None, marks: 0 }
    }

    fn push(&mut self, c: char) {
        match c {
            '\t' => self.keep(' '),
            ' '..='~' => self.keep(c),
            EMOJI_VARIATION => self.keep_mark(c),
            '\u{200C}' | '\u{200D}' if self.may_join() => self.keep_mark(c),
            '\u{200C}' | '\u{200D}' => {}
            _ if is_dangerous(c) => {}
            _ if is_mark(c) && self.marks == MAX_MARKS => {}
            _ if is_mark(c) => {
                self.marks += 1;
                self.keep_mark(c);
            }
            _ => self.keep(c),
        }
    }

    fn keep(&mut self, c: char) {
        self.marks = 0;
        self.keep_mark(c);
    }

    /// Keeps a zero-width character; it does not end a row of marks.
    fn keep_mark(&mut self, c: char) {
        self.kept.push(c);
        self.last = Some(c);
    }

    /// Whether a zero-width joiner is useful here, as in Indic scripts, Persian and emoji.
    fn may_join(&self) -> bool {
        self.last.is_some_and(|c| {
            !c.is_ascii()
                && (matches!(
                    c.general_category_group(),
                    GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
                ) || c.is_emoji_char())
        })
    }
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Controls, line separators, bidirectional controls, and invisible characters.
fn is_dangerous(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{61C}'
            | '\u{200B}'
            | '\u{200E}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(raw: &str) -> String {
        Text::new(raw).to_string()
    }

    #[test]
    fn plain_text_of_any_language_is_untouched() {
        for line in ["hello, world", "Grüße", "日本語", "שלום", "👍🏽 👨‍👩‍👧 ❤️", "می‌خواهم", "क्‍ष"]
        {
            assert_eq!(clean(line), line);
        }
    }

    #[test]
    fn controls_are_dropped_and_a_tab_becomes_a_space() {
        assert_eq!(clean("a\x1b[31mb\x07\x00c\x7f\u{9b}2Jd\te\r\n"), "a[31mbc2Jd e");
    }

    #[test]
    fn characters_that_reorder_or_hide_are_dropped() {
        let hidden = "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\
                      \u{200e}\u{200f}\u{61c}\u{feff}\u{200b}\u{2028}\u{2029}\u{e0001}\u{e0041}";
        assert_eq!(clean(&format!("a{hidden}b")), "ab");
    }

    #[test]
    fn the_fifth_mark_in_a_row_is_dropped_whatever_invisible_stands_between() {
        assert_eq!(
            clean("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}x"),
            "e\u{301}\u{301}\u{301}\u{301}x"
        );
        assert_eq!(clean(&format!("e{0}\u{200b}{0}", "\u{301}\u{302}\u{303}")).chars().count(), 5);
        let variation = "e\u{301}\u{301}\u{fe0f}\u{301}\u{301}\u{fe0f}\u{301}";
        assert_eq!(clean(variation), "e\u{301}\u{301}\u{fe0f}\u{301}\u{301}\u{fe0f}");
    }

    #[test]
    fn joiners_stay_only_where_a_script_or_an_emoji_needs_them() {
        assert_eq!(clean("a\u{200d}b1\u{200c}2\u{200d}"), "ab12");
        assert_eq!(clean("\u{200d}क\u{200d}\u{200d}"), "क\u{200d}");
    }

    #[test]
    fn bytes_that_are_not_utf8_become_replacement_characters() {
        assert_eq!(Text::new(b"caf\xe9 \xff\xfe").as_str(), "caf\u{fffd} \u{fffd}\u{fffd}");
    }

    proptest! {
        #[test]
        fn filtering_twice_changes_nothing(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let once = Text::new(&raw);
            prop_assert_eq!(Text::new(once.as_str()), once);
        }

        #[test]
        fn nothing_dangerous_ever_stays(raw in ".*") {
            prop_assert!(!clean(&raw).chars().any(is_dangerous));
        }
    }
}
