//! The line that the user is typing, and what each key does to it. Knows no terminal.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::complete;
use super::complete::Completion;
use super::key::Key;
use super::names::Names;
use super::recall::Recall;
use super::secret::password;
use crate::text::{Text, is_blank};

/// The longest line, in bytes; what does not fit is dropped.
const MAX_LINE: usize = 64 * 1024;

/// The line, the cursor, and the lines typed or text cut before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Editor {
    text: String,
    /// Position of the cursor, in bytes.
    cursor: usize,
    cut: String,
    recall: Recall,
}

/// What a key means outside the line.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The line is complete: [`Editor::take`] it.
    Enter,
    /// Show these candidates for completion.
    Candidates(Vec<String>),
    /// Clear the screen (Ctrl-L).
    Clear,
    /// Interrupt (Ctrl-C).
    Interrupt,
    /// End of input (Ctrl-D in an empty line).
    End,
}

impl Editor {
    /// An editor with this half-typed line.
    pub fn new(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    /// The line, and the position of the cursor in bytes.
    pub fn line(&self) -> (&str, usize) {
        (&self.text, self.cursor)
    }

    /// Whether the cursor is at a character of the line, as it always is unless a snapshot is damaged.
    pub fn is_consistent(&self) -> bool {
        self.text.is_char_boundary(self.cursor)
    }

    /// Applies a key to the line.
    pub fn press(&mut self, key: Key, names: &Names) -> Option<Outcome> {
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Control(c) => return self.press_control(c),
            Key::Alt(c) => self.press_alt(c),
            Key::Enter => return Some(Outcome::Enter),
            Key::Tab => return self.complete(names),
            Key::WordBackspace => self.delete(self.word_before()),
            Key::Backspace => self.delete(self.before()),
            Key::Delete => self.delete(self.after()),
            Key::Left => self.cursor = self.before(),
            Key::Right => self.cursor = self.after(),
            Key::WordLeft => self.cursor = self.word_before(),
            Key::WordRight => self.cursor = self.word_after(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::Up => self.go_back(),
            Key::Down => self.go_on(),
        }
        None
    }

    /// Takes the line, and remembers it for the arrow keys unless it is blank or has a password.
    pub fn take(&mut self) -> String {
        let line = self.clear();
        if !is_blank(&line) && password(Text::new(&line).as_str()).is_none() {
            self.recall.add(&line);
        }
        line
    }

    /// Takes the line, and does not remember it.
    pub fn clear(&mut self) -> String {
        self.cursor = 0;
        self.recall.end();
        std::mem::take(&mut self.text)
    }

    /// Replaces the text before the cursor.
    pub fn replace_before(&mut self, text: &str) {
        self.text.drain(..self.cursor);
        self.cursor = 0;
        self.insert(text);
    }

    /// Remembers a line that was not typed here, for the arrow keys.
    pub fn remember(&mut self, line: &str) {
        if password(Text::new(line).as_str()).is_none() {
            self.recall.add(line);
        }
    }

    fn press_control(&mut self, c: char) -> Option<Outcome> {
        match c.to_ascii_lowercase() {
            'a' => self.cursor = 0,
            'b' => self.cursor = self.before(),
            'c' => return Some(Outcome::Interrupt),
            'd' if self.text.is_empty() => return Some(Outcome::End),
            'd' => self.delete(self.after()),
            'e' => self.cursor = self.text.len(),
            'f' => self.cursor = self.after(),
            'h' => self.delete(self.before()),
            'j' | 'm' => return Some(Outcome::Enter),
            'k' => self.cut(self.text.len()),
            'l' => return Some(Outcome::Clear),
            'n' => self.go_on(),
            'p' => self.go_back(),
            'u' => self.cut(0),
            'w' => self.cut(self.word_before()),
            'y' => self.insert(&self.cut.clone()),
            _ => {}
        }
        None
    }

    fn press_alt(&mut self, c: char) {
        match c.to_ascii_lowercase() {
            'b' => self.cursor = self.word_before(),
            'f' => self.cursor = self.word_after(),
            'd' => self.cut(self.word_after()),
            _ => {}
        }
    }

    fn complete(&mut self, names: &Names) -> Option<Outcome> {
        let Completion { start, common, candidates } =
            complete::complete(&self.text[..self.cursor], names);
        if common.len() > self.cursor - start || candidates.len() == 1 {
            self.text.replace_range(start..self.cursor, &common);
            self.cursor = start + common.len();
        }
        (candidates.len() > 1).then_some(Outcome::Candidates(candidates))
    }

    fn go_back(&mut self) {
        if let Some(line) = self.recall.back(&self.text) {
            self.set(line);
        }
    }

    fn go_on(&mut self) {
        if let Some(line) = self.recall.forward() {
            self.set(line);
        }
    }

    fn set(&mut self, line: String) {
        self.cursor = line.len();
        self.text = line;
    }

    /// Inserts text without control characters, which would act on the terminal.
    fn insert(&mut self, text: &str) {
        let mut shown: String = text.chars().filter(|c| !c.is_control()).collect();
        if self.text.len() + shown.len() > MAX_LINE {
            let room = MAX_LINE - self.text.len().min(MAX_LINE);
            let end = (0..=room).rfind(|&end| shown.is_char_boundary(end));
            shown.truncate(end.unwrap_or(0));
        }
        self.text.insert_str(self.cursor, &shown);
        self.cursor += shown.len();
    }

    /// Deletes the text between the cursor and `place`.
    fn delete(&mut self, place: usize) {
        let (start, end) = (place.min(self.cursor), place.max(self.cursor));
        self.text.drain(start..end);
        self.cursor = start;
    }

    /// Deletes the text between the cursor and `place`, and keeps it for Ctrl-Y.
    fn cut(&mut self, place: usize) {
        let (start, end) = (place.min(self.cursor), place.max(self.cursor));
        self.text[start..end].clone_into(&mut self.cut);
        self.delete(place);
    }

    /// The position one grapheme before the cursor.
    fn before(&self) -> usize {
        let last = self.text[..self.cursor].grapheme_indices(true).next_back();
        last.map_or(0, |(start, _)| start)
    }

    fn after(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    /// The beginning of the word at or before the cursor.
    fn word_before(&self) -> usize {
        let word = self.text[..self.cursor].trim_end();
        word.rfind(char::is_whitespace).map_or(0, |blank| self.after_char(blank))
    }

    /// The end of the word at or after the cursor.
    fn word_after(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let blanks = rest.len() - rest.trim_start().len();
        let length = rest[blanks..].find(char::is_whitespace).unwrap_or(rest.len() - blanks);
        self.cursor + blanks + length
    }

    fn after_char(&self, place: usize) -> usize {
        place + self.text[place..].chars().next().map_or(0, char::len_utf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The edited line, with `|` as the cursor.
    fn edited(keys: &[Key]) -> String {
        let mut editor = typed("one two");
        keys.iter().for_each(|key| assert_eq!(editor.press(*key, &Names::default()), None));
        shown(&editor)
    }

    fn typed(text: &str) -> Editor {
        let mut editor = Editor::default();
        text.chars().for_each(|c| assert_eq!(press(&mut editor, Key::Char(c)), None));
        editor
    }

    fn shown(editor: &Editor) -> String {
        let (text, cursor) = editor.line();
        format!("{}|{}", &text[..cursor], &text[cursor..])
    }

    fn press(editor: &mut Editor, key: Key) -> Option<Outcome> {
        editor.press(key, &Names::default())
    }

    #[test]
    fn the_cursor_moves_and_text_goes_where_it_is() {
        let (left, right) = (Key::Left, Key::Right);
        let x = Key::Char('x');
        assert_eq!(edited(&[left, left, x]), "one tx|wo");
        assert_eq!(edited(&[left, right, right, x]), "one twox|");
        assert_eq!(edited(&[Key::Control('a'), left, x]), "x|one two");
        assert_eq!(edited(&[Key::Alt('b'), x]), "one x|two");
        assert_eq!(edited(&[Key::Alt('b'), Key::Alt('b'), Key::Alt('f'), x]), "onex| two");
        assert_eq!(edited(&[Key::Home, Key::End, x]), "one twox|");
    }

    #[test]
    fn text_is_deleted_cut_and_put_back() {
        let backspace = Key::Backspace;
        assert_eq!(edited(&[backspace, Key::Control('h')]), "one t|");
        assert_eq!(edited(&[Key::Control('a'), Key::Control('d'), Key::Delete]), "|e two");
        assert_eq!(edited(&[Key::Control('w')]), "one |");
        assert_eq!(edited(&[Key::Control('w'), Key::Control('a'), Key::Control('y')]), "two|one ");
        assert_eq!(edited(&[Key::Control('u')]), "|");
        assert_eq!(edited(&[Key::Alt('b'), Key::Control('k')]), "one |");
        assert_eq!(edited(&[Key::Control('a'), Key::Alt('d')]), "| two");
        assert_eq!(edited(&[Key::Control('u'), backspace, Key::Delete]), "|");
    }

    #[test]
    fn a_character_is_what_people_take_for_one() {
        let mut editor = typed("añ👨‍👩‍👧e\u{301}");
        for left in ["añ👨‍👩‍👧|", "añ|", "a|", "|"] {
            press(&mut editor, Key::Backspace);
            assert_eq!(shown(&editor), left);
        }
    }

    #[test]
    fn enter_ends_a_line_and_the_arrows_bring_it_back() {
        let mut editor = typed("one");
        assert_eq!(press(&mut editor, Key::Enter), Some(Outcome::Enter));
        assert_eq!(editor.take(), "one");
        assert_eq!(shown(&editor), "|");
        press(&mut editor, Key::Char('x'));
        press(&mut editor, Key::Up);
        assert_eq!(shown(&editor), "one|");
        press(&mut editor, Key::Down);
        assert_eq!(shown(&editor), "x|");
    }

    #[test]
    fn a_tab_completes_as_far_as_it_is_clear() {
        let mut names = Names::default();
        ["<alice> x", "<alina> x"].iter().for_each(|line| names.learn(line));
        let mut editor = typed("hi AL!");
        press(&mut editor, Key::Left);
        let candidates = editor.press(Key::Tab, &names);
        assert_eq!(shown(&editor), "hi ali|!");
        assert_eq!(candidates, Some(Outcome::Candidates(vec!["alice ".into(), "alina ".into()])));
        press(&mut editor, Key::Char('c'));
        assert_eq!(editor.press(Key::Tab, &names), None);
        assert_eq!(shown(&editor), "hi alice |!");
    }

    #[test]
    fn ctrl_d_ends_only_in_an_empty_line_and_ctrl_c_interrupts() {
        let mut editor = typed("x");
        let names = Names::default();
        assert_eq!(editor.press(Key::Control('d'), &names), None);
        assert_eq!(editor.press(Key::Control('c'), &names), Some(Outcome::Interrupt));
        assert_eq!(Editor::default().press(Key::Control('d'), &names), Some(Outcome::End));
    }

    #[test]
    fn passwords_and_blanks_are_not_remembered() {
        let mut editor = Editor::default();
        for line in ["one", "/login al secret", "/register secret", "/login al", " ", ""] {
            editor.insert(line);
            assert_eq!(editor.take(), line);
        }
        let mut earlier = || {
            press(&mut editor, Key::Up);
            editor.line().0.to_owned()
        };
        assert_eq!([earlier(), earlier(), earlier()], ["/login al", "one", "one"]);
    }

    #[test]
    fn no_key_makes_a_line_grow_without_bound() {
        let mut editor = Editor::new(&"é".repeat(MAX_LINE / 2 - 1));
        press(&mut editor, Key::Control('u'));
        (0..3).for_each(|_| assert_eq!(press(&mut editor, Key::Control('y')), None));
        assert_eq!(editor.line(), (&*"é".repeat(MAX_LINE / 2), MAX_LINE));
    }

    proptest! {
        #[test]
        fn the_cursor_stays_between_characters(keys in prop::collection::vec(any_key(), 0..200)) {
            let mut editor = Editor::default();
            for key in keys {
                if press(&mut editor, key) == Some(Outcome::Enter) {
                    editor.take();
                }
                prop_assert!(editor.is_consistent());
            }
        }
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let moves = [
            Key::Enter,
            Key::Tab,
            Key::Backspace,
            Key::WordBackspace,
            Key::Delete,
            Key::Left,
            Key::Right,
            Key::WordLeft,
            Key::WordRight,
            Key::Home,
            Key::End,
            Key::Up,
            Key::Down,
        ];
        prop_oneof![
            prop::sample::select(vec!['a', ' ', 'é', '語', '\u{301}', '👍', '/'])
                .prop_map(Key::Char),
            prop::sample::select(moves.to_vec()),
            prop::char::range('a', 'z').prop_map(Key::Control),
            prop::sample::select(vec!['b', 'd', 'f']).prop_map(Key::Alt),
        ]
    }
}
