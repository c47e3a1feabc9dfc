//! Commands about tokens, by which programs speak over HTTP as the client's account.

use crate::chat::effect::Effect;
use crate::chat::model::{Nick, RollChange, Token};
use crate::chat::refusal::Refusal;
use crate::chat::state::MAX_TOKENS;
use crate::chat::turn::view::{Turn, View};
use crate::text::{Text, split_word};

pub(crate) fn token(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    if !turn.chat.has_archive(turn.me) {
        return Err(Refusal::NoAccounts);
    }
    let nick = turn.me().login.ok_or(Refusal::NotLoggedIn)?;
    let Some(typed) = args.first() else { return make(turn, nick, None) };
    match split_word(typed) {
        (label, "") if label != Token::REVOKE => make(turn, nick, Some(label)),
        (Token::REVOKE, label) if !label.is_empty() => revoke(turn, nick, label),
        _ => Err(Refusal::Misused),
    }
}

fn make(turn: &mut Turn<'_>, nick: Nick, label: Option<&str>) -> Result<(), Refusal> {
    turn.needs_others()?;
    if !turn.chat.allows_http() {
        return Err(Refusal::OlderNodes);
    }
    let own = turn.chat.registry.tokens().of(nick);
    if own.len() >= MAX_TOKENS {
        return Err(Refusal::TooManyTokens(MAX_TOKENS));
    }
    let is_taken = |label: &str| own.iter().any(|token| token.label.as_str() == label);
    let free = || (1..=MAX_TOKENS).map(|n| format!("token{n}")).find(|label| !is_taken(label));
    let label = label.map(str::to_owned).or_else(free).unwrap_or_default();
    if is_taken(&label) || !Token::is_label(&label) {
        return Err(Refusal::TokenTaken(Text::new(label)));
    }
    if !turn.me().encrypted {
        turn.notice("this connection is not encrypted: others on the network can read the token");
    }
    turn.effects.push(Effect::MakeToken(turn.me, nick, Text::new(label)));
    Ok(())
}

fn revoke(turn: &mut Turn<'_>, nick: Nick, label: &str) -> Result<(), Refusal> {
    turn.needs_others()?;
    let own = turn.chat.registry.tokens().of(nick);
    let found = own.into_iter().find(|token| token.label.as_str() == label);
    let hash = found.ok_or_else(|| Refusal::NoSuchToken(Text::new(label)))?.hash.clone();
    turn.chat.registry.tokens_mut().remove(&hash);
    turn.chat.enforce_on_readers(turn.now, turn.effects);
    turn.effects.push(Effect::RecordRoll(RollChange::RemoveToken(hash)));
    turn.notice(format_args!("the token {label} is revoked"));
    Ok(())
}

pub(crate) fn tokens(turn: &mut View<'_>, _: &[&str]) -> Result<(), Refusal> {
    let nick = turn.me().login.ok_or(Refusal::NotLoggedIn)?;
    let own = turn.chat.registry.tokens().of(nick).into_iter();
    let lines: Vec<_> = own.map(describe).collect();
    if lines.is_empty() {
        let command = if turn.me().speaks_irc() { "/msg chatd token" } else { "/token" };
        turn.notice(format_args!("you have no tokens; {command} makes one"));
    }
    lines.iter().for_each(|line| turn.notice(line));
    Ok(())
}

fn describe(token: &Token) -> String {
    let rooms: Vec<_> = token.rooms.iter().map(|room| room.as_str()).collect();
    match rooms[..] {
        [] => format!("{} (all rooms)", token.label),
        _ => format!("{} ({})", token.label, rooms.join(", ")),
    }
}

impl Turn<'_> {
    /// Adds a token that was made for the client's account.
    pub(crate) fn token_made(&mut self, token: Token) {
        let own = self.chat.registry.tokens().of(token.nick).len();
        if self.me().login != Some(token.nick) || own >= MAX_TOKENS {
            return self.refuse(Refusal::TooManyTokens(MAX_TOKENS));
        }
        self.chat.registry.tokens_mut().add(token.clone());
        self.effects.push(Effect::RecordRoll(RollChange::AddToken(token)));
        self.effects.push(Effect::ShowToken(self.me));
    }
}
