//! The terminal's mode: every key at once, and none of them shown.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers, read,
};
use crossterm::{execute, terminal};

/// Longest password that can be typed, in bytes; no server takes one of that length.
pub(crate) const MAX_PASSWORD: usize = 1024;

/// The terminal in raw mode, until this is dropped.
#[derive(Debug)]
pub(crate) struct Keys(());

impl Keys {
    /// Whether the terminal can move its cursor.
    pub(crate) fn are_there() -> bool {
        std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
    }

    pub(crate) fn take() -> io::Result<Self> {
        begin()?;
        Ok(Self(()))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        end();
    }
}

/// Asks for the password of an account, and shows none of it.
pub(crate) fn ask_password(nick: &str) -> io::Result<String> {
    // Before it asks: what is typed at once must not show.
    terminal::enable_raw_mode()?;
    let asked = write!(io::stderr(), "Password of {nick}: ").and_then(|()| io::stderr().flush());
    let typed = asked.and_then(|()| read_secret());
    terminal::disable_raw_mode()?;
    writeln!(io::stderr())?;
    typed
}

/// Reads a line, and little more of it than the longest password.
fn read_secret() -> io::Result<String> {
    let mut typed = String::new();
    loop {
        let Event::Key(KeyEvent { code, modifiers, kind, .. }) = read()? else { continue };
        match code {
            _ if kind == KeyEventKind::Release => {}
            KeyCode::Enter => return Ok(typed),
            KeyCode::Char('c' | 'd') if modifiers == KeyModifiers::CONTROL => {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "no password was typed"));
            }
            KeyCode::Char('u') if modifiers == KeyModifiers::CONTROL => typed.clear(),
            _ if typed.len() > MAX_PASSWORD && code != KeyCode::Backspace => {}
            KeyCode::Char(c) if !modifiers.contains(KeyModifiers::CONTROL) => typed.push(c),
            KeyCode::Backspace => drop(typed.pop()),
            _ => {}
        }
    }
}

fn begin() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), EnableBracketedPaste)
}

fn end() {
    // The terminal may be gone.
    let _ = execute!(io::stdout(), DisableBracketedPaste);
    let _ = terminal::disable_raw_mode();
}

/// Stops the program, as Ctrl-Z does, until the shell continues it. Does nothing on systems that
/// have no such signal.
pub(crate) fn suspend() -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    end();
    let own = std::process::id().to_string();
    let mut kill = Command::new("kill");
    kill.args(["-TSTP", &own]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Returns when the program is continued. Without the command, it was not stopped.
    let _ = kill.status();
    begin()
}
