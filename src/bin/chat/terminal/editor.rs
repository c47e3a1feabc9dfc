//! The line that the user is typing, and what each key does to it. Knows no terminal.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

use super::complete;
use super::complete::Completion;
use super::names::Names;
use super::recall::Recall;

/// The line, the cursor, and the lines typed or text cut before.
#[derive(Debug, Default)]
pub(crate) struct Editor {
    text: String,
    /// Position of the cursor, in bytes.
    cursor: usize,
    cut: String,
    recall: Recall,
}

/// What a key means outside the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Enter: this line is complete.
    Line(String),
    /// Show these candidates for completion.
    Candidates(Vec<String>),
    Clear,
    Leave {
        politely: bool,
    },
}

impl Editor {
    /// The line, and the position of the cursor in bytes.
    pub(crate) fn line(&self) -> (&str, usize) {
        (&self.text, self.cursor)
    }

    pub(crate) fn press(&mut self, key: KeyEvent, names: &Names) -> Option<Outcome> {
        let plain = key.modifiers - KeyModifiers::SHIFT;
        // AltGr of some keyboards arrives as Ctrl and Alt.
        let is_text = plain.is_empty() || plain == KeyModifiers::CONTROL | KeyModifiers::ALT;
        match key.code {
            KeyCode::Char(c) if is_text => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Char(c) if plain == KeyModifiers::CONTROL => return self.press_control(c),
            KeyCode::Char(c) if plain == KeyModifiers::ALT => self.press_alt(c),
            KeyCode::Enter => return Some(self.enter()),
            KeyCode::Tab => return self.complete(names),
            KeyCode::Backspace if plain == KeyModifiers::ALT => self.delete(self.word_before()),
            KeyCode::Backspace => self.delete(self.before()),
            KeyCode::Delete => self.delete(self.after()),
            KeyCode::Left if plain.is_empty() => self.cursor = self.before(),
            KeyCode::Right if plain.is_empty() => self.cursor = self.after(),
            KeyCode::Left => self.cursor = self.word_before(),
            KeyCode::Right => self.cursor = self.word_after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Up => self.go_back(),
            KeyCode::Down => self.go_on(),
            _ => {}
        }
        None
    }

    /// Inserts pasted text as if it were typed; returns the lines that it completes.
    pub(crate) fn paste(&mut self, text: &str) -> Vec<Outcome> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', " ");
        let mut lines = text.split('\n');
        self.insert(lines.next().unwrap_or_default());
        let done = lines.map(|line| {
            let done = self.enter();
            self.insert(line);
            done
        });
        done.collect()
    }

    fn press_control(&mut self, c: char) -> Option<Outcome> {
        match c.to_ascii_lowercase() {
            'a' => self.cursor = 0,
            'b' => self.cursor = self.before(),
            'c' => return Some(Outcome::Leave { politely: false }),
            'd' if self.text.is_empty() => return Some(Outcome::Leave { politely: true }),
            'd' => self.delete(self.after()),
            'e' => self.cursor = self.text.len(),
            'f' => self.cursor = self.after(),
            'h' => self.delete(self.before()),
            'j' | 'm' => return Some(self.enter()),
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

    fn enter(&mut self) -> Outcome {
        self.cursor = 0;
        let line = std::mem::take(&mut self.text);
        self.recall.add(&line);
        Outcome::Line(line)
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
        let shown: String = text.chars().filter(|c| !c.is_control()).collect();
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

    /// The edited line, with `|` as the cursor.
    fn edited(keys: &[KeyEvent]) -> String {
        let mut editor = typed("one two");
        keys.iter().for_each(|key| assert_eq!(editor.press(*key, &Names::default()), None));
        shown(&editor)
    }

    fn typed(text: &str) -> Editor {
        let mut editor = Editor::default();
        text.chars().for_each(|c| assert_eq!(press(&mut editor, KeyCode::Char(c)), None));
        editor
    }

    fn shown(editor: &Editor) -> String {
        let (text, cursor) = editor.line();
        format!("{}|{}", &text[..cursor], &text[cursor..])
    }

    fn press(editor: &mut Editor, code: KeyCode) -> Option<Outcome> {
        editor.press(code.into(), &Names::default())
    }

    fn control(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    fn alt(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT)
    }

    #[test]
    fn the_cursor_moves_and_text_goes_where_it_is() {
        let (left, right) = (KeyEvent::from(KeyCode::Left), KeyEvent::from(KeyCode::Right));
        let x = KeyEvent::from(KeyCode::Char('x'));
        assert_eq!(edited(&[left, left, x]), "one tx|wo");
        assert_eq!(edited(&[left, right, right, x]), "one twox|");
        assert_eq!(edited(&[control('a'), left, x]), "x|one two");
        assert_eq!(edited(&[alt('b'), x]), "one x|two");
        assert_eq!(edited(&[alt('b'), alt('b'), alt('f'), x]), "onex| two");
        assert_eq!(edited(&[KeyCode::Home.into(), KeyCode::End.into(), x]), "one twox|");
    }

    #[test]
    fn text_is_deleted_cut_and_put_back() {
        let backspace = KeyEvent::from(KeyCode::Backspace);
        assert_eq!(edited(&[backspace, control('h')]), "one t|");
        assert_eq!(edited(&[control('a'), control('d'), KeyCode::Delete.into()]), "|e two");
        assert_eq!(edited(&[control('w')]), "one |");
        assert_eq!(edited(&[control('w'), control('a'), control('y')]), "two|one ");
        assert_eq!(edited(&[control('u')]), "|");
        assert_eq!(edited(&[alt('b'), control('k')]), "one |");
        assert_eq!(edited(&[control('a'), alt('d')]), "| two");
        assert_eq!(edited(&[control('u'), backspace, KeyCode::Delete.into()]), "|");
    }

    #[test]
    fn a_character_is_what_people_take_for_one() {
        let mut editor = typed("añ👨‍👩‍👧e\u{301}");
        for left in ["añ👨‍👩‍👧|", "añ|", "a|", "|"] {
            press(&mut editor, KeyCode::Backspace);
            assert_eq!(shown(&editor), left);
        }
    }

    #[test]
    fn enter_ends_a_line_and_the_arrows_bring_it_back() {
        let mut editor = typed("one");
        assert_eq!(press(&mut editor, KeyCode::Enter), Some(Outcome::Line("one".to_owned())));
        assert_eq!(shown(&editor), "|");
        press(&mut editor, KeyCode::Char('x'));
        press(&mut editor, KeyCode::Up);
        assert_eq!(shown(&editor), "one|");
        press(&mut editor, KeyCode::Down);
        assert_eq!(shown(&editor), "x|");
    }

    #[test]
    fn a_paste_is_like_typing() {
        let mut editor = typed("a");
        let line = |text: &str| Outcome::Line(text.to_owned());
        assert_eq!(editor.paste("b\r\nc\x1b[2J\n\rd"), [line("ab"), line("c[2J"), line("")]);
        assert_eq!(shown(&editor), "d|");
    }

    #[test]
    fn a_tab_completes_as_far_as_it_is_clear() {
        let mut names = Names::default();
        ["<alice> x", "<alina> x"].iter().for_each(|line| names.learn(line));
        let mut editor = typed("hi AL!");
        press(&mut editor, KeyCode::Left);
        let candidates = editor.press(KeyCode::Tab.into(), &names);
        assert_eq!(shown(&editor), "hi ali|!");
        assert_eq!(candidates, Some(Outcome::Candidates(vec!["alice ".into(), "alina ".into()])));
        press(&mut editor, KeyCode::Char('c'));
        assert_eq!(editor.press(KeyCode::Tab.into(), &names), None);
        assert_eq!(shown(&editor), "hi alice |!");
    }

    #[test]
    fn two_keys_leave() {
        let mut editor = typed("x");
        let names = Names::default();
        assert_eq!(editor.press(control('d'), &names), None);
        let leave = |politely| Some(Outcome::Leave { politely });
        assert_eq!(editor.press(control('c'), &names), leave(false));
        assert_eq!(Editor::default().press(control('d'), &names), leave(true));
    }
}
