//! The terminal: one line being edited at the bottom, everything else above it.
//!
//! Enter does not end the editing: it hands the line on and empties it. So the terminal stays in the
//! hands of the editor for as long as it is used, and whatever is to be shown goes through the
//! editor's printer, in order, and never into the line.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use chatd::text::Text;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{
    Cmd, CompletionType, ConditionalEventHandler, Config, Editor, Event as Keys, EventContext,
    EventHandler, ExternalPrinter, KeyCode, KeyEvent, Modifiers, Movement, RepeatCount,
};

use crate::complete::Assistant;
use crate::link::SharedNames;
use crate::recall::Recall;
use crate::talk::Event;
use crate::words;
use crate::{Failure, complain};

const PROMPT: &str = "> ";
/// How long an Escape may be the beginning of another key, in milliseconds.
const ESCAPE: u16 = 100;
/// Lines shown at once.
const MAX_AT_ONCE: usize = 64;

/// Where lines are shown, above the one that is being typed.
#[derive(Clone, Debug)]
pub(crate) struct Screen(Sender<String>);

impl Screen {
    /// Shows a line, soon.
    pub(crate) fn show(&self, line: String) {
        // Without a terminal there is nobody to show it to.
        let _ = self.0.send(line);
    }
}

/// The keyboard and the screen.
pub(crate) struct Terminal {
    editor: Editor<Assistant, DefaultHistory>,
    printer: JoinHandle<()>,
}

impl Terminal {
    /// Takes the terminal, if it is one that can do it. What is typed goes to `typed`.
    pub(crate) fn new(names: SharedNames, typed: Sender<Event>) -> Result<(Self, Screen), Failure> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .keyseq_timeout(Some(ESCAPE))
            .build();
        let mut editor = Editor::with_config(config)?;
        let printer = editor.create_external_printer()?;
        let (screen, lines) = unbounded();
        let (screen, (editing, is_editing)) = (Screen(screen), bounded(1));
        let thread = thread::Builder::new().name("screen".to_owned());
        let printer = thread.spawn(move || print(&lines, &is_editing, printer))?;
        editor.set_helper(Some(Assistant { names, editing }));
        bind_keys(&mut editor, screen.clone(), typed);
        Ok((Self { editor, printer }, screen))
    }

    /// Lets the user type until that is enough.
    pub(crate) fn edit(&mut self) -> Event {
        match self.editor.readline(PROMPT) {
            // Enter ends it only behind `/quit`, which the link knows by now.
            Ok(_) | Err(ReadlineError::Eof) => Event::Leave { politely: true },
            Err(ReadlineError::Interrupted) => Event::Leave { politely: false },
            Err(error) => {
                complain(&error.to_string());
                Event::Leave { politely: true }
            }
        }
    }

    /// Gives the terminal back. What is still to be shown is shown once the link has ended.
    pub(crate) fn close(self) -> JoinHandle<()> {
        drop(self.editor);
        self.printer
    }
}

/// The thread that shows lines. The printer would write at once, and so into the first prompt, if
/// it were used before the editor is at work.
fn print(lines: &Receiver<String>, is_editing: &Receiver<()>, mut printer: impl ExternalPrinter) {
    let _ = is_editing.recv();
    while let Ok(first) = lines.recv() {
        let mut text = first + "\n";
        for line in lines.try_iter().take(MAX_AT_ONCE) {
            text.push_str(&line);
            text.push('\n');
        }
        if printer.print(text.clone()).is_err() {
            // The editor has ended meanwhile.
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }
}

fn bind_keys(editor: &mut Editor<Assistant, DefaultHistory>, screen: Screen, typed: Sender<Event>) {
    let recall = Arc::new(Mutex::new(Recall::default()));
    let enter =
        || Enter { screen: screen.clone(), typed: typed.clone(), recall: Arc::clone(&recall) };
    for key in [KeyEvent(KeyCode::Enter, Modifiers::NONE), KeyEvent::ctrl('J'), KeyEvent::ctrl('M')]
    {
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(enter())));
    }
    for (key, is_back) in [
        (KeyEvent(KeyCode::Up, Modifiers::NONE), true),
        (KeyEvent::ctrl('P'), true),
        (KeyEvent(KeyCode::Down, Modifiers::NONE), false),
        (KeyEvent::ctrl('N'), false),
    ] {
        let step = Step { recall: Arc::clone(&recall), is_back };
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(step)));
    }
}

/// Hands the line on. A paste can have several.
struct Enter {
    screen: Screen,
    typed: Sender<Event>,
    recall: Arc<Mutex<Recall>>,
}

impl ConditionalEventHandler for Enter {
    fn handle(&self, _: &Keys, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        for line in context.line().lines().map(Text::new).filter(|line| !line.is_blank()) {
            let is_quit = words::is_quit(&line);
            self.recall.lock().unwrap_or_else(PoisonError::into_inner).add(line.as_str());
            if !is_quit {
                self.screen.show(format!("{PROMPT}{line}"));
            }
            let _ = self.typed.send(Event::Typed(line));
            if is_quit {
                return Some(Cmd::AcceptLine);
            }
        }
        Some(Cmd::Kill(Movement::WholeBuffer))
    }
}

/// Goes back or on in what was typed.
struct Step {
    recall: Arc<Mutex<Recall>>,
    is_back: bool,
}

impl ConditionalEventHandler for Step {
    fn handle(&self, _: &Keys, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        let mut recall = self.recall.lock().unwrap_or_else(PoisonError::into_inner);
        let line = if self.is_back { recall.back(context.line()) } else { recall.on() };
        Some(line.map_or(Cmd::Noop, |line| Cmd::Replace(Movement::WholeBuffer, Some(line))))
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}
