//! What has to be so after each step, and how anybody may have changed.

use std::collections::{BTreeSet, HashMap, HashSet};

use chatd::address::Origin;
use chatd::chat::{ClientId, Event, Nick};

use super::facts::{Facts, is_ahead};
use super::{Cause, Known, Step, World, fold};

/// Nicks kept for an address, and mutes of people who left, that are surely remembered.
const SURELY_KEPT: usize = 60;
const SURELY_MUTED: usize = 1000;

impl World {
    pub(super) fn check(&mut self, step: Step<'_>) {
        self.check_rooms();
        self.check_nicks();
        self.check_bans(step);
        if let Cause::Client(client, event) = step.cause {
            let leaves = matches!(
                event,
                Event::Gone(_) | Event::Quit | Event::Idle(_) | Event::EndlessLine(_)
            );
            assert!(!leaves || !self.here.contains_key(client), "somebody who is gone stays");
            self.check_account(step, *client, event);
        }
        for (id, before) in step.before {
            if let Some(known) = self.here.get(id) {
                let is_new =
                    matches!(step.event(), Some(Event::Connected(..))) && before.nick.is_empty();
                if is_new {
                    self.check_newcomer(known);
                } else {
                    self.check_change(step, *id, before);
                }
            }
        }
        self.follow_renames(step);
        self.follow_ignored(step);
    }

    /// Everybody is in exactly one room, and all that they know of each other is so.
    fn check_rooms(&self) {
        let mut places: HashMap<ClientId, usize> = HashMap::new();
        // Where nobody was ever told in a digest, none is still to come.
        let quiet = !self.was_crowded || self.chat.next_deadline().is_none();
        for (&id, room) in &self.rooms {
            let members: BTreeSet<_> = self.chat.members(id).iter().copied().collect();
            assert_eq!(members, room.members);
            members.iter().for_each(|member| *places.entry(*member).or_default() += 1);
            // It may be closed by now, and nobody was there to be told of the last who left.
            if members.is_empty() {
                continue;
            }
            let facts = members.iter().map(|member| &self.here[member].facts);
            let announced: BTreeSet<_> = facts
                .inspect(|facts| assert_eq!(facts.room, room.name))
                .filter(|facts| facts.announced)
                .map(|facts| facts.nick.clone())
                .collect();
            assert!(self.was_crowded || announced == room.names, "{announced:?} {:?}", room.names);
            if quiet {
                assert_eq!(i64::try_from(announced.len()), Ok(room.told), "joins less leaves");
            }
        }
        assert!(self.here.keys().all(|id| places.get(id) == Some(&1)), "in no room, or in two");
    }

    /// A nick is one client's; a registered one is worn by who is logged in, and by nobody else.
    fn check_nicks(&self) {
        let mut nicks = HashSet::new();
        for known in self.here.values() {
            let Facts { nick, login, .. } = &known.facts;
            assert!(nicks.insert(fold(nick)), "{nick} is not unique");
            let owner = self.store.account(nick).map(|account| account.nick.as_str());
            assert_eq!(login.as_deref(), owner, "{nick} is worn by another");
        }
        let gone = self.letters.values().filter(|client| !self.here.contains_key(client));
        assert!(gone.copied().all(|client| self.chat.nick(client).is_none()));
        assert_eq!(self.chat.clients().len(), self.here.len());
    }

    /// A ban keeps out whom it is about, from the moment that it is ordered.
    fn check_bans(&self, step: Step<'_>) {
        let now = self.now.moment;
        match step.cause {
            Cause::Client(_, Event::Line(_)) if self.store.has_banned => self.check_people(),
            Cause::Roll(_) => self.check_people(),
            Cause::Client(client, Event::Connected(origin, _)) => {
                let banned = self.store.bans(now).any(|ban| ban.mask.covers(*origin));
                assert_eq!(self.here.contains_key(client), !banned, "banned: {banned}");
            }
            _ => {}
        }
    }

    fn check_people(&self) {
        for known in self.here.values() {
            let nick = Nick::new(&known.facts.nick).expect("it is a nick");
            assert!(!self.is_banned(known.origin, nick), "who is banned stays");
        }
    }

    pub(super) fn is_banned(&self, origin: Origin, nick: Nick) -> bool {
        let mut bans = self.store.bans(self.now.moment);
        bans.any(|ban| ban.mask.covers(origin) || ban.mask.names(nick))
    }

    /// Who is logged in has the account that is registered now.
    fn check_account(&self, step: Step<'_>, client: ClientId, event: &Event) {
        let (Some((_, before)), Some(known)) = (step.actor(), self.here.get(&client)) else {
            return;
        };
        if let Event::LoggedIn(account) = event
            && before.login.is_none()
            && known.facts.login.is_some()
        {
            let registered = self.store.account(account.nick.as_str());
            assert!(
                registered.is_some_and(|registered| registered.created == account.created),
                "the account was another's"
            );
        }
    }

    /// Coming again is no way around a mute.
    fn check_newcomer(&self, known: &Known) {
        let (now, from) = (self.now.moment, known.origin.address());
        let is_meant = |(address, until): &_| *address == from && is_ahead(*until, now);
        let muted = self.mutes_left.iter().any(is_meant) && self.mutes_left.len() < SURELY_MUTED;
        assert!(known.facts.is_muted(now) || !muted, "a newcomer from {} may speak", known.origin);
    }

    /// Nobody changes but by what they do themselves, except where order is kept.
    fn check_change(&self, step: Step<'_>, id: ClientId, before: &Facts) {
        let facts = &self.here[&id].facts;
        let is_actor = step.actor().is_some_and(|(actor, _)| actor == id);
        let is_typed = is_actor && step.typed().is_some();
        // A room is entered when the store has answered, or will not any more.
        let is_answer = matches!(step.event(), Some(Event::RoomRead(..) | Event::RoomNotRead(..)));
        let has_waited = (is_actor && is_answer) || matches!(step.cause, Cause::Other);
        assert!(is_typed || has_waited || facts.room == before.room, "moved by others");
        assert!(is_typed || (facts.echo, facts.quiet) == (before.echo, before.quiet));
        assert!(facts.announced || !before.announced, "nobody knows of it any more");
        self.check_login(step, facts, before, is_actor);
        if facts.nick != before.nick {
            self.check_rename(step, id, before);
        }
        if before.is_muted(self.now.moment) && !facts.is_muted(self.now.moment) {
            let logs_in = is_actor && matches!(step.event(), Some(Event::LoggedIn(_)));
            assert!(logs_in || step.is_command("unmute"), "{} may speak again", facts.nick);
        }
    }

    fn check_login(&self, step: Step<'_>, facts: &Facts, before: &Facts, is_actor: bool) {
        let Facts { login, nick, .. } = facts;
        let may = match (&before.login, login) {
            (None, Some(_)) => {
                is_actor && matches!(step.event(), Some(Event::LoggedIn(_) | Event::Registered(..)))
            }
            (Some(_), None) => step.typed().is_none() || is_actor,
            _ => true,
        };
        assert!(may, "{nick} is logged in as {login:?}, and was as {:?}", before.login);
    }

    fn check_rename(&self, step: Step<'_>, id: ClientId, before: &Facts) {
        let known = &self.here[&id];
        let (nick, now) = (&known.facts.nick, self.now);
        match step.cause {
            Cause::Client(actor, Event::Line(_)) => {
                assert!(*actor == id && step.is_command("nick"), "{nick} was renamed by another");
                assert!(!before.is_muted(now.moment), "a name is words, too");
                let name = Nick::new(nick).expect("it is a nick");
                assert!(self.store.bans(now.moment).all(|ban| !ban.mask.names(name)), "{nick}");
                let kept = self.kept.get(&fold(nick)).filter(|(_, until)| *until > now.uptime);
                let own = fold(nick) == fold(&before.nick);
                let is_ours = kept.is_none_or(|(from, _)| *from == known.origin.address());
                assert!(own || is_ours || self.kept.len() > SURELY_KEPT, "{nick} is kept");
            }
            Cause::Client(actor, Event::LoggedIn(account)) if *actor == id => {
                assert_eq!(nick, account.nick.as_str());
            }
            _ => assert!(fold(nick).starts_with("guest"), "{nick} was not chosen"),
        }
    }

    fn follow_renames(&mut self, step: Step<'_>) {
        for (id, before) in step.before {
            let Some(known) = self.here.get(id) else { continue };
            let (nick, from) = (&known.facts.nick, known.origin.address());
            if !before.nick.is_empty() && fold(nick) != fold(&before.nick) {
                self.leave_nick(&before.nick, from);
            }
        }
    }
}
