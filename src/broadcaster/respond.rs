//! What the chat and the store say to requests over HTTP.

use std::time::Duration;

use crossbeam_channel::Sender;

use super::dispatch::Dispatcher;
use super::requests::{Lookup, PendingPost};
use crate::address::{Address, Origin, Remote};
use crate::admission::Limits;
use crate::chat::{
    Author, ClientId, Entry, Event, Kind, LineId, Message, Moment, Nick, Now, PastSlice, Post,
    PostKey, Principal, Question, Refusal, RoomName, RoomRefusal, Since, Token, TokenHash,
};
use crate::net::Status;
use crate::store::Answer;
use crate::telemetry::Refused;
use crate::text::{Text, fnv1a};
use crate::web::{Ask, Denied, Posting, Reply, new_token, token_hash};

impl Dispatcher {
    /// Handles what a request asks for.
    pub(super) fn handle_request(
        &mut self,
        now: Now,
        id: ClientId,
        remote: Remote,
        (ask, reply): (Ask, Sender<Reply>),
    ) {
        let answer = match ask {
            Ask::MayRead { room, token } => self.may_read(now, id, remote, (room, token)),
            Ask::MaySpeak { room, author } => self.may_speak(now, id, remote, (room, author)),
            Ask::Rooms => self.list_rooms(now, id, remote),
            Ask::Past { room, since, lines, in_text, token } => {
                let since = since.map(|since| since.since(now.moment));
                let lookup = Lookup { room, in_text, reply: reply.clone() };
                match self.check_reader(now, remote, (room, token)) {
                    Ok(()) => self.look_up(now, id, remote, (since, lines), lookup),
                    // As of a room that never was.
                    Err(Refusal::InRoom(RoomRefusal::Hidden(_))) => Err(no_such_room(room)),
                    Err(refusal) => Err(self.refused(now, id, remote, refusal)),
                }
            }
            Ask::Post(posting) => self.post(now, id, remote, posting, &reply),
        };
        match answer {
            Ok(Some(answer)) => drop(reply.try_send(answer)),
            Ok(None) => {}
            Err(denied) => drop(reply.try_send(Reply::Refused(denied))),
        }
    }

    fn may_read(
        &mut self,
        now: Now,
        id: ClientId,
        remote: Remote,
        (room, token): (Option<RoomName>, Option<TokenHash>),
    ) -> Result<Option<Reply>, Denied> {
        let (chat, chat_now, origin) = (self.log.chat(), self.log.chat_now(now), remote.origin());
        let checked = match (room, &token) {
            (Some(room), _) => self.check_reader(now, remote, (room, token)),
            (None, Some(hash)) => chat
                .admit(now, origin)
                .and_then(|()| chat.check_token(chat_now, origin, hash, None).map(drop)),
            (None, None) => chat.admit(now, origin),
        };
        checked.map_err(|refusal| self.refused(now, id, remote, refusal))?;
        Ok(Some(Reply::Granted))
    }

    /// Fails if a request may not read a room.
    fn check_reader(
        &self,
        now: Now,
        remote: Remote,
        (room, token): (RoomName, Option<TokenHash>),
    ) -> Result<(), Refusal> {
        let (now, place) = (self.log.chat_now(now), (room, token.as_ref()));
        self.log.chat().check_reader(now, remote.origin(), place, true)
    }

    fn may_speak(
        &mut self,
        now: Now,
        id: ClientId,
        remote: Remote,
        (room, author): (RoomName, Author),
    ) -> Result<Option<Reply>, Denied> {
        let lines = vec![Text::new("hello")];
        let posting = Posting { room, author, kind: Kind::Said, lines, key: None };
        let posts = posts(remote, posting);
        let check = |post| self.log.chat().check_post(self.log.chat_now(now), post);
        let checked = posts.first().map_or(Ok(()), check);
        checked.map_err(|refusal| self.refused(now, id, remote, refusal))?;
        Ok(Some(Reply::Granted))
    }

    /// Counts a wrong token or a ban, and turns a refusal into an answer.
    fn refused(&mut self, now: Now, id: ClientId, remote: Remote, refusal: Refusal) -> Denied {
        match refusal {
            Refusal::WrongToken => {
                log::warn!("wrong token from {remote}");
                self.apply(now, id, Event::WrongToken(remote.origin()));
            }
            Refusal::Banned { .. } => {
                log::warn!("refused {remote}: banned");
                self.status.count_refused(Refused::Banned);
            }
            _ => {}
        }
        refusal.into()
    }

    /// Makes a token for a client's account.
    pub(super) fn make_token(&mut self, now: Now, id: ClientId, nick: Nick, label: Text) {
        let Some(token) = new_token() else { return };
        let (hash, created) = (token_hash(&token), now.moment);
        self.requests.tokens.insert(id, token);
        let token = Token { hash, nick, label, rooms: Vec::new(), created };
        self.apply(now, id, Event::TokenMade(Box::new(token)));
    }

    /// Shows a client the token that was made for it, which is saved by now.
    pub(super) fn show_token(&mut self, id: ClientId) {
        let Some(token) = self.requests.tokens.remove(&id) else { return };
        self.peers.with(id, |peer, feeds| {
            let mut tell = |words: String| peer.tell(&Message::Notice(Text::new(words)), feeds);
            tell(format!("your token is {token}"));
            tell("it is not shown again; programs send it over HTTP to speak as you".to_owned());
        });
    }

    fn list_rooms(
        &mut self,
        now: Now,
        id: ClientId,
        remote: Remote,
    ) -> Result<Option<Reply>, Denied> {
        let admitted = self.log.chat().admit(now, remote.origin());
        admitted.map_err(|refusal| self.refused(now, id, remote, refusal))?;
        Ok(Some(Reply::Rooms(self.log.chat().listed_rooms())))
    }

    /// Looks up what was said in a room, in the store or else in memory.
    fn look_up(
        &mut self,
        now: Now,
        id: ClientId,
        remote: Remote,
        (since, lines): (Option<Since>, usize),
        lookup: Lookup,
    ) -> Result<Option<Reply>, Denied> {
        let room = lookup.room;
        if !self.archive.is_there() {
            let now = self.log.chat_now(now);
            let past = self.log.chat().remembered(now, room, since.as_ref(), lines);
            return past.map(|past| Some(lookup.found(past))).ok_or_else(|| no_such_room(room));
        }
        let question = Question::Past { room, since, lines };
        self.archive.ask(id, Address::of(remote.ip()), question).map_err(|_| busy())?;
        self.requests.lookups.insert(id, lookup);
        Ok(None)
    }

    /// Answers a request, if the store's answer is for one.
    pub(super) fn answer_lookup(&mut self, id: ClientId, answer: &Answer) {
        let Answer::Past(past) = answer else { return };
        let Some(lookup) = self.requests.lookups.remove(&id) else { return };
        let is_there = self.log.chat().has_room(lookup.room);
        let answer = match past {
            Ok(Some(past)) => lookup.found(past.clone()),
            Ok(None) if is_there => lookup.found(PastSlice::default()),
            Ok(None) => Reply::Refused(no_such_room(lookup.room)),
            Err(_) => Reply::Refused(busy()),
        };
        let _ = lookup.reply.try_send(answer);
    }

    /// Has the lines of a request said, all or none.
    fn post(
        &mut self,
        now: Now,
        id: ClientId,
        remote: Remote,
        posting: Posting,
        reply: &Sender<Reply>,
    ) -> Result<Option<Reply>, Denied> {
        let admitted = self.log.chat().admit(now, remote.origin());
        admitted.map_err(|refusal| self.refused(now, id, remote, refusal))?;
        let limits = self.limits.get();
        let posts = posts(remote, posting);
        let lines = fitting(posts.len(), &limits)?;
        let Some(first) = posts.first() else { return Ok(Some(Reply::Granted)) };
        let principal = self.log.chat().principal_of(first);
        let who = principal.unwrap_or(Principal::Address(Address::of(remote.ip())));
        let key = first.key.as_ref().map(|key| (who, key.key.clone()));
        if self.requests.is_under_way(key.as_ref()) {
            return Err(Refusal::UnderWay.into());
        }
        if let Some(reply) = self.answered(now, first, &posts)? {
            return Ok(Some(reply));
        }
        let checked = self.log.chat().check_post(self.log.chat_now(now), first);
        checked.map_err(|refusal| self.refused(now, id, remote, refusal))?;
        self.requests
            .take(now.uptime, who, lines, &limits)
            .map_err(|wait| too_fast(wait, &limits))?;
        let (left, reply) = (posts.len(), reply.clone());
        let pending = PendingPost { remote, reply, key, left, said: Vec::new(), durable: true };
        self.requests.posts.insert(id, pending);
        for post in posts {
            self.log.push(now, id, Event::Post(Box::new(post)));
        }
        self.follow(now);
        Ok(None)
    }

    /// The answer to a request that is repeated under its key.
    fn answered(&self, now: Now, first: &Post, posts: &[Post]) -> Result<Option<Reply>, Denied> {
        let answered = self.log.chat().answered(self.log.chat_now(now), first);
        let Some((nick, ids)) = answered.transpose()? else { return Ok(None) };
        let line = |(post, (id, at)): (&Post, (LineId, Moment))| {
            let (kind, text) = (post.kind, post.text.clone());
            Entry { id, at, from: nick, kind, text, private: false }
        };
        let known = ids.first().and_then(|(first, _)| self.requests.was_durable(first));
        let durable = known.unwrap_or(self.archive.is_strict());
        let lines = posts.iter().zip(ids).map(line).collect();
        Ok(Some(Reply::Said { nick, durable, lines, replayed: true }))
    }

    /// A line of a request was said, or the request is refused.
    pub(super) fn note_posted(&mut self, now: Now, id: ClientId, said: Result<Entry, Refusal>) {
        let Some(pending) = self.requests.posts.get_mut(&id) else { return };
        pending.durable &= self.requests.is_on_disk;
        pending.left = pending.left.saturating_sub(1);
        let is_over = pending.left == 0 || said.is_err();
        let reply = match said {
            Ok(entry) => {
                let (remote, nick) = (pending.remote, entry.from);
                pending.said.push(entry);
                if !is_over {
                    return;
                }
                let (durable, lines) = (pending.durable, std::mem::take(&mut pending.said));
                if let (Some(_), Some(first)) = (&pending.key, lines.first()) {
                    self.requests.note_answer(first.id.clone(), durable);
                }
                if self.requests.is_to_be_logged(now.uptime, nick) {
                    log::info!("{nick} speaks over HTTP from {remote}");
                }
                Reply::Said { nick, durable, lines, replayed: false }
            }
            Err(refusal) => refusal.into(),
        };
        if let Some(pending) = self.requests.posts.remove(&id) {
            let _ = pending.reply.try_send(reply);
        }
    }
}

fn no_such_room(room: RoomName) -> Denied {
    Denied::new(Status::NotFound, Refusal::NoSuchRoom(room).to_string())
}

fn busy() -> Denied {
    let words = "the history cannot be read now";
    Denied::later(Status::ServiceUnavailable, Duration::from_secs(5), words)
}

/// The lines of a request, for the chat.
fn posts(remote: Remote, posting: Posting) -> Vec<Post> {
    let digest = digest(&posting);
    let Posting { room, author, kind, lines, key } = posting;
    let key = key.map(|key| PostKey { key: Text::new(key), digest });
    let origin = Origin::of(remote.ip());
    let parts = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let post = |(part, text)| Post {
        origin,
        author: author.clone(),
        room,
        kind,
        text,
        part,
        parts,
        key: key.clone(),
    };
    (0..).zip(lines).map(post).collect()
}

/// What a request says, where and by whom, as 64 bits.
fn digest(posting: &Posting) -> u64 {
    let Posting { room, author, kind, lines, .. } = posting;
    let json = serde_json::to_vec(&(room, author, kind, lines)).unwrap_or_default();
    fnv1a(json)
}

/// The number of lines, if so many may be said at once.
fn fitting(lines: usize, limits: &Limits) -> Result<u32, Denied> {
    let (count, most) = (u32::try_from(lines).unwrap_or(u32::MAX), limits.burst.max(1));
    if limits.rate > 0 && count > most {
        let words = format!("{lines} lines, the limit at once is {most}; nothing was said");
        return Err(Denied::new(Status::ContentTooLarge, words));
    }
    Ok(count)
}

fn too_fast(wait: Duration, limits: &Limits) -> Denied {
    let Limits { rate, burst, .. } = limits;
    let lines = if *rate == 1 { "line a second is" } else { "lines a second are" };
    let words = format!(
        "too fast: {rate} {lines} taken, after {} at once; nothing was said",
        burst.max(&1)
    );
    Denied::later(Status::TooManyRequests, wait, words)
}
