//! The numerics of what the chat refuses.

use super::encode::channel;
use super::numeric::*;
use super::replies::Replies;
use crate::chat::{Action, Denied, Manner, Recipient, Refusal, RoomName};

/// Tells a client that what it asked for is not done, and why.
pub(super) fn denied(denied: &Denied, replies: &mut Replies<'_>) {
    let Denied { action, why } = denied;
    match action {
        Action::Introduce { nick, .. } | Action::Nick(nick) => {
            refuse_nick(nick.as_str(), why, replies);
        }
        Action::Join(room, _) => refuse_in(*room, join_numeric(why), why, replies),
        Action::Part(room, _) | Action::Topic(room, _) => {
            refuse_in(*room, room_numeric(why), why, replies);
        }
        // Nothing answers a notice.
        Action::Say { manner: Manner::Notice, .. } => {}
        Action::Say { to: Recipient::Room(room), .. } => {
            refuse_in(*room, say_numeric(why), why, replies);
        }
        Action::Say { to: Recipient::Nick(nick), .. } => match why {
            Refusal::Nobody(_) => replies.numeric(ERR_NOSUCHNICK, &[nick.as_str()], why),
            _ => replies.numeric(ERR_CANTSENDTOUSER, &[nick.as_str()], why),
        },
        Action::Wallops(_) => replies.numeric(ERR_NOPRIVILEGES, &[], why),
        _ => {
            let nick = replies.nick;
            replies.command("NOTICE", &[nick], format_args!("!! {why}"));
        }
    }
}

fn refuse_in(room: RoomName, numeric: u16, why: &Refusal, replies: &mut Replies<'_>) {
    replies.numeric(numeric, &[&channel(room)], why);
}

/// Refuses a nick.
fn refuse_nick(nick: &str, why: &Refusal, replies: &mut Replies<'_>) {
    let shown = if nick.is_empty() { "*" } else { nick };
    match why {
        Refusal::Registered(name) => {
            let words = format_args!("{name} is registered: SASL, or PASS {name}:PASSWORD");
            replies.numeric(ERR_NICKNAMEINUSE, &[shown], words);
        }
        Refusal::Taken(_) => replies.numeric(ERR_NICKNAMEINUSE, &[shown], why),
        Refusal::NotANick | Refusal::Reserved(_) => {
            replies.numeric(ERR_ERRONEUSNICKNAME, &[shown], why);
        }
        _ => replies.numeric(ERR_ERRONEUSNICKNAME, &[shown], why),
    }
}

fn join_numeric(why: &Refusal) -> u16 {
    match why {
        Refusal::TooManyRooms(_) => ERR_TOOMANYCHANNELS,
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
