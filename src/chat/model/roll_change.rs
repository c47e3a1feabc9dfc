//! `RollChange`: one change of the accounts or bans, as the nodes of a cluster tell each other.

use serde::{Deserialize, Serialize};

use super::account::{Account, PasswordHash, Role};
use super::ban::BanChange;
use super::name::Nick;
use super::token::{Token, TokenHash};

/// A change of the accounts or bans. Making it twice is the same as making it once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RollChange {
    /// Add the account, in place of one with a similar nick.
    Register(Account, PasswordHash),
    /// Give the account with exactly this nick another password.
    SetPassword(Nick, PasswordHash),
    /// Give the account with exactly this nick another role.
    SetRole(Nick, Role),
    /// Remove the account with exactly this nick.
    Remove(Nick),
    /// Add or lift a ban.
    Ban(BanChange),
    /// Add the token to its account, if there is one.
    AddToken(Token),
    /// Revoke the token with this hash.
    RemoveToken(TokenHash),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_in_the_json_of_a_change_and_not_in_its_debug() {
        let nick = Nick::new("ann").unwrap();
        let change = RollChange::SetPassword(nick, PasswordHash::from("$argon2id$x".to_owned()));
        assert!(!format!("{change:?}").contains("argon2id"));
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(json, r#"{"SetPassword":["ann","$argon2id$x"]}"#);
        assert_eq!(serde_json::from_str::<RollChange>(&json).unwrap(), change);
    }
}
