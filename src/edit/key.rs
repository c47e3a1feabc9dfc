//! `Key`: one key that the user pressed.

/// A key, with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character that is typed.
    Char(char),
    /// Ctrl and a letter, which is lower case.
    Control(char),
    /// Alt and a character.
    Alt(char),
    /// The end of the line.
    Enter,
    /// Completion.
    Tab,
    /// Erases the character before the cursor.
    Backspace,
    /// Erases the word before the cursor.
    WordBackspace,
    /// Erases the character at the cursor.
    Delete,
    /// To the character before.
    Left,
    /// To the character after.
    Right,
    /// To the beginning of the word.
    WordLeft,
    /// To the end of the word.
    WordRight,
    /// To the beginning of the line.
    Home,
    /// To the end of the line.
    End,
    /// The earlier line.
    Up,
    /// The later line.
    Down,
}

/// The keys that would type a pasted text. Its line ends are those of any system.
pub fn pasted(text: &str) -> impl Iterator<Item = Key> {
    let mut is_after_cr = false;
    text.chars().filter_map(move |c| {
        let is_line_feed = c == '\n' && is_after_cr;
        is_after_cr = c == '\r';
        if is_line_feed { None } else { pasted_key(c) }
    })
}

/// The key for one character of a pasted text: control characters would act as keys.
pub(super) fn pasted_key(c: char) -> Option<Key> {
    match c {
        '\r' | '\n' => Some(Key::Enter),
        '\t' => Some(Key::Char(' ')),
        c => (!c.is_control()).then_some(Key::Char(c)),
    }
}
