//! Commands about people: the client itself and others.

use std::time::Duration;

use crate::chat::message::Away;
use crate::chat::model::{ClientId, RoomName};
use crate::chat::refusal::Refusal;
use crate::chat::turn::speech::Turn;
use crate::text::Text;

/// Most clients that one client can ignore; one more ends the oldest.
const MAX_IGNORED: usize = 256;

pub(crate) fn nick(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    turn.rename(args[0])
}

pub(crate) fn who(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let room = match args.first() {
        None => turn.room().1,
        Some(name) => {
            let name = RoomName::new(name)?;
            turn.chat.rooms.find(name).ok_or(Refusal::NoSuchRoom(name))?
        }
    };
    turn.tell(turn.people(room));
    Ok(())
}

pub(crate) fn whois(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let client = &turn.chat.clients[&turn.find(args[0])?];
    let room = turn.chat.rooms.get(client.room()).map_or("lobby", |room| room.name.as_str());
    let since = |then: Duration| {
        let seconds = turn.now.uptime.saturating_sub(then).as_secs();
        humantime::format_duration(Duration::from_secs(seconds))
    };
    let (connected, idle) = (since(client.connected), since(client.active));
    let nick = client.nick;
    let mut words = format!("{nick} is in {room}, connected {connected}, idle {idle}");
    if let Some(away) = &client.away {
        words.push_str(&format!(", {away}"));
    }
    if turn.is_operator() {
        if client.is_muted(turn.now.moment) {
            words.push_str(", muted");
        }
        words.push_str(&format!(", from {}", client.origin));
    }
    turn.notice(words);
    Ok(())
}

/// Ignores a client rather than its name, so that a rename changes nothing.
pub(crate) fn ignore(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let (me, other) = (turn.me, turn.find(args[0])?);
    if me == other {
        return Err(Refusal::IgnoreSelf);
    }
    if !turn.me().ignores.contains(&other) {
        if turn.me().ignores.len() == MAX_IGNORED {
            let first = turn.me().ignores[0];
            hear_again(turn, first);
        }
        turn.me_mut().ignores.push(other);
        if let Some(client) = turn.chat.clients.get_mut(&other) {
            client.ignored_by.push(me);
        }
    }
    let nick = turn.chat.clients[&other].nick;
    turn.notice(format_args!("you are ignoring {nick}"));
    Ok(())
}

pub(crate) fn unignore(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let other = turn.find(args[0])?;
    if !turn.me().ignores.contains(&other) {
        return Err(Refusal::NotIgnored(Text::new(args[0])));
    }
    hear_again(turn, other);
    let nick = turn.chat.clients[&other].nick;
    turn.notice(format_args!("you no longer ignore {nick}"));
    Ok(())
}

fn hear_again(turn: &mut Turn<'_>, other: ClientId) {
    let me = turn.me;
    turn.me_mut().ignores.retain(|&ignored| ignored != other);
    if let Some(client) = turn.chat.clients.get_mut(&other) {
        client.ignored_by.retain(|&by| by != me);
    }
}

/// With a text: away. Without one: toggles.
pub(crate) fn away(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    if !args.is_empty() {
        turn.may_speak()?;
    }
    let me = turn.me_mut();
    me.away = match args.first() {
        Some(text) => Some(Away(Some(Text::new(text)))),
        None if me.away.is_none() => Some(Away(None)),
        None => None,
    };
    match me.away.clone() {
        Some(away) => turn.notice(format_args!("you are {away}")),
        None => turn.notice("you are back"),
    }
    Ok(())
}
