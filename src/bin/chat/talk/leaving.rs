//! How a connection ends, and the program.

use std::time::Duration;

use chatd::edit::password;
use chatd::text::Text;

use super::action::{Action, show};
use super::state::{Stage, Talk};

/// How long the server may take to say goodbye.
const LEAVING: Duration = Duration::from_secs(3);
/// Most lines that are listed when they were not sent.
const MAX_LISTED: usize = 20;

impl Talk {
    /// Leaves when everything is sent, with `/quit` or without.
    pub(super) fn leave(&mut self, now: Duration, word: Option<&str>, actions: &mut Vec<Action>) {
        let by = now + LEAVING;
        if matches!(self.stage, Stage::Away { .. } | Stage::Dialing) {
            return self.end(actions);
        }
        if self.is_leaving() {
            // A user who does not want to wait asks a second time.
            if word.is_none() && self.stage != Stage::Over {
                self.end(actions);
            }
            return;
        }
        match &mut self.stage {
            Stage::Entering { leave_by, .. } | Stage::Open { leave_by }
                if self.outbox.has_kept() =>
            {
                *leave_by = Some(by);
                self.farewell = word.map(str::to_owned);
            }
            _ => self.say_goodbye(now, word, actions),
        }
    }

    pub(super) fn say_goodbye(
        &mut self,
        now: Duration,
        word: Option<&str>,
        actions: &mut Vec<Action>,
    ) {
        self.stage = Stage::Leaving { until: now + LEAVING };
        actions.extend(word.map(|word| Action::Send(word.to_owned())));
        actions.push(Action::Finish);
    }

    pub(super) fn end(&mut self, actions: &mut Vec<Action>) {
        self.stop(Action::End, actions);
    }

    pub(super) fn stop(&mut self, last: Action, actions: &mut Vec<Action>) {
        self.stage = Stage::Over;
        list("!! not sent", self.outbox.kept(), actions);
        list("!! perhaps not sent", self.outbox.on_their_way(), actions);
        actions.push(last);
    }

    /// The server does not answer.
    pub(super) fn hang_up(&mut self, now: Duration, actions: &mut Vec<Action>) {
        actions.push(Action::HangUp);
        self.lose(now, Some("no answer".to_owned()), actions);
    }

    /// The connection is gone: tells what may be lost, and when the next attempt is.
    pub(super) fn lose(
        &mut self,
        now: Duration,
        reason: Option<String>,
        actions: &mut Vec<Action>,
    ) {
        if self.is_leaving() {
            if reason.is_none() {
                // A server that ends the connection has read everything that was sent.
                self.outbox.all_arrived();
            }
            return self.end(actions);
        }
        let lost = self.outbox.lose();
        list("!! perhaps not sent", lost.iter(), actions);
        give_back(lost, actions);
        self.is_hushed = false;
        self.replay = None;
        let what = if self.stage == Stage::Dialing { "no connection" } else { "connection lost" };
        let why = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        let pause = self.backoff.pause();
        let seconds = pause.as_secs_f64();
        actions.push(Action::Show(format!("-- {what}{why}; trying again in {seconds:.1} s")));
        self.stage = Stage::Away { dial_at: now + pause };
    }
}

/// Lists lines, but no more than fit on a screen.
fn list<'a>(what: &str, lines: impl Iterator<Item = &'a Text>, actions: &mut Vec<Action>) {
    let mut lines = lines;
    actions.extend(lines.by_ref().take(MAX_LISTED).map(|line| show(what, line)));
    let more = lines.count();
    if more > 0 {
        actions.push(Action::Show(format!("{what}: {more} more lines")));
    }
}

/// Lets the user send lines again, unless they have passwords.
pub(super) fn give_back(lines: Vec<Text>, actions: &mut Vec<Action>) {
    let lines = lines.into_iter().filter(|line| password(line.as_str()).is_none());
    actions.extend(lines.map(|line| Action::GiveBack(line.to_string())));
}
