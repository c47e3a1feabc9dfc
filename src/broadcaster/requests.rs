//! `Requests`: requests over HTTP that wait, and the flood control of those who speak.
//!
//! A request has a client id of its own, and no client. Its thread waits for the reply.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::address::{Address, Remote};
use crate::admission::{Bucket, Limits};
use crate::chat::{ClientId, Entry, Nick, PastSlice, Post, RoomName};
use crate::web::Reply;
use crate::wire::stream::Form;

/// How often a speaker is in the log.
const LOGGED_EVERY: Duration = Duration::from_secs(60);
/// With fewer speakers than this, those that are silent are not worth looking for.
const FEW: usize = 1024;

/// Requests whose lines are not said yet, and the flood control of those who speak.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) posts: HashMap<ClientId, PendingPost>,
    /// Requests for what was said that wait for the store.
    pub(super) lookups: HashMap<ClientId, Lookup>,
    buckets: HashMap<SpeakerKey, Bucket>,
    logged: HashMap<Nick, Duration>,
    /// Tokens that are to be shown once they are saved.
    pub(super) tokens: HashMap<ClientId, String>,
    /// Whether the effects that are carried out have waited for the disk, and are there now.
    pub(super) is_on_disk: bool,
}

/// Whose lines are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SpeakerKey {
    Account(Nick),
    Address(Address),
}

/// A request for what was said in a room.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) room: RoomName,
    /// Whether the lines are wanted as text.
    pub(super) in_text: bool,
    pub(super) reply: Sender<Reply>,
}

impl Lookup {
    /// What was found, in the form that is wanted.
    pub(super) fn found(&self, past: PastSlice) -> Reply {
        if !self.in_text {
            return Reply::Past(past);
        }
        let mut text = Vec::new();
        if past.gap {
            Form::Text.encode_gap(&mut text);
        }
        Form::Text.encode_past(self.room, past.lines, &mut text);
        Reply::PastText(text)
    }
}

/// A request whose lines are being said.
#[derive(Debug)]
pub(super) struct PendingPost {
    pub(super) remote: Remote,
    pub(super) reply: Sender<Reply>,
    /// Its first line, if it has a key.
    pub(super) first: Option<Post>,
    /// How many lines are missing.
    pub(super) left: usize,
    pub(super) said: Vec<Entry>,
    /// Whether all of them were on the disk first.
    pub(super) durable: bool,
}

impl Requests {
    /// Takes the tokens of so many lines.
    pub(super) fn take(
        &mut self,
        now: Duration,
        who: SpeakerKey,
        lines: u32,
        limits: &Limits,
    ) -> Result<(), Duration> {
        if self.buckets.len() >= FEW {
            self.buckets.retain(|_, bucket| !bucket.is_full(limits, now));
        }
        let new = || Bucket::new(limits.burst.max(1), now);
        self.buckets.entry(who).or_insert_with(new).take_all(lines, limits, now)
    }

    /// Whether a request with the key of this one is not answered yet.
    pub(super) fn is_under_way(&self, first: &Post) -> bool {
        let is_same = |other: &Post| {
            other.key.as_ref().map(|key| &key.key) == first.key.as_ref().map(|key| &key.key)
                && other.author == first.author
                && other.origin.address() == first.origin.address()
        };
        first.key.is_some()
            && self.posts.values().filter_map(|post| post.first.as_ref()).any(is_same)
    }

    /// Whether it is time to log that somebody speaks.
    pub(super) fn is_to_be_logged(&mut self, now: Duration, nick: Nick) -> bool {
        if self.logged.len() >= FEW {
            self.logged.retain(|_, at| *at + LOGGED_EVERY > now);
        }
        let is_due = self.logged.get(&nick).is_none_or(|at| *at + LOGGED_EVERY <= now);
        if is_due {
            self.logged.insert(nick, now);
        }
        is_due
    }
}
