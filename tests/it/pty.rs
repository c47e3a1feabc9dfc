//! A program at a pseudo-terminal: the keys that are pressed, and the screen byte by byte.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::harness::{PATIENCE, eventually};

/// What the terminal sends for Ctrl and a letter.
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";

/// A running program. Dropping it ends it.
pub(crate) struct Terminal {
    program: Child,
    master: File,
    screen: Vec<u8>,
    seen: usize,
    /// How much of `screen` was on the display when that was last as wanted.
    displayed: usize,
    /// How much of `screen` was there when its rows became so long.
    cuts: Vec<(usize, u16)>,
}

impl Terminal {
    /// Starts the command with a new terminal of 24 rows of 80 characters as its standard streams
    /// and its controlling terminal.
    #[track_caller]
    pub(crate) fn run(mut command: Command) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = File::from(openpt(flags).unwrap());
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let tty = ioctl_tiocgptpeer(&master, flags).unwrap();
        resize(&master, 80);
        let program = command
            .stdin(tty.try_clone().unwrap())
            .stdout(tty.try_clone().unwrap())
            .stderr(tty)
            .spawn()
            .unwrap();
        Terminal { program, master, screen: Vec::new(), seen: 0, displayed: 0, cuts: Vec::new() }
    }

    /// Makes its rows so long, which only what it runs notices.
    #[track_caller]
    pub(crate) fn resize(&self, columns: u16) {
        resize(&self.master, columns);
    }

    /// Makes the rows so long, and cuts those that are longer, as xterm does. All that was written
    /// must have been displayed.
    #[track_caller]
    pub(crate) fn cuts_rows(&mut self, columns: u16) {
        self.cuts.push((self.screen.len(), columns));
        self.resize(columns);
        self.signal(Signal::WINCH);
    }

    /// Presses these keys.
    #[track_caller]
    pub(crate) fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// The next bytes on the screen are exactly these.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.unseen().len() < text.len()
            && text.as_bytes().starts_with(self.unseen())
            && self.read_more(deadline)
        {}
        let end = self.screen.len().min(self.seen + text.len());
        let shown = String::from_utf8_lossy(&self.screen[self.seen..end]);
        assert_eq!(shown, text, "the whole screen is {}", self.quoted());
        self.seen = end;
    }

    /// This appears sooner or later; returns what was before it, which is no longer displayed.
    #[track_caller]
    pub(crate) fn skips_to(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.unseen().windows(text.len()).position(|w| w == text.as_bytes());
            if let Some(at) = found {
                let skipped = String::from_utf8_lossy(&self.unseen()[..at]).into_owned();
                self.seen += at + text.len();
                self.displayed = self.displayed.max(self.seen);
                return skipped;
            }
            assert!(self.read_more(deadline), "it ended; the screen is {}", self.quoted());
        }
    }

    /// The rows of the screen, 24 of 80 characters at first, once they are as wanted, be it for a
    /// moment: more may have come since, and the next call goes on from there. Blanks at the end of
    /// a row, empty rows at the end and the status line are left out.
    #[track_caller]
    pub(crate) fn displays(&mut self, wanted: impl Fn(&[&str]) -> bool) -> String {
        self.displays_with_cursor(|rows, _| wanted(rows))
    }

    /// The same, with the row and the column of the cursor, from 0.
    #[track_caller]
    pub(crate) fn displays_with_cursor(
        &mut self,
        wanted: impl Fn(&[&str], (u16, u16)) -> bool,
    ) -> String {
        self.watches(|screen| {
            let (contents, _) = contents(screen);
            let rows: Vec<_> = contents.lines().map(str::trim_end).collect();
            wanted(&rows, screen.cursor_position())
        })
    }

    /// The status line, once it is as wanted.
    #[track_caller]
    pub(crate) fn displays_status(&mut self, wanted: impl Fn(&str) -> bool) {
        self.watches(|screen| contents(screen).1.is_some_and(|status| wanted(status.trim())));
    }

    /// Reads on until the screen is as wanted.
    #[track_caller]
    fn watches(&mut self, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let (rows, columns) = (24.try_into().unwrap(), 80.try_into().unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 0);
        let mut done = 0;
        for &(at, columns) in &self.cuts {
            parser.process(&self.screen[done..at]);
            parser.set_size(rows, columns.try_into().unwrap());
            done = at;
        }
        self.displayed = self.displayed.max(done);
        parser.process(&self.screen[done..self.displayed]);
        loop {
            let screen = parser.screen();
            if wanted(screen) {
                return contents(screen).0;
            }
            if self.displayed == self.screen.len() {
                let screen = screen.contents();
                assert!(self.read_more(deadline), "it ended; the screen is\n{screen}");
            }
            // Byte by byte: one read may bring several states, and the wanted one need not be the
            // last.
            let next = self.screen.get(self.displayed..=self.displayed).unwrap_or_default();
            parser.process(next);
            self.displayed += next.len();
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.program.id()
    }

    /// All bytes that were ever written to the screen.
    pub(crate) fn written(&self) -> &[u8] {
        &self.screen
    }

    /// The program ends by itself; returns its exit status.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        while self.read_more(deadline) {}
        let status = eventually("the program's end", || self.program.try_wait().unwrap());
        status.code().unwrap()
    }

    /// Exactly this appears, and the program ends by itself.
    #[track_caller]
    pub(crate) fn ends_showing(mut self, text: &str) {
        self.shows(text);
        let deadline = Instant::now() + PATIENCE;
        while self.read_more(deadline) {}
        let rest = String::from_utf8_lossy(self.unseen());
        assert_eq!(rest, "", "the whole screen is {}", self.quoted());
        eventually("the program's end", || self.program.try_wait().unwrap());
    }

    /// The program has nothing to do: it waits for a key or for the network.
    #[track_caller]
    pub(crate) fn rests(&self) {
        let stat = format!("/proc/{}/stat", self.program.id());
        eventually("the program to rest", || {
            fs::read_to_string(&stat).unwrap().contains(") S ").then_some(())
        });
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.program), signal).unwrap();
    }

    fn unseen(&self) -> &[u8] {
        &self.screen[self.seen..]
    }

    /// False when no program has the terminal open any more.
    #[track_caller]
    fn read_more(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&Timespec::try_from(left).unwrap())).unwrap();
        assert!(ready > 0, "waited in vain; the screen is {}", self.quoted());
        let mut chunk = [0; 4096];
        match self.master.read(&mut chunk) {
            Ok(n) => self.screen.extend_from_slice(&chunk[..n]),
            Err(e) => {
                assert_eq!(e.raw_os_error(), Some(rustix::io::Errno::IO.raw_os_error()));
                return false;
            }
        }
        true
    }

    /// The screen so far, for a failure's report.
    fn quoted(&self) -> String {
        format!("{:?}", String::from_utf8_lossy(&self.screen))
    }
}

/// The text of the screen, and the status line, which is the last row that begins in reverse.
fn contents(screen: &vt100::Screen) -> (String, Option<String>) {
    let (_, columns) = screen.size();
    let (mut text, mut status) = (String::new(), None);
    for (at, row) in (0..).zip(screen.rows(0, columns.get())) {
        if screen.cell(at, 0).is_some_and(vt100::Cell::inverse) {
            if let Some(row) = status.replace(row) {
                text.push_str(&format!("{row}\n"));
            }
            continue;
        }
        text.push_str(&row);
        if !screen.row_wrapped(at) {
            text.push('\n');
        }
    }
    text.truncate(text.trim_end_matches('\n').len());
    (text, status)
}

#[track_caller]
fn resize(master: &File, columns: u16) {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).unwrap();
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.program.kill().ok();
        self.program.wait().ok();
    }
}
