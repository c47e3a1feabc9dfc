//! `Chat::handle`: turns events, and the passing of time, into effects.

use std::time::Duration;

use super::action::Action;
use super::effect::{Audience, Effect, Effects};
use super::event::{Class, Event};
use super::message::Message;
use super::model::{ClientId, Now};
use super::reason::Reason;
use super::refusal::Refusal;
use super::state::Chat;
use super::turn::commands::class_of;
use super::turn::{Turn, View};
use crate::text::Text;

impl Event {
    /// What the event may do to the chat, as far as that can be told without the chat.
    pub fn class(&self) -> Class {
        match self {
            Self::Line(line) | Self::LineIn(_, line) => class_of(line),
            Self::TooLong { .. }
            | Self::Malformed
            | Self::Found { .. }
            | Self::NotFound(_)
            | Self::RoomExists(..)
            | Self::Forgotten(..)
            | Self::BanSaved { .. }
            | Self::BanNotSaved(_)
            | Self::TooManyBanChanges
            | Self::Ping => Class::Query,
            Self::Authenticate(..) => Class::Barrier,
            Self::Do(Action::Command(_, line), _) => class_of(line),
            Self::Do(Action::Introduce { .. } | Action::Join(..), _) => Class::Barrier,
            _ => Class::Change,
        }
    }

    /// The label under which the client asked for it.
    fn label(&self) -> Option<&Text> {
        match self {
            Self::Do(_, label) => label.as_ref(),
            _ => None,
        }
    }
}

impl View<'_> {
    /// Answers an event that changes nothing.
    fn answer(&mut self, event: Event) {
        match event {
            Event::Line(line) => self.line(&line),
            Event::LineIn(room, line) if self.acts_in(room) => self.line(&line),
            Event::Do(Action::Command(room, line), _)
                if room.is_none_or(|room| self.acts_in(room)) =>
            {
                self.line(&line);
            }
            Event::TooLong { bytes, limit } => self.refuse(Refusal::TooLong { bytes, limit }),
            Event::Malformed => self.refuse(Refusal::Malformed),
            Event::Found { room, lines } => self.show_found(room, lines),
            Event::NotFound(why) => self.refuse(Refusal::NotFound(why)),
            Event::RoomExists(room, exists) => self.room_exists(room, exists),
            Event::Forgotten(filter, lines) => self.tell_forgotten(&filter, lines),
            Event::BanSaved { change, was_late } => self.tell_saved(&change, was_late),
            Event::BanNotSaved(change) => self.tell_not_saved(&change),
            Event::TooManyBanChanges if !self.is_operator() => self.refuse(Refusal::OperatorsOnly),
            Event::TooManyBanChanges => self.refuse(Refusal::TooManyBanChanges),
            Event::Ping => self.notice("pong"),
            _ => {}
        }
    }
}

impl Chat {
    /// Applies `event` of `client`, and appends the effects.
    ///
    /// Never fails: a user's mistake is a [`Refusal`] told to that user. Events for clients that
    /// are not (or no longer) connected have no effects.
    pub fn handle(&mut self, now: Now, client: ClientId, event: Event, effects: &mut Effects) {
        if let Event::Connected(origin, traits) = event {
            return self.connect(now, client, origin, traits, effects);
        }
        self.end_rooms(now.uptime, effects);
        if let Event::Post(post) = event {
            return self.post(now, client, *post, effects);
        }
        if let Event::WrongToken(origin) = event {
            return self.authentication.count_wrong_token(now.uptime, origin.address());
        }
        if let Event::Read(reading) = event {
            return self.read(now, client, *reading, effects);
        }
        let event = self.decided(event);
        let label = self.take_label(client, &event);
        let start = label.clone().map(|label| effects.begin_answer(client, label));
        self.handle_decided(now, client, event, effects);
        if let (Some(label), Some(start)) = (label, start) {
            self.end_answer(client, label, start, effects);
        }
    }

    /// The label of what the client is told next: that of `event`, or that of what had to wait for
    /// the store.
    fn take_label(&mut self, client: ClientId, event: &Event) -> Option<Text> {
        let waiting = self.clients.get_mut(&client).and_then(|client| client.label.take());
        event.label().cloned().or(waiting)
    }

    /// Ends the answer that begins at `start`, or has the label wait for the store with its client.
    fn end_answer(&mut self, id: ClientId, label: Text, start: usize, effects: &mut Effects) {
        let is_asking = self.authentication.is_pending(id);
        match self.clients.get_mut(&id) {
            Some(client) if client.entering.is_some() || is_asking => {
                client.label = Some(label);
                effects.remove(start);
            }
            _ => effects.push(Effect::Label(id, None)),
        }
    }

    fn handle_decided(&mut self, now: Now, client: ClientId, event: Event, effects: &mut Effects) {
        // The store's decision holds even if the client that asked for it has left.
        self.record_answer(now, client, &event, effects);
        if !self.clients.contains_key(&client) {
            return self.handle_without_client(now, client, event, effects);
        }
        let mut turn = Turn { chat: self, now, at: None, me: client, effects };
        match event {
            Event::Connected(..) | Event::Post(_) | Event::Read(_) | Event::WrongToken(_) => {}
            Event::TokenMade(token) => turn.token_made(*token),
            Event::Settled => turn.announce(),
            Event::Line(line) => turn.line(&line),
            Event::LineIn(room, line) if turn.acts_in(room) => turn.line(&line),
            Event::LineIn(..) => {}
            Event::Do(action, _) => turn.act(action),
            Event::ManyRooms => turn.me_mut().has_many_rooms = true,
            Event::Authenticate(command, password) => turn.authenticate(&command, password),
            Event::RoomRead(room, past) => turn.room_read(room, past),
            Event::RoomNotRead(room, why) => turn.room_not_read(room, why),
            Event::NotAnswered => turn.not_answered(),
            Event::Registered(account, _) => turn.registered(account),
            Event::LoggedIn(account) => turn.logged_in(account),
            Event::PasswordChanged(account, _) => turn.password_changed(account),
            Event::WrongPassword => turn.refuse(Refusal::WrongPassword),
            Event::NotAuthenticated(why) => turn.refuse(Refusal::NotFound(why)),
            Event::Quit => turn.quit(None),
            Event::Idle(limit) => turn.expel(Refusal::Idle(limit), Reason::TimedOut),
            Event::EndlessLine(bytes) => {
                turn.expel(Refusal::EndlessLine(bytes), Reason::Disconnected);
            }
            Event::Gone(reason) => turn.depart(reason),
            Event::TooLong { .. }
            | Event::Malformed
            | Event::Found { .. }
            | Event::NotFound(_)
            | Event::RoomExists(..)
            | Event::Forgotten(..)
            | Event::BanSaved { .. }
            | Event::BanNotSaved(_)
            | Event::TooManyBanChanges
            | Event::Ping => turn.view().answer(event),
        }
    }

    /// Applies an answer of the store for a client that has left, or for none.
    fn handle_without_client(
        &mut self,
        now: Now,
        client: ClientId,
        event: Event,
        effects: &mut Effects,
    ) {
        match event {
            Event::RoomRead(room, past) if client == ClientId::NOBODY => {
                self.take_over(room, past);
                self.read_next_room(effects);
            }
            Event::Gone(_) => self.end_reading(client, effects),
            // Somebody else may have taken that nick meanwhile, or be logged in.
            Event::Registered(..) | Event::PasswordChanged(..) => self.enforce(now, effects),
            _ => {}
        }
    }

    /// Appends the effects of an event of the class [`Query`](Class::Query), which changes nothing.
    /// Other events have none.
    pub fn ask(&self, now: Now, client: ClientId, event: Event, effects: &mut Effects) {
        if self.clients.contains_key(&client) {
            let label = event.label().cloned();
            let is_labelled = label.is_some();
            if let Some(label) = label {
                effects.begin_answer(client, label);
            }
            View { chat: self, now, me: client, at: None, effects }.answer(event);
            if is_labelled {
                effects.push(Effect::Label(client, None));
            }
        }
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub fn next_deadline(&self) -> Option<Duration> {
        let (digest, arrival) = (self.rooms.next_digest(), self.arrivals.next_deadline());
        [digest, arrival, self.rooms.next_end()].into_iter().flatten().min()
    }

    /// Does what is due at `now`: announces clients that have waited long enough, tells digests, and
    /// ends empty rooms.
    pub fn tick(&mut self, now: Now, effects: &mut Effects) {
        self.end_rooms(now.uptime, effects);
        while let Some(me) = self.arrivals.take_due(now.uptime) {
            if self.clients.contains_key(&me) {
                Turn { chat: self, now, at: None, me, effects }.announce();
            }
        }
        while let Some(room) = self.rooms.take_digest(now.uptime) {
            self.tell_digest(room, effects);
        }
    }

    /// Tells everybody that the server is going down.
    pub fn go_down(&self, effects: &mut Effects) {
        effects.tell(Audience::Everyone, Message::GoingDown);
    }
}
