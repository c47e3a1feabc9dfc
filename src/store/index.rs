//! The index for full-text search: what is in it of a line, and how it gets in and out.
//!
//! FTS5 (unicode61) takes what stands between blanks for a word. Chinese, Japanese, Thai and the
//! like have none, and Korean words carry their particles, so that each of their characters goes
//! into the index as a word of its own; what is searched for is then a phrase of them.

use std::borrow::Cow;

use rusqlite::{Connection, Result, Statement, params};

/// Makes the index of all lines anew.
pub(crate) fn fill(connection: &Connection) -> Result<()> {
    let mut lines = connection.prepare("SELECT id, body FROM msg")?;
    let mut lines = lines.query([])?;
    let mut add = adding(connection)?;
    while let Some(line) = lines.next()? {
        // A row that somebody else wrote may have no text.
        let body = line.get_ref(1)?.as_str().unwrap_or_default();
        add.execute(params![line.get::<_, i64>(0)?, words(body)])?;
    }
    Ok(())
}

/// Takes a row's number and its [words].
pub(crate) fn adding(connection: &Connection) -> Result<Statement<'_>> {
    connection.prepare("INSERT INTO msg_fts(rowid, body) VALUES(?1, ?2)")
}

/// Takes the same, exactly as they went in, because the index has no text of its own.
pub(crate) fn removing(connection: &Connection) -> Result<Statement<'_>> {
    let sql = "INSERT INTO msg_fts(msg_fts, rowid, body) VALUES('delete', ?1, ?2)";
    connection.prepare(sql)
}

/// What the index is given of `text`: the same with blanks around each character of scripts that
/// have none.
pub(crate) fn words(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| letter(c).is_none()) {
        return text.into();
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

/// What stands for a character that is a word of its own in the index. To unicode61 vowel signs and
/// tone marks are no part of any word; characters for private use, which stand for those, are.
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
}
