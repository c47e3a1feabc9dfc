//! `LineEditing`: a client that asked for `/edit on`: what is agreed with it, and its keyboard.

use serde::{Deserialize, Serialize};

use super::options::{ECHO, Options, WINDOW_SIZE};
use crate::edit::{
    Editor, Key, KeyReader, Names, Outcome, Pasting, Prompt, SharedNames, Size, masked,
};
use crate::text::Line;
use crate::wire::draw::Draw;
use crate::wire::incoming::{EditingNews, Incoming};

/// The bytes of a window's size: two for the width, two for the height (RFC 1073).
const SIZE_LENGTH: usize = 4;
/// Most bytes that a line takes by keys, unless twice the longest line is more.
const MOST_TYPED: usize = 8 * 1024;

/// The line editing of one client.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LineEditing {
    options: Options,
    /// Whether the client's last word was `/edit on`.
    is_wanted: bool,
    /// Whether an answer to the offer may still come in time.
    is_awaited: bool,
    /// Whether it declined, or did not answer: it is not asked again.
    has_declined: bool,
    /// Whether its line is drawn.
    is_drawn: bool,
    size: Size,
    /// The beginning of a subnegotiation: the option, and its parameters.
    parameters: Vec<u8>,
    /// The keyboard, from the client's agreement on until it has confirmed the end.
    keyboard: Option<Keyboard>,
    #[serde(skip)]
    names: SharedNames,
}

/// The line that is being typed by keys.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Keyboard {
    keys: KeyReader,
    editor: Editor,
    /// The text that is being pasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paste: Option<Pasting>,
    /// Whether something may have changed since the line was drawn.
    is_stale: bool,
}

/// What a key does outside the line.
pub(super) enum Press {
    /// The line is complete.
    Line(Line),
    Quit,
}

impl LineEditing {
    /// That of a client which agreed to it before, on a terminal of this size.
    pub(super) fn agreed(size: Size) -> Self {
        let options = Options::agreed();
        let keyboard = Some(Keyboard::default());
        Self { options, is_wanted: true, is_drawn: true, size, keyboard, ..Self::default() }
    }

    /// Whether the client sends keys.
    pub(super) fn has_keyboard(&self) -> bool {
        self.keyboard.is_some()
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// The length of the half-typed line, in bytes.
    pub(super) fn length(&self) -> usize {
        self.keyboard.as_ref().map_or(0, |keyboard| keyboard.editor.line().0.len())
    }

    /// Does `/edit on`.
    pub(super) fn turn_on(&mut self, out: &mut impl Extend<Incoming>) {
        self.is_wanted = true;
        let news = match () {
            () if self.is_drawn => EditingNews::On,
            () if self.has_declined => EditingNews::Declined,
            () => {
                self.is_awaited = true;
                return out.extend([Incoming::Answer(self.options.turn_on())]);
            }
        };
        out.extend([Incoming::Editing(news)]);
    }

    /// Does `/edit off`. The client sends keys until it has confirmed that.
    pub(super) fn turn_off(&mut self, out: &mut impl Extend<Incoming>) {
        let was_awaited = std::mem::take(&mut self.is_awaited);
        self.is_wanted = false;
        if std::mem::take(&mut self.is_drawn) {
            out.extend([Incoming::Draw(Draw::End(self.options.turn_off()))]);
        } else if was_awaited {
            out.extend([Incoming::Answer(self.options.turn_off())]);
        }
        out.extend([Incoming::Editing(EditingNews::Off)]);
    }

    /// The client has not answered in time.
    pub(super) fn give_up(&mut self) -> Option<Incoming> {
        self.has_declined |= self.is_awaited;
        let was_awaited = std::mem::take(&mut self.is_awaited);
        was_awaited.then_some(Incoming::Editing(EditingNews::Declined))
    }

    /// Takes the client's word about an option. `typed` is the half-typed line, and whether a CR
    /// came last: what the client sends next may be keys.
    pub(super) fn negotiate(
        &mut self,
        (verb, option): (u8, u8),
        typed: (&str, bool),
        out: &mut impl Extend<Incoming>,
    ) {
        let is_wanted = self.is_wanted && (option == ECHO || !self.has_declined);
        let answer = self.options.hear(verb, option, is_wanted);
        let is_on = self.options.is_echo_on();
        if self.is_drawn && !is_on {
            // The client has ended it by itself.
            self.is_wanted = false;
            let bytes = [answer.map_or(Vec::new(), Vec::from), self.options.turn_off()].concat();
            self.is_drawn = false;
            out.extend([Incoming::Draw(Draw::End(bytes)), Incoming::Editing(EditingNews::Off)]);
        } else if let Some(answer) = answer {
            out.extend([Incoming::Answer(answer.to_vec())]);
        }
        if is_on && self.is_wanted && !self.is_drawn {
            self.begin(typed, out);
        } else if self.options.is_echo_off() && self.is_awaited {
            out.extend(self.give_up());
        }
        if !self.is_drawn && !self.is_awaited {
            // What the client agrees to too late, or alone, is of no use.
            let bytes = self.options.turn_off_agreed();
            if !bytes.is_empty() {
                out.extend([Incoming::Answer(bytes)]);
            }
        }
    }

    fn begin(&mut self, (typed, after_cr): (&str, bool), out: &mut impl Extend<Incoming>) {
        (self.is_awaited, self.has_declined, self.is_drawn) = (false, false, true);
        let rest = self.options.turn_on();
        if !rest.is_empty() {
            out.extend([Incoming::Answer(rest)]);
        }
        self.keyboard.get_or_insert_with(|| Keyboard {
            keys: KeyReader::new(after_cr),
            editor: Editor::new(typed),
            paste: None,
            is_stale: true,
        });
        out.extend([Incoming::Draw(Draw::Begin(self.size, self.names.clone()))]);
        self.mark_stale();
    }

    /// The half-typed line, and whether a CR came last, once the client sends lines again.
    pub(super) fn take_ended(&mut self) -> Option<(String, bool)> {
        if !self.options.is_echo_off() {
            return None;
        }
        let Keyboard { keys, mut editor, .. } = self.keyboard.take()?;
        Some((editor.clear(), keys.is_after_cr()))
    }

    /// Takes a byte of a subnegotiation.
    pub(super) fn add_parameter(&mut self, byte: u8) {
        if self.parameters.len() <= SIZE_LENGTH + 1 {
            self.parameters.push(byte);
        }
    }

    /// The subnegotiation is complete.
    pub(super) fn end_parameters(&mut self, out: &mut impl Extend<Incoming>) {
        let parameters = std::mem::take(&mut self.parameters);
        if let [WINDOW_SIZE, a, b, c, d] = parameters[..] {
            self.size = Size::new(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            if self.is_drawn {
                out.extend([Incoming::Draw(Draw::Resize(self.size))]);
                self.mark_stale();
            }
        }
    }

    /// Has the line drawn again, and names learned: another process continues.
    pub(super) fn redraw(&mut self) -> Option<Incoming> {
        self.mark_stale();
        self.is_drawn.then(|| Incoming::Draw(Draw::Resume(self.names.clone())))
    }

    fn mark_stale(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.is_stale = true;
        }
    }

    /// The line as it has to be drawn, if it has changed.
    pub(super) fn take_prompt(&mut self) -> Option<Prompt> {
        let keyboard = self.keyboard.as_mut().filter(|_| self.is_drawn)?;
        std::mem::take(&mut keyboard.is_stale).then(|| {
            let (line, cursor) = keyboard.editor.line();
            Prompt::new(line, cursor, self.size)
        })
    }

    /// The keys that a byte completes.
    pub(super) fn read(&mut self, byte: u8) -> [Option<Key>; 2] {
        self.keyboard.as_mut().map_or([None; 2], |keyboard| keyboard.read(byte))
    }

    /// Forgets the half-typed line.
    pub(super) fn clear(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.editor.clear();
            // What is still to be pasted comes after nothing.
            keyboard.paste = keyboard.paste.take().map(|_| Pasting::default());
            keyboard.is_stale = true;
        }
    }

    /// Applies a key to the line; appends what has to be drawn at once.
    pub(super) fn press(
        &mut self,
        key: Key,
        max_line: usize,
        out: &mut impl Extend<Incoming>,
    ) -> Option<Press> {
        let keyboard = self.keyboard.as_mut()?;
        if keyboard.editor.line().0.len() >= MOST_TYPED.max(2 * max_line) && can_grow(key) {
            return None;
        }
        keyboard.is_stale = true;
        let outcome = match key {
            Key::Tab => keyboard.editor.press(key, &self.names.lock()),
            // The broadcaster takes the lock for each line that it shows.
            _ => keyboard.editor.press(key, &Names::default()),
        };
        match outcome? {
            Outcome::Enter if keyboard.keys.is_pasting() => {
                return self.enter_pasted(max_line, out).map(Press::Line);
            }
            Outcome::Enter => return self.enter(max_line, out).map(Press::Line),
            Outcome::End => return Some(Press::Quit),
            Outcome::Interrupt => drop(keyboard.editor.clear()),
            Outcome::Candidates(candidates) => {
                let line = candidates.concat().trim_end().to_owned();
                self.draw(out, Draw::Show(line));
            }
            Outcome::Clear => self.draw(out, Draw::Clear),
        }
        None
    }

    /// Takes the complete line. One that is too long stays, to be shortened.
    fn enter(&mut self, max_line: usize, out: &mut impl Extend<Incoming>) -> Option<Line> {
        let keyboard = self.keyboard.as_mut()?;
        let bytes = keyboard.editor.line().0.len();
        if bytes > max_line {
            out.extend([Incoming::TooLong { bytes, limit: max_line }]);
            return None;
        }
        let text = keyboard.editor.take();
        let line = Line::new(&text);
        if !line.is_blank() {
            self.draw_typed(&text, out);
        }
        Some(line)
    }

    /// Takes a pasted line. One that is too long is dropped: it would be in the way of the others.
    fn enter_pasted(&mut self, max_line: usize, out: &mut impl Extend<Incoming>) -> Option<Line> {
        let keyboard = self.keyboard.as_mut()?;
        let (line, cursor) = keyboard.editor.line();
        let paste = keyboard.paste.get_or_insert_default();
        let is_first = !paste.has_line();
        let Some(line) = paste.end_line(&line[..cursor]) else {
            keyboard.editor.replace_before(paste.typed());
            let told = is_first.then(|| EditingNews::OneLine(paste.command().to_owned()));
            out.extend(told.map(Incoming::Editing));
            return None;
        };
        keyboard.editor.replace_before("");
        if Line::new(&line).is_blank() {
            return None;
        }
        keyboard.editor.remember(&line);
        self.draw_typed(&line, out);
        if line.len() > max_line {
            out.extend([Incoming::TooLong { bytes: line.len(), limit: max_line }]);
            return None;
        }
        Some(Line::new(&line))
    }

    fn draw_typed(&mut self, line: &str, out: &mut impl Extend<Incoming>) {
        self.draw(out, Draw::Typed(masked(line).into_owned()));
        if let Some(prompt) = self.take_prompt() {
            self.draw(out, Draw::Prompt(prompt));
        }
    }

    fn draw(&self, out: &mut impl Extend<Incoming>, draw: Draw) {
        if self.is_drawn {
            out.extend([Incoming::Draw(draw)]);
        }
    }
}

impl Keyboard {
    /// The keys that a byte completes; it may begin or end a paste.
    fn read(&mut self, byte: u8) -> [Option<Key>; 2] {
        let was_pasting = self.keys.is_pasting();
        let keys = self.keys.push(byte);
        let is_pasting = self.keys.is_pasting();
        if is_pasting && !was_pasting {
            self.editor.end_search();
            self.paste = Some(Pasting::new(self.before_cursor()));
        } else if was_pasting && !is_pasting {
            self.end_paste();
        }
        keys
    }

    /// What comes after the last line end stays to be edited.
    fn end_paste(&mut self) {
        let Some(mut paste) = self.paste.take().filter(Pasting::has_line) else { return };
        let rest = paste.end_line(self.before_cursor());
        self.editor.replace_before(rest.as_deref().unwrap_or(paste.typed()));
        self.is_stale = true;
    }

    fn before_cursor(&self) -> &str {
        let (line, cursor) = self.editor.line();
        &line[..cursor]
    }
}

/// Whether a key can make the line longer. Three keys can double it, and every later one costs as
/// much as the line is long.
fn can_grow(key: Key) -> bool {
    matches!(key, Key::Char(_) | Key::Tab | Key::Control('y' | 'Y'))
}
