//! What the store answers, in the same world.

use super::*;

impl World {
    pub(super) fn claimed(&self, claim: AuthRequest) -> Event {
        let (AuthRequest::Register(nick, ..)
        | AuthRequest::Login(nick, ..)
        | AuthRequest::SetPassword(nick, ..)) = claim;
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
        match order {
            order if self.said % 3 == 1 => Event::NotSaved(order),
            BanChange::Ban(ban) => Event::Banned(ban),
            BanChange::Unban(mask) => Event::Unbanned(mask),
        }
    }
}
