//! `Rooms`: the rooms that the user is in, one of which is on the screen, and what was said in the
//! others since it was.
//!
//! On the text wire there is one at a time.

use std::collections::VecDeque;

/// Most lines kept of a room, and most bytes of them.
const MAX_LINES: usize = 300;
const MAX_BYTES: usize = 256 * 1024;
/// Longest part of a topic that is kept, in characters; no status line shows more.
const MAX_TOPIC: usize = 1000;
/// Most rooms; the server allows no more.
const MAX_ROOMS: usize = 32;

/// A line on the screen, and whether it names the user.
pub(crate) type Shown = (String, bool);

#[derive(Debug, Default)]
pub(crate) struct Rooms {
    /// In the order in which the user entered them.
    open: Vec<Room>,
    /// The one on the screen.
    at: usize,
    /// Whether the server said of a line which room it is about.
    is_many: bool,
    progress: Progress,
}

/// How far the user is on this connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// The user enters one room or several; the last one is to be on the screen.
    #[default]
    Entering,
    /// The user enters the rooms of the last connection again; the one on the screen stays there.
    Returning,
    Settled,
}

#[derive(Debug, Default)]
struct Room {
    name: String,
    topic: Option<String>,
    lines: VecDeque<Shown>,
    bytes: usize,
    /// How many of the lines were said while another room was on the screen.
    unread: usize,
    /// Whether one of those names the user.
    is_named: bool,
    /// Whether the user is in it on this connection.
    is_entered: bool,
}

impl Rooms {
    /// The room on the screen.
    pub(crate) fn name(&self) -> Option<&str> {
        self.open.get(self.at).map(|room| &*room.name)
    }

    /// Where a line goes that is typed now, if lines have to say that. Before the user is where the
    /// user wants to be for the first time, there is no such room yet.
    pub(crate) fn address(&self) -> Option<&str> {
        self.name().filter(|_| self.is_many && self.progress != Progress::Entering)
    }

    pub(crate) fn topic(&self) -> Option<&str> {
        self.open.get(self.at)?.topic.as_deref()
    }

    /// Whether a line about `room` is for another room than the one on the screen.
    pub(crate) fn is_elsewhere(&self, room: Option<&str>) -> bool {
        room.is_some_and(|room| self.name() != Some(room))
    }

    /// The other rooms, with their numbers and what is unread: `1:lobby+3!`. First those in which
    /// somebody named the user, then those with something unread: a status line may be too short
    /// for all.
    pub(crate) fn others(&self) -> String {
        let others = self.open.iter().enumerate().filter(|(at, _)| *at != self.at);
        let mut others: Vec<_> = others.collect();
        others.sort_by_key(|(_, room)| (!room.is_named, room.unread == 0));
        let others = others.into_iter().map(|(at, room)| {
            let unread = if room.unread > 0 { format!("+{}", room.unread) } else { String::new() };
            let named = if room.is_named { "!" } else { "" };
            format!("{}:{}{unread}{named}", at + 1, room.name)
        });
        others.collect::<Vec<_>>().join(" ")
    }

    /// The names of all, if there may be several.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = self.open.iter().filter(|_| self.is_many);
        all.map(|room| room.name.clone()).collect()
    }

    /// A new connection has begun; it is in no room yet.
    pub(crate) fn begin(&mut self) {
        let is_back = self.address().is_some();
        self.progress = if is_back { Progress::Returning } else { Progress::Entering };
        self.open.iter_mut().for_each(|room| room.is_entered = false);
    }

    /// Whether this room is to be on the screen when the others are entered, too.
    pub(crate) fn is_wanted(&self, room: Option<&str>) -> bool {
        self.progress != Progress::Returning || self.name() == room
    }

    /// The user entered a room, which is on the screen from now on, unless the user had it open
    /// before. `is_many` says whether the user is still in the others.
    pub(crate) fn enter(&mut self, name: &str, is_many: bool) {
        self.is_many = is_many;
        if !is_many {
            self.open.retain(|room| room.name == name);
        }
        let at = match self.place(name) {
            Some(at) => at,
            None => {
                self.open.truncate(MAX_ROOMS - 1);
                self.open.push(Room { name: name.to_owned(), ..Room::default() });
                self.open.len() - 1
            }
        };
        if !is_many || self.progress != Progress::Returning {
            self.at = at;
        }
        if let Some(room) = self.open.get_mut(at) {
            (room.topic, room.is_entered) = (None, true);
            if at == self.at {
                (room.unread, room.is_named) = (0, false);
            }
        }
    }

    /// The user left a room; returns whether another one is on the screen now.
    pub(crate) fn leave(&mut self, name: &str) -> bool {
        let Some(left) = self.place(name).filter(|_| self.open.len() > 1) else { return false };
        self.open.remove(left);
        let was_shown = left == self.at;
        if left <= self.at {
            self.at = self.at.saturating_sub(1);
        }
        was_shown
    }

    /// Drops the rooms that could not be entered on this connection; returns whether another one is
    /// on the screen now.
    pub(crate) fn settle(&mut self) -> bool {
        self.progress = Progress::Settled;
        let name = self.name().map(str::to_owned);
        self.open.retain(|room| room.is_entered);
        let at = name.as_deref().and_then(|name| self.place(name));
        self.at = at.unwrap_or_default();
        self.is_many && name.is_some() && at.is_none()
    }

    pub(crate) fn set_topic(&mut self, room: Option<&str>, topic: Option<&str>) {
        let at = room.map_or(Some(self.at), |name| self.place(name));
        if let Some(room) = at.and_then(|at| self.open.get_mut(at)) {
            room.topic = topic.map(|topic| topic.chars().take(MAX_TOPIC).collect());
        }
    }

    /// Keeps a line about a room, or about the one on the screen. `is_said` says whether somebody
    /// said it.
    pub(crate) fn keep(&mut self, room: Option<&str>, line: Shown, is_said: bool) {
        if !self.is_many {
            return;
        }
        let Some(at) = room.map_or(Some(self.at), |name| self.place(name)) else { return };
        let is_shown = at == self.at;
        let Some(room) = self.open.get_mut(at) else { return };
        if !is_shown && is_said {
            room.unread += 1;
            room.is_named |= line.1;
        }
        room.bytes += line.0.len();
        room.lines.push_back(line);
        while room.lines.len() > MAX_LINES || room.bytes > MAX_BYTES {
            let oldest = room.lines.pop_front().map_or(0, |(line, _)| line.len());
            room.bytes -= oldest;
        }
    }

    /// Puts the room with this number, from 1, on the screen; `None` if there is none.
    pub(crate) fn turn(&mut self, number: usize) -> Option<()> {
        let at = number.checked_sub(1).filter(|at| self.is_many && *at < self.open.len())?;
        self.at = at;
        if self.progress == Progress::Entering {
            // The user decided where to be.
            self.progress = Progress::Returning;
        }
        Some(())
    }

    /// The number of a room.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.place(name).map(|at| at + 1).filter(|_| self.is_many)
    }

    /// Whether the server tells rooms apart.
    pub(crate) fn is_many(&self) -> bool {
        self.is_many
    }

    /// The lines of the room on the screen, which are read from now on. Before the new ones is how
    /// many they are.
    pub(crate) fn read(&mut self) -> Vec<Shown> {
        let Some(room) = self.open.get_mut(self.at) else { return Vec::new() };
        let unread = std::mem::take(&mut room.unread);
        room.is_named = false;
        let mut shown: Vec<_> = room.lines.iter().cloned().collect();
        if unread > 0 {
            // Notices between them are not counted.
            let said = shown.iter().rev().scan(0, |said, (line, _)| {
                *said += usize::from(crate::heard::Speech::of(line).is_some());
                Some(*said)
            });
            let new = said.take_while(|said| *said < unread).count() + 1;
            let lines =
                if unread == 1 { "1 new line".to_owned() } else { format!("{unread} new lines") };
            shown.insert(shown.len().saturating_sub(new), (format!("-- {lines}"), false));
        }
        shown
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.open.iter().position(|room| room.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(names: &[&str]) -> Rooms {
        let mut rooms = Rooms::default();
        names.iter().for_each(|name| rooms.enter(name, true));
        rooms.settle();
        rooms
    }

    fn say(rooms: &mut Rooms, room: &str, line: &str, is_marked: bool) {
        rooms.keep(Some(room), (line.to_owned(), is_marked), true);
    }

    fn read(rooms: &mut Rooms) -> Vec<String> {
        rooms.read().into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn what_is_said_elsewhere_is_counted_until_it_is_read() {
        let mut rooms = rooms(&["lobby", "dev", "ops"]);
        assert_eq!((rooms.name(), &*rooms.others()), (Some("ops"), "1:lobby 2:dev"));
        say(&mut rooms, "dev", "<a> one", false);
        rooms.keep(Some("dev"), ("-- b joined (3 here)".to_owned(), false), false);
        say(&mut rooms, "dev", "<a> al: two", true);
        say(&mut rooms, "ops", "<a> here", false);
        assert_eq!(rooms.others(), "2:dev+2! 1:lobby");
        assert_eq!((rooms.turn(4), rooms.turn(0)), (None, None));
        rooms.turn(2).unwrap();
        let all = ["-- 2 new lines", "<a> one", "-- b joined (3 here)", "<a> al: two"];
        assert_eq!(read(&mut rooms), all);
        assert_eq!(read(&mut rooms), all[1..]);
        assert_eq!(rooms.others(), "1:lobby 3:ops");
        say(&mut rooms, "dev", "<a> three", false);
        rooms.turn(3).unwrap();
        say(&mut rooms, "dev", "<a> four", false);
        rooms.turn(2).unwrap();
        assert_eq!(read(&mut rooms)[3..], ["<a> three", "-- 1 new line", "<a> four"]);
    }

    #[test]
    fn what_is_new_comes_first() {
        let mut rooms = rooms(&["lobby", "dev", "ops", "tea", "cake"]);
        say(&mut rooms, "ops", "<a> one", false);
        say(&mut rooms, "tea", "<a> al: two", true);
        assert_eq!(rooms.others(), "4:tea+1! 3:ops+1 1:lobby 2:dev");
    }

    #[test]
    fn a_room_that_is_left_makes_way_for_the_one_before() {
        let mut rooms = rooms(&["lobby", "dev", "ops"]);
        assert!(!rooms.leave("dev") && !rooms.leave("nowhere"));
        assert_eq!((rooms.name(), &*rooms.others()), (Some("ops"), "1:lobby"));
        assert!(rooms.leave("ops"));
        assert!(!rooms.leave("lobby"), "there is always one");
        assert_eq!(rooms.name(), Some("lobby"));
    }

    #[test]
    fn on_the_text_wire_there_is_one() {
        let mut rooms = Rooms::default();
        rooms.enter("lobby", false);
        rooms.set_topic(None, Some("tea"));
        rooms.enter("dev", false);
        assert_eq!((rooms.name(), rooms.topic(), &*rooms.others()), (Some("dev"), None, ""));
        assert_eq!((rooms.address(), rooms.is_elsewhere(None)), (None, false));
    }

    #[test]
    fn a_new_connection_keeps_those_that_are_entered_again() {
        let mut rooms = rooms(&["lobby", "dev", "ops"]);
        rooms.begin();
        ["lobby", "ops", "lobby"].iter().for_each(|name| rooms.enter(name, true));
        assert_eq!((rooms.name(), rooms.address()), (Some("ops"), Some("ops")));
        assert!(!rooms.settle());
        assert_eq!((rooms.name(), &*rooms.others()), (Some("ops"), "1:lobby"));
    }

    #[test]
    fn the_one_on_the_screen_stays_there_unless_it_cannot_be_entered() {
        let mut rooms = rooms(&["lobby", "dev", "ops"]);
        rooms.begin();
        rooms.enter("lobby", true);
        rooms.turn(2).unwrap();
        rooms.enter("ops", true);
        assert_eq!(rooms.address(), Some("dev"));
        assert!(rooms.settle(), "dev was not entered");
        assert_eq!((rooms.address(), &*rooms.others()), (Some("lobby"), "2:ops"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut rooms = rooms(&["lobby", "dev"]);
        (0..2 * MAX_LINES).for_each(|n| say(&mut rooms, "lobby", &format!("<a> {n}"), false));
        assert_eq!(rooms.open[0].lines.len(), MAX_LINES);
        (0..10).for_each(|_| say(&mut rooms, "lobby", &"x".repeat(MAX_BYTES / 2), false));
        assert!(rooms.open[0].bytes <= MAX_BYTES);
        rooms.set_topic(None, Some(&"x".repeat(MAX_BYTES)));
        assert_eq!(rooms.topic().map(str::len), Some(MAX_TOPIC));
        (0..40).for_each(|n| rooms.enter(&format!("r{n}"), true));
        assert_eq!(rooms.open.len(), MAX_ROOMS);
    }
}
