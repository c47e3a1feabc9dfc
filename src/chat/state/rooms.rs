//! Rooms: which exist, and which clients are in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::room::Room;
use super::sorted::sorted;
use crate::chat::model::{ClientId, KeptRoom, LineFilter, Nick, RoomId, RoomName, RoomPast};

/// Most empty rooms remembered for their history or topic.
const MAX_EMPTY: usize = 256;
/// Most empty rooms whose settings and roles hold for [`LIFE`], so that opening rooms on and on
/// does not fill the memory.
const MAX_HOLDING: usize = 16_384;
/// How long the settings and roles of an empty room hold.
const LIFE: Duration = Duration::from_secs(60);
/// More rooms than can ever be opened; a snapshot with more is damaged.
const MANY: u64 = u64::MAX / 2;
/// The shortest time between two digests of a room.
const DIGEST_INTERVAL: Duration = Duration::from_secs(10);

/// All rooms. The lobby always exists; any other room exists while a client is in it, and for some
/// time afterwards if it has a history or topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rooms {
    #[serde(serialize_with = "sorted")]
    rooms: FxHashMap<RoomId, Room>,
    names: BTreeMap<RoomName, RoomId>,
    empty: BTreeSet<(Duration, RoomId)>,
    /// Those of the empty rooms whose settings and roles end, and when.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    ends: BTreeSet<(Duration, RoomId)>,
    /// Scheduled digests. All are delayed equally, so the queue is sorted.
    digests: VecDeque<(Duration, RoomId)>,
    opened: u64,
    replay: usize,
}

impl Rooms {
    pub(crate) fn new(replay: usize) -> Self {
        Self {
            rooms: FxHashMap::from_iter([(RoomId::LOBBY, Room::new(RoomName::lobby(), replay))]),
            names: BTreeMap::from([(RoomName::lobby(), RoomId::LOBBY)]),
            empty: BTreeSet::new(),
            ends: BTreeSet::new(),
            digests: VecDeque::new(),
            opened: 0,
            replay,
        }
    }

    /// How many lines of a room are read from the store.
    pub(crate) fn replay(&self) -> usize {
        self.replay
    }

    /// Changes how many lines rooms can replay.
    pub(crate) fn remember(&mut self, replay: usize) {
        if replay > self.replay {
            // The store may have lines that did not fit so far.
            self.rooms.values_mut().for_each(|room| room.is_read = false);
        }
        self.replay = replay;
        self.rooms.values_mut().for_each(|room| room.history.remember(replay));
    }

    pub(crate) fn get(&self, room: RoomId) -> Option<&Room> {
        self.rooms.get(&room)
    }

    pub(crate) fn get_mut(&mut self, room: RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(&room)
    }

    pub(crate) fn find(&self, name: RoomName) -> Option<&Room> {
        self.get(*self.names.get(&name)?)
    }

    /// The room of that name, and its id.
    pub(crate) fn named(&self, name: RoomName) -> Option<(RoomId, &Room)> {
        let id = *self.names.get(&name)?;
        Some((id, self.get(id)?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.rooms.values()
    }

    /// The room of that name; creates it if there is none.
    pub(crate) fn open(&mut self, name: RoomName) -> RoomId {
        *self.names.entry(name).or_insert_with(|| {
            self.opened += 1;
            let id = RoomId(self.opened);
            self.rooms.insert(id, Room::new(name, self.replay));
            id
        })
    }

    /// Adds a room's past from the store; creates the room if there is none. Its present topic and
    /// lines are newer.
    pub(crate) fn recall(&mut self, name: RoomName, past: RoomPast) {
        let id = self.open(name);
        let Some(room) = self.rooms.get_mut(&id) else { return };
        room.is_read = true;
        room.topic = room.topic.take().or(past.topic);
        room.history.recall(past.lines);
        if id != RoomId::LOBBY && room.is_vacant() {
            let since = room.empty_since;
            self.empty.insert((since, id));
        }
    }

    /// Restores a room that is kept for an account; creates the room if there is none.
    pub(crate) fn restore_kept(&mut self, name: RoomName, kept: KeptRoom) {
        let id = self.open(name);
        if let Some(room) = self.rooms.get_mut(&id).filter(|_| id != RoomId::LOBBY) {
            room.restore_kept(kept);
            if room.members.is_empty() {
                self.empty.insert((room.empty_since, id));
            }
        }
    }

    /// Ends the roles of accounts that do not exist, and returns the kept rooms that changed.
    pub(crate) fn end_roles_unless(&mut self, exist: impl Fn(Nick) -> bool) -> Vec<RoomId> {
        let rooms = self.rooms.iter_mut();
        let changed =
            rooms.filter_map(|(id, room)| room.end_roles_of_nobody(&exist).then_some(*id));
        let mut ids: Vec<_> = changed.collect();
        ids.sort_unstable();
        ids
    }

    /// The rooms that are kept for accounts that `exist` does not hold for, by id.
    pub(crate) fn kept_unless(&self, exist: impl Fn(Nick) -> bool) -> Vec<RoomId> {
        let is_meant = |room: &Room| room.owner().is_some_and(|owner| !exist(owner));
        let rooms = self.rooms.iter().filter(|(_, room)| is_meant(room));
        let mut ids: Vec<_> = rooms.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// The first room in use whose past was not read from the store yet.
    pub(crate) fn first_unread(&self) -> Option<RoomName> {
        let in_use = |id: RoomId, room: &Room| id == RoomId::LOBBY || !room.is_vacant();
        let unread = self.rooms.iter().filter(|(id, room)| !room.is_read && in_use(**id, room));
        unread.min_by_key(|(id, _)| **id).map(|(_, room)| room.name)
    }

    pub(crate) fn forget(&mut self, filter: &LineFilter) {
        for room in self.rooms.values_mut() {
            let name = room.name;
            room.history.forget(|line| filter.matches(name, line));
        }
    }

    pub(crate) fn forget_all(&mut self) {
        for room in self.rooms.values_mut() {
            room.history.clear();
            room.is_read = false;
        }
    }

    /// Whether every room has its name, and is listed as empty if it is, and only empty ones
    /// are to end: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self) -> bool {
        let is_empty = |id: &RoomId, room: &Room| *id != RoomId::LOBBY && room.is_vacant();
        let is_in_place = |(id, room): (&RoomId, &Room)| {
            self.names.get(&room.name) == Some(id)
                && self.empty.contains(&(room.empty_since, *id)) == is_empty(id, room)
        };
        let empty = self.rooms.iter().filter(|(id, room)| is_empty(id, room)).count();
        self.names.get(&RoomName::lobby()) == Some(&RoomId::LOBBY)
            && self.names.len() == self.rooms.len()
            && self.rooms.iter().all(is_in_place)
            && self.empty.len() == empty
            && self.ends.iter().all(|(due, id)| {
                let is_due = |room: &Room| {
                    room.members.is_empty() && room.empty_since.checked_add(LIFE) == Some(*due)
                };
                self.rooms.get(id).is_some_and(is_due)
            })
            && self.opened < MANY
    }

    pub(crate) fn enter(&mut self, room: RoomId, client: ClientId) {
        if let Some(found) = self.rooms.get_mut(&room) {
            if found.members.is_empty() {
                self.empty.remove(&(found.empty_since, room));
                self.ends.remove(&(found.empty_since + LIFE, room));
            }
            found.members.push(client);
        }
    }

    /// Removes a member. `lives` is whether rooms have roles, and settings that end.
    pub(crate) fn leave(&mut self, now: Duration, room: RoomId, client: ClientId, lives: bool) {
        let Some(found) = self.rooms.get_mut(&room) else { return };
        if let Some(index) = found.members.iter().position(|&member| member == client) {
            found.members.remove(index);
        }
        if found.members.is_empty() {
            self.keep_empty(now, room, lives);
        }
    }

    /// Somebody reads a room from here on.
    pub(crate) fn add_reader(&mut self, room: RoomId) {
        if let Some(found) = self.rooms.get_mut(&room) {
            if found.is_vacant() {
                self.empty.remove(&(found.empty_since, room));
            }
            found.readers += 1;
        }
    }

    /// Somebody reads it no more. A room without members ends as if nobody had read it.
    pub(crate) fn remove_reader(&mut self, room: RoomId) {
        let Some(found) = self.rooms.get_mut(&room) else { return };
        found.readers = found.readers.saturating_sub(1);
        if found.is_vacant() && room != RoomId::LOBBY {
            let since = found.empty_since;
            self.empty.insert((since, room));
            if !self.ends.contains(&(since + LIFE, room)) {
                self.forget_empty(room);
            }
        }
    }

    /// Keeps a room without members for its settings, history or topic, or for those who read it,
    /// or else closes it.
    pub(crate) fn keep_empty(&mut self, now: Duration, room: RoomId, lives: bool) {
        let Some(found) = self.rooms.get_mut(&room).filter(|found| found.members.is_empty()) else {
            return;
        };
        if room == RoomId::LOBBY {
            return;
        }
        self.empty.remove(&(found.empty_since, room));
        self.ends.remove(&(found.empty_since + LIFE, room));
        found.empty_since = now;
        if found.is_vacant() {
            self.empty.insert((now, room));
        }
        if lives && found.has_life() {
            self.ends.insert((now + LIFE, room));
        } else if found.is_vacant() && found.is_forgettable() {
            return self.close(now, room);
        }
        self.forget_oldest();
    }

    /// Closes an empty room if there are too many.
    fn forget_oldest(&mut self) {
        if self.ends.len() > MAX_HOLDING {
            let is_vacant = |id: &RoomId| self.rooms.get(id).is_some_and(Room::is_vacant);
            let oldest = self.ends.iter().find(|(_, id)| is_vacant(id)).copied();
            oldest.into_iter().for_each(|(due, id)| self.close(due - LIFE, id));
        }
        if self.empty.len().saturating_sub(self.ends.len()) <= MAX_EMPTY {
            return;
        }
        let is_kept = |id: &RoomId| self.rooms.get(id).is_some_and(|room| room.kept.is_some());
        let holds = |since: Duration, id: RoomId| self.ends.contains(&(since + LIFE, id));
        let others = self.empty.iter().filter(|(since, id)| !holds(*since, *id) && !is_kept(id));
        let mut others = others.copied();
        if let Some((since, oldest)) = others.next()
            && others.count() >= MAX_EMPTY
        {
            self.close(since, oldest);
        }
    }

    /// When the settings and roles of a room end next.
    pub(crate) fn next_end(&self) -> Option<Duration> {
        self.ends.first().map(|&(due, _)| due)
    }

    /// Takes a room that has been empty for so long that its settings and roles end.
    pub(crate) fn take_ended(&mut self, now: Duration) -> Option<RoomId> {
        let &ended = self.ends.first().filter(|(due, _)| *due <= now)?;
        self.ends.remove(&ended);
        Some(ended.1)
    }

    /// Closes an empty room if it has neither history nor topic, or too many have.
    pub(crate) fn forget_empty(&mut self, room: RoomId) {
        let Some(found) = self.rooms.get(&room).filter(|found| found.is_vacant()) else {
            return;
        };
        if found.is_forgettable() {
            let since = found.empty_since;
            self.close(since, room);
        } else {
            self.forget_oldest();
        }
    }

    /// All rooms, in the order of opening.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Room> {
        let mut rooms: Vec<_> = self.rooms.iter().collect();
        rooms.sort_unstable_by_key(|(id, _)| **id);
        rooms.into_iter().map(|(_, room)| room)
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId + Copy) {
        for room in self.rooms.values_mut() {
            room.members.iter_mut().for_each(|id| *id = new(*id));
            room.topic_by = room.topic_by.map(new);
            room.history.renumber(new);
            room.pace.renumber(new);
            room.roles.renumber(new);
            room.invited.renumber(new);
        }
    }

    fn close(&mut self, empty_since: Duration, room: RoomId) {
        self.empty.remove(&(empty_since, room));
        self.ends.remove(&(empty_since + LIFE, room));
        if let Some(closed) = self.rooms.remove(&room) {
            self.names.remove(&closed.name);
        }
    }

    /// Schedules a digest of `room`, unless one is scheduled.
    pub(crate) fn want_digest(&mut self, now: Duration, room: RoomId) {
        if let Some(found) = self.rooms.get_mut(&room)
            && !found.digest_due
        {
            found.digest_due = true;
            self.digests.push_back((now + DIGEST_INTERVAL, room));
        }
    }

    pub(crate) fn next_digest(&self) -> Option<Duration> {
        self.digests.front().map(|&(due, _)| due)
    }

    /// Takes a room whose digest is due.
    pub(crate) fn take_digest(&mut self, now: Duration) -> Option<RoomId> {
        let &(_, room) = self.digests.front().filter(|(due, _)| *due <= now)?;
        self.digests.pop_front();
        if let Some(found) = self.rooms.get_mut(&room) {
            found.digest_due = false;
        }
        Some(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn name(text: &str) -> RoomName {
        RoomName::new(text).unwrap()
    }

    #[test]
    fn a_room_with_nothing_in_it_goes_with_its_last_member() {
        let mut rooms = Rooms::new(20);
        let dev = rooms.open(name("dev"));
        rooms.enter(dev, ClientId(1));
        rooms.leave(Duration::ZERO, dev, ClientId(1), true);
        assert!(rooms.get(dev).is_none() && rooms.find(name("dev")).is_none());
    }

    #[test]
    fn empty_rooms_with_a_topic_stay_but_only_so_many() {
        let mut rooms = Rooms::new(20);
        for number in 0..=MAX_EMPTY {
            let room = rooms.open(name(&format!("r{number}")));
            rooms.enter(room, ClientId(1));
            rooms.get_mut(room).unwrap().topic = Some(Text::new("t"));
            rooms.leave(Duration::from_secs(number as u64), room, ClientId(1), true);
        }
        assert!(rooms.find(name("r0")).is_none(), "the one empty for longest is forgotten");
        assert!(rooms.find(name("r1")).is_some());
        assert_eq!(rooms.rooms.len(), 1 + MAX_EMPTY);
        assert_eq!(rooms.names.len(), 1 + MAX_EMPTY);
    }

    #[test]
    fn the_lobby_always_exists() {
        let mut rooms = Rooms::new(20);
        rooms.enter(RoomId::LOBBY, ClientId(1));
        rooms.leave(Duration::ZERO, RoomId::LOBBY, ClientId(1), true);
        assert!(rooms.get(RoomId::LOBBY).is_some());
    }
}
