//! At a terminal: receives keys and the server's lines, and draws the screen.
//!
//! Only one thread writes to the screen, so that no line of the server can land in the line that
//! the user is typing.

mod key;
mod display;
mod link;

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use chatd::chat::Refusal;
use chatd::edit::{Editor, Key, Names, Outcome, password, pasted};
use chatd::text::Line;
use crossbeam_channel::{Receiver, Sender, bounded, select};
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event as Input, KeyEventKind, read,
};
use crossterm::{execute, terminal};

use self::display::Display;
use self::link::{Heard, Link};
use crate::net::connection::{Connection, Dialer};
use crate::notices;
use crate::notices::Identity;
use crate::talk::{Action, Event, Talk};

/// Most keys that wait; after that, the terminal has to wait.
const MAX_INPUT: usize = 1024;
/// The screen is drawn after this many events, even if more wait.
const MAX_UNSEEN: usize = 64;
/// The wait when nothing is due.
const NOTHING_DUE: Duration = Duration::from_secs(3600);

/// The terminal in raw mode, until this is dropped.
#[derive(Debug)]
pub(crate) struct Keys(());

impl Keys {
    /// Fails if the terminal cannot move its cursor.
    pub(crate) fn take() -> io::Result<Self> {
        if std::env::var_os("TERM").is_some_and(|kind| kind == "dumb") {
            return Err(io::ErrorKind::Unsupported.into());
        }
        terminal::enable_raw_mode()?;
        let keys = Self(());
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(keys)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = execute!(io::stdout(), DisableBracketedPaste);
        let _ = terminal::disable_raw_mode();
    }
}

/// Runs the chat. Returns whether the server received every typed line.
pub(crate) fn run(
    dialer: Dialer,
    connection: Connection,
    identity: Identity,
    _: &Keys,
) -> io::Result<bool> {
    let (input, inputs) = bounded(MAX_INPUT);
    thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&input))?;
    let (width, height) = terminal::size().unwrap_or_default();
    let desk = Desk {
        link: Link::new(dialer, connection),
        talk: Talk::new(identity),
        editor: Editor::default(),
        names: Names::default(),
        screen: Display::new(width, height),
        start: Instant::now(),
    };
    desk.run(&inputs)
}

/// Reads keys until the receiver is dropped.
fn read_keys(input: &Sender<Input>) {
    while let Ok(event) = read() {
        if input.send(event).is_err() {
            return;
        }
    }
}

/// Everything that belongs to a session at a terminal.
#[derive(Debug)]
struct Desk {
    link: Link,
    talk: Talk,
    editor: Editor,
    names: Names,
    screen: Display,
    start: Instant,
}

enum Next {
    Input(Option<Input>),
    Heard(Heard),
    Due,
}

impl Desk {
    fn run(mut self, inputs: &Receiver<Input>) -> io::Result<bool> {
        loop {
            for _ in 0..MAX_UNSEEN {
                let Some(next) = self.waiting(inputs) else { break };
                if self.take(next)? {
                    return self.end();
                }
            }
            let (line, cursor) = self.editor.line();
            self.screen.draw(line, cursor)?;
            let next = self.wait(inputs);
            if self.take(next)? {
                return self.end();
            }
        }
    }

    /// An event that waits already; keys come first.
    fn waiting(&self, inputs: &Receiver<Input>) -> Option<Next> {
        let input = inputs.try_recv().ok().map(|input| Next::Input(Some(input)));
        input.or_else(|| self.link.heard().try_recv().ok().map(Next::Heard))
    }

    /// Waits for the next event.
    fn wait(&self, inputs: &Receiver<Input>) -> Next {
        let due = self.talk.deadline().unwrap_or(NOTHING_DUE);
        select! {
            recv(inputs) -> input => Next::Input(input.ok()),
            recv(self.link.heard()) -> heard => heard.map_or(Next::Due, Next::Heard),
            default(due.saturating_sub(self.start.elapsed())) => Next::Due,
        }
    }

    /// Handles one event; returns whether the session is over.
    fn take(&mut self, next: Next) -> io::Result<bool> {
        match next {
            Next::Input(Some(Input::Key(key))) if key.kind != KeyEventKind::Release => {
                self.press_all(key::of(key))
            }
            Next::Input(Some(Input::Paste(text))) => self.press_all(pasted(&text)),
            Next::Input(Some(Input::Resize(width, height))) => {
                self.screen.resize(width, height);
                Ok(false)
            }
            Next::Input(Some(_)) => Ok(false),
            // The keyboard is gone, so the user is, too.
            Next::Input(None) => self.handle(Event::Leave { politely: true }),
            Next::Heard(heard) => {
                let event = self.link.take(heard);
                if let Event::Heard(line) = &event {
                    self.names.learn(line.as_str());
                }
                self.handle(event)
            }
            Next::Due => self.handle(Event::Due),
        }
    }

    /// Presses keys until one of them ends the session, which it returns.
    fn press_all(&mut self, keys: impl IntoIterator<Item = Key>) -> io::Result<bool> {
        for key in keys {
            if let Some(outcome) = self.editor.press(key, &self.names)
                && self.apply(outcome)?
            {
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
        let line = Line::new(self.editor.take());
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

    /// Does the actions that follow from an event; returns whether the session is over. Fails if
    /// the talk gives up.
    fn handle(&mut self, event: Event) -> io::Result<bool> {
        let mut is_over = false;
        for action in self.talk.handle(self.start.elapsed(), event) {
            match action {
                Action::Show(line) => self.screen.show(&line),
                Action::Send(line) => self.link.send(line),
                Action::Finish => self.link.finish(),
                Action::Dial => self.link.dial(),
                Action::End => is_over = true,
                Action::GiveUp(why) => {
                    self.screen.close()?;
                    return Err(io::Error::other(why));
                }
            }
        }
        Ok(is_over)
    }

    fn end(mut self) -> io::Result<bool> {
        self.screen.close()?;
        Ok(self.talk.is_all_delivered())
    }
}
