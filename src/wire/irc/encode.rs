//! Encodes messages as the lines that IRC clients share.

use super::caps::{Cap, Caps};
use super::line::{Line, MAX_BODY};
use super::modes::shown as shown_modes;
use super::relay::{Form, Sender, Stamp, begin, join, shown_topic, text};
use super::room_modes::{ModeChange, letter_of, mode_of};
use crate::chat::{
    Deed, Entry, Kind, Manner, Message, Reason, Relay, RoomChange, RoomChangeBy, RoomName, Source,
};

impl<'a> From<&'a Source> for Sender<'a> {
    fn from(source: &'a Source) -> Self {
        Self {
            nick: source.nick.as_str(),
            at: Some((source.user.as_str(), source.host.as_str())),
            account: source.account.as_ref().map(|account| account.as_str()),
            is_bot: source.is_bot,
        }
    }
}

impl From<Manner> for Form {
    fn from(manner: Manner) -> Self {
        match manner {
            Manner::Line => Self::Line,
            Manner::Emote => Self::Action,
            Manner::Notice => Self::Notice,
        }
    }
}

/// A room as IRC names it.
pub(super) fn channel(room: RoomName) -> String {
    format!("#{room}")
}

/// Appends the lines of `message` for clients with these capabilities; nothing for what IRC tells
/// in another way.
pub fn encode(message: &Message, caps: Caps, out: &mut Vec<u8>) {
    match message {
        // A client that is turned away has no conversation, and gets nothing else.
        Message::Refused(refusal) => {
            Line::bare("ERROR").last(format_args!("!! {refusal}")).end(out);
        }
        Message::Said { room, entry, by: Some(by), tags } => {
            said(&Sender::from(&**by), *room, entry, tags.all(), caps, out);
        }
        Message::PrivateFrom { id, to, text: words, at, manner, by, tags, .. }
        | Message::PrivateTo { id, to, text: words, at, manner, by, tags, .. } => {
            let id = id.to_string();
            let stamp = Stamp { unix_ms: at.unix_ms, id: Some(&id) };
            let what = (to.as_str(), Form::from(*manner), words.as_str());
            text(&Sender::from(&**by), stamp, what, tags.all(), caps, out);
        }
        Message::Relay(relay) => relayed(relay, caps, out),
        _ => {}
    }
}

/// A line of a room.
pub(super) fn said(
    sender: &Sender<'_>,
    room: RoomName,
    entry: &Entry,
    tags: &[(String, String)],
    caps: Caps,
    out: &mut Vec<u8>,
) {
    let form = match entry.kind {
        Kind::Said => Form::Line,
        Kind::Emoted => Form::Action,
        Kind::Noticed | Kind::Gap | Kind::Removed(_) => Form::Notice,
    };
    let id = entry.id.to_string();
    let id = Some(id.as_str()).filter(|_| !entry.id.is_unknown());
    let stamp = Stamp { unix_ms: entry.at.unix_ms, id };
    text(sender, stamp, (&channel(room), form, entry.text.as_str()), tags, caps, out);
}

/// A change of a room.
fn changed(relay: &Relay, (room, change): (RoomName, &RoomChange), caps: Caps, out: &mut Vec<u8>) {
    let (sender, stamp) =
        (&Sender::from(&*relay.by), Stamp { unix_ms: relay.at.unix_ms, id: None });
    match change {
        change if mode_of(change).is_some() => {
            modes(relay, room, std::slice::from_ref(&relay.deed), caps, out);
        }
        RoomChange::Invited(nick) if caps.has(Cap::InviteNotify) => {
            begin(sender, stamp, "INVITE", caps).param(nick).param(channel(room)).end(out);
        }
        RoomChange::Invited(_) => {}
        other => {
            let words = RoomChangeBy(relay.by.nick, other).to_string();
            begin(sender, stamp, "NOTICE", caps).param(channel(room)).last(words).end(out);
        }
    }
}

/// Changes of a room that are modes: as few lines as they fit into.
fn modes(relay: &Relay, room: RoomName, deeds: &[Deed], caps: Caps, out: &mut Vec<u8>) {
    let (sender, stamp) =
        (&Sender::from(&*relay.by), Stamp { unix_ms: relay.at.unix_ms, id: None });
    let start = begin(sender, stamp, "MODE", caps).param(channel(room));
    let changes: Vec<_> = deeds.iter().filter_map(mode_of_deed).collect();
    let line = |changes: &[ModeChange]| {
        let shown = changes.iter().map(|(on, letter, param)| (*on, *letter, param.as_deref()));
        shown_modes(shown).iter().fold(start.clone(), |line, param| line.param(param))
    };
    let mut rest = &changes[..];
    while !rest.is_empty() {
        let fits = |count: &usize| line(&rest[..*count]).body_len() <= MAX_BODY;
        let count = (1..=rest.len()).rev().find(fits).unwrap_or(1);
        line(&rest[..count]).end(out);
        rest = &rest[count..];
    }
}

fn mode_of_deed(deed: &Deed) -> Option<ModeChange> {
    match deed {
        Deed::Change(_, change) => mode_of(change),
        Deed::Mask(_, list, mask, on) => Some((*on, letter_of(*list), Some(mask.to_string()))),
        _ => None,
    }
}

/// What somebody did.
fn relayed(relay: &Relay, caps: Caps, out: &mut Vec<u8>) {
    let sender = Sender::from(&*relay.by);
    let stamp = Stamp { unix_ms: relay.at.unix_ms, id: None };
    let line = |command| begin(&sender, stamp, command, caps);
    match &relay.deed {
        Deed::Quit(reason) => line("QUIT").last(reason).end(out),
        Deed::Nick(nick) => line("NICK").param(nick).end(out),
        Deed::Away(words) if caps.has(Cap::AwayNotify) => match words {
            Some(words) => line("AWAY").last(words).end(out),
            None => line("AWAY").end(out),
        },
        Deed::Account(account) if caps.has(Cap::AccountNotify) => {
            let account = account.as_ref().map_or("*", |account| account.as_str());
            line("ACCOUNT").param(account).end(out);
        }
        Deed::Real(real) if caps.has(Cap::Setname) => line("SETNAME").last(real).end(out),
        Deed::Host(user, host) if caps.has(Cap::Chghost) => {
            line("CHGHOST").param(user).param(host).end(out);
        }
        Deed::Signal(signalled) => {
            super::signal::encode(&sender, relay.at, signalled, caps, out);
        }
        Deed::SaidToRole(said) => {
            super::signal::said_to_role(&sender, relay.at, said, caps, out);
        }
        Deed::Wallops(words) => line("WALLOPS").last(words).end(out),
        _ => relayed_in_room(relay, caps, out),
    }
}

/// What somebody did in a room; nothing for what has another form for its own client.
fn relayed_in_room(relay: &Relay, caps: Caps, out: &mut Vec<u8>) {
    let sender = Sender::from(&*relay.by);
    let stamp = Stamp { unix_ms: relay.at.unix_ms, id: None };
    let line = |command, room| begin(&sender, stamp, command, caps).param(channel(room));
    match &relay.deed {
        Deed::Join(room) => {
            let what = (&*channel(*room), relay.by.real.as_str());
            join(&sender, stamp, what, caps, out);
        }
        Deed::Part(room, Reason::Parted(Some(words))) => line("PART", *room).last(words).end(out),
        Deed::Part(room, reason) => line("PART", *room).last(reason).end(out),
        Deed::Kick(room, nick, why) => {
            let line = line("KICK", *room).param(nick);
            match why {
                Some(why) => line.last(why).end(out),
                None => line.last(relay.by.nick).end(out),
            }
        }
        Deed::Invite(room, nick) => {
            begin(&sender, stamp, "INVITE", caps).param(nick).param(channel(*room)).end(out);
        }
        Deed::Change(room, change) => changed(relay, (*room, change), caps, out),
        Deed::Mask(room, ..) => {
            modes(relay, *room, std::slice::from_ref(&relay.deed), caps, out);
        }
        Deed::Changes(room, deeds) => modes(relay, *room, deeds, caps, out),
        Deed::Topic(room, topic) => {
            let topic = topic.as_ref().map_or("", |topic| shown_topic(topic.as_str()));
            line("TOPIC", *room).last(topic).end(out);
        }
        _ => {}
    }
}
