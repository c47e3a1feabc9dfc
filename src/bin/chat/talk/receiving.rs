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

/// The room that everybody comes to.
const LOBBY: &str = "lobby";

impl Talk {
    /// Handles a line, which is about this room if it names one.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        room: Option<&str>,
        line: &Text,
        actions: &mut Vec<Action>,
    ) {
        let notice = Notice::of(line.as_str());
        if notice == Some(Notice::Pong) && self.take_pong(now, actions) {
            return;
        }
        if matches!(self.stage, Stage::Leaving { .. }) && notice == Some(Notice::Goodbye) {
            // This answers the /quit, so all earlier lines arrived. Its advice is for netcat users.
            self.outbox.all_arrived();
            return actions.push(Action::Show("-- Bye.".to_owned()));
        }
        self.learn(room, notice.as_ref());
        if self.is_hushed && Wishes::is_answer(line.as_str()) {
            return;
        }
        if !self.put_off(room, line, notice.as_ref()) {
            self.show_line(room, line, actions);
        }
        let login = self.login.receive(now, line.as_str());
        if let Stage::Entering { is_refused, .. } = &mut self.stage
            && notices::is_refusal(line.as_str())
            && login != Some(Answer::NotYet)
        {
            *is_refused = true;
            self.refusal = Some(line.to_string());
        }
        if let Some(notice) = &notice {
            self.answer(notice, actions);
        }
        self.ignore_again(notice.as_ref(), line.as_str(), actions);
        self.return_refused(room, line.as_str(), actions);
        self.follow_login(now, login, actions);
    }

    /// Handles a pong; returns whether the user did not ask for it.
    fn take_pong(&mut self, now: Duration, actions: &mut Vec<Action>) -> bool {
        self.listener.learn(&Notice::Pong);
        match self.outbox.pong(now) {
            Some(Asker::Entrance) => self.open(now, actions),
            Some(Asker::Confirmation(_)) => self.go_on(now, actions),
            Some(Asker::Wishes) => self.is_hushed = false,
            Some(Asker::Join) => {
                self.forget_join();
                self.go_on(now, actions);
            }
            Some(Asker::User) | None => return false,
        }
        true
    }

    fn learn(&mut self, room: Option<&str>, notice: Option<&Notice<'_>>) {
        if let Some(notice) = notice {
            match *notice {
                Notice::Welcome { room: name, .. } | Notice::Moved { room: name } => {
                    self.rooms.enter(name, room.is_some());
                }
                Notice::Topic { text } => self.rooms.set_topic(room, text),
                _ => {}
            }
            self.identity.learn(notice);
            self.listener.learn(notice);
            self.wishes.learn(notice);
        }
    }

    /// Does what follows from a notice.
    fn answer(&mut self, notice: &Notice<'_>, actions: &mut Vec<Action>) {
        self.reclaim_nick(notice, actions);
        if let Notice::Moved { room } = *notice {
            self.show_link(room, actions);
        }
        if let Notice::Parted { room } = *notice
            && self.rooms.leave(room)
        {
            self.show_room(actions);
            actions.push(Action::Show(format!("-- you left {room}")));
        }
    }

    /// Ignores somebody who came after the user. Among many who come at once, only what they say
    /// names them.
    fn ignore_again(&mut self, notice: Option<&Notice<'_>>, line: &str, actions: &mut Vec<Action>) {
        if self.is_hushed || !matches!(self.stage, Stage::Open { .. }) {
            return;
        }
        let speech = Speech::of(line).filter(|speech| !self.listener.is_replayed(speech));
        let nick = match notice {
            Some(Notice::Joined { nick }) => Some(*nick),
            _ => speech.map(|speech| speech.nick),
        };
        actions.extend(nick.and_then(|nick| self.wishes.met(nick)).map(Action::Send));
    }

    /// Shows the link to a room that the user entered, for the first time.
    fn show_link(&mut self, room: &str, actions: &mut Vec<Action>) {
        let is_own = matches!(self.stage, Stage::Open { .. }) && room != LOBBY;
        let link = self.page.as_ref().and_then(|page| page.link_to(room));
        let Some(link) = link.filter(|_| is_own) else { return };
        let told = format!("-- to invite others to {room}, send them {link}");
        if self.seen.add_notice(&told) {
            self.rooms.keep(Some(room), (told.clone(), false), false);
            actions.push(Action::Show(told));
        }
    }

    /// Shows a line, marked if it names the user, and remembers it. A line about a room that is not
    /// on the screen is kept.
    fn show_line(&mut self, room: Option<&str>, line: &Text, actions: &mut Vec<Action>) {
        let text = line.to_string();
        let is_elsewhere = self.rooms.is_elsewhere(room);
        let Some(said) = Speech::of(line.as_str()) else {
            if text.starts_with("-- ") {
                self.seen.add_notice(&text);
            }
            self.rooms.keep(room, (text.clone(), false), false);
            // The user has to see a refusal wherever the user is by now.
            let is_shown = !is_elsewhere || notices::is_refusal(&text);
            actions.extend(is_shown.then_some(Action::Show(text)));
            return;
        };
        let call = self.listener.hear(&said);
        let is_for_room = said.form.is_for_room() && said.room.is_none();
        if is_for_room {
            let room = room.or(self.identity.place()).unwrap_or_default();
            self.seen.add(room, &seen::key(said.form, said.nick, said.text));
        }
        let is_marked = call != Call::None;
        self.rooms.keep(room, (text.clone(), is_marked), is_for_room);
        if !is_elsewhere {
            actions.push(if is_marked { Action::Mark(text) } else { Action::Show(text) });
        }
        if call == Call::Ring {
            actions.push(Action::Ring);
        }
    }

    /// Gives back a line that the server refused, if it is clear which one it was.
    fn return_refused(&self, room: Option<&str>, refusal: &str, actions: &mut Vec<Action>) {
        if notices::is_refusal(refusal) {
            let refused = self.outbox.refuse(room, |line| notices::may_refuse(refusal, line));
            give_back(refused.cloned(), actions);
        }
    }
}
