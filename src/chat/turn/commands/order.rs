//! Commands that keep order in a room.

use super::moderation;
use super::moderation::duration;
use crate::chat::message::{RoomChange, RoomChangeBy};
use crate::chat::model::{ClientId, RoomMask, RoomRole, SETTINGS, Setting};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::turn::view::Turn;
use crate::text::{Text, split_word};

const KICK: &str = "/room kick NAME [WHY]";
const BAN: &str = "/room ban NAME|MASK [DUR] [WHY]";
const UNBAN: &str = "/room unban NAME|MASK";
const BANS: &str = "/room bans";
const KEEP: &str = "/room keep on|off";
const OWNER: &str = "/room owner NAME";

/// The forms of `/room` that change no setting of the table, each with its help.
pub(super) const FORMS: [(&str, &str); 6] = [
    (KICK, "send somebody out of this room"),
    (BAN, "keep somebody out of this room"),
    (UNBAN, "let somebody in again"),
    (BANS, "list who may not come"),
    (KEEP, "keep this room for your account"),
    (OWNER, "give it to somebody else"),
];

/// The usage of each setting, as `/room` takes it.
pub fn setting_usages() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|row| row.usage)
}

pub(crate) fn op(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let other = someone_in_order(turn, args[0])?;
    turn.give_role(other, RoomRole::Operator)
}

pub(crate) fn voice(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let other = someone_in_order(turn, args[0])?;
    turn.give_role(other, RoomRole::Voice)
}

pub(crate) fn deop(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    take(turn, args[0], RoomRole::Operator)
}

pub(crate) fn devoice(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    take(turn, args[0], RoomRole::Voice)
}

fn take(turn: &mut Turn<'_>, name: &str, role: RoomRole) -> Result<(), Refusal> {
    match turn.find(name) {
        Ok(other) if other == turn.me => turn.take_role(other, role),
        _ => {
            let other = someone_in_order(turn, name)?;
            turn.take_role(other, role)
        }
    }
}

pub(crate) fn invite(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let other = turn.find(args[0])?;
    turn.invite(other)?;
    // The room's line about it reaches IRC clients only that ask for such lines.
    if turn.me().speaks_irc() {
        let (by, nick) = (turn.me().nick, turn.chat.clients[&other].nick);
        turn.notice(RoomChangeBy(by, &RoomChange::Invited(nick)));
    }
    Ok(())
}

/// An operator of the server disconnects somebody; an operator of the room sends somebody out of it.
pub(crate) fn kick(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    match turn.is_operator() {
        true => moderation::kick(turn, args),
        false => kick_out(turn, args[0], args.get(1).copied()),
    }
}

/// Shows the room, or changes it.
pub(crate) fn room(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let rest = args.get(1).copied();
    let Some(word) = args.first() else {
        turn.show_order(turn.room()?.0);
        return Ok(());
    };
    match (word.to_ascii_lowercase().as_str(), rest) {
        ("kick", Some(rest)) => {
            let (name, why) = split_word(rest);
            kick_out(turn, name, Some(why).filter(|why| !why.is_empty()))
        }
        ("kick", None) => Err(Refusal::Usage(KICK)),
        ("ban", Some(rest)) => ban(turn, rest),
        ("ban", None) => Err(Refusal::Usage(BAN)),
        ("unban", Some(mask)) => unban(turn, mask),
        ("unban", None) => Err(Refusal::Usage(UNBAN)),
        ("bans", None) => turn.view().show_room_bans(),
        ("bans", Some(_)) => Err(Refusal::Usage(BANS)),
        ("keep", Some(on)) => keep(turn, on),
        ("keep", None) => Err(Refusal::Usage(KEEP)),
        ("owner", Some(name)) => {
            let other = someone_in_order(turn, name)?;
            turn.give_room(other)
        }
        ("owner", None) => Err(Refusal::Usage(OWNER)),
        _ => set(turn, word, rest),
    }
}

fn set(turn: &mut Turn<'_>, name: &str, value: Option<&str>) -> Result<(), Refusal> {
    let setting = Setting::named(name).ok_or_else(|| RoomRefusal::NoSetting(Text::new(name)))?;
    let usage = Refusal::Usage(setting.row().usage);
    let value = value.ok_or(usage.clone())?;
    match setting.parse(value) {
        Some(value) => turn.set_setting(setting, value),
        None if setting == Setting::Key => Err(RoomRefusal::NotAKey.into()),
        None => Err(usage),
    }
}

fn kick_out(turn: &mut Turn<'_>, name: &str, why: Option<&str>) -> Result<(), Refusal> {
    let other = someone_in_order(turn, name)?;
    turn.kick_from_room(other, why.map(Text::new))
}

fn ban(turn: &mut Turn<'_>, rest: &str) -> Result<(), Refusal> {
    let (target, rest) = split_word(rest);
    let (word, others) = split_word(rest);
    let duration = duration(turn, word)?;
    let why = if duration.is_some() { others } else { rest };
    let why = Some(why).filter(|why| !why.is_empty()).map(Text::new);
    let mask = RoomMask::to_set(target).ok_or(Refusal::Usage(BAN))?;
    turn.ban_and_kick(mask, duration, why)
}

fn unban(turn: &mut Turn<'_>, target: &str) -> Result<(), Refusal> {
    let mask = RoomMask::new(target).ok_or(Refusal::Usage(UNBAN))?;
    turn.unban_from_room(&mask)
}

fn keep(turn: &mut Turn<'_>, on: &str) -> Result<(), Refusal> {
    let on = super::arguments::on_or_off(on).map_err(|_| Refusal::Usage(KEEP))?;
    turn.keep_room(on)
}

/// The client of that name. A client that may do nothing to anybody here is told so first.
fn someone_in_order(turn: &Turn<'_>, name: &str) -> Result<ClientId, Refusal> {
    turn.needs_order_elsewhere()?;
    turn.find(name)
}
