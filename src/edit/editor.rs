//! The line that the user is typing, and what each key does to it. Knows no terminal.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::complete;
use super::complete::Completion;
use super::key::Key;
use super::names::Names;
use super::recall::Recall;
use super::secret::has_secret;
use super::undo::{Change, Undo};
use crate::text::is_blank;

/// The longest line, in bytes; what does not fit is dropped.
const MAX_LINE: usize = 64 * 1024;
/// The longest text that is searched for, in bytes; what does not fit is dropped.
const MAX_SEARCH: usize = 256;

/// The line, the cursor, and the lines typed or text cut before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Editor {
    text: String,
    /// Position of the cursor, in bytes.
    cursor: usize,
    cut: String,
    recall: Recall,
    /// The search through earlier lines (Ctrl-R), while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    search: Option<Search>,
    #[serde(skip)]
    undo: Undo,
    /// Whether Ctrl-X came before.
    #[serde(skip)]
    after_x: bool,
}

/// A search through earlier lines; the line shows what was found.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Search {
    text: String,
    /// How far back the line is that is shown; 0 if none was found.
    back: usize,
    /// The line before the search.
    draft: String,
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
        if self.search(key) {
            return None;
        }
        if std::mem::take(&mut self.after_x) && key == Key::Control('u') {
            self.undo();
            return None;
        }
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
        if !is_blank(&line) && !has_secret(&line) {
            self.recall.add(&line);
        }
        line
    }

    /// Takes the line, and does not remember it.
    pub fn clear(&mut self) -> String {
        self.cursor = 0;
        self.search = None;
        self.undo.clear();
        self.recall.end();
        std::mem::take(&mut self.text)
    }

    /// Ends a search; the line is what was found.
    pub fn end_search(&mut self) {
        self.search = None;
    }

    /// Replaces the text before the cursor.
    pub fn replace_before(&mut self, text: &str) {
        self.delete(0);
        self.insert(text);
        self.undo.clear();
    }

    /// Handles a key of a search, or one that begins it; returns whether it was one.
    fn search(&mut self, key: Key) -> bool {
        let Some(mut search) = self.search.take() else {
            if key == Key::Control('r') {
                self.search = Some(Search { draft: self.text.clone(), ..Search::default() });
            }
            return key == Key::Control('r');
        };
        let skipped = match key {
            Key::Control('r') => search.back,
            Key::Char(_) if search.text.len() >= MAX_SEARCH => {
                self.search = Some(search);
                return true;
            }
            Key::Char(c) => {
                search.text.push(c);
                0
            }
            Key::Backspace | Key::Control('h') => {
                search.text.pop();
                0
            }
            Key::Control('g' | 'c') => {
                self.set(&search.draft);
                return true;
            }
            _ => return false,
        };
        if let Some((back, line)) = self.recall.find(&search.text, skipped) {
            let line = line.to_owned();
            search.back = back;
            self.set(&line);
        }
        self.search = Some(search);
        true
    }

    /// Remembers a line that was not typed here, for the arrow keys.
    pub fn remember(&mut self, line: &str) {
        if !has_secret(line) {
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
            'x' => self.after_x = true,
            'y' => self.insert(&self.cut.clone()),
            '_' => self.undo(),
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
            self.replace(start..self.cursor, &common);
        }
        (candidates.len() > 1).then_some(Outcome::Candidates(candidates))
    }

    fn go_back(&mut self) {
        if let Some(line) = self.recall.back(&self.text) {
            self.set(&line);
        }
    }

    fn go_on(&mut self) {
        if let Some(line) = self.recall.forward() {
            self.set(&line);
        }
    }

    fn set(&mut self, line: &str) {
        self.replace(0..self.text.len(), line);
    }

    /// Replaces a part of the line; every change is one of these.
    fn replace(&mut self, range: Range<usize>, new: &str) {
        if range.is_empty() && new.is_empty() {
            return;
        }
        self.undo.note(&self.text, range.clone(), new);
        self.text.replace_range(range.clone(), new);
        self.cursor = range.start + new.len();
    }

    /// Takes the last change back.
    fn undo(&mut self) {
        let Some(Change { start, removed, inserted }) = self.undo.take() else { return };
        self.text.replace_range(start..start + inserted, &removed);
        self.cursor = start + removed.len();
    }

    /// Inserts text without control characters, which would act on the terminal.
    fn insert(&mut self, text: &str) {
        let mut shown: String = text.chars().filter(|c| !c.is_control()).collect();
        if self.text.len() + shown.len() > MAX_LINE {
            let room = MAX_LINE - self.text.len().min(MAX_LINE);
            let end = (0..=room).rfind(|&end| shown.is_char_boundary(end));
            shown.truncate(end.unwrap_or(0));
        }
        self.replace(self.cursor..self.cursor, &shown);
    }

    /// Deletes the text between the cursor and `place`.
    fn delete(&mut self, place: usize) {
        let (start, end) = (place.min(self.cursor), place.max(self.cursor));
        self.replace(start..end, "");
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
mod tests;
