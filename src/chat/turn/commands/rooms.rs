//! Commands about rooms.

use std::cmp::Reverse;

use crate::chat::message::Message;
use crate::chat::model::{RoomId, RoomName};
use crate::chat::refusal::Refusal;
use crate::chat::turn::speech::Turn;
use crate::text::Text;

/// Most rooms that `/rooms` lists, those with the most people first.
const MAX_LISTED: usize = 100;

pub(crate) fn join(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    turn.go_to(RoomName::new(args[0])?)
}

pub(crate) fn leave(turn: &mut Turn<'_>, _: &[&str]) -> Result<(), Refusal> {
    match turn.me().room() {
        RoomId::LOBBY => Err(Refusal::InLobby),
        _ => turn.go_to(RoomName::lobby()),
    }
}

pub(crate) fn rooms(turn: &mut Turn<'_>, _: &[&str]) -> Result<(), Refusal> {
    let own = turn.room().1.name;
    let myself = usize::from(!turn.me().announced);
    let mut rooms: Vec<_> = turn
        .chat
        .rooms
        .iter()
        .map(|room| {
            let here = room.announced + if room.name == own { myself } else { 0 };
            (Reverse(here), room.name, room.topic.clone())
        })
        .filter(|(here, name, _)| here.0 > 0 || *name == RoomName::lobby())
        .collect();
    rooms.sort_unstable_by_key(|(here, name, _)| (*here, *name));
    for (Reverse(here), name, topic) in rooms.iter().take(MAX_LISTED) {
        match topic {
            Some(topic) => turn.notice(format_args!("{name} ({here} here): {topic}")),
            None => turn.notice(format_args!("{name} ({here} here)")),
        }
    }
    if rooms.len() > MAX_LISTED {
        turn.notice(format_args!("and {} more", rooms.len() - MAX_LISTED));
    }
    Ok(())
}

pub(crate) fn topic(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let Some(text) = args.first().map(Text::new) else {
        let (_, room) = turn.room();
        let message = Message::Topic { room: room.name, text: room.topic.clone() };
        turn.tell(message);
        return Ok(());
    };
    turn.may_speak()?;
    turn.keep_pace()?;
    turn.announce();
    let (id, nick) = (turn.me().room(), turn.me().nick);
    if let Some(room) = turn.chat.rooms.get_mut(id) {
        room.topic = Some(text.clone());
        let message = Message::TopicSet { room: room.name, nick, text };
        turn.effects.tell_room(id, None, message);
    }
    Ok(())
}
