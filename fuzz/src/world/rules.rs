//! Who may be told what, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chatd::chat::{
    Audience, BanChange, ClientId, Effect, Entry, Event, Message, Nick, Reason, RoomId,
};
use chatd::text::Text;
use chatd::wire::Dialect;

use super::facts::Facts;
use super::{Cause, Step, World, fold, screen};

/// How long a nick that was left is kept.
const KEPT: Duration = Duration::from_secs(60);
/// What begins the addresses that clients come from.
const ADDRESSES: [&str; 2] = ["192.0.2.", "2001:db8"];

impl World {
    /// Carries out what the chat wants, and looks whether it may want that.
    pub(super) fn follow(&mut self, step: Step<'_>) {
        self.spoke_of_addresses |= step.typed().is_some_and(|_| speaks_of_addresses(step));
        let mut effects = std::mem::take(&mut self.effects);
        let (list, except) = effects.drain();
        for effect in list {
            self.check_password(step, &effect);
            self.carry_out(step, effect, except);
        }
        effects.clear();
        self.effects = effects;
    }

    fn carry_out(&mut self, step: Step<'_>, effect: Effect, except: &[ClientId]) {
        match effect {
            Effect::Tell { to, message } => self.tell(step, &to, &message, except),
            Effect::Entered(client, room) => self.enter(client, room),
            Effect::Left(client, room) => {
                let room = self.rooms.get_mut(&room).expect("it was entered");
                assert!(room.members.remove(&client), "left twice");
            }
            Effect::Departed(client, nick, reason) => self.depart(step, client, nick, &reason),
            Effect::TurnedAway(client) => {
                let turned_away = self.here.remove(&client).is_some();
                assert!(turned_away && self.chat.nick(client).is_none());
            }
            Effect::Timestamps(client, on) => {
                let known = self.here.get_mut(&client).expect("it is here");
                known.dialect = known.dialect.with_timestamps(on);
            }
            Effect::Bell(client, on) => {
                let known = self.here.get_mut(&client).expect("it is here");
                known.dialect = known.dialect.with_bell(on);
            }
            Effect::Ring(..) => panic!("only the broadcaster has lines ring"),
            Effect::Reply(..)
            | Effect::ShowRoom(..)
            | Effect::Label(..)
            | Effect::Service(..)
            | Effect::Seen(..) => {
                panic!("nobody here speaks IRC")
            }
            Effect::Ask(client, question) => self.store.ask(self.actor(step, client), question),
            Effect::Authenticate(client, claim) => {
                let from = self.here[&self.actor(step, client)].origin.address();
                let password = self.typed.take().expect("it was typed");
                self.store.authenticate(client, from, claim.with(password));
            }
            Effect::ChangeBan(client, order) => {
                self.check_order(step, client, &order);
                self.store.change_ban(client, order);
            }
            Effect::Forget(client, filter) => {
                self.check_operator(step);
                self.store.forget(self.actor(step, client), filter);
            }
            Effect::Reload => self.check_operator(step),
            Effect::RecordTopic(..) | Effect::KeepRoom(..) => {}
            Effect::Record(_, entry) => assert!(entry.private, "no node was cut off"),
            Effect::RecordGap(..) | Effect::RecordRoll(_) => unreachable!("no node was cut off"),
            Effect::RoomChanged(_) => {}
            Effect::Posted(..) | Effect::ReadingEnded(..) => unreachable!("nobody uses HTTP"),
            Effect::MakeToken(..) | Effect::ShowToken(_) => unreachable!("nobody makes tokens"),
            Effect::Moderated(deed) => self.keep_order(step, deed.as_str()),
            Effect::Renamed(client, from, to) => {
                let before = step.before.get(&client).expect("it was here");
                assert!(self.here.contains_key(&client) && before.nick == from.as_str());
                assert_ne!(from, to);
            }
            Effect::LoginFailed(client, _) => {
                assert!(client == self.actor(step, client) && step.is_command("login"));
            }
            Effect::Arrived(client, _)
            | Effect::Changed(client)
            | Effect::Disconnect(client, _) => {
                assert!(self.here.contains_key(&client));
            }
        }
    }

    /// Somebody does it for nobody else.
    fn actor(&self, step: Step<'_>, client: ClientId) -> ClientId {
        assert!(step.typed().is_some_and(|(actor, ..)| actor == client));
        client
    }

    /// An operator gives an order, which is in force; what the disk did not take is tried again,
    /// whoever is still here.
    fn check_order(&mut self, step: Step<'_>, client: ClientId, order: &BanChange) {
        if step.event().is_none() {
            return assert!(self.store.has_failed(order), "{order:?} is not to be tried again");
        }
        self.check_operator(step);
        self.actor(step, client);
        self.store.enforce(self.now.moment, order);
    }

    fn check_operator(&self, step: Step<'_>) {
        let may = step.typed().is_some_and(|(_, facts, _)| self.is_operator(facts));
        assert!(may, "not by an operator");
    }

    /// Follows what was done to keep order.
    fn keep_order(&mut self, step: Step<'_>, deed: &str) {
        self.check_operator(step);
        let (actor, facts, _) = step.typed().expect("an operator typed it");
        let deed = deed.strip_prefix(&format!("{} ", facts.nick)).expect("it says who");
        match deed.split(' ').collect::<Vec<_>>()[..] {
            ["turned", "lockdown", on] => self.lockdown = on == "on",
            ["unmuted", _] => self.mutes_left.clear(),
            ["set", "slow", "to", seconds, "s", "in", _] => {
                let seconds = seconds.parse().expect("it is a number");
                let room = self.rooms.values_mut().find(|room| room.members.contains(&actor));
                let room = room.expect("it is in a room");
                room.slow = Duration::from_secs(seconds);
                if room.slow.is_zero() {
                    room.spoke.clear();
                }
            }
            _ => {}
        }
    }

    fn enter(&mut self, client: ClientId, id: RoomId) {
        let facts = self.live(client).expect("who enters is here");
        self.rooms.retain(|other, room| *other == id || room.name != facts.room);
        let room = self.rooms.entry(id).or_default();
        assert!(room.members.insert(client), "entered twice");
        room.name = facts.room;
    }

    fn depart(&mut self, step: Step<'_>, client: ClientId, nick: Nick, reason: &Reason) {
        let known = self.here.remove(&client).expect("nobody departs twice");
        self.ignored_leaves(client, &known);
        assert!(self.rooms.values().all(|room| !room.members.contains(&client)), "a ghost stays");
        let is_banned = self.is_banned(known.origin, nick);
        self.check_departure(step, client, is_banned, reason);
        self.leave_nick(nick.as_str(), known.origin.address());
        let Facts { mute, login, .. } = &known.facts;
        if let Some(mute) = mute.as_ref().filter(|mute| login.is_none() && mute.of.is_none())
            && known.facts.is_muted(self.now.moment)
        {
            self.mutes_left.push((known.origin.address(), mute.until));
        }
    }

    /// Nobody makes another go but an operator, or a ban.
    fn check_departure(&self, step: Step<'_>, client: ClientId, is_banned: bool, reason: &Reason) {
        let may = match (step.cause, reason) {
            (Cause::Client(actor, Event::Line(_)), Reason::Quit(_)) => *actor == client,
            (Cause::Client(_, Event::Line(_)), Reason::Kicked(by, _)) => {
                self.check_operator(step);
                let is_own = step.actor().is_some_and(|(_, me)| me.nick == by.as_str());
                (step.is_command("kick") && is_own) || (step.is_command("ban") && is_banned)
            }
            (Cause::Client(_, Event::Registered(..)) | Cause::Roll(_), Reason::Kicked(..)) => {
                is_banned
            }
            (
                Cause::Client(
                    actor,
                    Event::Gone(_) | Event::Quit | Event::Idle(_) | Event::EndlessLine(_),
                ),
                reason,
            ) => *actor == client && !matches!(reason, Reason::Kicked(..)),
            _ => false,
        };
        assert!(may, "{client} has to go: {reason}");
    }

    pub(super) fn leave_nick(&mut self, nick: &str, from: chatd::address::Address) {
        self.kept.insert(fold(nick), (from, self.now.uptime + KEPT));
    }

    /// What the chat knows of a client now.
    pub(super) fn live(&self, client: ClientId) -> Option<Facts> {
        self.chat.nick(client).map(|_| Facts::of(&self.chat, client))
    }

    fn tell(&mut self, step: Step<'_>, to: &Audience, message: &Message, except: &[ClientId]) {
        let readers: BTreeSet<ClientId> = match to {
            Audience::One(client) | Audience::Telnet(client) => [*client].into(),
            Audience::Room(room, range) => {
                let except = &except[range.clone()];
                let members = self.rooms.get(room).map(|room| room.members.iter().copied());
                members.into_iter().flatten().filter(|member| !except.contains(member)).collect()
            }
            Audience::Each(range) => except[range.clone()].iter().copied().collect(),
            Audience::Everyone => self.here.keys().copied().collect(),
        };
        assert!(readers.iter().all(|reader| self.here.contains_key(reader)), "a reader is gone");
        for (dialect, readers) in self.by_dialect(&readers) {
            let shown = screen::check(message, dialect);
            if has_address(&shown) && !self.spoke_of_addresses {
                readers.iter().for_each(|reader| self.check_may_see_addresses(step, *reader));
            }
        }
        if let (Cause::Other, Audience::One(reader), Message::Notice(text)) =
            (step.cause, to, message)
        {
            // A client that waited for the store may make a room once it waits no more.
            let is_maker = text.as_str().starts_with("you keep order here; ");
            assert!(is_maker || self.is_operator(&self.here[reader].facts), "it is for operators");
        }
        self.check_names(message, &readers);
        self.check_speech(step, to, message, &readers);
        self.count(to, message);
    }

    /// A password goes nowhere but to the store.
    fn check_password(&self, step: Step<'_>, effect: &Effect) {
        let Some((actor, _, line)) = step.typed() else { return };
        let is_secret = ["register", "login", "password"].iter().any(|name| {
            let look_alike = format!("\u{ff0f}{name} ");
            step.is_command(name) || line.trim_start().starts_with(&look_alike)
        });
        if !is_secret {
            return;
        }
        let kept = match effect {
            Effect::Authenticate(client, _) | Effect::LoginFailed(client, _) => *client == actor,
            Effect::Tell { to, .. } => *to == Audience::One(actor),
            _ => false,
        };
        assert!(kept, "{effect:?} may tell others of a password");
    }

    fn by_dialect(&self, readers: &BTreeSet<ClientId>) -> Vec<(Dialect, Vec<ClientId>)> {
        let mut dialects = BTreeMap::new();
        for reader in readers {
            let dialect = self.here[reader].dialect;
            let (_, readers) = dialects.entry(dialect.index()).or_insert((dialect, Vec::new()));
            readers.push(*reader);
        }
        dialects.into_values().collect()
    }

    /// Where people come from is for operators only, and for who typed it.
    fn check_may_see_addresses(&self, step: Step<'_>, reader: ClientId) {
        let is_own = step.actor().is_some_and(|(actor, _)| actor == reader)
            && matches!(step.event(), Some(Event::BanSaved { .. } | Event::BanNotSaved(_)));
        let was_operator = step.before.get(&reader).is_some_and(|facts| self.is_operator(facts));
        assert!(is_own || was_operator, "{reader} sees an address");
    }

    /// Who was not announced yet is shown to nobody but itself.
    fn check_names(&self, message: &Message, readers: &BTreeSet<ClientId>) {
        let names: Vec<Nick> = match message {
            Message::Said { entry: Entry { from, .. }, .. } => vec![*from],
            Message::PrivateFrom { from, .. } => vec![*from],
            Message::Joined { nick, .. } | Message::TopicSet { nick, .. } => vec![*nick],
            Message::Renamed { to, .. } => vec![*to],
            Message::Welcome { others, .. } | Message::Moved { others, .. } => others.names.clone(),
            Message::People { people, here, more, .. } => {
                assert_eq!(*here, people.len() + more);
                people.iter().map(|person| person.nick).collect()
            }
            _ => return,
        };
        for name in names {
            let mut holder = self.here.keys().filter(|id| self.chat.nick(**id) == Some(name));
            let is_known = holder.next().is_some_and(|id| {
                readers.iter().eq([id]) || self.live(*id).is_some_and(|facts| facts.announced)
            });
            assert!(is_known, "{message:?} shows {name}");
        }
    }

    /// Follows what notices tell of a room.
    fn count(&mut self, to: &Audience, message: &Message) {
        let (Audience::Room(id, _), crowded) = (to, self.was_crowded) else { return };
        let Some(room) = self.rooms.get_mut(id) else { return };
        match message {
            Message::Joined { nick, here, .. } => {
                room.told += 1;
                assert!(room.names.insert(nick.to_string()) || crowded, "{nick} joined twice");
                assert!(*here == room.names.len() || crowded, "{here} here after {nick} joined");
            }
            Message::Left { nick, here, .. } => {
                room.told -= 1;
                assert!(room.names.remove(nick.as_str()) || crowded, "{nick} left unannounced");
                assert!(*here == room.names.len() || crowded, "{here} here after {nick} left");
            }
            Message::Digest { joined, left, .. } => {
                assert!(crowded && joined + left > 0);
                let count = |number: &usize| i64::try_from(*number).expect("it is small");
                room.told += count(joined) - count(left);
            }
            Message::Renamed { from, to, .. } => {
                assert!(room.names.remove(from.as_str()) || crowded, "{from} was not there");
                assert!(room.names.insert(to.to_string()) || crowded, "{to} was there");
            }
            _ => {}
        }
    }
}

/// Whether there is an address in it that somebody comes from.
pub(super) fn has_address(words: &str) -> bool {
    ADDRESSES.iter().any(|address| words.contains(address))
}

/// Whether somebody types what looks like an address where others might see it.
fn speaks_of_addresses(step: Step<'_>) -> bool {
    let Some((_, _, line)) = step.typed() else { return false };
    match step.command().as_deref() {
        Some([name, _, rest @ ..])
            if name.eq_ignore_ascii_case("ban") || name.eq_ignore_ascii_case("unban") =>
        {
            rest.iter().any(|word| has_address(word))
        }
        _ => has_address(line),
    }
}

/// What somebody said, and how they were called.
pub(super) fn spoken(message: &Message) -> Option<(Nick, &Text)> {
    match message {
        Message::Said { entry, .. } => Some((entry.from, &entry.text)),
        Message::PrivateFrom { from, text, .. } | Message::PrivateTo { from, text, .. } => {
            Some((*from, text))
        }
        Message::TopicSet { nick, text: Some(text), .. } => Some((*nick, text)),
        Message::Left { nick, reason: Reason::Quit(Some(words)), .. } => Some((*nick, words)),
        _ => None,
    }
}
