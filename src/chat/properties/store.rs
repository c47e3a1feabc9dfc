//! What the store answers, in the same world.

use super::*;

impl World {
    pub(super) fn claimed(&self, claim: Claim) -> Event {
        let (Claim::Register(nick, ..) | Claim::Login(nick, ..) | Claim::SetPassword(nick, ..)) =
            claim;
        let known = self.chat.registry.account(nick).copied();
        match (claim, known) {
            (Claim::Register(nick, ..), None) => {
                Event::Registered(account(nick.as_str(), Role::User))
            }
            (Claim::Login(_, password, _), Some(known)) if password.as_bytes() == b"pw" => {
                Event::LoggedIn(known)
            }
            (Claim::Login(..), Some(_)) => Event::WrongPassword,
            (Claim::SetPassword(..), Some(known)) => {
                let password = PasswordId::of(&self.said.to_string());
                Event::PasswordChanged(Account { password, ..known })
            }
            _ => Event::NotClaimed(Text::new("registered, or gone")),
        }
    }

    /// Now and then the disk does not take something.
    pub(super) fn ordered(&self, order: Order) -> Event {
        match order {
            order if self.said % 3 == 1 => Event::NotSaved(order),
            Order::Ban(ban) => Event::Banned(ban),
            Order::Unban(mask) => Event::Unbanned(mask),
        }
    }
}
