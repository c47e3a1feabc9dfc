//! A terminal whose width changes. Some cut the rows anew, others do not.

use super::*;
use crate::harness::eventually;

/// A draft of more than one row, and of one row that a narrower terminal makes two.
const DRAFTS: [&str; 2] =
    ["it was a dark and stormy night; the rain fell in torrents", "a draft of so many words"];

/// What is on the screen in the end: all that was said, and the draft once.
fn is_whole(rows: &[&str], draft: &str) -> bool {
    let [.., one, two, three, four, typed] = rows else { return false };
    let said =
        [*one, *two, *three, *four] == ["<bob> one", "<bob> two", "<bob> three", "<bob> four"];
    said && *typed == format!("> {draft}")
        && rows.iter().filter(|row| row.contains("> ")).count() == 5
}

#[test]
fn rows_that_the_terminal_cut_are_drawn_anew() {
    for draft in DRAFTS {
        let server = Server::start();
        let [mut bob] = people(&server, ["bob"]);
        let mut alice = alice(&server);
        bob.ask("one\ntwo\nthree\nfour");
        alice.types(draft);
        let typed = format!("> {draft}");
        ends_in(&mut alice, &["<bob> four", &typed]);
        for columns in [20, 33, 12, 80] {
            alice.displays_status(|_| true);
            alice.cuts_rows(columns);
            alice.displays(|rows| is_whole(rows, draft));
        }
        alice.types("\r");
        bob.wait_for(|line| line == format!("<alice> {draft}"));
    }
}

/// The program in tmux.
struct Tmux(TempDir);

impl Tmux {
    fn run(command: &str) -> Self {
        let tmux = Self(TempDir::new());
        tmux.ask(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command]);
        tmux
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        tmux.arg("-S").arg(self.0.path("socket")).args(arguments);
        tmux
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let ended = run(&mut self.command(arguments));
        assert_eq!(ended.status, 0, "{arguments:?}: {}", ended.stderr);
        ended.stdout
    }

    /// Waits until the status line is that of so many columns, two of which are blank at its end.
    #[track_caller]
    fn has_status_of(&self, columns: usize) {
        eventually("a status line as wide as the terminal", || {
            let screen = self.ask(&["capture-pane", "-p"]);
            let status = screen.trim_end().lines().last()?;
            (status.len() == columns - 2).then_some(())
        });
    }

    /// Waits until the screen, and what the terminal keeps above it, are as wanted. Rows that the
    /// terminal wrapped are one; the status line is left out.
    #[track_caller]
    fn displays(&self, start: &str, wanted: impl Fn(&[&str]) -> bool) {
        eventually(start, || {
            let screen = self.ask(&["capture-pane", "-p", "-J", "-S", start]);
            let rows: Vec<_> = screen.trim_end().lines().map(str::trim_end).collect();
            let (status, rows) = rows.split_last()?;
            (status.contains(" in lobby") || status.contains(" lobby")).then_some(())?;
            wanted(rows).then_some(())
        });
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // The test may be failing already.
        self.command(&["kill-server"]).output().ok();
    }
}

#[test]
#[ignore = "needs tmux (tmux)"]
fn rows_that_the_terminal_wraps_anew_are_drawn_anew() {
    for draft in DRAFTS {
        let server = Server::start();
        let [mut bob] = people(&server, ["bob"]);
        let chat = env!("CARGO_BIN_EXE_chat");
        let nowhere = "XDG_STATE_HOME=/dev/null XDG_CONFIG_HOME=/dev/null";
        let address = server.addr();
        let tmux = Tmux::run(&format!("echo before; {nowhere} {chat} {address} --nick alice"));
        bob.wait_for(|line| line.starts_with("-- alice joined"));
        bob.ask("one\ntwo\nthree\nfour");
        tmux.ask(&["send-keys", "-l", draft]);
        tmux.displays("0", |rows| is_whole(rows, draft));
        for columns in ["20", "33", "12", "80"] {
            tmux.ask(&["resize-window", "-x", columns]);
            tmux.displays("0", |rows| is_whole(rows, draft));
        }
        for n in 1..=4 {
            let [columns, lines] = [80 + n, 24 + n].map(|n| n.to_string());
            tmux.ask(&["resize-window", "-x", &columns, "-y", &lines]);
            tmux.has_status_of(80 + n);
            tmux.displays("0", |rows| is_whole(rows, draft));
        }
        // One copy may be above the screen, but not one of each step.
        tmux.displays("-", |rows| {
            let copies = rows.iter().filter(|row| **row == "<bob> one").count();
            rows.first() == Some(&"before") && copies <= 2
        });
        tmux.ask(&["send-keys", "Enter"]);
        bob.wait_for(|line| line == format!("<alice> {draft}"));
    }
}
