//! Commands about people: the client itself and others.

use std::time::Duration;

use crate::chat::length::Length;
use crate::chat::message::Away;
use crate::chat::model::RoomName;
use crate::chat::refusal::Refusal;
use crate::chat::relay::Deed;
use crate::chat::turn::view::{Turn, View};
use crate::text::Text;

pub(crate) fn nick(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    turn.rename(args[0])
}

pub(crate) fn who(turn: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    match args.first() {
        None => {
            let room = turn.room()?.0;
            turn.tell_people(room);
        }
        Some(name) => turn.show_people_in(RoomName::new(name)?)?,
    }
    Ok(())
}

pub(crate) fn whois(turn: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    if let Some(speaker) = turn.speaker(args[0]) {
        turn.tell_of_speaker(&speaker);
        return Ok(());
    }
    let other = turn.find(args[0])?;
    let client = &turn.chat.clients[&other];
    let rooms = client.rooms.iter().filter_map(|room| turn.chat.rooms.get(*room));
    let rooms = rooms.filter(|room| turn.sees_into(room));
    let names: Vec<_> = rooms.map(|room| room.name.as_str()).collect();
    let place = match names.is_empty() {
        true if client.rooms.is_empty() => "in no room".to_owned(),
        true => "elsewhere".to_owned(),
        false => format!("in {}", names.join(", ")),
    };
    let since = |then: Duration| Length::past(turn.now.uptime.saturating_sub(then));
    let (connected, idle) = (since(client.connected), since(client.active));
    let nick = client.nick;
    let mut words = format!("{nick} is {place}, connected {connected}, idle {idle}");
    if let Some(away) = client.away_as(turn.hears(other)) {
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

pub(crate) fn nodes(turn: &mut View<'_>, _: &[&str]) -> Result<(), Refusal> {
    if turn.chat.nodes().next().is_none() {
        turn.notice("this server is not part of a cluster");
    }
    for (number, node) in turn.chat.nodes() {
        let people = match turn.chat.people_on(number) {
            1 => "1 person".to_owned(),
            many => format!("{many} people"),
        };
        let up = in_short(turn.now.uptime.saturating_sub(node.since));
        let name = &node.name;
        let behind = turn.chat.nodes.behind(number);
        turn.notice(format_args!("{name}: {people}, up {up}, {behind} behind"));
    }
    Ok(())
}

/// A duration in its largest unit, such as "3h".
fn in_short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(
        || format!("{seconds}s"),
        |(length, name)| format!("{}{name}", seconds / length),
    )
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
    let away = me.away.clone();
    let words = away.as_ref().map(|Away(words)| words.clone().unwrap_or_default());
    turn.relay_to_others(Deed::Away(words));
    match away {
        Some(away) => turn.notice(format_args!("you are {away}")),
        None => turn.notice("you are back"),
    }
    Ok(())
}
