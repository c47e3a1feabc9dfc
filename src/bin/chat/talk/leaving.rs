//! How a connection ends, and the program.

use std::time::Duration;

use chatd::edit::password;
use chatd::text::Text;

use super::action::{Action, show};
use super::outbox::Addressed;
use super::state::{Stage, Talk};
use crate::notices;

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
        list("!! perhaps not sent", lost.iter().map(|(_, line)| line), actions);
        // Other commands are only listed: typing would go on behind them.
        give_back(lost.into_iter().filter(|(_, line)| notices::is_speech(line)), actions);
        self.forget_join();
        self.is_hushed = false;
        self.replay = None;
        let what = if self.stage == Stage::Dialing { "no connection" } else { "connection lost" };
        let why = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        self.lost_at.get_or_insert(now);
        let give_up_at = self.give_up_at();
        if give_up_at.is_some_and(|at| at <= now) {
            return self.stop(Action::GiveUp(format!("{what}{why}")), actions);
        }
        let dial_at = now + self.backoff.pause();
        let dial_at = give_up_at.map_or(dial_at, |at| at.min(dial_at));
        let seconds = (dial_at - now).as_secs_f64();
        actions.push(Action::Show(format!("-- {what}{why}; trying again in {seconds:.1} s")));
        self.stage = Stage::Away { dial_at };
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
pub(super) fn give_back(lines: impl IntoIterator<Item = Addressed>, actions: &mut Vec<Action>) {
    let lines = lines.into_iter().filter(|(_, line)| password(line.as_str()).is_none());
    actions.extend(lines.map(|(room, line)| Action::GiveBack(room, line.to_string())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::talk::Event;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Loses the server at `now` and tries again until the end of all patience; returns when that is.
    fn tries_in_vain(talk: &mut Talk, mut now: Duration) -> Duration {
        talk.handle(now, Event::Connected);
        loop {
            let lost = talk.handle(now, Event::Lost(Some("refused".to_owned())));
            let why = "no connection (refused)".to_owned();
            if lost == [Action::GiveUp(why)] {
                return now;
            }
            now = talk.deadline().unwrap();
            assert_eq!(talk.handle(now, Event::Due), [Action::Dial]);
        }
    }

    #[test]
    fn a_server_is_tried_again_up_to_the_end_of_patience() {
        let mut talk = Talk::new(Identity::default(), None).giving_up_after(MINUTE);
        assert_eq!(tries_in_vain(&mut talk, Duration::ZERO), MINUTE);
    }

    #[test]
    fn of_what_may_be_lost_only_what_people_would_read_is_given_back() {
        let mut talk = Talk::new(Identity::default(), None);
        talk.handle(Duration::ZERO, Event::Connected);
        talk.handle(Duration::ZERO, Event::Heard { room: None, line: Text::new("-- pong") });
        for line in ["/join dev", "hello", "/msg bob hi", "/me waves"] {
            talk.handle(Duration::ZERO, Event::Typed(Text::new(line)));
        }
        let lost = talk.handle(Duration::ZERO, Event::Lost(None));
        let listed =
            |action: &&Action| matches!(action, Action::Show(line) if line.starts_with("!!"));
        assert_eq!(lost.iter().filter(listed).count(), 4, "{lost:?}");
        let back =
            ["hello", "/msg bob hi", "/me waves"].map(|it| Action::GiveBack(None, it.to_owned()));
        assert_eq!(lost[4..7], back);
    }

    #[test]
    fn patience_begins_anew_when_the_server_is_back() {
        let mut talk = Talk::new(Identity::default(), None).giving_up_after(MINUTE);
        talk.handle(Duration::ZERO, Event::Lost(None));
        talk.handle(MINUTE / 2, Event::Connected);
        talk.handle(MINUTE / 2, Event::Heard { room: None, line: Text::new("-- pong") });
        assert_eq!(tries_in_vain(&mut talk, MINUTE), 2 * MINUTE);
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for_any_longer() {
        let mut talk = Talk::new(Identity::default(), None).giving_up_after(MINUTE);
        talk.handle(Duration::ZERO, Event::Lost(None));
        talk.handle(MINUTE, Event::Connected);
        let last = talk.deadline().unwrap();
        assert!(last <= MINUTE + Duration::from_secs(5), "{last:?}");
        let given_up = talk.handle(last, Event::Due);
        assert!(matches!(given_up[..], [Action::HangUp, Action::GiveUp(_)]), "{given_up:?}");
    }
}
