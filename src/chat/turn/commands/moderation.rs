//! Operators' commands.

use std::time::Duration;

use super::arguments::on_or_off;
use crate::address::{Address, Origin};
use crate::chat::effect::{Audience, Effect};
use crate::chat::message::{Message, RoomChange};
use crate::chat::model::{
    Allowance, Ban, BanChange, ClientId, LineFilter, Mask, Moment, Nick, Setting, SettingValue,
};
use crate::chat::reason::Reason;
use crate::chat::refusal::Refusal;
use crate::chat::relay::Deed;
use crate::chat::state::{Client, Mute};
use crate::chat::turn::moderation::{because, for_so_long};
use crate::chat::turn::view::{Turn, View};
use crate::text::Text;

/// Most bans, and most mutes of people who left, that `/bans` lists.
const MAX_LISTED: usize = 100;
/// Longest mute or ban that ends by itself.
const MAX_DURATION: Duration = Duration::from_secs(3650 * 86_400);
/// Longest pause that `/slow` takes, in seconds.
const MAX_SLOW: u64 = 3600;

pub(crate) fn kick(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let other = other(turn, args[0])?;
    let by = turn.me().nick;
    let why = args.get(1).map(Text::new);
    let whom = turn.chat.clients[&other].nick;
    turn.log(format_args!("kicked {whom}{}", because(why.as_ref())));
    let refusal = Refusal::Kicked(by, why.clone());
    turn.as_other(other).expel(refusal, Reason::Kicked(by, why));
    turn.notice(format_args!("{whom} is kicked"));
    Ok(())
}

pub(crate) fn mute(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let duration = match args.get(1) {
        None => None,
        Some(word) => Some(duration(turn, word)?.ok_or(Refusal::Misused)?),
    };
    if let Some(speaker) = turn.speaker(args[0]) {
        turn.mute_speaker(&speaker, duration);
        return Ok(());
    }
    let other = other(turn, args[0])?;
    let since = turn.now.moment;
    let until = duration.map(|duration| since.after(duration));
    let of = turn.chat.clients[&other].login;
    let mute = Mute { since, until, of, is_inherited: false };
    let whom = set_mute(turn, other, Some(mute));
    let length = for_so_long(duration);
    turn.log(format_args!("muted {whom}{length}"));
    turn.as_other(other).refuse(Refusal::Muted(duration));
    turn.notice(format_args!("{whom} is muted{length}"));
    Ok(())
}

pub(crate) fn unmute(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    if let Some(origin) = Origin::parse(args[0]) {
        return unmute_all(turn, origin);
    }
    if let Some(speaker) = turn.speaker(args[0]) {
        return turn.unmute_speaker(&speaker);
    }
    let other = turn.find(args[0])?;
    let client = &turn.chat.clients[&other];
    if !client.is_muted(turn.now.moment) {
        return Err(Refusal::NotMuted(client.nick));
    }
    let (from, login) = (client.address(), client.login);
    turn.chat.mutes.lift(from, login);
    let whom = set_mute(turn, other, None);
    turn.log(format_args!("unmuted {whom}"));
    turn.as_other(other).notice("you may speak again");
    turn.notice(format_args!("{whom} may speak again"));
    Ok(())
}

/// Unmutes all clients from that address, and those that will connect from there.
fn unmute_all(turn: &mut Turn<'_>, origin: Origin) -> Result<(), Refusal> {
    let from = origin.address();
    let now = turn.now.moment;
    let is_meant = |client: &Client| client.address() == from && client.is_muted(now);
    let muted = turn.chat.clients_who(is_meant);
    if muted.is_empty() && turn.chat.mutes.find(now, from).is_none() {
        return Err(Refusal::NobodyMuted(origin));
    }
    turn.chat.mutes.lift(from, None);
    for other in muted {
        set_mute(turn, other, None);
        turn.as_other(other).notice("you may speak again");
    }
    turn.log(format_args!("unmuted {origin}"));
    turn.notice(format_args!("{origin} may speak again"));
    Ok(())
}

fn set_mute(turn: &mut Turn<'_>, other: ClientId, mute: Option<Mute>) -> Nick {
    let mut muted = turn.as_other(other);
    muted.me_mut().mute = mute;
    let whom = muted.me().nick;
    turn.effects.push(Effect::Changed(other));
    whom
}

pub(crate) fn ban(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let mask = mask(args[0])?;
    let duration = args.get(1).map_or(Ok(None), |word| duration(turn, word))?;
    let why = args[1..].get(usize::from(duration.is_some())..).unwrap_or_default().join(" ");
    let me = turn.me();
    if mask.names(me.nick) || mask.covers(me.origin) {
        return Err(Refusal::Yourself);
    }
    let until = duration.map(|duration| turn.now.moment.after(duration));
    let reason = (!why.is_empty()).then(|| Text::new(why));
    let ban = Ban { mask, by: me.nick, reason, until };
    turn.effects.push(Effect::ChangeBan(turn.me, BanChange::Ban(ban.clone())));
    let why = because(ban.reason.as_ref());
    turn.log(format_args!("banned {mask}{}{why}", for_so_long(duration)));
    turn.chat.registry.ban(turn.now.moment, ban);
    turn.chat.enforce(turn.now, turn.effects);
    Ok(())
}

pub(crate) fn unban(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let mask = Mask::new(args[0]).ok_or_else(|| Refusal::NotAMask(Text::new(args[0])))?;
    let mut bans = turn.chat.registry.bans(Moment::default());
    let found = bans.find(|ban| mask.is_like(&ban.mask)).map(|ban| ban.mask);
    drop(bans);
    let mask = found.ok_or(Refusal::NotBanned(mask))?;
    turn.effects.push(Effect::ChangeBan(turn.me, BanChange::Unban(mask)));
    turn.log(format_args!("unbanned {mask}"));
    turn.chat.registry.unban(mask);
    Ok(())
}

/// Lists the latest bans, oldest first, and then the mutes of people who left.
pub(crate) fn bans(turn: &mut View<'_>, _: &[&str]) -> Result<(), Refusal> {
    let now = turn.now.moment;
    let mut allowance = Allowance::new(turn.me().form());
    let bans: Vec<_> = turn.chat.registry.bans(now).collect();
    let last = bans.iter().rev().take(MAX_LISTED).map(|ban| ban.describe(now));
    let last: Vec<_> = last.take_while(|words| allowance.allows_words(words)).collect();
    let older = bans.len() - last.len();
    let words = |(from, mute): (Address, Mute)| {
        let left = for_so_long(mute.until.map(|until| until.since(now)));
        Text::new(format!("{} is muted{left}", from.first()))
    };
    let mutes: Vec<_> = turn.chat.mutes.all(now).rev().take(MAX_LISTED).map(words).collect();
    if bans.is_empty() {
        turn.notice("nobody is banned");
    }
    last.into_iter().rev().for_each(|words| turn.tell(Message::Notice(words)));
    if older > 0 {
        turn.notice(format_args!("and {older} older ones"));
    }
    mutes.into_iter().for_each(|words| turn.tell(Message::Notice(words)));
    Ok(())
}

pub(crate) fn slow(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let seconds: u64 = args[0].parse().map_err(|_| Refusal::Misused)?;
    if seconds > MAX_SLOW {
        return Err(Refusal::Misused);
    }
    turn.needs_others()?;
    let (id, room) = turn.room()?;
    let name = room.name;
    let value = SettingValue::Number((seconds > 0).then_some(seconds));
    turn.apply_setting(id, Setting::Slow, value.clone());
    turn.log(format_args!("set slow to {seconds} s in {name}"));
    turn.chat.record_kept(id, turn.effects);
    let words = match seconds {
        0 => Text::new("slow is off: speak as often as you like"),
        _ => Text::new(format!("slow is on: everybody may speak once every {seconds} s")),
    };
    let change = RoomChange::Setting(Setting::Slow, value);
    turn.relay_to_room(id, Deed::Change(name, change));
    turn.effects.tell_room(id, None, Message::NoticeIn(name, words));
    turn.note_change(id);
    Ok(())
}

pub(crate) fn lockdown(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let on = on_or_off(args[0])?;
    turn.needs_others()?;
    turn.chat.lockdown = on;
    turn.log(format_args!("turned lockdown {}", if on { "on" } else { "off" }));
    let words = if on { Refusal::Lockdown.to_string() } else { "everybody may speak again".into() };
    let everyone = Audience::Everyone;
    turn.effects.tell(everyone, Message::Notice(Text::new(words)));
    Ok(())
}

/// Removes lines. The log does not show their text, which may be secret.
pub(crate) fn forget(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    let nick = Nick::new(args[0]).ok_or(Refusal::NotANick)?;
    let room = turn.room()?.1.name;
    let filter = LineFilter {
        nick: Some(nick),
        room: Some(room),
        text: args.get(1).map(Text::new),
        upto: Some(turn.chat.line_ids.last()),
        ..LineFilter::default()
    };
    turn.chat.forget(&filter);
    turn.log(format_args!("removed lines of {nick} in {room}"));
    turn.effects.push(Effect::Forget(turn.me, filter));
    Ok(())
}

impl View<'_> {
    /// Tells the operator how many lines were removed.
    pub(crate) fn tell_forgotten(&mut self, filter: &LineFilter, lines: u64) {
        let nick = filter.nick.unwrap_or_else(Nick::server);
        match lines {
            0 => self.refuse(Refusal::NothingToForget(nick)),
            1 => self.notice(format_args!("1 line of {nick} is forgotten")),
            _ => self.notice(format_args!("{lines} lines of {nick} are forgotten")),
        }
    }
}

pub(crate) fn reload(turn: &mut View<'_>, _: &[&str]) -> Result<(), Refusal> {
    turn.log("asked for a reload");
    turn.effects.push(Effect::Reload);
    turn.notice("reloading the settings; see the log for the result");
    Ok(())
}

/// Finds another client by name.
fn other(turn: &Turn<'_>, name: &str) -> Result<ClientId, Refusal> {
    let other = turn.find(name)?;
    if other == turn.me { Err(Refusal::Yourself) } else { Ok(other) }
}

/// Parses the target of a ban. A guest's name is refused: it would be new on the next connection.
fn mask(word: &str) -> Result<Mask, Refusal> {
    let mask = Mask::new(word).filter(|mask| !matches!(mask, Mask::Name(nick) if nick.is_guest()));
    mask.ok_or_else(|| Refusal::NotAMask(Text::new(word)))
}

/// The duration that was typed; `None` if the word does not begin like one.
pub(super) fn duration(turn: &Turn<'_>, word: &str) -> Result<Option<Duration>, Refusal> {
    let duration = parse_duration(word)?;
    match duration.filter(|duration| *duration > MAX_DURATION && turn.chat.limits_durations()) {
        Some(_) => Err(Refusal::TooLongADuration(Text::new(word))),
        None => Ok(duration),
    }
}

fn parse_duration(word: &str) -> Result<Option<Duration>, Refusal> {
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Ok(None);
    }
    let parsed = humantime::parse_duration(word).ok().filter(|duration| !duration.is_zero());
    parsed.map(Some).ok_or_else(|| Refusal::NotADuration(Text::new(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_as_a_duration_is_one_or_refused() {
        assert_eq!(parse_duration("90m"), Ok(Some(Duration::from_secs(5400))));
        assert_eq!(parse_duration("spam"), Ok(None));
        for bad in ["5", "0", "0s", "-1h", "-", "5x", "1st", "99999999999999999999d"] {
            assert_eq!(parse_duration(bad), Err(Refusal::NotADuration(Text::new(bad))), "{bad}");
        }
    }
}
