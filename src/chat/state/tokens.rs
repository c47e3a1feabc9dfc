//! `Tokens`: those of all accounts, by their hashes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chat::model::{Nick, Token, TokenHash};

/// Tokens of one account.
pub(crate) const MAX_TOKENS: usize = 16;

/// The tokens.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Token>", into = "Vec<Token>")]
pub(crate) struct Tokens(BTreeMap<TokenHash, Token>);

impl From<Vec<Token>> for Tokens {
    fn from(tokens: Vec<Token>) -> Self {
        tokens.into_iter().collect()
    }
}

impl From<Tokens> for Vec<Token> {
    fn from(tokens: Tokens) -> Self {
        tokens.0.into_values().collect()
    }
}

impl FromIterator<Token> for Tokens {
    fn from_iter<T: IntoIterator<Item = Token>>(tokens: T) -> Self {
        Self(tokens.into_iter().map(|token| (token.hash.clone(), token)).collect())
    }
}

impl Tokens {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Token> {
        self.0.values()
    }

    pub(crate) fn get(&self, hash: &TokenHash) -> Option<&Token> {
        self.0.get(hash)
    }

    /// The tokens of an account, by label.
    pub(crate) fn of(&self, nick: Nick) -> Vec<&Token> {
        let mut own: Vec<_> = self.iter().filter(|token| token.nick == nick).collect();
        own.sort_by(|one, other| one.label.as_str().cmp(other.label.as_str()));
        own
    }

    pub(crate) fn add(&mut self, token: Token) {
        self.0.insert(token.hash.clone(), token);
    }

    pub(crate) fn remove(&mut self, hash: &TokenHash) {
        self.0.remove(hash);
    }

    pub(crate) fn remove_all_of(&mut self, nick: Nick) {
        self.0.retain(|_, token| token.nick != nick);
    }
}
