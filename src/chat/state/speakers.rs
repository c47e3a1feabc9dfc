//! `Speakers`: people who spoke over HTTP a moment ago. They are in no room, and hold no nick.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::ignored::Identity;
use crate::address::{Address, Origin};
use crate::chat::event::Traits;
use crate::chat::model::{ClientId, Folded, Nick};

/// How long a speaker is remembered: as long as a nick is reserved for an address.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// Most speakers remembered; one more forgets the one that spoke first.
const MAX: usize = 16_384;
/// Most requests of which some lines are not applied yet.
const MAX_ACCEPTED: usize = 4096;

/// Somebody who spoke over HTTP.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Speaker {
    pub(crate) nick: Nick,
    /// The account that it speaks as.
    pub(crate) login: Option<Nick>,
    pub(crate) origin: Origin,
    /// The client whose lines are its lines; not connected.
    pub(crate) id: ClientId,
    /// When it spoke last.
    pub(crate) spoke: Duration,
}

impl Speaker {
    /// The speaker as one person, for ignores.
    pub(crate) fn identity(&self) -> Identity {
        Identity::of(&self.as_client())
    }

    /// A client that is like the speaker, for rules that apply to both.
    pub(crate) fn as_client(&self) -> Client {
        let Self { nick, login, origin, spoke, .. } = *self;
        Client { login, ..Client::new(nick, origin, Traits::default(), spoke) }
    }

    fn is_remembered(&self, now: Duration) -> bool {
        self.spoke + REMEMBERED_FOR > now
    }
}

/// The speakers, by nick.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Speakers {
    by_nick: BTreeMap<Folded, Speaker>,
    /// The guests among them.
    guests: BTreeMap<Address, Nick>,
    /// When to look whether a speaker is to be forgotten; each speaker is here once.
    reviews: VecDeque<(Duration, Folded)>,
    /// Requests whose first line was said, and whose last one was not.
    accepted: BTreeSet<ClientId>,
}

impl Speakers {
    /// Whether nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_nick.is_empty() && self.accepted.is_empty()
    }

    /// The speaker of that name.
    pub(crate) fn find(&self, now: Duration, name: &str) -> Option<Speaker> {
        let speaker = self.by_nick.get(&Nick::new(name)?.folded())?;
        speaker.is_remembered(now).then_some(*speaker)
    }

    /// The guest's nick that an address has.
    pub(crate) fn guest_of(&self, now: Duration, from: Address) -> Option<Nick> {
        let nick = self.guests.get(&from)?;
        self.find(now, nick.as_str()).map(|speaker| speaker.nick)
    }

    /// Notes that somebody spoke. Keeps the id if the same person is remembered; returns the
    /// speaker, and whether it is new.
    pub(crate) fn note(&mut self, speaker: Speaker) -> (Speaker, bool) {
        self.review(speaker.spoke);
        let nick = speaker.nick.folded();
        let from = speaker.origin.address();
        let known = self.by_nick.get(&nick);
        let same = known.filter(|known| {
            known.login == speaker.login
                && (known.login.is_some() || known.origin.address() == from)
        });
        let noted = Speaker { id: same.map_or(speaker.id, |same| same.id), ..speaker };
        let is_new = same.is_none();
        if let Some(before) = known.filter(|_| is_new).map(|known| known.origin.address()) {
            // The nick is somebody else's now.
            self.guests.retain(|address, guest| *address != before || guest.folded() != nick);
        }
        if !self.by_nick.contains_key(&nick) {
            self.reviews.push_back((speaker.spoke + REMEMBERED_FOR, nick));
        }
        self.by_nick.insert(nick, noted);
        if noted.nick.is_guest() {
            self.guests.insert(from, noted.nick);
        }
        if self.reviews.len() > MAX
            && let Some((_, first)) = self.reviews.pop_front()
        {
            self.forget(first);
        }
        (noted, is_new)
    }

    /// Forgets those who did not speak for a while.
    fn review(&mut self, now: Duration) {
        while let Some(&(due, nick)) = self.reviews.front()
            && due <= now
        {
            self.reviews.pop_front();
            match self.by_nick.get(&nick) {
                Some(speaker) if speaker.is_remembered(now) => {
                    self.reviews.push_back((speaker.spoke + REMEMBERED_FOR, nick));
                }
                _ => self.forget(nick),
            }
        }
    }

    fn forget(&mut self, nick: Folded) {
        if let Some(speaker) = self.by_nick.remove(&nick) {
            let from = speaker.origin.address();
            if self.guests.get(&from) == Some(&speaker.nick) {
                self.guests.remove(&from);
            }
        }
    }

    /// Notes that the first line of a request is said, and that others follow.
    pub(crate) fn accept(&mut self, request: ClientId) {
        if self.accepted.len() >= MAX_ACCEPTED {
            self.accepted.pop_first();
        }
        self.accepted.insert(request);
    }

    /// Whether a further line of a request is to be said; `is_last` ends the request.
    pub(crate) fn goes_on(&mut self, request: ClientId, is_last: bool) -> bool {
        if is_last { self.accepted.remove(&request) } else { self.accepted.contains(&request) }
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.by_nick.values_mut().for_each(|speaker| speaker.id = new(speaker.id));
        self.accepted = self.accepted.iter().map(|id| new(*id)).collect();
    }

    /// Whether nobody spoke later than `uptime`: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self, uptime: Duration) -> bool {
        self.by_nick.values().all(|speaker| speaker.spoke <= uptime)
            && self.reviews.len() == self.by_nick.len()
            && self.reviews.iter().all(|(due, _)| *due <= uptime.saturating_add(REMEMBERED_FOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(nick: &str, last: u8, id: u64, seconds: u64) -> Speaker {
        Speaker {
            nick: Nick::new(nick).unwrap(),
            login: None,
            origin: Origin::of([192, 0, 2, last].into()),
            id: ClientId(id),
            spoke: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_speaker_is_the_same_for_a_minute_after_each_line() {
        let mut speakers = Speakers::default();
        let at = Duration::from_secs;
        assert!(speakers.note(speaker("ci", 1, 7, 0)).1);
        let (again, is_new) = speakers.note(speaker("ci", 1, 8, 59));
        assert_eq!((again.id, is_new), (ClientId(7), false));
        assert!(speakers.find(at(118), "CI").is_some());
        assert!(speakers.find(at(119), "ci").is_none());
        let (later, is_new) = speakers.note(speaker("ci", 1, 9, 119));
        assert_eq!((later.id, is_new), (ClientId(9), true));
    }

    #[test]
    fn an_address_keeps_its_guest_and_nothing_is_left_of_those_who_are_silent() {
        let mut speakers = Speakers::default();
        speakers.note(speaker("guest7", 1, 7, 0));
        let from = speaker("x", 1, 0, 0).origin.address();
        assert_eq!(speakers.guest_of(Duration::from_secs(59), from), Nick::new("guest7"));
        assert_eq!(speakers.guest_of(Duration::from_secs(60), from), None);
        speakers.review(Duration::from_secs(60));
        assert!(speakers.is_empty() && speakers.guests.is_empty() && speakers.reviews.is_empty());
    }

    #[test]
    fn there_are_only_so_many() {
        let mut speakers = Speakers::default();
        for number in 0..=MAX {
            speakers.note(speaker(&format!("n{number}-"), 1, number as u64, 0));
        }
        assert_eq!((speakers.by_nick.len(), speakers.reviews.len()), (MAX, MAX));
        assert!(speakers.find(Duration::ZERO, "n0-").is_none(), "the first is forgotten");
        assert!(speakers.are_consistent(Duration::ZERO));
    }
}
