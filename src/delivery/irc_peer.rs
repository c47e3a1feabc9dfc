//! A peer that speaks IRC: what the server tells it alone, and answers with a label.

use super::feed::Feeds;
use super::peer::{Peer, Sending};
use crate::chat::Message;
use crate::wire::irc::Conversation;
use crate::wire::{Dialect, Farewell};

impl Peer {
    /// Its conversation, if it speaks IRC.
    pub fn irc(&mut self) -> Option<&mut Conversation> {
        self.irc.as_deref_mut()
    }

    /// Its dialect, with all capabilities of its client.
    pub(super) fn lasting_dialect(&self) -> Dialect {
        self.irc.as_ref().map_or(self.dialect, |irc| Dialect::Irc(irc.caps()))
    }

    /// Adopts the capabilities that the client asked for.
    pub fn adopt_caps(&mut self, feeds: &mut Feeds) {
        if let Some(caps) = self.irc.as_ref().map(|irc| irc.caps()) {
            self.respeak(feeds, |dialect| dialect.with_caps(caps));
        }
    }

    /// From here on, all that the client gets answers the request with this label.
    pub fn open_label(&mut self, label: &str, feeds: &mut Feeds) {
        self.catch_up(feeds);
        if let Some(earlier) = self.irc.as_mut().map(|irc| irc.open_label(label)) {
            // What is put now is no answer to the new one.
            let label = self.irc.as_mut().and_then(|irc| irc.take_label());
            self.put(&earlier);
            if let (Some(irc), Some(label)) = (&mut self.irc, label) {
                irc.put_label(label);
            }
        }
    }

    /// The rest of the answer waits for the store.
    pub fn pause_label(&mut self, feeds: &mut Feeds) {
        self.catch_up(feeds);
        if let Some(irc) = &mut self.irc {
            irc.pause_label();
        }
    }

    /// Queues that answer.
    pub fn close_label(&mut self, feeds: &mut Feeds) {
        self.catch_up(feeds);
        if let Some(answer) = self.irc.as_mut().map(|irc| irc.close_label()) {
            self.put(&answer);
        }
    }

    /// Queues a message as the client's conversation encodes it; returns whether it has one.
    pub(super) fn tell_irc(&mut self, message: &Message, feeds: &mut Feeds) -> bool {
        let Some(irc) = &mut self.irc else { return false };
        // What the client wrote to itself arrives beside the answer to it.
        let label = irc.is_beside_answers(message).then(|| irc.take_label()).flatten();
        self.converse(feeds, |irc, out| irc.encode(message, out));
        if let (Some(irc), Some(label)) = (&mut self.irc, label) {
            irc.put_label(label);
        }
        true
    }

    /// Queues the end of the client's conversation; returns whether it has one.
    pub(super) fn end_irc(&mut self, farewell: Farewell, feeds: &mut Feeds) -> bool {
        let is_irc = self.converse(feeds, |irc, out| irc.end(farewell, out));
        self.close_label(feeds);
        is_irc
    }

    /// Queues what `write` appends in the client's conversation; returns whether it has one.
    pub fn converse(
        &mut self,
        feeds: &mut Feeds,
        write: impl FnOnce(&mut Conversation, &mut Vec<u8>),
    ) -> bool {
        self.catch_up(feeds);
        let Some(irc) = &mut self.irc else { return false };
        let mut lines = Vec::new();
        write(irc, &mut lines);
        self.put(&lines);
        true
    }

    /// Queues lines, or adds them to the answer to a label.
    fn put(&mut self, lines: &[u8]) {
        if self.sending != Sending::Open {
            return;
        }
        match self.irc.as_mut().and_then(|irc| irc.held()) {
            Some(answer) => answer.extend_from_slice(lines),
            None => self.queue.push_with(|out| out.extend_from_slice(lines)),
        }
    }
}
