//! Commands that ignore people. They ignore the client, not its nick, so a rename ends no ignore.

use crate::chat::model::ClientId;
use crate::chat::refusal::Refusal;
use crate::chat::state::Identity;
use crate::chat::turn::view::Turn;
use crate::text::Text;

/// Most clients that one client can ignore; one more ends the oldest ignore.
const MAX_IGNORED: usize = 256;

pub(crate) fn ignore(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    if let Some(speaker) = turn.speaker(args[0]) {
        turn.ignore_speaker(&speaker);
        return Ok(());
    }
    let other = turn.find(args[0])?;
    if other == turn.me {
        return Err(Refusal::IgnoreSelf);
    }
    turn.begin_ignoring(other);
    let nick = turn.chat.clients[&other].nick;
    turn.notice(format_args!("you are ignoring {nick}"));
    Ok(())
}

pub(crate) fn unignore(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    if let Some(speaker) = turn.speaker(args[0]) {
        return turn.unignore_speaker(&speaker);
    }
    let other = turn.find(args[0])?;
    if turn.hears(other) {
        return Err(Refusal::NotIgnored(Text::new(args[0])));
    }
    let client = &turn.chat.clients[&other];
    let (nick, identity) = (client.nick, Identity::of(client));
    let mut same = turn.chat.ignored.forget(turn.me, &identity);
    same.push(other);
    same.into_iter().for_each(|client| turn.stop_ignoring(client));
    turn.notice(format_args!("you no longer ignore {nick}"));
    Ok(())
}

impl Turn<'_> {
    /// Ignores another client from now on.
    pub(crate) fn begin_ignoring(&mut self, other: ClientId) {
        if !self.hears(other) {
            return;
        }
        if self.me().ignores.len() >= MAX_IGNORED {
            self.stop_ignoring(self.oldest_ignored());
        }
        let me = self.me;
        self.me_mut().ignores.push(other);
        if let Some(client) = self.chat.clients.get_mut(&other) {
            client.ignored_by.push(me);
        }
    }

    /// The client whose ignore ends first: one that has left, if there is any, so that somebody who
    /// reconnects again and again does not end other ignores.
    fn oldest_ignored(&self) -> ClientId {
        let ignores = &self.me().ignores;
        let gone = ignores.iter().find(|other| !self.chat.clients.contains_key(other));
        *gone.unwrap_or(&ignores[0])
    }

    pub(super) fn stop_ignoring(&mut self, other: ClientId) {
        let me = self.me;
        self.me_mut().ignores.retain(|&ignored| ignored != other);
        self.chat.ignored.forget_client(me, other);
        if let Some(client) = self.chat.clients.get_mut(&other) {
            client.ignored_by.retain(|&by| by != me);
        }
    }

    /// Restores the ignores of a person who has reconnected as this client.
    pub(crate) fn stay_ignored(&mut self) {
        let me = self.me;
        for by in self.chat.ignored.by_whom(&Identity::of(self.me())) {
            if by != me && self.chat.clients.contains_key(&by) {
                self.as_other(by).begin_ignoring(me);
            }
        }
    }
}
