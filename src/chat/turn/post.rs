//! What is said over HTTP, by people who are not connected.

use crate::address::Origin;
use crate::chat::effect::{Effect, Effects};
use crate::chat::message::Message;
use crate::chat::model::{
    Author, ClientId, Entry, LineId, Moment, Nick, Now, Post, Principal, RoomName, TokenHash,
};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::signal::Tags;
use crate::chat::state::{Chat, Client, Mute, Room, Speaker};
use crate::text::Text;

use super::view::Turn;

/// Who said the lines of a request, and their ids and times.
pub type AnsweredLines = (Nick, Vec<(LineId, Moment)>);

/// Who a request speaks as; a guest may not have its nick yet.
struct Judged {
    nick: Option<Nick>,
    login: Option<Nick>,
}

impl Chat {
    /// Whether all nodes know of people who speak over HTTP.
    pub fn allows_http(&self) -> bool {
        !self.is_shared() || self.level() >= 3
    }

    /// Fails if nobody from there may use the server.
    ///
    /// # Errors
    /// The ban.
    pub fn admit(&self, now: Now, origin: Origin) -> Result<(), Refusal> {
        let ban = self.registry.ban_of(now.moment, origin);
        ban.map_or(Ok(()), |ban| Err(ban.refusal(now.moment)))
    }

    /// Fails if a room is not open to everybody.
    pub(super) fn check_open(room: &Room) -> Result<(), RoomRefusal> {
        let (settings, name) = (&room.settings, room.name);
        if settings.are_hidden() {
            Err(RoomRefusal::Hidden(name))
        } else if settings.are_invite_only() {
            Err(RoomRefusal::InviteOnly(name))
        } else if settings.key().is_some() {
            Err(RoomRefusal::NeedsKey(name))
        } else {
            Ok(())
        }
    }

    /// Fails if somebody who is not in a room is banned from it.
    pub(super) fn check_visitor(
        &self,
        now: Moment,
        room: &Room,
        visitor: &Client,
    ) -> Result<(), RoomRefusal> {
        if self.is_trusted_in(room, visitor) {
            return Ok(());
        }
        let source = || self.source_of(visitor).full();
        let is_excepted = || room.exceptions.covering(now, visitor, source).is_some();
        match room.bans.covering(now, visitor, source) {
            Some(ban) if !is_excepted() => Err(ban.refusal(room.name, now)),
            _ => Ok(()),
        }
    }

    /// Fails if a room is full for somebody who is not in it.
    pub(super) fn check_place(&self, room: &Room, visitor: &Client) -> Result<(), RoomRefusal> {
        let is_in = |id: &ClientId| visitor.login.is_some() && self.login(*id) == visitor.login;
        match room.settings.limit().filter(|limit| room.members.len() >= *limit) {
            Some(limit)
                if !self.is_trusted_in(room, visitor) && !room.members.iter().any(is_in) =>
            {
                Err(RoomRefusal::Full(room.name, limit))
            }
            _ => Ok(()),
        }
    }

    /// Whether somebody is an operator of the server, or has a role in the room: as an account, or as
    /// a member who is logged in to it.
    fn is_trusted_in(&self, room: &Room, visitor: &Client) -> bool {
        let login = visitor.login;
        let has_role = |id: &&ClientId| !room.roles_of(**id).is_empty();
        self.registry.is_operator(login)
            || !room.roles_of_account(login).is_empty()
            || (login.is_some()
                && room.members.iter().filter(has_role).any(|id| self.login(*id) == login))
    }

    /// Somebody who is not connected, as a client.
    pub(super) fn visitor(
        &self,
        now: Now,
        origin: Origin,
        (nick, login): (Option<Nick>, Option<Nick>),
    ) -> Client {
        let guest = || self.speakers.guest_of(now.uptime, origin.address());
        let nick = nick.or(login).or_else(guest).unwrap_or_else(|| self.nicks.some_guest());
        Speaker { nick, login, origin, id: ClientId::NOBODY, spoke: now.uptime }.as_client()
    }

    /// What was said by a request with the key of this one, whose first line is `post`.
    ///
    /// # Errors
    /// It said something else, or is not answered yet.
    pub fn answered(&self, now: Now, post: &Post) -> Option<Result<AnsweredLines, Refusal>> {
        let (key, who) = (post.key.as_ref()?, self.principal_of(post)?);
        let before = self.answered.find(now.uptime, who, key)?;
        if before.key.digest != key.digest {
            return Some(Err(Refusal::KeyUsed));
        }
        let is_whole = before.lines.len() == before.parts as usize;
        Some(if is_whole {
            Ok((before.nick, before.lines.clone()))
        } else {
            Err(Refusal::UnderWay)
        })
    }

    /// Whom a request counts for; `None` if its token is wrong.
    pub fn principal_of(&self, post: &Post) -> Option<Principal> {
        Some(match &post.author {
            Author::Token(hash, _) => Principal::Account(self.registry.tokens().get(hash)?.nick),
            Author::Named(_) | Author::Guest => Principal::Address(post.origin.address()),
        })
    }

    /// Fails if a request would be refused now, whose first line is `post`.
    ///
    /// # Errors
    /// Why.
    pub fn check_post(&self, now: Now, post: &Post) -> Result<(), Refusal> {
        self.judge(now, post).map(drop)
    }

    fn judge(&self, now: Now, post: &Post) -> Result<Judged, Refusal> {
        if !self.allows_http() {
            return Err(Refusal::OlderNodes);
        }
        self.admit(now, post.origin)?;
        self.rooms.find(post.room).map_or(Ok(()), Self::check_open)?;
        let judged = self.author(now, post)?;
        self.may_post(now, post, judged.login)?;
        self.may_post_in_room(now, post, &judged)?;
        // Another node may have got the same request.
        match self.answered(now, post) {
            None => Ok(judged),
            Some(Ok(_)) => Err(Refusal::UnderWay),
            Some(Err(refusal)) => Err(refusal),
        }
    }

    /// The account of a token.
    ///
    /// # Errors
    /// It is wrong, or not for that room, or its account is banned.
    pub fn check_token(
        &self,
        now: Now,
        origin: Origin,
        hash: &TokenHash,
        room: Option<RoomName>,
    ) -> Result<Nick, Refusal> {
        let token = self.registry.tokens().get(hash);
        let Some(token) = token.filter(|token| self.registry.account(token.nick).is_some()) else {
            let wait = self.authentication.wait_of(now.uptime, origin.address());
            return Err(wait.map_or(Refusal::WrongToken, Refusal::LoginsFailed));
        };
        if let Some(ban) = self.registry.ban_on(now.moment, token.nick) {
            return Err(ban.refusal(now.moment));
        }
        match room.filter(|room| !token.is_for(*room)) {
            Some(room) => Err(Refusal::TokenElsewhere(room)),
            None => Ok(token.nick),
        }
    }

    fn author(&self, now: Now, post: &Post) -> Result<Judged, Refusal> {
        let from = post.origin.address();
        let nick = match &post.author {
            Author::Token(hash, nick) => {
                let login = self.check_token(now, post.origin, hash, Some(post.room))?;
                let is_other = |nick: &Text| {
                    Nick::new(nick.as_str()).is_none_or(|nick| !nick.resembles(login))
                };
                if nick.as_ref().is_some_and(is_other) {
                    return Err(Refusal::OtherThanToken(login));
                }
                return Ok(Judged { nick: Some(login), login: Some(login) });
            }
            Author::Guest => self.speakers.guest_of(now.uptime, from),
            Author::Named(wish) => {
                let nick = Nick::chosen(wish.as_str())?;
                if let Some(ban) = self.registry.ban_on(now.moment, nick) {
                    return Err(ban.refusal(now.moment));
                }
                if let Some(account) = self.registry.account(nick) {
                    return Err(Refusal::RegisteredOverHttp(account.nick));
                }
                self.nicks.check_free(now.uptime, nick, from)?;
                Some(nick)
            }
        };
        Ok(Judged { nick, login: None })
    }

    /// Fails if the author may not speak.
    fn may_post(&self, now: Now, post: &Post, login: Option<Nick>) -> Result<(), Refusal> {
        if let Some(mute) = self.mute_of(now, post.origin, login) {
            return Err(Refusal::Muted(mute.until.map(|until| until.since(now.moment))));
        }
        if self.lockdown && login.is_none() { Err(Refusal::LockdownOverHttp) } else { Ok(()) }
    }

    /// The mute that applies to somebody who speaks over HTTP.
    pub(super) fn mute_of(&self, now: Now, origin: Origin, login: Option<Nick>) -> Option<Mute> {
        let inherited = self.mutes.find(now.moment, origin.address());
        let Some(account) = login.and_then(|login| self.registry.account(login)) else {
            return inherited;
        };
        let own = self.clients.values().filter(|client| client.login == login);
        let own = own.filter(|client| client.is_muted(now.moment)).find_map(|client| client.mute);
        own.or_else(|| self.mutes.after_login(now.moment, inherited, account))
    }

    /// Fails if the author may not speak in the room, or has to wait because the room is slow.
    fn may_post_in_room(&self, now: Now, post: &Post, judged: &Judged) -> Result<(), Refusal> {
        let Some(room) = self.rooms.find(post.room) else { return Ok(()) };
        let speaker = self.visitor(now, post.origin, (judged.nick, judged.login));
        self.check_visitor(now.moment, room, &speaker)?;
        if self.is_trusted_in(room, &speaker) {
            return Ok(());
        }
        if !room.settings.take_outside_lines() {
            self.check_place(room, &speaker)?;
        }
        if room.settings.are_moderated() {
            return Err(RoomRefusal::Moderated(room.name).into());
        }
        self.fits_pace(now, post, room, &speaker)
    }

    /// Fails if the room is slow, and the author has to wait.
    fn fits_pace(
        &self,
        now: Now,
        post: &Post,
        room: &Room,
        speaker: &Client,
    ) -> Result<(), Refusal> {
        let Some(pause) = room.settings.slow() else { return Ok(()) };
        if post.parts > 1 {
            return Err(Refusal::OneLine(post.room));
        }
        let is_here = |other| self.clients.contains_key(&other);
        let last = room.pace.last(ClientId::NOBODY, speaker, is_here);
        match last.map(|last| last.saturating_add(pause)).filter(|next| *next > now.uptime) {
            Some(next) => Err(Refusal::TooSoon(next - now.uptime)),
            None => Ok(()),
        }
    }

    /// Says a line of a request, or refuses all of the request with its first line.
    pub(crate) fn post(&mut self, now: Now, id: ClientId, post: Post, effects: &mut Effects) {
        let is_last = post.part + 1 >= post.parts;
        if post.part > 0 && !self.speakers.goes_on(id, is_last) {
            return;
        }
        let judged = if post.part > 0 { self.author(now, &post) } else { self.judge(now, &post) };
        let said = judged.map(|judged| {
            if post.part == 0 && !is_last {
                self.speakers.accept(id);
            }
            self.say_over_http(now, id, post, &judged, effects)
        });
        effects.push(Effect::Posted(id, Box::new(said)));
    }

    fn say_over_http(
        &mut self,
        now: Now,
        id: ClientId,
        post: Post,
        judged: &Judged,
        effects: &mut Effects,
    ) -> Entry {
        let nick = judged.nick.unwrap_or_else(|| self.nicks.next_guest());
        let key = self.principal_of(&post).zip(post.key.clone());
        let place = (nick, post.parts, post.part == 0);
        let Post { origin, room, kind, text, .. } = post;
        if judged.login.is_none() {
            self.nicks.leave(now.uptime, nick, origin.address());
        }
        let spoke = now.uptime;
        let speaker = Speaker { nick, login: judged.login, origin, id, spoke };
        let (speaker, is_new) = self.speakers.note(speaker);
        if is_new {
            self.stay_ignored(now, &speaker, effects);
        }
        let by = self.connected_as(speaker.login).unwrap_or(speaker.id);
        let line = self.line_ids.next();
        let private = self.rooms.find(room).is_some_and(Room::is_private);
        let entry = Entry { id: line, at: now.moment, from: nick, kind, text, private };
        if let Some(key) = key {
            self.answered.note(now.uptime, key, place, (entry.id.clone(), entry.at));
        }
        let except = self.ignorers_of(&speaker, by);
        let room_id = self.rooms.open(room);
        let has_irc = self.rooms.get(room_id).is_some_and(|room| room.irc > 0);
        let source = has_irc.then(|| self.source_of(&speaker.as_client()));
        if let Some(room) = self.rooms.get_mut(room_id) {
            room.history.push(by, entry.clone());
            if room.keeps_line(&entry) {
                effects.push(Effect::Record(room.name, entry.clone()));
            }
            if let Some(pause) = room.settings.slow() {
                room.pace.note(now.uptime, pause, speaker.id, &speaker.as_client());
            }
        }
        effects.tell_room(
            room_id,
            except,
            Message::Said { room, entry: entry.clone(), by: source, tags: Tags::default() },
        );
        self.rooms.keep_empty(now.uptime, room_id, self.has_room_roles());
        entry
    }

    /// The first client that is logged in to an account.
    fn connected_as(&self, login: Option<Nick>) -> Option<ClientId> {
        login?;
        self.clients_who(|client| client.login == login).into_iter().next()
    }

    /// The clients that ignore a speaker, whose lines are those of the client `by`.
    fn ignorers_of(&self, speaker: &Speaker, by: ClientId) -> Vec<ClientId> {
        let mut ignorers = self.ignored.by_whom(&speaker.identity());
        ignorers.extend(self.ignored.by_whom_client(speaker.id));
        ignorers.extend(self.clients.get(&by).into_iter().flat_map(|client| &client.ignored_by));
        ignorers.sort_unstable();
        ignorers.dedup();
        ignorers
    }

    /// Restores the ignores of a person who speaks again.
    fn stay_ignored(&mut self, now: Now, speaker: &Speaker, effects: &mut Effects) {
        for me in self.ignored.by_whom(&speaker.identity()) {
            if self.clients.contains_key(&me) {
                Turn { chat: self, now, at: None, me, effects }.begin_ignoring_speaker(speaker);
            }
        }
    }
}
