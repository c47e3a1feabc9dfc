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

    /// Now and then the disk does not take something.
    pub(super) fn ordered(&self, order: BanChange) -> Event {
        match self.said % 3 {
            1 => Event::BanNotSaved(order),
            other => Event::BanSaved { change: order, was_late: other == 2 },
        }
    }
}
