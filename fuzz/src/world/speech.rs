//! Who speaks, and who hears it.

use std::collections::BTreeSet;

use chatd::chat::{Audience, ClientId, Message, RoomId};

use super::rules::spoken;
use super::{Spoke, Step, World, fold};

impl World {
    /// Nobody speaks but by typing a line, in their own name, who may; and whoever is to hear it
    /// does, and nobody else.
    pub(super) fn check_speech(
        &mut self,
        step: Step<'_>,
        to: &Audience,
        message: &Message,
        readers: &BTreeSet<ClientId>,
    ) {
        self.follow_ignores(step, message);
        let Some((name, text)) = spoken(message) else { return };
        let (speaker, facts, line) = step.typed().expect("nobody speaks but by a line");
        assert_eq!(facts.nick, name.as_str(), "somebody speaks in another's name");
        assert!(line.trim_end().ends_with(text.as_str().trim_end()), "{text} was not typed");
        assert!(!facts.is_muted(self.now.moment), "{name} is muted");
        assert!(!self.lockdown || facts.login.is_some(), "{name} is not logged in");
        match (to, message) {
            (Audience::One(reader), Message::PrivateFrom { to, .. }) => {
                self.check_whisper(step, speaker, *reader, to.as_str());
            }
            (Audience::One(reader), Message::PrivateTo { .. }) => {
                assert_eq!(*reader, speaker);
            }
            (Audience::Room(id, _), Message::Said { room, entry, .. }) => {
                assert_eq!(self.rooms[id].name, room.as_str());
                self.check_readers(speaker, facts.echo, *id, readers);
                self.keep_pace(speaker, self.is_operator(facts), *id);
                assert!(self.ids.insert(entry.id.to_string()), "{} was given before", entry.id);
                self.store.remember(*room, entry.clone());
            }
            (Audience::Room(id, _), Message::TopicSet { room, text, .. }) => {
                self.store.set_topic(*room, text.clone());
                assert_eq!(self.rooms[id].name, room.as_str());
                self.check_readers(speaker, true, *id, readers);
                self.keep_pace(speaker, self.is_operator(facts), *id);
            }
            // Last words: who is not announced hears them apart, and who ignores the speaker does not.
            (_, Message::Left { .. }) => {
                let ignores = |reader: &ClientId| self.here[reader].ignores.contains(&speaker);
                assert!(!readers.iter().any(ignores), "{speaker} is ignored");
            }
            _ => panic!("{message:?} goes to {to:?}"),
        }
    }

    /// All members hear it, but not who ignores the speaker, nor the speaker without an echo.
    fn check_readers(
        &self,
        speaker: ClientId,
        echo: bool,
        id: RoomId,
        readers: &BTreeSet<ClientId>,
    ) {
        let members = &self.rooms[&id].members;
        assert!(members.contains(&speaker), "somebody speaks from elsewhere");
        for member in members {
            let hears = if *member == speaker {
                echo
            } else {
                !self.here[member].ignores.contains(&speaker)
            };
            assert_eq!(readers.contains(member), hears, "{member} and {speaker}");
        }
    }

    fn check_whisper(&mut self, step: Step<'_>, speaker: ClientId, reader: ClientId, to: &str) {
        let meant = match step.command().as_deref() {
            Some([name, rest @ ..]) if name.eq_ignore_ascii_case("msg") => {
                let name = rest.iter().find(|word| !word.is_empty()).expect("it has a reader");
                fold(name) == fold(to) && self.here[&reader].facts.nick == to
            }
            Some([name, ..]) if name.eq_ignore_ascii_case("reply") => {
                self.here[&speaker].writer == Some(reader)
            }
            _ => false,
        };
        assert!(meant, "{to} was not meant");
        let known = self.here.get_mut(&reader).expect("a reader is here");
        assert!(!known.ignores.contains(&speaker), "{to} ignores whoever wrote");
        known.writer = Some(speaker);
    }

    /// Coming again, or as another under the same account, is no way to speak sooner.
    fn keep_pace(&mut self, speaker: ClientId, is_operator: bool, id: RoomId) {
        let (now, known) = (self.now.uptime, &self.here[&speaker]);
        let (from, login) = (known.origin.address(), known.facts.login.clone());
        let room = self.rooms.get_mut(&id).expect("it is spoken in");
        if room.slow.is_zero() {
            return;
        }
        room.spoke.retain(|spoke| spoke.at + room.slow > now);
        let is_own = |spoke: &Spoke| {
            let came_again = spoke.from == from
                && spoke.at <= known.connected
                && !self.here.contains_key(&spoke.client);
            spoke.client == speaker || (login.is_some() && spoke.login == login) || came_again
        };
        assert!(is_operator || !room.spoke.iter().any(is_own), "{speaker} speaks too soon");
        room.spoke.push(Spoke { at: now, client: speaker, from, login });
    }

    /// Follows who ignores whom, as those are told who do.
    fn follow_ignores(&mut self, step: Step<'_>, message: &Message) {
        let Message::Notice(words) = message else { return };
        let (ignores, nick) = match words.as_str().split(' ').collect::<Vec<_>>()[..] {
            ["you", "are", "ignoring", nick] if step.is_command("ignore") => (true, nick),
            ["you", "no", "longer", "ignore", nick] if step.is_command("unignore") => (false, nick),
            _ => return,
        };
        let (actor, ..) = step.typed().expect("somebody typed it");
        let mut others = step.before.iter().filter(|(_, facts)| facts.nick == nick);
        let (&other, _) = others.next().expect("it is somebody who is here");
        let known = self.here.get_mut(&actor).expect("it is here");
        if ignores {
            known.ignores.insert(other);
        } else {
            known.ignores.remove(&other);
            self.forget_gone(actor, other);
        }
    }
}
