//! What the user types: to the server, to the client itself, or kept until it can be sent.

use std::time::Duration;

use chatd::text::Text;

use super::action::{Action, show};
use super::leaving::give_back;
use super::outbox::{Asker, Kept};
use super::seen;
use super::state::{Stage, Talk};
use crate::notices;
use crate::notices::PING;
use crate::page::Lead;

impl Talk {
    pub(super) fn type_line(&mut self, now: Duration, line: Text, actions: &mut Vec<Action>) {
        if self.is_leaving() {
            return actions.push(show("!! not sent", &line));
        }
        if let Some(switch) = notices::bell(&line) {
            return actions.push(Action::Show(self.switch_bell(switch)));
        }
        if notices::is_quit(&line) {
            return self.leave(now, Some(line.as_str()), actions);
        }
        let Some(line) = self.without_link(line, actions) else { return };
        let joined = notices::joined(&line);
        if let Some(number) = joined.as_deref().and_then(|room| self.rooms.number(room)) {
            return self.turn(number, actions);
        }
        let is_cut_off = matches!(self.stage, Stage::Away { .. } | Stage::Dialing);
        let room = self.joining.as_deref().or(self.rooms.address()).map(str::to_owned);
        if let Some(line) = self.outbox.keep(line, room, is_cut_off) {
            return actions.push(show("!! not sent; discarded", &line));
        }
        // What is typed from now on is for that room.
        self.joining = joined.or(self.joining.take());
        if is_cut_off {
            actions.push(Action::Show("-- not sent yet: no connection".to_owned()));
        }
        if matches!(self.stage, Stage::Open { .. }) {
            if !self.is_named {
                self.identity.accept_nick();
            }
            self.send_kept(now, actions);
        }
    }

    /// A line in which a `/join` names the room itself, if it had a link to it; `None` if that may
    /// lead to another server.
    fn without_link(&self, line: Text, actions: &mut Vec<Action>) -> Option<Text> {
        let target = notices::join_target(&line).zip(self.page.as_ref());
        match target.and_then(|((link, rest), page)| Some((page.lead_of(link)?, rest))) {
            Some((Lead::Here { room, told }, rest)) => {
                actions.extend(told.map(Action::Show));
                Some(Text::new(format!("/join {room} {rest}").trim_end()))
            }
            Some((Lead::Elsewhere(why), _)) => {
                actions.push(Action::Show(why));
                None
            }
            None => Some(line),
        }
    }

    /// Turns to the room with this number.
    pub(super) fn turn(&mut self, number: usize, actions: &mut Vec<Action>) {
        match self.rooms.turn(number) {
            Some(()) => {
                self.joining = None;
                self.show_room(actions);
            }
            None if self.rooms.is_many() => {
                let told = format!("-- there is no room {number}; /join opens one");
                actions.push(Action::Show(told));
            }
            None => {
                let told = "-- one room at a time here; connect to the page's address for more";
                actions.push(Action::Show(told.to_owned()));
            }
        }
    }

    /// Shows what was said in the room that the user turned to.
    pub(super) fn show_room(&mut self, actions: &mut Vec<Action>) {
        if let Some(room) = self.rooms.name() {
            self.identity.go(room);
        }
        actions.push(Action::Turn(self.rooms.read()));
    }

    pub(super) fn switch_bell(&mut self, switch: Result<bool, &str>) -> String {
        match switch {
            Ok(on) => {
                self.listener.bell = on;
                format!("-- bell is {}", if on { "on" } else { "off" })
            }
            Err(refusal) => refusal.to_owned(),
        }
    }

    /// Sends as many of the lines that wait as may be on their way.
    pub(super) fn send_kept(&mut self, now: Duration, actions: &mut Vec<Action>) {
        while let Some(Kept { line, room, is_told }) = self.outbox.next() {
            let is_there = room.as_deref().is_none_or(|room| self.rooms.number(room).is_some());
            let is_many = self.rooms.is_many();
            if is_many && !is_there && notices::is_speech(&line) {
                actions.push(show("!! not sent", &line));
                give_back([(room, line)], actions);
                continue;
            }
            if is_told {
                actions.push(show("-- sent now", &line));
            }
            self.send(now, room.filter(|_| is_many && is_there), line, actions);
        }
    }

    /// Forgets the room that the user asked to join, unless it is still to be asked for.
    pub(super) fn forget_join(&mut self) {
        let is_asked = self.outbox.awaits(Asker::Join);
        if !is_asked && !self.outbox.kept().any(|line| notices::joined(line).is_some()) {
            self.joining = None;
        }
    }

    fn send(&mut self, now: Duration, room: Option<String>, line: Text, actions: &mut Vec<Action>) {
        if notices::is_ping(&line) {
            // Without blanks, which could make the line too long.
            actions.push(Action::Send(PING.to_owned()));
            return self.outbox.ping(now, Asker::User);
        }
        self.login.say(&line);
        if let Some((form, text)) = notices::said(&line) {
            let at = room.as_deref().or(self.identity.place()).unwrap_or_default();
            let said = seen::key(form, self.listener.nick(), text);
            self.seen.add(at, &said);
            self.rooms.keep(room.as_deref(), (said, false), true);
        }
        actions.push(match room {
            Some(ref room) => Action::SendIn(room.clone(), line.to_string()),
            None => Action::Send(line.to_string()),
        });
        let is_join = notices::joined(&line).is_some();
        self.outbox.sent(now, room, line);
        if is_join {
            self.await_join(now, actions);
        }
    }

    /// After a `/join`, asks for the end of its answers if what is typed next depends on them.
    fn await_join(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.rooms.is_many() {
            self.outbox.ping(now, Asker::Join);
            actions.push(Action::Send(PING.to_owned()));
        } else {
            self.forget_join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::talk::Event;

    const NOW: Duration = Duration::ZERO;

    /// A talk that is in these rooms, the last of them on the screen.
    fn talk(rooms: &[&str]) -> Talk {
        let mut talk = Talk::new(Identity::default(), None);
        talk.handle(NOW, Event::Connected);
        let welcome = "-- Welcome to chatd on box7. You are alice, alone in lobby.";
        hear(&mut talk, Some("lobby"), welcome);
        hear(&mut talk, None, "-- pong");
        for room in rooms {
            hear(&mut talk, Some(room), &format!("-- You are alone in {room}."));
        }
        talk
    }

    fn hear(talk: &mut Talk, room: Option<&str>, line: &str) -> Vec<Action> {
        let room = room.map(str::to_owned);
        talk.handle(NOW, Event::Heard { room, line: Text::new(line) })
    }

    fn type_line(talk: &mut Talk, line: &str) -> Vec<Action> {
        talk.handle(NOW, Event::Typed(Text::new(line)))
    }

    #[test]
    fn a_line_is_for_the_room_on_the_screen_when_it_was_typed() {
        let mut talk = talk(&["dev", "ops"]);
        let sent = |room: &str, line: &str| Action::SendIn(room.to_owned(), line.to_owned());
        assert_eq!(type_line(&mut talk, "one"), [sent("ops", "one")]);
        talk.handle(NOW, Event::Turn(2));
        talk.handle(NOW, Event::Lost(None));
        type_line(&mut talk, "two");
        talk.handle(NOW, Event::Turn(3));
        type_line(&mut talk, "three");
        let now = talk.deadline().unwrap();
        talk.handle(now, Event::Due);
        let asked = talk.handle(now, Event::Connected);
        let lines = ["", "/join dev", "/join ops", "/ping"];
        assert_eq!(asked, lines.map(|line| Action::Send(line.to_owned())));
        for room in ["lobby", "dev", "ops"] {
            let line = match room {
                "lobby" => "-- Welcome to chatd on box7. You are alice, alone in lobby.".to_owned(),
                _ => format!("-- You are alone in {room}."),
            };
            hear(&mut talk, Some(room), &line);
        }
        type_line(&mut talk, "four");
        let told = hear(&mut talk, None, "-- pong");
        for action in [sent("dev", "two"), sent("ops", "three"), sent("ops", "four")] {
            assert!(told.contains(&action), "{told:?}");
        }
    }

    #[test]
    fn on_the_text_wire_there_is_no_other_room() {
        let mut talk = talk(&[]);
        hear(&mut talk, None, "-- You are alone in dev.");
        let told = talk.handle(NOW, Event::Turn(1));
        assert!(matches!(&told[..], [Action::Show(line)] if line.starts_with("-- one room")));
    }
}
