//! `Requests`: requests over HTTP that wait, and the flood control of those who speak.
//!
//! A request has a client id of its own, and no client. Its thread waits for the reply.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::address::Remote;
use crate::admission::{Bucket, Limits};
use crate::chat::{ClientId, Entry, LineId, Nick, PastSlice, Principal, RoomName};
use crate::restart::{Answers, SavedRequests};
use crate::text::Text;
use crate::web::Reply;
use crate::wire::stream::Form;

/// How often a speaker is in the log.
const LOGGED_EVERY: Duration = Duration::from_secs(60);
/// With fewer speakers than this, those that are silent are not worth looking for.
const FEW: usize = 1024;

/// Most requests with a key whose answers are remembered.
const MAX_ANSWERS: usize = 4096;

/// Requests whose lines are not said yet, and the flood control of those who speak.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) posts: HashMap<ClientId, PendingPost>,
    /// Requests for what was said that wait for the store.
    pub(super) lookups: HashMap<ClientId, Lookup>,
    buckets: HashMap<Principal, Bucket>,
    logged: HashMap<Nick, Duration>,
    /// Requests with a key that were answered, by their first line, and whether it was durable.
    answers: Answers,
    /// Tokens that are to be shown once they are saved.
    pub(super) tokens: HashMap<ClientId, String>,
    /// Whether the effects that are carried out have waited for the disk, and are there now.
    pub(super) is_on_disk: bool,
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
    /// Its key, if it has one, and whose it is.
    pub(super) key: Option<(Principal, Text)>,
    /// How many lines are missing.
    pub(super) left: usize,
    pub(super) said: Vec<Entry>,
    /// Whether all of them were on the disk first.
    pub(super) durable: bool,
}

impl Requests {
    /// None yet, after those of the process before.
    pub(super) fn after((answers, spent): SavedRequests) -> Self {
        Self { answers, buckets: spent.into_iter().collect(), ..Self::default() }
    }

    /// What the next process has to know of them.
    pub(super) fn into_saved(mut self, limits: &Limits, now: Duration) -> SavedRequests {
        self.buckets.retain(|_, bucket| !bucket.is_full(limits, now));
        (self.answers, self.buckets.into_iter().collect())
    }

    /// Takes the tokens of so many lines.
    pub(super) fn take(
        &mut self,
        now: Duration,
        who: Principal,
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
    pub(super) fn is_under_way(&self, key: Option<&(Principal, Text)>) -> bool {
        key.is_some() && self.posts.values().any(|post| post.key.as_ref() == key)
    }

    /// Notes whether the lines of a request with a key were durable.
    pub(super) fn note_answer(&mut self, first: LineId, durable: bool) {
        if self.answers.len() >= MAX_ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back((first, durable));
    }

    /// Whether the lines of a request with a key were durable, if that is known here.
    pub(super) fn was_durable(&self, first: &LineId) -> Option<bool> {
        let noted = self.answers.iter().rev().find(|(line, _)| line == first);
        noted.map(|(_, durable)| *durable)
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
