//! The numerics of what the chat refuses.

use super::encode::channel;
use super::markers;
use super::numeric::*;
use super::replies::Replies;
use super::room_modes::letter_of;
use super::service;
use crate::chat::{
    Action, Denied, Manner, Recipient, Refusal, RoomName, RoomRefusal, RoomRequest, Signal,
};

/// Tells a client that what it asked for is not done, and why.
pub(super) fn denied(denied: &Denied, replies: &mut Replies<'_>) {
    let Denied { action, why } = denied;
    match action {
        Action::Introduce { nick, .. } | Action::Nick(nick) => {
            refuse_nick(nick.as_str(), why, replies);
        }
        Action::Join(room, _) => refuse_in(*room, join_numeric(why), why, replies),
        Action::Part(room, _) | Action::Topic(room, _) | Action::ChangeAll(room, _) => {
            refuse_in(*room, room_numeric(why), why, replies);
        }
        // Nothing answers a notice.
        Action::Say { manner: Manner::Notice, .. }
        | Action::Signal(_, Signal::Ctcp { is_notice: true, .. }, _) => {}
        Action::Say { to: Recipient::Room(room) | Recipient::Role(room, _), .. }
        | Action::Signal(Recipient::Room(room) | Recipient::Role(room, _), ..) => {
            refuse_in(*room, say_numeric(why), why, replies);
        }
        Action::Say { to: Recipient::Nick(nick), .. }
        | Action::Signal(Recipient::Nick(nick), ..) => match why {
            Refusal::Nobody(_) => tell(ERR_NOSUCHNICK, &[nick.as_str()], why, replies),
            _ => tell(ERR_CANTSENDTOUSER, &[nick.as_str()], why, replies),
        },
        Action::Kick(room, nick, _) => refuse_about(*room, nick.as_str(), why, replies),
        Action::Invite(nick, room) => refuse_about(*room, nick.as_str(), why, replies),
        Action::Change(room, request) => refuse_change(*room, request, why, replies),
        Action::MarkRead(..) => markers::refuse(service::refusal(why), replies),
        Action::Wallops(_) => tell(ERR_NOPRIVILEGES, &[], why, replies),
        _ => {
            let nick = replies.nick;
            let words = service::refusal(why);
            replies.command("NOTICE", &[nick], format_args!("!! {words}"));
        }
    }
}

/// Sends a numeric with the reason, whose commands are those of IRC.
fn tell(numeric: u16, params: &[&str], why: &Refusal, replies: &mut Replies<'_>) {
    replies.numeric(numeric, params, service::refusal(why));
}

/// Refuses what concerns somebody in a room.
fn refuse_about(room: RoomName, nick: &str, why: &Refusal, replies: &mut Replies<'_>) {
    let name = channel(room);
    match why {
        Refusal::Nobody(_) => tell(ERR_NOSUCHNICK, &[nick], why, replies),
        Refusal::InRoom(RoomRefusal::Elsewhere(..)) => {
            tell(ERR_USERNOTINCHANNEL, &[nick, &name], why, replies);
        }
        Refusal::InRoom(RoomRefusal::InAlready(..)) => {
            tell(ERR_USERONCHANNEL, &[nick, &name], why, replies);
        }
        _ => tell(room_numeric(why), &[&name], why, replies),
    }
}

/// Refuses a change of a room. To ask for what is so already is no mistake.
fn refuse_change(room: RoomName, request: &RoomRequest, why: &Refusal, replies: &mut Replies<'_>) {
    let nick = match request {
        RoomRequest::Role(nick, ..) => nick.as_str(),
        _ => "*",
    };
    match why {
        Refusal::InRoom(
            RoomRefusal::HasRole(..)
            | RoomRefusal::LacksRole(..)
            | RoomRefusal::SetAlready(..)
            | RoomRefusal::NotBanned(..),
        ) => {}
        Refusal::InRoom(RoomRefusal::TooManyBans(..)) => {
            let letter = match request {
                RoomRequest::Mask(list, ..) => letter_of(*list),
                _ => 'b',
            };
            tell(ERR_BANLISTFULL, &[&channel(room), &letter.to_string()], why, replies);
        }
        Refusal::NoSuchRoom(_) | Refusal::NotIn(_) | Refusal::InNoRoom
            if room == RoomName::lobby() =>
        {
            refuse_in(room, ERR_CHANOPRIVSNEEDED, &RoomRefusal::ServersLobby.into(), replies);
        }
        _ => refuse_about(room, nick, why, replies),
    }
}

fn refuse_in(room: RoomName, numeric: u16, why: &Refusal, replies: &mut Replies<'_>) {
    tell(numeric, &[&channel(room)], why, replies);
}

/// Refuses a nick.
fn refuse_nick(nick: &str, why: &Refusal, replies: &mut Replies<'_>) {
    let shown = if nick.is_empty() { "*" } else { nick };
    match why {
        Refusal::Registered(name) => {
            let words = format_args!("{name} is registered: SASL, or PASS {name}:PASSWORD");
            replies.numeric(ERR_NICKNAMEINUSE, &[shown], words);
        }
        Refusal::Taken(_) => tell(ERR_NICKNAMEINUSE, &[shown], why, replies),
        Refusal::InRoom(RoomRefusal::Banned { room, .. }) => {
            tell(ERR_BANONCHAN, &[shown, &channel(*room)], why, replies);
        }
        _ => tell(ERR_ERRONEUSNICKNAME, &[shown], why, replies),
    }
}

fn join_numeric(why: &Refusal) -> u16 {
    match why {
        Refusal::InRoom(RoomRefusal::InviteOnly(_)) => ERR_INVITEONLYCHAN,
        Refusal::InRoom(RoomRefusal::NeedsKey(_) | RoomRefusal::WrongKey(_)) => ERR_BADCHANNELKEY,
        Refusal::InRoom(RoomRefusal::Full(..)) => ERR_CHANNELISFULL,
        Refusal::InRoom(RoomRefusal::Banned { .. }) => ERR_BANNEDFROMCHAN,
        Refusal::TooManyRooms(_) => ERR_TOOMANYCHANNELS,
        // The name is good, and another time the client may enter.
        Refusal::Lockdown | Refusal::Muted(_) | Refusal::CutOff => ERR_INVITEONLYCHAN,
        _ => ERR_NOSUCHCHANNEL,
    }
}

fn room_numeric(why: &Refusal) -> u16 {
    match why {
        Refusal::NoSuchRoom(_) => ERR_NOSUCHCHANNEL,
        Refusal::NotIn(_) | Refusal::InNoRoom => ERR_NOTONCHANNEL,
        _ => ERR_CHANOPRIVSNEEDED,
    }
}

fn say_numeric(why: &Refusal) -> u16 {
    match why {
        Refusal::NoSuchRoom(_) => ERR_NOSUCHCHANNEL,
        _ => ERR_CANNOTSENDTOCHAN,
    }
}
