//! Commands about rooms.

use std::cmp::Reverse;

use crate::chat::message::Message;
use crate::chat::model::{Allowance, RoomId, RoomKey, RoomName};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::turn::view::{Turn, View};
use crate::text::Text;

/// Most rooms that `/rooms` lists, those with the most people first.
const MAX_LISTED: usize = 100;

pub(crate) fn join(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    if !turn.chat.has_room_roles() && args.len() > 1 {
        // Nodes of level 1 take both words for the name.
        return Err(Refusal::NotARoom);
    }
    let name = RoomName::new(args[0])?;
    let key = args.get(1).map(|key| RoomKey::new(key).ok_or(RoomRefusal::NotAKey));
    turn.go_to(name, key.transpose()?)
}

pub(crate) fn leave(turn: &mut Turn<'_>, _: &[&str]) -> Result<(), Refusal> {
    match turn.room()?.0 {
        RoomId::LOBBY if !turn.me().speaks_irc() => Err(Refusal::InLobby),
        room if turn.me().has_many_rooms => {
            turn.part(room, None);
            Ok(())
        }
        _ => turn.go_to(RoomName::lobby(), None),
    }
}

pub(crate) fn rooms(turn: &mut View<'_>, _: &[&str]) -> Result<(), Refusal> {
    let myself = usize::from(!turn.me().announced);
    let mut rooms: Vec<_> = turn
        .chat
        .rooms
        .iter()
        .filter(|room| turn.knows_of(room))
        .map(|room| {
            let here = room.announced + if room.members.contains(&turn.me) { myself } else { 0 };
            let topic = room.topic.clone();
            let topic = topic.filter(|_| turn.hears_topic(room) && turn.sees_into(room));
            (Reverse(here), room.name, topic)
        })
        .filter(|(here, name, _)| here.0 > 0 || *name == RoomName::lobby())
        .collect();
    rooms.sort_unstable_by_key(|(here, name, _)| (*here, *name));
    let mut allowance = Allowance::new(turn.me().form());
    let lines = rooms.iter().take(MAX_LISTED).map(|(Reverse(here), name, topic)| {
        let topic = topic.as_ref().map_or_else(String::new, |topic| format!(": {topic}"));
        Text::new(format!("{name} ({here} here){topic}"))
    });
    let lines: Vec<_> = lines.take_while(|words| allowance.allows_words(words)).collect();
    let more = rooms.len() - lines.len();
    lines.iter().for_each(|words| turn.notice(words));
    if more > 0 {
        turn.notice(format_args!("and {more} more"));
    }
    Ok(())
}

/// The argument with which [`topic`] clears the topic.
const NO_TOPIC: &str = "-";

pub(crate) fn topic(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let (_, room) = turn.room()?;
    match args.first() {
        Some(&NO_TOPIC) if room.topic.is_some() => set_topic(turn, None),
        Some(text) if *text != NO_TOPIC => set_topic(turn, Some(Text::new(text))),
        _ if !turn.hears_topic(room) => {
            turn.notice("you ignore the person who set the topic");
            Ok(())
        }
        _ => {
            let message = Message::Topic { room: room.name, text: room.topic.clone() };
            turn.tell(message);
            Ok(())
        }
    }
}

/// Sets or clears the topic. Clients that ignore this one do not get a new topic, like a line.
pub(crate) fn set_topic(turn: &mut Turn<'_>, text: Option<Text>) -> Result<(), Refusal> {
    turn.needs_others()?;
    turn.may_speak()?;
    if turn.room()?.1.settings.lock_topic() {
        turn.needs_order().map_err(topic_locked)?;
    }
    turn.may_speak_in_room()?;
    turn.keep_pace()?;
    turn.announce();
    let (id, _) = turn.room()?;
    turn.change_topic(id, text);
    Ok(())
}

/// What a client is told that is not an operator of a room with a locked topic.
fn topic_locked(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::InRoom(RoomRefusal::OperatorsOnly(room)) => RoomRefusal::TopicLocked(room).into(),
        Refusal::InRoom(RoomRefusal::ServersLobby) => {
            RoomRefusal::TopicLocked(RoomName::lobby()).into()
        }
        other => other,
    }
}
