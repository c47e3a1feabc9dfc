//! `Feeds`: what rooms are told in one batch, encoded once for all clients of a dialect.

use std::ops::Range;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::chat::{Message, RoomId};
use crate::wire::Dialect;

/// A buffer that grew beyond this in one batch is not kept for the next.
const KEPT_CAPACITY: usize = 256 * 1024;
/// Feeds that are kept for the next batches.
const KEPT_FEEDS: usize = 16;

/// One room's messages of the current batch, in order, and their bytes in each dialect in use.
#[derive(Debug, Default)]
pub struct Feed {
    messages: Vec<Message>,
    encoded: [Encoded; Dialect::COUNT],
}

#[derive(Debug, Default)]
struct Encoded {
    bytes: Rc<Vec<u8>>,
    /// Where each message that was encoded so far ends.
    ends: Vec<usize>,
}

impl Feed {
    /// The bytes of the messages from number `start` on, in `dialect`, to be shared or copied.
    ///
    /// They may be shared only once the batch is complete: a shared buffer no longer grows.
    pub fn since(&mut self, start: usize, dialect: Dialect) -> (&Rc<Vec<u8>>, Range<usize>) {
        let Encoded { bytes, ends } = &mut self.encoded[dialect.index()];
        if ends.len() < self.messages.len() {
            let buffer = Rc::make_mut(bytes);
            for message in &self.messages[ends.len()..] {
                dialect.encode(message, buffer);
                ends.push(buffer.len());
            }
        }
        let start = match start {
            0 => 0,
            _ => ends.get(start - 1).copied().unwrap_or(bytes.len()),
        };
        (bytes, start..bytes.len())
    }

    /// Forgets the messages. Buffers are used again unless some client still has to send them.
    fn clear(&mut self) {
        self.messages.clear();
        for Encoded { bytes, ends } in &mut self.encoded {
            ends.clear();
            match Rc::get_mut(bytes) {
                Some(buffer) if buffer.capacity() <= KEPT_CAPACITY => buffer.clear(),
                _ => *bytes = Rc::default(),
            }
        }
    }
}

/// A place between two messages of a room: which batch, and how many of its messages precede.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    batch: u64,
    messages: usize,
}

/// The feeds of all rooms that were told something in the current batch.
#[derive(Debug, Default)]
pub struct Feeds {
    batch: u64,
    feeds: FxHashMap<RoomId, Feed>,
    spare: Vec<Feed>,
}

impl Feeds {
    /// Adds a message to a room's feed.
    pub fn push(&mut self, room: RoomId, message: Message) {
        let feed = self.feeds.entry(room);
        feed.or_insert_with(|| self.spare.pop().unwrap_or_default()).messages.push(message);
    }

    /// The place after the last message that a room was told.
    pub fn end(&self, room: RoomId) -> Cursor {
        let messages = self.feeds.get(&room).map_or(0, |feed| feed.messages.len());
        Cursor { batch: self.batch, messages }
    }

    /// The place after the message that a room will be told next.
    pub fn after_next(&self, room: RoomId) -> Cursor {
        let end = self.end(room);
        Cursor { messages: end.messages + 1, ..end }
    }

    /// A room's bytes after `cursor`, in `dialect`, if there are any; see [`Feed::since`].
    pub fn since(
        &mut self,
        room: RoomId,
        cursor: Cursor,
        dialect: Dialect,
    ) -> Option<(&Rc<Vec<u8>>, Range<usize>)> {
        let start = self.start(cursor);
        let feed = self.feeds.get_mut(&room)?;
        (start < feed.messages.len()).then(|| feed.since(start, dialect))
    }

    /// The rooms that were told something.
    pub fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.feeds.keys().copied()
    }

    /// Begins the next batch, with nothing told to any room.
    pub fn next_batch(&mut self) {
        self.batch += 1;
        for (_, mut feed) in self.feeds.drain() {
            if self.spare.len() < KEPT_FEEDS {
                feed.clear();
                self.spare.push(feed);
            }
        }
    }

    /// How many messages of the current batch lie before `cursor`: none, if it is from another.
    fn start(&self, cursor: Cursor) -> usize {
        if cursor.batch == self.batch { cursor.messages } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    const ROOM: RoomId = RoomId::LOBBY;

    fn push(feeds: &mut Feeds, text: &str) {
        feeds.push(ROOM, Message::Notice(Text::new(text)));
    }

    fn since(feeds: &mut Feeds, cursor: Cursor, dialect: Dialect) -> String {
        let bytes = feeds.since(ROOM, cursor, dialect);
        bytes.map_or(String::new(), |(bytes, range)| {
            String::from_utf8_lossy(&bytes[range]).into_owned()
        })
    }

    #[test]
    fn a_cursor_sees_what_came_after_it_in_its_own_dialect() {
        let (mut feeds, crlf) = (Feeds::default(), Dialect::default());
        let bare = crlf.with_bare_line_feeds();
        push(&mut feeds, "a");
        let after_a = feeds.end(ROOM);
        assert_eq!(since(&mut feeds, after_a, crlf), "");
        let after_b = feeds.after_next(ROOM);
        push(&mut feeds, "b");
        push(&mut feeds, "c");
        assert_eq!(since(&mut feeds, after_a, crlf), "-- b\r\n-- c\r\n");
        assert_eq!(since(&mut feeds, after_b, bare), "-- c\n");
    }

    #[test]
    fn a_cursor_of_an_earlier_batch_sees_all_of_this_one() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        push(&mut feeds, "a");
        let late = feeds.after_next(ROOM);
        feeds.next_batch();
        push(&mut feeds, "b");
        assert_eq!(since(&mut feeds, late, dialect), "-- b\r\n");
    }

    #[test]
    fn a_buffer_that_is_still_being_sent_is_left_alone() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        push(&mut feeds, "a");
        let start = Cursor::default();
        let kept = feeds.since(ROOM, start, dialect).map(|(bytes, _)| Rc::clone(bytes)).unwrap();
        feeds.next_batch();
        push(&mut feeds, "b");
        assert_eq!(since(&mut feeds, start, dialect), "-- b\r\n");
        assert_eq!(kept.as_slice(), b"-- a\r\n");
    }

    #[test]
    fn all_clients_of_a_dialect_share_one_frame() {
        let mut feeds = Feeds::default();
        push(&mut feeds, "a");
        let mut get = || {
            [Dialect::Lines { timestamps: false }, Dialect::Json]
                .map(|dialect| Rc::clone(feeds.since(ROOM, Cursor::default(), dialect).unwrap().0))
        };
        let ([lines, json], [other_lines, other_json]) = (get(), get());
        assert!(Rc::ptr_eq(&lines, &other_lines) && lines.ends_with(b"-- a"));
        assert!(Rc::ptr_eq(&json, &other_json) && json.ends_with(b"}"));
    }
}
