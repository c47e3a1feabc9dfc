//! The index for full-text search: which words of a line it holds, and how they get in and out.
//!
//! FTS5 (unicode61) splits words at blanks. Chinese, Japanese, Thai and similar scripts have none,
//! and Korean words carry their particles, so the index holds each of their characters as a word of
//! its own, and a search looks for a phrase of characters.
//!
//! macOS writes é and 한 as several characters (Unicode NFD), most others as one (NFC); the index
//! holds NFC.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use rusqlite::{Connection, Result, Statement, params};

/// Builds the index of all lines.
pub(crate) fn fill(connection: &Connection) -> Result<()> {
    let mut lines = connection.prepare("SELECT id, body FROM msg")?;
    let mut lines = lines.query([])?;
    let mut add = adding(connection)?;
    while let Some(line) = lines.next()? {
        // A row that another program wrote may have no text.
        let body = line.get_ref(1)?.as_str().unwrap_or_default();
        add.execute(params![line.get::<_, i64>(0)?, words(body)])?;
    }
    Ok(())
}

/// The statement that adds a row; its parameters are the row's id and its [words].
pub(crate) fn adding(connection: &Connection) -> Result<Statement<'_>> {
    connection.prepare("INSERT INTO msg_fts(rowid, body) VALUES(?1, ?2)")
}

/// The statement that removes a row; its parameters have to be those that it was added with,
/// because the index keeps no text (FTS5, contentless tables).
pub(crate) fn removing(connection: &Connection) -> Result<Statement<'_>> {
    let sql = "INSERT INTO msg_fts(msg_fts, rowid, body) VALUES('delete', ?1, ?2)";
    connection.prepare(sql)
}

/// `text` as the index gets it: in NFC, with blanks around each character of scripts that have
/// none.
pub(crate) fn words(text: &str) -> Cow<'_, str> {
    let text = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    if text.chars().all(|c| letter(c).is_none()) {
        return text;
    }
    let mut words = String::with_capacity(2 * text.len());
    for c in text.chars() {
        match letter(c) {
            Some(letter) => words.extend([' ', letter, ' ']),
            None => words.push(c),
        }
    }
    words.into()
}

/// The character that the index holds for `c`, if `c` is a word of its own. unicode61 drops vowel
/// signs and tone marks but not private-use characters, so those stand in for them.
fn letter(c: char) -> Option<char> {
    let private = |first: u32, place: u32| char::from_u32(place + (u32::from(c) - first));
    match c {
        // Thai, Lao, Tibetan, Burmese.
        '\u{0E00}'..='\u{109F}' => private(0x0E00, 0xE000),
        // Khmer.
        '\u{1780}'..='\u{17FF}' => private(0x1780, 0xE300),
        // Hangul.
        '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{A960}'..='\u{A97F}' => Some(c),
        '\u{AC00}'..='\u{D7FF}' | '\u{FFA0}'..='\u{FFDC}' => Some(c),
        // Han and its radicals.
        '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' => Some(c),
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' => Some(c),
        '\u{20000}'..='\u{3FFFF}' => Some(c),
        // Kana and Bopomofo.
        '\u{3031}'..='\u{3035}' | '\u{3040}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}' => Some(c),
        '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9F}' | '\u{1B000}'..='\u{1B16F}' => Some(c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_without_blanks_are_taken_apart() {
        for text in ["the deploy is done", "Grüße", "привет мир", "שלום", "é", "✔ 👍🏽", ""]
        {
            assert_eq!(words(text), text);
        }
        assert_eq!(words("v2东京ok"), "v2 东  京 ok");
        assert_eq!(words("한국어를"), " 한  국  어  를 ");
        assert_eq!(words("ดี"), " \u{e014}  \u{e035} ");
    }

    #[test]
    fn decomposed_text_is_composed() {
        assert_eq!(words("\u{1112}\u{1161}\u{11AB}"), words("한"));
        assert_eq!(words("\u{30AB}\u{3099}"), words("ガ"));
        assert_eq!(words("e\u{301}"), "é");
    }
}
