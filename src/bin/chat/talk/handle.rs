//! An event becomes actions.

use std::time::Duration;

use super::action::{Action, Event};
use super::state::{Stage, Talk};
use crate::notices::{PING, QUIT};

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
            Event::Heard { room, line } => self.receive(now, room.as_deref(), &line, &mut actions),
            Event::Turn(number) => self.turn(number, &mut actions),
            Event::Lost(reason) => self.lose(now, reason, &mut actions),
            Event::WrongPort(why) if self.was_open => self.lose(now, Some(why), &mut actions),
            Event::WrongPort(why) => self.stop(Action::GiveUp(why), &mut actions),
            Event::Due => self.be_due(now, &mut actions),
        }
        actions
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
