//! Commands about what the client sees.

use std::ops::Deref;

use super::arguments::on_or_off;
use crate::chat::effect::Effect;
use crate::chat::message::Dates;
use crate::chat::question::Question;
use crate::chat::refusal::Refusal;
use crate::chat::state::Chat;
use crate::chat::turn::view::{Turn, TurnOf, View};
use crate::text::{Text, shows, split_word};

pub(crate) fn history(turn: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    let count = match args.first() {
        None => turn.chat.settings.replay,
        Some(number) => match number.parse() {
            Ok(0) | Err(_) => return Err(Refusal::Misused),
            Ok(count) => count,
        },
    };
    // What is said in private in a room that is not kept is in memory only.
    let (_, room) = turn.room()?;
    let with_private = room.is_kept_in_private();
    if turn.chat.has_archive(turn.me) && (with_private || !room.is_private()) {
        let (room, form) = (room.name, turn.me().form());
        let question = Question::Last { room, lines: count, form, with_private };
        turn.effects.push(Effect::Ask(turn.me, question));
    } else if turn.show_history(count, Dates::Always) == 0 {
        turn.notice("nothing has been said here");
    }
    Ok(())
}

pub(crate) fn motd(turn: &mut View<'_>, _: &[&str]) -> Result<(), Refusal> {
    let motd = turn.chat.settings.motd.clone();
    motd.iter().for_each(|line| turn.notice(line));
    if motd.is_empty() {
        turn.notice("there is no message of the day");
    }
    Ok(())
}

pub(crate) fn search(turn: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    if !turn.chat.has_archive(turn.me) {
        return Err(Refusal::NoArchive);
    }
    let me = turn.me();
    let own = me.rooms.iter().filter_map(|id| turn.chat.rooms.get(*id));
    let rooms = own.filter(|room| room.is_kept_in_private()).map(|room| room.name).collect();
    let (words, form, hidden) = (Text::new(args[0]), me.form(), turn.hidden());
    let question = Question::Search { words, form, rooms, hidden };
    turn.effects.push(Effect::Ask(turn.me, question));
    Ok(())
}

pub(crate) fn echo(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let on = on_or_off(args[0])?;
    turn.me_mut().echo = on;
    confirm(turn, "echo", on)
}

/// The decoder of a wire where a line can be edited has taken the command out.
pub(crate) fn edit(_: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    on_or_off(args[0])?;
    Err(Refusal::NotEdited)
}

/// What a line switches, if it is `/edit on` or `/edit off`.
pub fn edit_switch(line: &Text) -> Option<bool> {
    let command = line.as_str().trim_start_matches(|c| !shows(c)).strip_prefix('/')?;
    let (name, switch) = split_word(command);
    on_or_off(switch.trim()).ok().filter(|_| name.eq_ignore_ascii_case("edit"))
}

pub(crate) fn time(turn: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    let on = on_or_off(args[0])?;
    turn.effects.push(Effect::Timestamps(turn.me, on));
    confirm(turn, "time", on)
}

pub(crate) fn bell(turn: &mut View<'_>, args: &[&str]) -> Result<(), Refusal> {
    let on = on_or_off(args[0])?;
    if turn.me().lists || turn.me().speaks_irc() {
        return Err(Refusal::NoBell);
    }
    turn.effects.push(Effect::Bell(turn.me, on));
    confirm(turn, "bell", on)
}

pub(crate) fn quiet(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let on = on_or_off(args[0])?;
    turn.me_mut().quiet = on;
    confirm(turn, "quiet", on)
}

fn confirm<C: Deref<Target = Chat>>(
    turn: &mut TurnOf<'_, C>,
    what: &str,
    on: bool,
) -> Result<(), Refusal> {
    turn.notice(format_args!("{what} is {}", if on { "on" } else { "off" }));
    Ok(())
}
