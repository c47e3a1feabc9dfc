//! Answers to questions about the chat, its rooms and people, and the server.

use std::time::Duration;

use super::caps::{Cap, Caps, Offer};
use super::encode::channel;
use super::numeric::*;
use super::people::{self, Member, Role};
use super::replies::Replies;
use super::request::Request;
use super::server;
use super::service::runs_commands;
use super::session::need_more;
use super::target::split;
use super::welcome::{Counts, lusers, motd, welcome};
use super::whox::Fields;
use crate::chat::{
    Away, Census, Chat, ClientId, Now, Past, Profile, RoomProfile, RoomRole, RoomRoles,
};
use crate::text::matches;

/// Names that a server answers for in one USERHOST or ISON.
const MAX_NAMES: usize = 100;

/// What a client asks, and what the answers need besides the chat.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The chat.
    pub chat: &'a Chat,
    /// The client that asks.
    pub me: ClientId,
    /// Its capabilities.
    pub caps: Caps,
    /// The present moment.
    pub now: Now,
    /// The version of the program.
    pub version: &'a str,
    /// Where `WHOIS` and others show when something was: seconds of Unix time at the chat's zero.
    pub zero: i64,
    /// The most people since the start.
    pub most: usize,
    /// What the server has.
    pub offer: Offer,
}

impl View<'_> {
    /// Sends what a client gets that comes into the chat.
    pub fn welcome(&self, replies: &mut Replies<'_>) {
        let Some(source) = self.chat.source(self.me) else { return };
        welcome(replies, &source.full(), self.version, self.started(), self.offer.has_history);
        lusers(replies, self.counts());
        self.motd(replies);
    }

    /// Answers a request.
    pub fn answer(&self, request: &Request, replies: &mut Replies<'_>) {
        match &*request.command {
            "NAMES" => self.names(request, replies),
            "TOPIC" => self.topic(request, replies),
            "LIST" => self.list(request, replies),
            "WHO" => self.who(request, replies),
            "WHOIS" => self.whois(request, replies),
            "WHOWAS" => match request.param(0) {
                Some(nick) => self.whowas(nick, request.param(1), replies),
                None => replies.numeric(ERR_NONICKNAMEGIVEN, &[], "no nick was given"),
            },
            "USERHOST" => self.userhost(request, replies),
            "ISON" => self.ison(request, replies),
            "INVITE" => {
                for room in self.chat.invitations(self.me, self.now) {
                    replies.end(&replies.begin(RPL_INVITELIST).param(channel(room)));
                }
                replies.numeric(RPL_ENDOFINVITELIST, &[], "end of the list");
            }
            "MODE" => self.mode(request, replies),
            "MOTD" => self.motd(replies),
            "LUSERS" => lusers(replies, self.counts()),
            "VERSION" => server::version(replies, self.version),
            "TIME" => server::time(replies, self.time()),
            "INFO" => server::info(replies, self.version, self.started()),
            "LINKS" => server::links(replies),
            "ADMIN" => server::admin(replies),
            "HELP" | "HELPOP" => server::help(replies, request.param(0)),
            other => replies.numeric(ERR_UNKNOWNCOMMAND, &[other], "there is no such command"),
        }
    }

    /// The source of somebody who is here.
    pub fn source_of(&self, nick: &str) -> Option<String> {
        self.chat.source(self.chat.somebody(nick)?).map(|source| source.full())
    }

    fn started(&self) -> String {
        super::relay::server_time(self.zero.saturating_mul(1000))
    }

    fn time(&self) -> String {
        super::relay::server_time(self.now.moment.unix_ms)
    }

    fn counts(&self) -> Counts {
        let Census { people, invisible, operators, rooms } = self.chat.census();
        let unknown = self.chat.newcomers();
        Counts { people, invisible, operators, unknown, rooms, most: self.most }
    }

    fn motd(&self, replies: &mut Replies<'_>) {
        motd(replies, self.chat.settings().motd.iter());
    }

    pub(super) fn profile(&self, id: ClientId) -> Option<Profile> {
        self.chat.profile(id)
    }

    /// Calls `show` with somebody as the client may see them: an operator of the server sees their address, too.
    pub(super) fn with_member(
        &self,
        who: &Profile,
        sees_all: bool,
        show: impl FnOnce(&Member<'_>),
    ) {
        let away = who.away.as_ref().map(|Away(why)| why.as_ref().map_or("", |why| why.as_str()));
        let address = sees_all.then(|| who.origin.to_string());
        let account = who.source.account;
        show(&Member {
            nick: who.source.nick.as_str(),
            user: who.source.user.as_str(),
            host: who.source.host.as_str(),
            real: who.source.real.as_str(),
            account: account.as_ref().map(|account| account.as_str()),
            away,
            is_operator: who.is_operator,
            is_bot: who.flags.bot,
            is_secure: who.is_encrypted,
            idle: self.now.uptime.saturating_sub(who.active),
            since: self.zero + seconds(who.connected),
            address: address.as_deref(),
            role: Role::None,
            has_voice: false,
        });
    }

    pub(super) fn is_operator(&self) -> bool {
        self.profile(self.me).is_some_and(|me| me.is_operator)
    }

    fn who(&self, request: &Request, replies: &mut Replies<'_>) {
        let Some(mask) = request.param(0) else { return need_more(request, replies) };
        let asked = request.param(1).unwrap_or_default();
        let fields = Fields::parse(asked);
        let only_operators = !asked.starts_with('%') && asked.contains('o');
        let (name, people) = self.meant_by(mask);
        let (has_multi, sees_all) = (self.caps.has(Cap::MultiPrefix), self.is_operator());
        for (id, roles) in people {
            let Some(who) = self.profile(id).filter(|who| !only_operators || who.is_operator)
            else {
                continue;
            };
            self.with_member(&who, sees_all, |member| {
                let member = in_role(member, roles);
                people::who(replies, &name, &member, fields.as_ref(), has_multi);
            });
        }
        people::end_of_who(replies, mask);
    }

    /// The room that a mask of WHO names, or `*`, and the people that it means, with their roles in
    /// the room.
    fn meant_by(&self, mask: &str) -> (String, Vec<(ClientId, RoomRoles)>) {
        if mask.starts_with('#') {
            return match self.shown_room(mask) {
                Ok(room) => (channel(room.name), room.people.into_iter().zip(room.roles).collect()),
                Err(_) => (mask.to_owned(), Vec::new()),
            };
        }
        let is_meant = |id: &ClientId| {
            self.profile(*id).is_some_and(|who| {
                let is_me = *id == self.me;
                if who.flags.invisible && !is_me && !self.chat.share_a_room(*id, self.me) {
                    return false;
                }
                let source = &who.source;
                let words = [source.nick.as_str(), source.user.as_str(), source.host.as_str()];
                words.iter().any(|word| matches(mask, word)) || matches(mask, source.real.as_str())
            })
        };
        let people = match self.chat.somebody(mask) {
            Some(id) => vec![id],
            None => self.chat.people().into_iter().filter(is_meant).collect(),
        };
        let without_role = |id| (id, RoomRoles::default());
        ("*".to_owned(), people.into_iter().map(without_role).collect())
    }

    fn whois(&self, request: &Request, replies: &mut Replies<'_>) {
        let name = request.param(1).or(request.param(0));
        let Some(name) = name else {
            return replies.numeric(ERR_NONICKNAMEGIVEN, &[], "no nick was given");
        };
        let name = split(name).next().unwrap_or(name);
        let found = self.chat.somebody(name).and_then(|id| Some((id, self.profile(id)?)));
        match found {
            Some((id, who)) => {
                let rooms = self.rooms_shown_of(id);
                let sees_all = self.is_operator();
                self.with_member(&who, sees_all, |member| people::whois(replies, member, &rooms));
            }
            None if runs_commands(name) => people::whois_service(replies, name),
            None => people::no_such_nick(replies, name),
        }
        people::end_of_whois(replies, name);
    }

    /// The rooms of somebody that the client may know of, with their role there.
    fn rooms_shown_of(&self, id: ClientId) -> Vec<String> {
        let rooms = self.chat.rooms_with(id).into_iter().filter_map(|name| self.chat.room(name));
        let shown = rooms.filter(|room| self.sees_into(room));
        let named = |room: RoomProfile| {
            format!("{}{}", role_of(roles_of(&room, id)).prefix(), channel(room.name))
        };
        shown.map(named).collect()
    }

    fn whowas(&self, nick: &str, count: Option<&str>, replies: &mut Replies<'_>) {
        let count = count.and_then(|count| count.parse().ok()).filter(|count| *count > 0);
        let past = self.chat.whowas(nick).take(count.unwrap_or(usize::MAX));
        let past: Vec<_> = past.map(shown_past).collect();
        people::whowas(replies, nick, &past);
    }

    fn own_modes(&self, replies: &mut Replies<'_>) {
        let Some(me) = self.profile(self.me) else { return };
        let modes = [
            ('B', me.flags.bot),
            ('i', me.flags.invisible),
            ('o', me.is_operator),
            ('w', me.flags.wallops),
        ];
        let on: String = modes.iter().filter(|(_, on)| *on).map(|(letter, _)| *letter).collect();
        replies.end(&replies.begin(RPL_UMODEIS).param(format_args!("+{on}")));
    }

    fn userhost(&self, request: &Request, replies: &mut Replies<'_>) {
        if request.params.is_empty() {
            return need_more(request, replies);
        }
        let named = |name: &String| {
            let who = self.profile(self.chat.somebody(name)?)?;
            let operator = if who.is_operator { "*" } else { "" };
            let away = if who.away.is_some() { '-' } else { '+' };
            let source = &who.source;
            Some(format!("{}{operator}={away}{}@{}", source.nick, source.user, source.host))
        };
        let found: Vec<_> = request.params.iter().take(5).filter_map(named).collect();
        replies.numeric(RPL_USERHOST, &[], found.join(" "));
    }

    fn ison(&self, request: &Request, replies: &mut Replies<'_>) {
        let names = request.params.iter().flat_map(|param| param.split(' '));
        let present = |name: &&str| self.chat.somebody(name).is_some() || runs_commands(name);
        let found: Vec<_> = names.take(MAX_NAMES).filter(present).collect();
        replies.numeric(RPL_ISON, &[], found.join(" "));
    }

    fn mode(&self, request: &Request, replies: &mut Replies<'_>) {
        let Some(name) = request.param(0) else { return need_more(request, replies) };
        if !name.starts_with('#') {
            return match name.eq_ignore_ascii_case(replies.nick) {
                true => self.own_modes(replies),
                false if self.chat.somebody(name).is_some() => {
                    replies.numeric(ERR_USERSDONTMATCH, &[], "only your own modes can be seen");
                }
                false => people::no_such_nick(replies, name),
            };
        }
        match (self.shown_room(name), request.param(1)) {
            (Err(numeric), _) => Self::no_room(numeric, name, replies),
            (Ok(room), Some(letter)) => self.list_masks(&room, letter, replies),
            (Ok(room), None) => self.room_modes(&room, replies),
        }
    }
}

/// The roles of a member.
pub(super) fn roles_of(room: &RoomProfile, id: ClientId) -> RoomRoles {
    let place = room.people.iter().position(|other| *other == id);
    place.map_or_else(RoomRoles::default, |place| room.roles[place])
}

fn role_of(roles: RoomRoles) -> Role {
    match (roles.has(RoomRole::Operator), roles.has(RoomRole::Voice)) {
        (true, _) => Role::Operator,
        (false, true) => Role::Voice,
        (false, false) => Role::None,
    }
}

/// A member with its roles in a room.
pub(super) fn in_role<'a>(member: &Member<'a>, roles: RoomRoles) -> Member<'a> {
    Member { role: role_of(roles), has_voice: roles.has(RoomRole::Voice), ..member.clone() }
}

fn shown_past(past: &Past) -> people::Past {
    let who = &past.who;
    people::Past {
        nick: who.nick.to_string(),
        user: who.user.to_string(),
        host: who.host.to_string(),
        real: who.real.clone(),
        left: super::relay::server_time(past.until.unix_ms),
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
