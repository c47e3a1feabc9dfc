//! `Archive`: sends lines to the store, and holds effects back until the store has written them.

use std::time::Duration;

use super::confirmations::Confirmations;
pub(super) use super::confirmations::Held;
use crate::address::Address;
use crate::chat::{
    Audience, AuthRequest, BanChange, ClientId, Effect, Entry, Event, LineFilter, Message,
    Question, RoomName,
};
use crate::cluster::NodeOrigin;
use crate::store::{self, Answer, Denial, Gate, Recalled, Store, Swing, UnsavedBans};
use crate::text::Text;

/// The store, and the effects that wait for it; without a store nothing waits.
#[derive(Debug, Default)]
pub(super) struct Archive {
    store: Option<Store>,
    /// Whether accounts and passwords are saved once the log of a cluster brings them.
    is_shared: bool,
    /// Holds effects back until they are on disk, with strict durability only.
    gate: Option<Gate<Held>>,
    /// What waits also while the gate is open.
    confirmations: Confirmations,
    /// The last time that the gate opened or closed, until it is reported.
    swing: Option<Swing>,
    /// How many answers of the store are outstanding.
    owed: usize,
}

impl Archive {
    pub(super) fn new(store: Option<Store>, is_strict: bool, is_shared: bool) -> Self {
        let gate = (store.is_some() && is_strict).then(Gate::default);
        Self { store, is_shared, gate, ..Self::default() }
    }

    /// Whether there is a store.
    pub(super) fn is_there(&self) -> bool {
        self.store.is_some()
    }

    /// Whether effects wait for the disk, unless that is too slow.
    pub(super) fn is_strict(&self) -> bool {
        self.gate.is_some()
    }

    /// Whether an effect waits for the disk.
    pub(super) fn is_holding(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| !gate.is_empty())
    }

    /// Sends a line or topic to the store, and returns the effect if it need not wait for the disk.
    ///
    /// While one effect waits, all later ones wait behind it, to preserve the order. The exceptions
    /// are private messages, which are never stored, and effects that show nothing.
    ///
    /// What tells of a change of a kept room waits also while the gate is open.
    pub(super) fn pass(
        &mut self,
        now: Duration,
        effect: Effect,
        except: &[ClientId],
    ) -> Option<Effect> {
        let effect = self.pass_gate(now, effect, except)?;
        if !self.confirmations.must_wait(&effect) {
            return Some(effect);
        }
        let except = excepted(&effect, except);
        self.confirmations.add((effect, except));
        None
    }

    fn pass_gate(&mut self, now: Duration, effect: Effect, except: &[ClientId]) -> Option<Effect> {
        let Some(store) = &mut self.store else { return Some(effect) };
        let written = write(store, &effect);
        if matches!(effect, Effect::KeepRoom(..)) {
            self.confirmations.note(store.handed());
        }
        let Some(gate) = &mut self.gate else { return Some(effect) };
        let goes_ahead = matches!(
            effect,
            Effect::Tell { message: Message::PrivateFrom { .. } | Message::PrivateTo { .. }, .. }
                | Effect::Ring(_, Message::PrivateFrom { .. })
                // Shows nothing, and decides about the lines from here on.
                | Effect::Bell(..)
                // Shows nothing, and takes the password, which is kept only until then.
                | Effect::Authenticate(..)
                // Shows nothing; the change is in force, and has to be known as not saved yet.
                | Effect::ChangeBan(..)
                // Only for the log, which needs the client's address: later it may be gone.
                | Effect::Arrived(..)
                | Effect::Departed(..)
                | Effect::Renamed(..)
                | Effect::LoginFailed(..)
        );
        if goes_ahead || (gate.is_empty() && !written) {
            return Some(effect);
        }
        let except = excepted(&effect, except);
        gate.hold(now, store.handed(), (effect, except)).map(|(effect, _)| effect)
    }

    /// Whether an effect is written to the disk before it is shown.
    pub(super) fn writes(effect: &Effect) -> bool {
        match effect {
            Effect::Tell { to: Audience::Room(..), message } => {
                matches!(message, Message::Said { .. } | Message::TopicSet { .. })
            }
            Effect::KeepRoom(..) => true,
            _ => false,
        }
    }

    /// Holds the beginning of an answer back for as long as a line that follows in it.
    pub(super) fn hold(&mut self, now: Duration, effect: Effect) -> Option<Effect> {
        let (Some(store), Some(gate)) = (&self.store, &mut self.gate) else { return Some(effect) };
        // The number that the line will have.
        let seq = store.handed() + 1;
        gate.hold(now, seq, (effect, Vec::new())).map(|(effect, _)| effect)
    }

    /// Returns the effects that need not wait any more after a report of the store.
    pub(super) fn free(&mut self, now: Duration, event: &store::Event) -> Vec<Held> {
        let Some(store) = &self.store else { return Vec::new() };
        let mut confirmed = Vec::new();
        if let store::Event::Committed { upto } = event {
            confirmed.extend(self.confirmations.commit(*upto));
        }
        let Some(gate) = &mut self.gate else { return confirmed };
        let (freed, swing): (Vec<_>, _) = match event {
            store::Event::Committed { upto } => {
                let (freed, swing) = gate.commit(now, *upto, store.handed());
                (freed.collect(), swing)
            }
            store::Event::Failing { .. } => {
                let (freed, swing) = gate.open(now);
                (freed.collect(), swing)
            }
            _ => return confirmed,
        };
        self.swing = swing.or(self.swing);
        confirmed.extend(self.sift(freed));
        confirmed
    }

    /// Those of the freed effects that need not wait for a change to be confirmed.
    fn sift(&mut self, freed: Vec<Held>) -> Vec<Held> {
        let mut free = Vec::new();
        for held in freed {
            match self.confirmations.must_wait(&held.0) {
                true => self.confirmations.add(held),
                false => free.push(held),
            }
        }
        free
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.gate.as_ref().and_then(Gate::next_deadline)
    }

    /// Returns the effects that have waited for too long.
    pub(super) fn tick(&mut self, now: Duration) -> Vec<Held> {
        let Some(gate) = &mut self.gate else { return Vec::new() };
        let (freed, swing) = gate.tick(now);
        let freed = freed.collect();
        self.swing = swing.or(self.swing);
        self.sift(freed)
    }

    /// Whether the gate opened or closed since the last call.
    pub(super) fn take_swing(&mut self) -> Option<Swing> {
        self.swing.take()
    }

    /// Returns all effects that wait, at the end.
    pub(super) fn release(&mut self, now: Duration) -> Vec<Held> {
        let mut held: Vec<_> = self.confirmations.release().collect();
        held.extend(self.gate.iter_mut().flat_map(|gate| gate.open(now).0.collect::<Vec<_>>()));
        held
    }

    /// Sends a question to the store, which answers later.
    ///
    /// # Errors
    /// When the store does not take it: the event that answers the client.
    pub(super) fn ask(
        &mut self,
        id: ClientId,
        from: Address,
        question: Question,
    ) -> Result<(), Event> {
        let Some(store) = &self.store else { return Ok(()) };
        let room = match question {
            Question::Room { room, .. } => Some(room),
            _ => None,
        };
        let asked = store.ask(id, from, question).map(|()| self.owed += 1);
        asked.map_err(|denial| match room {
            Some(room) => room_not_read(room, denial),
            None => denied(denial),
        })
    }

    /// Sends a request with a password to the store, like [`ask`](Self::ask).
    pub(super) fn authenticate(&mut self, id: ClientId, request: AuthRequest) -> Result<(), Event> {
        let Some(store) = &self.store else { return Ok(()) };
        let asked = match self.is_shared {
            true => store.authenticate_shared(id, request),
            false => store.authenticate(id, request),
        };
        asked.map(|()| self.owed += 1).map_err(not_authenticated)
    }

    /// Sends a change of the bans to the store; returns whether the store took it.
    pub(super) fn change_ban(&mut self, id: ClientId, change: BanChange) -> bool {
        let Some(store) = &self.store else { return true };
        let is_asked = store.change_ban(id, change).is_ok();
        self.owed += usize::from(is_asked);
        is_asked
    }

    /// Sends a request to forget lines to the store, like [`ask`](Self::ask).
    pub(super) fn forget(&mut self, id: ClientId, filter: LineFilter) -> Result<(), Event> {
        let Some(store) = &self.store else { return Ok(()) };
        store.forget(id, filter).map(|()| self.owed += 1).map_err(denied)
    }

    /// Notes what the node of this server is in its cluster.
    pub(super) fn note_membership(&mut self, lineage: String, origin: NodeOrigin) {
        if let Some(store) = &mut self.store {
            store.note_lineage(lineage);
            store.note_origin(origin);
        }
    }

    /// Notes that an edit is in the log of the cluster.
    pub(super) fn note_published(&mut self, edit: i64) {
        if let Some(store) = &mut self.store {
            store.note_published(edit);
        }
    }

    /// How often lines had been forgotten while no server ran, when this one was started.
    pub(super) fn forgotten(&self) -> u64 {
        self.store.as_ref().map_or(0, Store::forgotten)
    }

    /// Notes that an answer came.
    pub(super) fn note_answer(&mut self) {
        self.owed = self.owed.saturating_sub(1);
    }

    /// Whether an answer is outstanding.
    pub(super) fn owes_answers(&self) -> bool {
        self.owed > 0
    }

    /// How many writes are not on disk yet.
    pub(super) fn pending(&self) -> usize {
        self.store
            .as_ref()
            .map_or(0, |store| usize::try_from(store.pending()).unwrap_or(usize::MAX))
    }

    /// The number of the last write.
    pub(super) fn handed(&self) -> u64 {
        self.store.as_ref().map_or(0, Store::handed)
    }

    /// Whether everything up to that write is on disk.
    pub(super) fn has_written(&self, upto: u64) -> bool {
        self.store.as_ref().is_none_or(|store| store.handed() - store.pending() >= upto)
    }

    /// Waits until everything is written, but no longer than `patience`.
    pub(super) fn close(self, patience: Duration) {
        if let Some(store) = self.store
            && !store.close(patience)
        {
            log::error!("the disk is too slow: the last lines are not on disk");
        }
    }
}

/// Sends a line or topic in `effect` to the store, and returns whether there was one.
fn write(store: &mut Store, effect: &Effect) -> bool {
    let message = match effect {
        Effect::Tell { to: Audience::Room(..), message } => message,
        Effect::Record(room, entry) => {
            store.write(*room, entry.clone());
            return true;
        }
        Effect::RecordGap(room, oldest) => {
            store.write_gap_before(*room, oldest);
            return true;
        }
        Effect::RecordRoll(change) => {
            store.note(change.clone());
            return true;
        }
        Effect::RecordTopic(room, topic) => {
            store.set_topic(*room, topic.clone());
            return true;
        }
        Effect::KeepRoom(room, kept) => {
            store.keep_room(*room, kept.clone());
            return true;
        }
        _ => return false,
    };
    match message {
        // The room may not be kept: the chat has it recorded if it is.
        Message::Said { entry, .. } if entry.private => return false,
        Message::Said { room, entry, .. } => store.write(*room, entry.clone()),
        Message::TopicSet { text: Some(_), is_private: true, .. } => return false,
        Message::TopicSet { room, text, .. } => store.set_topic(*room, text.clone()),
        _ => return false,
    };
    true
}

/// The clients that do not get an effect, to be stored with it.
fn excepted(effect: &Effect, except: &[ClientId]) -> Vec<ClientId> {
    match effect {
        Effect::Tell { to: Audience::Room(_, range) | Audience::Each(range), .. } => {
            except[range.clone()].to_vec()
        }
        _ => Vec::new(),
    }
}

/// An answer of the store, as an event of the chat, unless it is no news. Notes changes of bans that
/// are saved, or could not be.
pub(super) fn answered(now: Duration, answer: Answer, unsaved: &mut UnsavedBans) -> Option<Event> {
    let event = match answer {
        Answer::Last(room, lines) => Event::Found { room: Some(room), lines: recalled(lines) },
        Answer::RoomRead(room, past) => Event::RoomRead(room, past),
        Answer::RoomNotRead(room, denial) => room_not_read(room, denial),
        Answer::Exists(room, Ok(exists)) => Event::RoomExists(room, exists),
        Answer::Exists(_, Err(denial)) => denied(denial),
        // A request or a reader over HTTP asked for it, and has been served.
        Answer::Past(_) | Answer::Part(_) | Answer::LastTimes(_) => return None,
        Answer::Found(lines) => Event::Found { room: None, lines: recalled(lines) },
        Answer::Registered(account, hash) => Event::Registered(account, hash),
        Answer::LoggedIn(account) => Event::LoggedIn(account),
        Answer::PasswordChanged(account, hash) => Event::PasswordChanged(account, hash),
        Answer::NotAuthenticated(denial) => not_authenticated(denial),
        Answer::Banned(ban) => saved(now, unsaved, BanChange::Ban(ban)),
        Answer::Unbanned(mask) => saved(now, unsaved, BanChange::Unban(mask)),
        // Another operator removed it, or it was never written.
        Answer::BanNotChanged(change @ BanChange::Unban(_), Denial::NotBanned(_)) => {
            saved(now, unsaved, change)
        }
        Answer::BanNotChanged(change, _) => return not_saved(now, unsaved, change),
        Answer::Forgotten(filter, lines) => Event::Forgotten(Box::new(filter), lines),
        Answer::Denied(denial) => denied(denial),
    };
    Some(event)
}

fn saved(now: Duration, unsaved: &mut UnsavedBans, change: BanChange) -> Event {
    let was_late = unsaved.save(now, &change);
    Event::BanSaved { change, was_late }
}

/// Notes that a change of bans could not be saved.
pub(super) fn not_saved(
    now: Duration,
    unsaved: &mut UnsavedBans,
    change: BanChange,
) -> Option<Event> {
    unsaved.fail(now, &change).then_some(Event::BanNotSaved(change))
}

fn not_authenticated(denial: Denial) -> Event {
    match denial {
        Denial::WrongPassword => Event::WrongPassword,
        other => Event::NotAuthenticated(Text::new(other.to_string())),
    }
}

fn room_not_read(room: RoomName, denial: Denial) -> Event {
    Event::RoomNotRead(room, Text::new(denial.to_string()))
}

fn denied(denial: Denial) -> Event {
    Event::NotFound(Text::new(denial.to_string()))
}

fn recalled(lines: Vec<Recalled>) -> Vec<(RoomName, Entry)> {
    lines.into_iter().map(Recalled::into_entry).collect()
}
