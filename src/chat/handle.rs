//! `Chat::handle`: what follows when something happens to a client, or time passes.

use std::time::Duration;

use super::effect::{Audience, Effect, Effects};
use super::event::Event;
use super::message::{Message, Reason};
use super::model::{ClientId, Now};
use super::refusal::Refusal;
use super::state::Chat;
use super::turn::Turn;

impl Chat {
    /// Lets `event` happen to `client`, and appends what follows from it to `effects`.
    ///
    /// Never fails: a user's mistake is a [`Refusal`] told to that user. Events for clients that
    /// are not connected (any more) have no effects.
    pub fn handle(&mut self, now: Now, client: ClientId, event: Event, effects: &mut Effects) {
        if let Event::Connected(origin, traits) = event {
            return self.connect(now, client, origin, traits, effects);
        }
        // What is decided holds, whether or not whoever asked for it is still here.
        self.take_note(now, client, &event, effects);
        if let (ClientId::NOBODY, Event::RoomRead(room, past)) = (client, &event) {
            self.take_over(*room, past.clone());
            self.read_next_room(effects);
        }
        if !self.clients.contains_key(&client) {
            if let Event::Registered(_) | Event::PasswordChanged(_) = event {
                // Somebody else may wear that nick by now, or be logged in.
                self.enforce(now, effects);
            }
            return;
        }
        let mut turn = Turn { chat: self, now, me: client, effects };
        match event {
            Event::Connected(..) | Event::Banned(_) | Event::Unbanned(_) | Event::NotSaved(_) => {}
            Event::Settled => turn.announce(),
            Event::Line(line) => turn.line(&line),
            Event::TooLong { bytes, limit } => turn.refuse(Refusal::TooLong { bytes, limit }),
            Event::Found { room, lines } => turn.show_found(room, lines),
            Event::NotFound(why) => turn.refuse(Refusal::NotFound(why)),
            Event::RoomRead(room, past) => turn.room_read(room, past),
            Event::RoomNotRead(room, why) => turn.room_not_read(room, why),
            Event::NotAnswered => turn.not_answered(),
            Event::Registered(account) => turn.registered(account),
            Event::LoggedIn(account) => turn.logged_in(account),
            Event::PasswordChanged(account) => turn.password_changed(account),
            Event::WrongPassword => turn.refuse(Refusal::WrongPassword),
            Event::NotClaimed(why) => turn.refuse(Refusal::NotFound(why)),
            Event::Forgotten(filter, lines) => turn.tell_forgotten(&filter, lines),
            Event::Malformed => turn.refuse(Refusal::Malformed),
            Event::Ping => turn.notice("pong"),
            Event::Quit => turn.quit(None),
            Event::Idle(limit) => turn.expel(Refusal::Idle(limit), Reason::TimedOut),
            Event::EndlessLine(bytes) => {
                turn.expel(Refusal::EndlessLine(bytes), Reason::Disconnected);
            }
            Event::Gone(reason) => turn.depart(reason),
        }
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.rooms.next_digest().into_iter().chain(self.orders.next_try()).min()
    }

    /// Lets the time pass: digests that are due are told, and what the disk did not take is tried
    /// again.
    pub fn tick(&mut self, now: Now, effects: &mut Effects) {
        while let Some(room) = self.rooms.take_digest(now.uptime) {
            self.tell_digest(room, effects);
        }
        if let Some((by, order)) = self.orders.take_due(now.uptime) {
            effects.push(Effect::Order(by, order));
        }
    }

    /// Tells everybody that the server is going down.
    pub fn go_down(&self, effects: &mut Effects) {
        effects.tell(Audience::Everyone, Message::GoingDown);
    }
}
