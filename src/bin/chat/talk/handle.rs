//! An event becomes actions.

use std::time::Duration;

use super::action::{Action, Event};
use super::state::{Stage, Talk};
use crate::notices::{PING, QUIT};

/// Most lines of the server that are handled before what is due.
const MAX_LATE: usize = 300;

impl Talk {
    /// When to send [`Event::Due`].
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Away { dial_at } => Some(dial_at),
            Stage::Leaving { until } => Some(until),
            Stage::Open { leave_by } => earlier(leave_by, self.outbox.deadline()),
            Stage::Entering { until, leave_by, .. } => {
                earlier(leave_by, self.login.deadline().or(Some(until)))
            }
            Stage::Dialing | Stage::Over => None,
        }
    }

    /// Handles `event`, and returns what to do. `now` never goes back.
    pub(crate) fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Typed(line) => self.type_line(now, line, &mut actions),
            Event::Leave { politely } => self.leave(now, politely.then_some(QUIT), &mut actions),
            Event::Connected => self.enter(now, &mut actions),
            Event::Heard { room, line } => {
                self.be_due_in_a_flood(now, &mut actions);
                if !self.is_cut_off() {
                    self.receive(now, room.as_deref(), &line, &mut actions);
                }
            }
            Event::Turn(number) => self.turn(number, &mut actions),
            Event::Lost(reason) => self.lose(now, reason, &mut actions),
            Event::WrongPort(why) if self.was_open => self.lose(now, Some(why), &mut actions),
            Event::WrongPort(why) => self.stop(Action::GiveUp(why), &mut actions),
            Event::Due => self.be_due(now, &mut actions),
        }
        actions
    }

    /// Does what is due although the server always has one more line to say. A user who had
    /// suspended the client reads first what came meanwhile.
    fn be_due_in_a_flood(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let is_late = self.deadline().is_some_and(|deadline| deadline <= now);
        self.late = if is_late { self.late + 1 } else { 0 };
        if self.late > MAX_LATE || is_late && self.is_leaving() {
            self.late = 0;
            self.be_due(now, actions);
        }
    }

    /// Whether there is no connection, nor will be without an attempt.
    fn is_cut_off(&self) -> bool {
        matches!(self.stage, Stage::Away { .. } | Stage::Dialing | Stage::Over)
    }

    fn be_due(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match self.stage {
            Stage::Away { .. } => {
                self.stage = Stage::Dialing;
                actions.push(Action::Dial);
            }
            Stage::Entering { leave_by: Some(by), .. } | Stage::Open { leave_by: Some(by) }
                if by <= now =>
            {
                self.end(actions);
            }
            Stage::Open { .. } if self.outbox.is_lost(now) => self.hang_up(now, actions),
            Stage::Open { .. } => {
                if self.outbox.confirm(now) {
                    actions.push(Action::Send(PING.to_owned()));
                }
            }
            Stage::Entering { until, .. } if self.login.deadline().is_none() && until <= now => {
                self.hang_up(now, actions);
            }
            Stage::Entering { .. } => self.log_in(now, actions),
            Stage::Leaving { .. } => self.end(actions),
            Stage::Dialing | Stage::Over => {}
        }
    }
}

/// The earlier one of two deadlines.
fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use chatd::text::Text;

    use super::*;
    use crate::identity::Identity;

    fn entering() -> Talk {
        let mut talk = Talk::new(Identity::default(), None);
        talk.handle(Duration::ZERO, Event::Connected);
        talk
    }

    fn hear(talk: &mut Talk, now: Duration, line: &str) -> Vec<Action> {
        talk.handle(now, Event::Heard { room: None, line: Text::new(line) })
    }

    #[test]
    fn a_server_that_never_stops_talking_is_left_in_time() {
        let mut talk = entering();
        let late = talk.deadline().unwrap();
        (0..1000).for_each(|n| drop(hear(&mut talk, late / 2, &format!("<a> {n}"))));
        let mut floods = (0..=MAX_LATE).map(|n| hear(&mut talk, late, &format!("<a> {n}")));
        let told = floods.find(|told| told.contains(&Action::HangUp)).unwrap();
        assert!(!told.contains(&Action::Show("<a> 300".to_owned())), "{told:?}");
        assert_eq!(hear(&mut talk, late, "<a> of the old connection"), []);
    }

    #[test]
    fn whoever_leaves_does_not_wait_for_the_end_of_a_flood() {
        let mut talk = entering();
        hear(&mut talk, Duration::ZERO, "-- pong");
        talk.handle(Duration::ZERO, Event::Leave { politely: true });
        let by = talk.deadline().unwrap();
        assert_eq!(hear(&mut talk, by, "<a> and another thing"), [Action::End]);
    }

    #[test]
    fn what_came_while_the_client_was_suspended_is_read_first() {
        let mut talk = entering();
        hear(&mut talk, Duration::ZERO, "-- pong");
        talk.handle(Duration::ZERO, Event::Typed(Text::new("hello")));
        let asked = talk.deadline().unwrap();
        talk.handle(asked, Event::Due);
        let late = Duration::from_secs(3600);
        (0..100).for_each(|n| assert_eq!(hear(&mut talk, late, &format!("<a> {n}")).len(), 1));
        hear(&mut talk, late, "-- pong");
        assert!(talk.is_all_delivered());
    }
}
