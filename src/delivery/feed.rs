//! `Feeds`: the messages of rooms, encoded once for all clients of a dialect.
//!
//! A room's feed lasts for one batch, unless a client there is behind. A client whose socket is
//! full cannot be sent anything, so its queue need not take each batch: the feed lasts for several.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::chat::{Message, RoomId};
use crate::wire::Dialect;

/// A buffer with more capacity than this, in bytes, is not used again for the next feed.
const MAX_REUSED_CAPACITY: usize = 256 * 1024;
/// Feeds that wait to be used again, at most.
const MAX_SPARE_FEEDS: usize = 16;
/// How long a feed lasts. Slow clients are detected so much later.
const LONGEST: Duration = Duration::from_millis(50);

/// One room's messages, in order, and their bytes in each dialect that is in use.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// Unique among all feeds that ever were.
    number: u64,
    /// How many messages there were in earlier batches. Only their bytes are left.
    earlier: usize,
    /// The messages of the current batch.
    messages: Vec<Message>,
    /// About how many bytes all messages have.
    weight: usize,
    /// When its first batch ended.
    began: Option<Duration>,
    /// Whether a client's queue held a buffer of this feed when the buffer had to grow, so that the
    /// bytes were copied.
    is_held: bool,
    /// The bytes in each dialect that was asked for, by its [index](Dialect::index): few of all.
    encoded: Vec<(usize, Encoded)>,
}

#[derive(Debug, Default)]
struct Encoded {
    bytes: Arc<Vec<u8>>,
    /// The offset at which each message that was encoded so far ends.
    ends: Vec<usize>,
}

/// The part of a feed that a client does not have yet.
#[derive(Debug)]
pub struct Unread<'a> {
    /// The bytes of the whole feed, in the client's dialect.
    pub bytes: &'a Arc<Vec<u8>>,
    /// The offset of the first byte that the client does not have.
    pub start: usize,
    /// The offset of the first byte of the current batch. The batch may still grow, and a buffer
    /// that a queue shares is copied when it does.
    pub fresh: usize,
}

impl Feed {
    fn len(&self) -> usize {
        self.earlier + self.messages.len()
    }

    /// Encodes the messages that are not encoded yet.
    fn encode(&mut self, dialect: Dialect) -> &mut Encoded {
        let length = self.len();
        let known = self.encoded.iter().position(|(index, _)| *index == dialect.index());
        let at = known.unwrap_or_else(|| {
            self.encoded.push((dialect.index(), Encoded::default()));
            self.encoded.len() - 1
        });
        let encoded = &mut self.encoded[at].1;
        let Encoded { bytes, ends } = encoded;
        // No client of this dialect was behind in the earlier batches, so none needs their
        // messages.
        ends.resize(ends.len().max(self.earlier), bytes.len());
        if ends.len() < length {
            self.is_held |= Arc::strong_count(bytes) > 1;
            let buffer = Arc::make_mut(bytes);
            for message in &self.messages[ends.len() - self.earlier..] {
                dialect.encode(message, buffer);
                ends.push(buffer.len());
            }
        }
        encoded
    }

    /// The bytes of the messages from number `start` on, in `dialect`. `will_wait` says that the
    /// client's socket is full, so that its queue may hold the buffer for long.
    fn unread(&mut self, start: usize, dialect: Dialect, will_wait: bool) -> Unread<'_> {
        let earlier = self.earlier;
        let Encoded { bytes, ends } = self.encode(dialect);
        if will_wait
            && bytes.capacity() / 2 > bytes.len()
            && let Some(buffer) = Arc::get_mut(bytes)
        {
            buffer.shrink_to_fit();
        }
        let offset = |messages: usize| messages.checked_sub(1).map_or(0, |last| ends[last]);
        let start = offset(start);
        Unread { bytes, start, fresh: offset(earlier).max(start) }
    }

    /// Whether it has to end: its time is over, or it has `most` bytes, or some client's queue
    /// holds one of its buffers.
    fn is_over(&self, now: Duration, most: usize) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
            || self.weight >= most
            || self.is_held
            || self.encoded.iter().any(|(_, encoded)| Arc::strong_count(&encoded.bytes) > 1)
    }

    /// When it has to end.
    fn deadline(&self) -> Option<Duration> {
        self.began.map(|began| began + LONGEST)
    }

    /// Continues in the next batch. Only bytes remain: the messages of several batches would not
    /// fit the processor's caches.
    fn next_batch(&mut self, now: Duration, awaited: &[Dialect]) {
        for dialect in awaited {
            self.encode(*dialect);
        }
        self.earlier = self.len();
        self.messages.clear();
        self.began.get_or_insert(now);
    }

    /// Removes everything. Buffers are used again unless a client's queue still holds them.
    fn clear(&mut self) {
        self.messages.clear();
        self.earlier = 0;
        self.weight = 0;
        self.began = None;
        self.is_held = false;
        for (_, Encoded { bytes, ends }) in &mut self.encoded {
            ends.clear();
            match Arc::get_mut(bytes) {
                Some(buffer) if buffer.capacity() <= MAX_REUSED_CAPACITY => buffer.clear(),
                _ => *bytes = Arc::default(),
            }
        }
    }
}

/// A position between two messages of a room: which feed, and how many of its messages precede.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    feed: u64,
    messages: usize,
}

/// The feeds of all rooms that have messages in this batch, or clients that are behind.
#[derive(Debug, Default)]
pub struct Feeds {
    /// The number of the next feed.
    next: u64,
    feeds: FxHashMap<RoomId, Feed>,
    spare: Vec<Feed>,
    /// The dialects of all clients that ever were behind.
    awaited: Vec<Dialect>,
}

impl Feeds {
    /// Adds a message to a room's feed.
    pub fn push(&mut self, room: RoomId, message: Message) {
        let feed = self.feeds.entry(room).or_insert_with(|| {
            let number = self.next;
            self.next += 1;
            Feed { number, ..self.spare.pop().unwrap_or_default() }
        });
        feed.weight += message.weight();
        feed.messages.push(message);
    }

    /// Encodes all messages from here on in the dialect of a client that is behind.
    pub fn await_in(&mut self, dialect: Dialect) {
        if !self.awaited.contains(&dialect) {
            self.awaited.push(dialect);
        }
    }

    /// The position after the last message of a room.
    pub fn end(&self, room: RoomId) -> Cursor {
        let feed = self.feeds.get(&room);
        let (feed, messages) = feed.map_or((self.next, 0), |feed| (feed.number, feed.len()));
        Cursor { feed, messages }
    }

    /// The position after the next message of a room, which is not there yet.
    pub fn after_next(&self, room: RoomId) -> Cursor {
        let end = self.end(room);
        Cursor { messages: end.messages + 1, ..end }
    }

    /// The part of a room's feed after `cursor`, if there is any. With `will_wait` the client's
    /// socket is full, and at most half of the buffer's capacity is unused.
    pub fn unread(
        &mut self,
        room: RoomId,
        cursor: Cursor,
        dialect: Dialect,
        will_wait: bool,
    ) -> Option<Unread<'_>> {
        let feed = self.feeds.get_mut(&room)?;
        // A client takes the whole feed before it ends, so only this one can have anything for it.
        let start = if cursor.feed == feed.number { cursor.messages } else { 0 };
        (start < feed.len()).then(|| feed.unread(start, dialect, will_wait))
    }

    /// The rooms that have messages in this batch.
    pub fn told(&self) -> impl Iterator<Item = RoomId> {
        let told = self.feeds.iter().filter(|(_, feed)| !feed.messages.is_empty());
        told.map(|(room, _)| *room)
    }

    /// The rooms whose feeds end with this batch: their time is over, or they have `most` bytes, or
    /// no client there is behind. All clients of these rooms must take the rest.
    pub fn ending(
        &self,
        now: Duration,
        most: usize,
        is_awaited: impl Fn(RoomId) -> bool,
    ) -> Vec<RoomId> {
        let feeds = self.feeds.iter();
        let ending = feeds.filter(|(room, feed)| feed.is_over(now, most) || !is_awaited(**room));
        ending.map(|(room, _)| *room).collect()
    }

    /// When the first feed has to end.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.feeds.values().filter_map(Feed::deadline).min()
    }

    /// Begins the next batch, and removes the feeds of the rooms in `ended`.
    pub fn next_batch(&mut self, now: Duration, ended: &[RoomId]) {
        for mut feed in ended.iter().filter_map(|room| self.feeds.remove(room)) {
            if self.spare.len() < MAX_SPARE_FEEDS {
                feed.clear();
                self.spare.push(feed);
            }
        }
        for feed in self.feeds.values_mut() {
            feed.next_batch(now, &self.awaited);
        }
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

    /// Ends the batch, in which no client is behind.
    fn end(feeds: &mut Feeds) {
        feeds.next_batch(Duration::ZERO, &[ROOM]);
    }

    fn unread(feeds: &mut Feeds, cursor: Cursor, dialect: Dialect) -> String {
        let bytes = feeds.unread(ROOM, cursor, dialect, false);
        bytes.map_or(String::new(), |unread| {
            String::from_utf8_lossy(&unread.bytes[unread.start..]).into_owned()
        })
    }

    #[test]
    fn a_cursor_sees_what_came_after_it_in_its_own_dialect() {
        let (mut feeds, crlf) = (Feeds::default(), Dialect::default());
        let bare = crlf.with_bare_line_feeds();
        push(&mut feeds, "a");
        let after_a = feeds.end(ROOM);
        assert_eq!(unread(&mut feeds, after_a, crlf), "");
        let after_b = feeds.after_next(ROOM);
        push(&mut feeds, "b");
        push(&mut feeds, "c");
        assert_eq!(unread(&mut feeds, after_a, crlf), "-- b\r\n-- c\r\n");
        assert_eq!(unread(&mut feeds, after_b, bare), "-- c\n");
    }

    #[test]
    fn a_cursor_of_an_earlier_feed_sees_all_of_this_one() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        push(&mut feeds, "a");
        let late = feeds.after_next(ROOM);
        end(&mut feeds);
        push(&mut feeds, "b");
        assert_eq!(unread(&mut feeds, late, dialect), "-- b\r\n");
    }

    #[test]
    fn a_feed_goes_on_for_those_behind_until_it_is_long_or_old_or_a_buffer_is_held() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        let at = Duration::from_millis;
        let is_ending = |feeds: &Feeds, ms, most| !feeds.ending(at(ms), most, |_| true).is_empty();
        feeds.await_in(dialect);
        push(&mut feeds, "a");
        let after_a = feeds.end(ROOM);
        assert!(!is_ending(&feeds, 0, 1000) && is_ending(&feeds, 0, 10));
        assert_eq!(feeds.ending(at(0), 1000, |_| false), [ROOM], "nobody is behind");
        feeds.next_batch(at(0), &[]);
        assert_eq!(feeds.told().count(), 0);
        push(&mut feeds, "b");
        assert_eq!(feeds.told().collect::<Vec<_>>(), [ROOM]);
        assert_eq!(unread(&mut feeds, after_a, dialect), "-- b\r\n");
        assert_eq!(unread(&mut feeds, Cursor::default(), dialect), "-- a\r\n-- b\r\n");
        assert!(!is_ending(&feeds, 49, 1000) && is_ending(&feeds, 50, 1000));
        let held =
            feeds.unread(ROOM, after_a, dialect, false).map(|unread| Arc::clone(unread.bytes));
        assert!(held.is_some() && is_ending(&feeds, 0, 1000));
        push(&mut feeds, "c");
        assert_eq!(unread(&mut feeds, after_a, dialect), "-- b\r\n-- c\r\n");
        assert!(is_ending(&feeds, 0, 1000), "although what is held is another buffer now");
    }

    #[test]
    fn of_earlier_batches_bytes_are_left_in_the_dialects_that_were_awaited_then() {
        let (mut feeds, crlf) = (Feeds::default(), Dialect::default());
        let bare = crlf.with_bare_line_feeds();
        feeds.await_in(crlf);
        push(&mut feeds, "a");
        feeds.next_batch(Duration::ZERO, &[]);
        feeds.await_in(bare);
        let late = feeds.end(ROOM);
        push(&mut feeds, "b");
        feeds.next_batch(Duration::ZERO, &[]);
        assert!(feeds.feeds[&ROOM].messages.is_empty());
        push(&mut feeds, "c");
        assert_eq!(unread(&mut feeds, Cursor::default(), crlf), "-- a\r\n-- b\r\n-- c\r\n");
        assert_eq!(unread(&mut feeds, late, bare), "-- b\n-- c\n");
        let fresh = feeds.unread(ROOM, late, bare, false).map(|unread| unread.fresh);
        assert_eq!(fresh, Some("-- b\n".len()));
    }

    #[test]
    fn a_buffer_that_is_still_being_sent_is_left_alone() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        push(&mut feeds, "a");
        let start = Cursor::default();
        let held = feeds
            .unread(ROOM, start, dialect, false)
            .map(|unread| Arc::clone(unread.bytes))
            .unwrap();
        end(&mut feeds);
        push(&mut feeds, "b");
        assert_eq!(unread(&mut feeds, start, dialect), "-- b\r\n");
        assert_eq!(held.as_slice(), b"-- a\r\n");
    }

    #[test]
    fn all_clients_of_a_dialect_share_one_frame() {
        let mut feeds = Feeds::default();
        push(&mut feeds, "a");
        let mut get = || {
            [Dialect::Lines { timestamps: false, bell: false }, Dialect::Json].map(|dialect| {
                Arc::clone(feeds.unread(ROOM, Cursor::default(), dialect, false).unwrap().bytes)
            })
        };
        let ([lines, json], [other_lines, other_json]) = (get(), get());
        assert!(Arc::ptr_eq(&lines, &other_lines) && lines.ends_with(b"-- a"));
        assert!(Arc::ptr_eq(&json, &other_json) && json.ends_with(b"}"));
    }
}
