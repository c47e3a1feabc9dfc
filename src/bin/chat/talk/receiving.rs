//! What the server says: answers, and what people say.

use std::time::Duration;

use chatd::text::Text;

use super::action::Action;
use super::leaving::give_back;
use super::listener::Call;
use super::login::Answer;
use super::outbox::Asker;
use super::seen;
use super::state::{Stage, Talk};
use super::wishes::Wishes;
use crate::heard::{Notice, Speech};
use crate::notices;

impl Talk {
    pub(super) fn receive(&mut self, now: Duration, line: &Text, actions: &mut Vec<Action>) {
        let notice = Notice::of(line.as_str());
        if notice == Some(Notice::Pong) && self.take_pong(now, actions) {
            return;
        }
        if matches!(self.stage, Stage::Leaving { .. }) && notice == Some(Notice::Goodbye) {
            // This answers the /quit, so all earlier lines arrived. Its advice is for netcat users.
            self.outbox.all_arrived();
            return actions.push(Action::Show("-- Bye.".to_owned()));
        }
        self.learn(notice.as_ref());
        if self.is_hushed && Wishes::is_answer(line.as_str()) {
            return;
        }
        if !self.put_off(line, notice.as_ref()) {
            self.show_line(line, actions);
        }
        let login = self.login.receive(now, line.as_str());
        if let Stage::Entering { is_refused, .. } = &mut self.stage {
            *is_refused |= notices::is_refusal(line.as_str()) && login != Some(Answer::NotYet);
        }
        if let Some(notice) = &notice {
            self.answer(notice, actions);
        }
        self.return_refused(line.as_str(), actions);
        self.follow_login(now, login, actions);
    }

    /// Handles a pong; returns whether the user did not ask for it.
    fn take_pong(&mut self, now: Duration, actions: &mut Vec<Action>) -> bool {
        self.listener.learn(&Notice::Pong);
        match self.outbox.pong(now) {
            Some(Asker::Entrance) => self.open(now, actions),
            Some(Asker::Confirmation(_)) => self.go_on(now, actions),
            Some(Asker::Wishes) => self.is_hushed = false,
            Some(Asker::User) | None => return false,
        }
        true
    }

    fn learn(&mut self, notice: Option<&Notice<'_>>) {
        if let Some(notice) = notice {
            self.identity.learn(notice);
            self.listener.learn(notice);
            self.wishes.learn(notice);
        }
    }

    /// Does what follows from a notice.
    fn answer(&mut self, notice: &Notice<'_>, actions: &mut Vec<Action>) {
        self.reclaim_nick(notice, actions);
        if let Notice::Joined { nick } = *notice {
            actions.extend(self.wishes.joined(nick).map(Action::Send));
        }
    }

    /// Shows a line, marked if it names the user, and remembers it.
    fn show_line(&mut self, line: &Text, actions: &mut Vec<Action>) {
        let text = line.to_string();
        let Some(said) = Speech::of(line.as_str()) else {
            if text.starts_with("-- ") {
                self.seen.add_notice(&text);
            }
            return actions.push(Action::Show(text));
        };
        let call = self.listener.hear(&said);
        if said.form.is_for_room() && said.room.is_none() {
            let room = self.identity.place().unwrap_or_default();
            self.seen.add(room, seen::key(said.form, said.nick, said.text));
        }
        actions.push(if call == Call::None { Action::Show(text) } else { Action::Mark(text) });
        if call == Call::Ring {
            actions.push(Action::Ring);
        }
    }

    /// Gives back a line that the server refused, if it is clear which one it was.
    fn return_refused(&mut self, refusal: &str, actions: &mut Vec<Action>) {
        if notices::is_refusal(refusal) {
            let refused = self.outbox.refuse(|line| notices::may_refuse(refusal, line)).cloned();
            give_back(refused.into_iter().collect(), actions);
        }
    }
}
