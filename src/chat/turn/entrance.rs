//! Entering a room whose past is not in memory, or asking who is in one that is not there: the
//! chat asks the store first.
//!
//! Empty rooms are dropped when there are too many, and a start loads only some. A room's topic and
//! history in memory are therefore complete only once they were read from the store.

use super::view::{Turn, View};
use crate::chat::action::Action;
use crate::chat::effect::{Effect, Effects};
use crate::chat::message::Message;
use crate::chat::model::{ClientId, RoomKey, RoomName, RoomPast};
use crate::chat::question::Question;
use crate::chat::refusal::Refusal;
use crate::chat::state::{Chat, Room};
use crate::text::Text;

/// Most rooms that one client may be in.
const MAX_ROOMS: usize = 32;

/// Why a room is entered without its past, or its people are not shown, if the store is too slow.
pub const NOT_IN_TIME: &str = "the history cannot be read now; try again later";

impl Chat {
    /// Asks the store for the past of the next room in use that was not read yet, if there is one.
    /// To be called again when the answer has come.
    pub fn read_next_room(&self, effects: &mut Effects) {
        let unread = self.rooms.first_unread().filter(|_| self.has_archive(ClientId::NOBODY));
        if let Some(room) = unread {
            effects.push(Effect::Ask(ClientId::NOBODY, self.past_question(room)));
        }
    }

    /// Whether the store may have a past of a room that is not in memory.
    pub(crate) fn has_to_ask(&self, client: ClientId, room: RoomName) -> bool {
        self.has_archive(client) && !self.rooms.find(room).is_some_and(|room| room.is_read)
    }

    fn past_question(&self, room: RoomName) -> Question {
        let with_private = self.rooms.find(room).is_some_and(Room::is_kept_in_private);
        Question::Room { room, lines: self.rooms.replay(), with_private }
    }

    /// Adds a room's past from the store, if the room is in memory.
    pub(crate) fn take_over(&mut self, room: RoomName, past: Option<RoomPast>) {
        if self.rooms.find(room).is_some() {
            self.rooms.recall(room, past.unwrap_or_default());
        }
    }
}

impl Turn<'_> {
    /// Moves the client to another room, at once or once the store has sent the room's past.
    pub(crate) fn go_to(&mut self, name: RoomName, key: Option<RoomKey>) -> Result<(), Refusal> {
        self.may_go_to(name, key.as_ref())?;
        self.me_mut().entering_with = key;
        if self.chat.has_to_ask(self.me, name) {
            self.me_mut().entering = Some(name);
            self.effects.push(Effect::Ask(self.me, self.chat.past_question(name)));
            return Ok(());
        }
        self.enter_if_allowed(name)
    }

    /// Fails if the client is there already, in as many rooms as it may be, or not let in.
    fn may_go_to(&self, name: RoomName, key: Option<&RoomKey>) -> Result<(), Refusal> {
        let me = self.me();
        if self.room_called(name).is_some() {
            return Err(Refusal::AlreadyIn(name));
        }
        if me.has_many_rooms && me.rooms.len() >= MAX_ROOMS {
            return Err(Refusal::TooManyRooms(MAX_ROOMS));
        }
        match self.chat.rooms.find(name) {
            Some(room) => Ok(self.may_enter(room, key)?),
            None => Ok(()),
        }
    }

    /// Moves the client to a room. A client that may not speak cannot create one, as others would
    /// see its name.
    fn enter_if_allowed(&mut self, name: RoomName) -> Result<(), Refusal> {
        self.me_mut().entering = None;
        let key = self.me_mut().entering_with.take();
        match self.chat.rooms.find(name) {
            Some(room) => self.may_enter(room, key.as_ref())?,
            None => self.may_speak()?,
        }
        match self.me().has_many_rooms {
            true => self.join(name),
            false => self.move_to(name),
        }
        let has_key = self.chat.rooms.find(name).is_some_and(|room| room.settings.key().is_some());
        if key.is_some() && !has_key {
            // It may have had one until a crash.
            let words = Text::new(format!("{name} has no key"));
            self.tell(Message::NoticeIn(name, words));
        }
        Ok(())
    }

    /// Handles a room's past from the store.
    pub(crate) fn room_read(&mut self, room: RoomName, past: Option<RoomPast>) {
        if self.me().entering != Some(room) {
            return self.chat.take_over(room, past);
        }
        // This may create the room, which the client enters next.
        match past {
            Some(past) => self.chat.rooms.recall(room, past),
            None => self.chat.take_over(room, None),
        }
        self.enter_at_last(room);
        self.chat.take_over(room, None);
    }

    /// Enters without the past. The chat asks the store again when the next client enters.
    pub(crate) fn room_not_read(&mut self, room: RoomName, why: Text) {
        if self.me().entering == Some(room) {
            self.refuse(Refusal::NotFound(why));
            self.enter_at_last(room);
        }
    }

    fn enter_at_last(&mut self, room: RoomName) {
        if let Err(why) = self.enter_if_allowed(room) {
            self.deny(Action::Join(room, None), why);
        }
    }

    /// The same, because the store did not answer in time.
    pub(crate) fn not_answered(&mut self) {
        if let Some(room) = self.me().entering {
            self.room_not_read(room, Text::new(NOT_IN_TIME));
        }
    }
}

impl View<'_> {
    /// Shows who is in a room, at once or once the store has told whether there is such a room.
    pub(crate) fn show_people_in(&mut self, name: RoomName) -> Result<(), Refusal> {
        if let Some((id, room)) = self.chat.rooms.named(name) {
            self.may_look_into(room)?;
            self.tell_people(id);
        } else if self.chat.has_archive(self.me) {
            self.effects.push(Effect::Ask(self.me, Question::Exists { room: name }));
        } else {
            return Err(Refusal::NoSuchRoom(name));
        }
        Ok(())
    }

    /// Fails if the client may not know who is in a room: as it would on entering.
    fn may_look_into(&self, room: &Room) -> Result<(), Refusal> {
        if self.sees_into(room) {
            return Ok(());
        }
        match self.knows_of(room) {
            true => Ok(self.may_enter(room, None)?),
            false => Err(Refusal::NoSuchRoom(room.name)),
        }
    }

    /// Shows who is in a room, which somebody may have entered since the store was asked.
    pub(crate) fn room_exists(&mut self, name: RoomName, exists: bool) {
        match self.chat.rooms.named(name) {
            Some((id, room)) => match self.may_look_into(room) {
                Ok(()) => self.tell_people(id),
                Err(refusal) => self.refuse(refusal),
            },
            None if exists => self.tell(Message::nobody_in(name)),
            None => self.refuse(Refusal::NoSuchRoom(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Origin;
    use crate::chat::effect::Audience;
    use crate::chat::{Entry, Event, Kind, LineId, Moment, Nick, Now, Settings, Traits};
    use crate::text::Line;

    const ALICE: ClientId = ClientId(1);
    const BOB: ClientId = ClientId(2);

    fn chat() -> Chat {
        let settings = Settings { replay: 20, has_archive: true, ..Settings::default() };
        let mut chat = Chat::new(settings);
        for id in [ALICE, BOB] {
            let origin = Origin::of([192, 0, 2, 1].into());
            handle(&mut chat, id, Event::Connected(origin, Traits::default()));
        }
        chat
    }

    fn handle(chat: &mut Chat, id: ClientId, event: Event) -> Vec<Effect> {
        let mut effects = Effects::default();
        chat.handle(Now::default(), id, event, &mut effects);
        let (list, _) = effects.drain();
        list.collect()
    }

    fn types(chat: &mut Chat, id: ClientId, line: &str) -> Vec<Effect> {
        handle(chat, id, Event::Line(Line::new(line)))
    }

    fn dev() -> RoomName {
        RoomName::new("dev").unwrap()
    }

    fn past() -> RoomPast {
        let (from, text) = (Nick::new("carol").unwrap(), Text::new("old"));
        let id = LineId::new("box7-1", 1);
        let entry =
            Entry { id, at: Moment::default(), from, kind: Kind::Said, text, private: false };
        RoomPast { topic: Some(Text::new("bugs")), lines: vec![entry] }
    }

    fn shows_past(effects: &[Effect]) -> bool {
        let is_past = |message: &Message| matches!(message, Message::History { entries, .. } if entries[0].text.as_str() == "old");
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Tell { message, .. } if is_past(message)))
    }

    #[test]
    fn a_room_is_entered_when_the_store_has_answered() {
        let mut chat = chat();
        let asked = types(&mut chat, ALICE, "/join dev");
        let question = Question::Room { room: dev(), lines: 20, with_private: false };
        assert_eq!(asked, [Effect::Ask(ALICE, question)]);
        let entered = handle(&mut chat, ALICE, Event::RoomRead(dev(), Some(past())));
        assert!(shows_past(&entered));
        assert!(shows_past(&types(&mut chat, BOB, "/join dev")), "it is known by now");
    }

    #[test]
    fn without_an_answer_it_is_entered_all_the_same_and_read_later() {
        let mut chat = chat();
        types(&mut chat, ALICE, "/join dev");
        assert!(!shows_past(&handle(&mut chat, ALICE, Event::NotAnswered)));
        types(&mut chat, ALICE, "new");
        assert_eq!(types(&mut chat, BOB, "/join dev").len(), 1, "it asks, too");
        assert_eq!(handle(&mut chat, ALICE, Event::RoomRead(dev(), Some(past()))), []);
        assert!(shows_past(&handle(&mut chat, BOB, Event::RoomRead(dev(), Some(past())))));
    }

    #[test]
    fn the_people_of_a_room_are_shown_when_the_store_has_answered() {
        let mut chat = chat();
        let question = Question::Exists { room: dev() };
        let tell = |message| [Effect::Tell { to: Audience::One(ALICE), message }];
        for (exists, told) in [
            (true, Message::nobody_in(dev())),
            (false, Message::Refused(Refusal::NoSuchRoom(dev()))),
        ] {
            let asked = types(&mut chat, ALICE, "/who dev");
            assert_eq!(asked, [Effect::Ask(ALICE, question.clone())]);
            assert_eq!(handle(&mut chat, ALICE, Event::RoomExists(dev(), exists)), tell(told));
        }
        assert!(chat.rooms.find(dev()).is_none(), "that does not keep a room in memory");
    }

    #[test]
    fn whoever_went_elsewhere_meanwhile_stays_there() {
        let mut chat = chat();
        types(&mut chat, ALICE, "/join dev");
        types(&mut chat, ALICE, "/join ops");
        assert_eq!(handle(&mut chat, ALICE, Event::RoomRead(dev(), Some(past()))), []);
        handle(&mut chat, ALICE, Event::RoomRead(RoomName::new("ops").unwrap(), None));
        assert_eq!(chat.presence(ALICE).unwrap().room.as_str(), "ops");
        assert!(chat.rooms.find(dev()).is_none(), "nobody is in it");
    }
}
