//! `Desk`: a session at a terminal. Keys and the server's lines go in, the screen and lines to the
//! server come out.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use chatd::chat::Refusal;
use chatd::edit::{Editor, Key, Names, Outcome, Paste, password, pasted};
use chatd::text::Line;
use crossbeam_channel::{Receiver, never, select};
use crossterm::event::{Event as Input, KeyEventKind};
use crossterm::terminal;

use super::display::Display;
use super::key;
use super::link::{Link, Report};
use super::mode;
use super::past::Past;
use crate::notices;
use crate::talk::{Action, Event, Talk};

/// The screen is drawn after this many events, even if more wait.
const MAX_UNSEEN: usize = 64;
/// The wait when nothing is due.
const NOTHING_DUE: Duration = Duration::from_secs(3600);
/// Most pasted lines that are sent without a question.
const MAX_UNASKED: usize = 10;

/// Everything that belongs to a session at a terminal.
#[derive(Debug)]
pub(crate) struct Desk {
    link: Link,
    talk: Talk,
    editor: Editor,
    past: Past,
    names: Names,
    screen: Display,
    start: Instant,
    /// Many pasted lines, until the user confirms them.
    paste: Option<Vec<String>>,
    /// What was half typed in rooms that are not on the screen.
    drafts: BTreeMap<String, String>,
    /// Lines to be edited again, in the room that they were typed in, when the line is empty.
    returned: VecDeque<(Option<String>, String)>,
    /// There is no shell to give the terminal back to.
    is_restricted: bool,
}

enum Next {
    Input(Option<Input>),
    Heard(Report),
    Due,
}

impl Desk {
    pub(crate) fn new(
        link: Link,
        talk: Talk,
        screen: Display,
        past: Past,
        is_restricted: bool,
    ) -> Self {
        let mut editor = Editor::default();
        past.lines().iter().for_each(|line| editor.remember(line));
        Self {
            link,
            talk,
            past,
            editor,
            names: Names::default(),
            screen,
            start: Instant::now(),
            paste: None,
            drafts: BTreeMap::new(),
            returned: VecDeque::new(),
            is_restricted,
        }
    }

    /// Handles events until the session is over. Returns whether the server received every typed
    /// line.
    pub(crate) fn run(mut self, mut inputs: Receiver<Option<Input>>) -> io::Result<bool> {
        loop {
            for _ in 0..MAX_UNSEEN {
                let Some(next) = self.waiting(&inputs) else { break };
                if self.take(next)? {
                    return self.end();
                }
            }
            let (line, cursor) = self.editor.line();
            self.screen.draw(line, cursor, &self.talk.status(self.start.elapsed()))?;
            let next = next_of(&mut inputs, self.link.heard(), self.patience());
            if self.take(next)? {
                return self.end();
            }
        }
    }

    /// An event that waits already; keys come first.
    fn waiting(&self, inputs: &Receiver<Option<Input>>) -> Option<Next> {
        let input = inputs.try_recv().ok().map(Next::Input);
        input.or_else(|| self.link.heard().try_recv().ok().map(Next::Heard))
    }

    /// How long to wait for the next event.
    fn patience(&self) -> Duration {
        let now = self.start.elapsed();
        let due = [self.talk.deadline(), self.talk.status_changes_at(now)];
        let due = due.into_iter().flatten().min();
        due.map_or(NOTHING_DUE, |due| due.saturating_sub(now))
    }

    /// Handles one event; returns whether the session is over.
    fn take(&mut self, next: Next) -> io::Result<bool> {
        match next {
            Next::Input(Some(Input::Key(key))) if key.kind != KeyEventKind::Release => {
                key::of(key).map_or(Ok(false), |key| self.press(key))
            }
            Next::Input(Some(Input::Paste(text))) => self.paste(&text),
            Next::Input(Some(Input::Resize(width, height))) => {
                self.screen.resize(width, height);
                Ok(false)
            }
            Next::Input(Some(_)) => Ok(false),
            // The keyboard is gone, so the user is, too.
            Next::Input(None) => self.handle(Event::Leave { politely: true }),
            Next::Heard(heard) => {
                let Some(event) = self.link.take(heard) else { return Ok(false) };
                if let Event::Heard { line, .. } = &event {
                    self.names.learn(line.as_str());
                }
                self.handle(event)
            }
            Next::Due => self.handle(Event::Due),
        }
    }

    /// Presses a key; returns whether the session is over.
    fn press(&mut self, key: Key) -> io::Result<bool> {
        if let Some(lines) = self.paste.take() {
            return self.answer_question(lines, key);
        }
        if key == Key::Control('z') && !self.is_restricted {
            self.suspend()?;
            return Ok(false);
        }
        if let Key::Alt(digit @ '1'..='9') = key {
            let number = digit.to_digit(10).unwrap_or_default();
            return self.handle(Event::Turn(number as usize));
        }
        match self.editor.press(key, &self.names) {
            Some(outcome) => self.apply(outcome),
            None => Ok(false),
        }
    }

    /// Gives the terminal back to the shell until the shell continues the program.
    fn suspend(&mut self) -> io::Result<()> {
        self.screen.close()?;
        mode::suspend()?;
        self.screen.redraw();
        // If the size changed meanwhile, only the shell was told.
        if let Ok((width, height)) = terminal::size() {
            self.screen.resize(width, height);
        }
        Ok(())
    }

    fn paste(&mut self, text: &str) -> io::Result<bool> {
        let (line, cursor) = self.editor.line();
        match Paste::new(&line[..cursor], text) {
            Paste::OneLine => {
                for key in pasted(text) {
                    self.editor.press(key, &self.names);
                }
            }
            Paste::Refused { command } => {
                self.screen.show(&format!("!! not sent: {command} takes one line only"));
            }
            Paste::Lines { lines, rest } => {
                self.editor.replace_before(&rest);
                if lines.len() > MAX_UNASKED {
                    self.ask(lines);
                } else {
                    return self.say_all(lines);
                }
            }
        }
        Ok(false)
    }

    /// Asks whether to send many lines.
    fn ask(&mut self, lines: Vec<String>) {
        let number = lines.len();
        self.screen.show(&format!("-- {number} lines: Enter sends them, any other key does not"));
        self.paste = Some(lines);
    }

    fn answer_question(&mut self, lines: Vec<String>, key: Key) -> io::Result<bool> {
        if key == Key::Enter {
            return self.say_all(lines);
        }
        self.drop_paste(&lines);
        Ok(false)
    }

    fn drop_paste(&mut self, lines: &[String]) {
        self.screen.show(&format!("-- not sent: {} lines", lines.len()));
    }

    /// Says lines until one of them ends the session, which it returns.
    fn say_all(&mut self, lines: Vec<String>) -> io::Result<bool> {
        for line in lines {
            self.editor.remember(&line);
            if self.say(line)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn apply(&mut self, outcome: Outcome) -> io::Result<bool> {
        match outcome {
            Outcome::Enter => self.enter(),
            Outcome::Candidates(candidates) => {
                self.screen.show(candidates.concat().trim_end());
                Ok(false)
            }
            Outcome::Clear => {
                self.screen.clear();
                Ok(false)
            }
            Outcome::Interrupt => self.handle(Event::Leave { politely: false }),
            Outcome::End => self.handle(Event::Leave { politely: true }),
        }
    }

    /// Says the typed line.
    fn enter(&mut self) -> io::Result<bool> {
        let line = self.editor.take();
        self.past.add(&line);
        let is_over = self.say(line)?;
        self.offer_returned();
        Ok(is_over)
    }

    fn say(&mut self, line: String) -> io::Result<bool> {
        let line = Line::new(line);
        if line.is_blank() {
            return Ok(false);
        }
        self.screen.show(&format!("> {}", notices::without_password(&line)));
        // Cleaning changed the password, and the server could not know.
        if password(line.as_str()).is_some_and(|typed| !line.ends_as_sent(typed)) {
            self.screen.show(&format!("!! {}", Refusal::GarbledPassword));
            return Ok(false);
        }
        self.handle(Event::Typed(line.into_text()))
    }

    /// Puts a line that came back into the empty line, if it was typed in the room on the screen.
    fn offer_returned(&mut self) {
        let now = self.talk.room();
        let is_here = |room: &Option<String>| room.is_none() || room.as_deref() == now;
        if self.editor.line().0.is_empty()
            && let Some(at) = self.returned.iter().position(|(room, _)| is_here(room))
            && let Some((_, line)) = self.returned.remove(at)
        {
            self.editor.replace_before(&line);
        }
    }

    /// Does the actions that follow from an event; returns whether the session is over. Fails if
    /// the talk gives up.
    fn handle(&mut self, event: Event) -> io::Result<bool> {
        let mut is_over = false;
        let before = self.talk.room().map(str::to_owned);
        for action in self.talk.handle(self.start.elapsed(), event) {
            match action {
                Action::Show(line) => self.screen.show_heard(&line, false),
                Action::Mark(line) => self.screen.show_heard(&line, true),
                Action::Ring => self.screen.ring(),
                Action::GiveBack(room, line) => self.returned.push_back((room, line)),
                Action::Send(line) => self.link.send(None, line),
                Action::SendIn(room, line) => self.link.send(Some(room), line),
                Action::Turn(lines) => self.screen.turn(&lines),
                Action::Finish => self.link.finish(),
                Action::HangUp => self.link.hang_up(),
                Action::Dial => self.link.dial(),
                Action::End => is_over = true,
                Action::GiveUp(why) => {
                    self.screen.close()?;
                    return Err(io::Error::other(why));
                }
            }
        }
        self.follow(before.as_deref());
        Ok(is_over)
    }

    /// Keeps what the user has not sent yet with the room that it was typed in, which was `before`.
    fn follow(&mut self, before: Option<&str>) {
        self.swap_drafts(before);
        let drafts = std::mem::take(&mut self.drafts).into_iter();
        let (kept, lost) = drafts.partition::<BTreeMap<_, _>, _>(|(room, _)| self.talk.is_in(room));
        self.drafts = kept;
        lost.values().for_each(|draft| self.drop_draft(draft));
        self.offer_returned();
    }

    /// Puts away what was half typed in the room `before`, and goes on with that of the room on the
    /// screen, so that nothing is said in another room than it was typed in.
    fn swap_drafts(&mut self, before: Option<&str>) {
        let now = self.talk.room().unwrap_or_default().to_owned();
        let Some(before) = before.filter(|before| *before != now) else { return };
        if let Some(lines) = self.paste.take() {
            self.drop_paste(&lines);
        }
        let draft = self.editor.clear();
        if !draft.is_empty() {
            self.drafts.insert(before.to_owned(), draft);
        }
        if let Some(draft) = self.drafts.remove(&now) {
            self.editor.replace_before(&draft);
        }
    }

    /// Tells that a draft was not sent: the user is no longer in its room.
    fn drop_draft(&mut self, draft: &str) {
        self.editor.remember(draft);
        let draft = Line::new(draft);
        self.screen.show(&format!("!! not sent: {}", notices::without_password(&draft)));
    }

    fn end(mut self) -> io::Result<bool> {
        self.screen.close()?;
        self.past.save();
        Ok(self.talk.is_all_delivered())
    }
}

/// Waits for the next event. The end of `inputs` is one, and only one.
fn next_of(
    inputs: &mut Receiver<Option<Input>>,
    heard: &Receiver<Report>,
    patience: Duration,
) -> Next {
    let next = select! {
        recv(inputs) -> input => Next::Input(input.ok().flatten()),
        recv(heard) -> heard => heard.map_or(Next::Due, Next::Heard),
        default(patience) => Next::Due,
    };
    if matches!(next, Next::Input(None)) {
        *inputs = never();
    }
    next
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::bounded;

    use super::*;

    #[test]
    fn a_keyboard_that_is_gone_does_not_keep_the_deadlines_from_passing() {
        let (_, mut inputs) = bounded(1);
        let (_link, heard) = bounded(1);
        let mut next = || next_of(&mut inputs, &heard, Duration::from_millis(1));
        assert!(matches!(next(), Next::Input(None)));
        assert!(matches!(next(), Next::Due));
    }
}
