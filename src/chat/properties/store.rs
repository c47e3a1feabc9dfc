//! What the store answers, in the same world.

use super::*;

impl World {
    /// The event without a password, which waits for the claim.
    pub(super) fn conceal(&mut self, event: Event) -> Event {
        let Event::Line(line) = event else { return event };
        let (event, password) = conceal(line);
        self.typed = password;
        event
    }

    pub(super) fn claimed(&mut self, claim: AuthClaim) -> Event {
        let nick = claim.nick();
        let claim = claim.with(self.typed.take().expect("it was typed"));
        let known = self.chat.registry.account(nick).copied();
        match (claim, known) {
            (AuthRequest::Register(nick, ..), None) => {
                Event::Registered(account(nick.as_str(), Role::User), None)
            }
            (AuthRequest::Login(_, password, _), Some(known)) if password.as_bytes() == b"pw" => {
                Event::LoggedIn(known)
            }
            (AuthRequest::Login(..), Some(_)) => Event::WrongPassword,
            (AuthRequest::SetPassword(..), Some(known)) => {
                let password = PasswordId::of(&self.said.to_string());
                Event::PasswordChanged(Account { password, ..known }, None)
            }
            _ => Event::NotAuthenticated(Text::new("registered, or gone")),
        }
    }

    /// A room is kept for an account, or no longer.
    pub(super) fn keep(&mut self, room: RoomName, kept: Option<Box<KeptRoom>>) {
        match kept {
            Some(kept) => {
                assert!(room != RoomName::lobby(), "nobody owns the lobby");
                self.kept.insert(room, *kept);
            }
            None => assert!(self.kept.remove(&room).is_some(), "it was kept"),
        }
    }

    /// A topic is written by itself only of kept rooms, or to remove it.
    pub(super) fn check_topic(&self, room: RoomName, topic: Option<&Text>) {
        assert!(topic.is_none() || self.kept.contains_key(&room), "it is not kept");
    }

    /// The disk has each kept room as it is.
    pub(super) fn check_kept(&self) {
        let mut kept = self.chat.rooms.iter().filter_map(|room| Some((room.name, room.as_kept()?)));
        assert!(kept.all(|(name, kept)| self.kept.get(&name) == Some(&kept)), "not written");
        let count = self.chat.rooms.iter().filter(|room| room.kept.is_some()).count();
        assert_eq!(self.kept.len(), count, "kept on the disk only");
    }

    /// Now and then the disk does not take something.
    pub(super) fn ordered(&self, order: BanChange) -> Event {
        match self.said % 3 {
            1 => Event::BanNotSaved(order),
            other => Event::BanSaved { change: order, was_late: other == 2 },
        }
    }
}
