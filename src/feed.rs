//! `Feeds`: what rooms are told, encoded once for all clients of a dialect.
//!
//! A room's feed is for one batch, unless somebody there is behind: who cannot be sent anything
//! need not be given each batch, so the feed goes on for a few of them.

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::chat::{Message, RoomId};
use crate::wire::Dialect;

/// A buffer that grew beyond this is not kept for the next feed.
const KEPT_CAPACITY: usize = 256 * 1024;
/// Feeds that are kept to be used again.
const KEPT_FEEDS: usize = 16;
/// How long a feed goes on. Who is too slow is found so much later.
const LONGEST: Duration = Duration::from_millis(50);

/// One room's messages, in order, and their bytes in each dialect in use.
#[derive(Debug, Default)]
pub struct Feed {
    /// No other feed ever had it.
    number: u64,
    /// How many messages there were in earlier batches. Only their bytes are left.
    told: usize,
    /// Those of the current batch.
    messages: Vec<Message>,
    /// About how many bytes all of them have.
    weight: usize,
    /// When its first batch ended.
    since: Option<Duration>,
    encoded: [Encoded; Dialect::COUNT],
}

#[derive(Debug, Default)]
struct Encoded {
    bytes: Rc<Vec<u8>>,
    /// Where each message that was encoded so far ends.
    ends: Vec<usize>,
}

/// What a client has yet to get of a feed.
#[derive(Debug)]
pub struct Unread<'a> {
    /// The bytes of all the feed, in the client's dialect.
    pub bytes: &'a Rc<Vec<u8>>,
    /// Where those begin that it has not got.
    pub start: usize,
    /// Where those of the current batch begin. It may go on: what shares the buffer makes it grow
    /// as a copy.
    pub fresh: usize,
}

impl Unread<'_> {
    /// All of it.
    pub fn all(&self) -> Range<usize> {
        self.start..self.bytes.len()
    }
}

impl Feed {
    /// How many messages it has had so far.
    fn len(&self) -> usize {
        self.told + self.messages.len()
    }

    /// Encodes what is not encoded yet.
    fn encode(&mut self, dialect: Dialect) -> &mut Encoded {
        let encoded = &mut self.encoded[dialect.index()];
        let Encoded { bytes, ends } = encoded;
        // Nobody is due what was told before anybody spoke the dialect.
        ends.resize(ends.len().max(self.told), bytes.len());
        if ends.len() < self.told + self.messages.len() {
            let buffer = Rc::make_mut(bytes);
            for message in &self.messages[ends.len() - self.told..] {
                dialect.encode(message, buffer);
                ends.push(buffer.len());
            }
        }
        encoded
    }

    /// The bytes of the messages from number `start` on, in `dialect`.
    fn since(&mut self, start: usize, dialect: Dialect, is_held: bool) -> Unread<'_> {
        let told = self.told;
        let Encoded { bytes, ends } = self.encode(dialect);
        if is_held
            && bytes.capacity() / 2 > bytes.len()
            && let Some(buffer) = Rc::get_mut(bytes)
        {
            buffer.shrink_to_fit();
        }
        let offset = |messages: usize| match messages {
            0 => 0,
            _ => ends.get(messages - 1).copied().unwrap_or(bytes.len()),
        };
        let start = offset(start);
        Unread { bytes, start, fresh: offset(told).max(start) }
    }

    /// Whether it must not go on: it has gone on for long, or it has `most` bytes, or some client
    /// still has to send what is in its buffers.
    fn is_over(&self, now: Duration, most: usize) -> bool {
        self.ends().is_some_and(|end| end <= now)
            || self.weight >= most
            || self.encoded.iter().any(|encoded| Rc::strong_count(&encoded.bytes) > 1)
    }

    fn ends(&self) -> Option<Duration> {
        self.since.map(|since| since + LONGEST)
    }

    /// Goes on in the next batch. What the messages are made of is forgotten before the memory of
    /// several batches is more than the processor's caches have.
    fn go_on(&mut self, now: Duration, spoken: &[Dialect]) {
        for dialect in spoken {
            self.encode(*dialect);
        }
        self.told = self.len();
        self.messages.clear();
        self.since.get_or_insert(now);
    }

    /// Forgets everything. Buffers are used again unless some client still has to send them.
    fn clear(&mut self) {
        self.messages.clear();
        (self.told, self.weight, self.since) = (0, 0, None);
        for Encoded { bytes, ends } in &mut self.encoded {
            ends.clear();
            match Rc::get_mut(bytes) {
                Some(buffer) if buffer.capacity() <= KEPT_CAPACITY => buffer.clear(),
                _ => *bytes = Rc::default(),
            }
        }
    }
}

/// A place between two messages of a room: which feed, and how many of its messages precede.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    feed: u64,
    messages: usize,
}

/// The feeds of all rooms that were told something.
#[derive(Debug, Default)]
pub struct Feeds {
    /// The number of the next feed.
    next: u64,
    feeds: FxHashMap<RoomId, Feed>,
    spare: Vec<Feed>,
    /// The dialects of all who ever listened.
    spoken: Vec<Dialect>,
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

    /// Has what is told from here on ready in a dialect.
    pub fn speak(&mut self, dialect: Dialect) {
        if !self.spoken.contains(&dialect) {
            self.spoken.push(dialect);
        }
    }

    /// The place after the last message that a room was told.
    pub fn end(&self, room: RoomId) -> Cursor {
        let feed = self.feeds.get(&room);
        let (feed, messages) = feed.map_or((self.next, 0), |feed| (feed.number, feed.len()));
        Cursor { feed, messages }
    }

    /// The place after the message that a room will be told next.
    pub fn after_next(&self, room: RoomId) -> Cursor {
        let end = self.end(room);
        Cursor { messages: end.messages + 1, ..end }
    }

    /// What a client at `cursor` has yet to get of a room's feed, if there is anything. `is_held`
    /// tells that it will take a while to send: the buffer then has no memory that is not counted.
    pub fn since(
        &mut self,
        room: RoomId,
        cursor: Cursor,
        dialect: Dialect,
        is_held: bool,
    ) -> Option<Unread<'_>> {
        let feed = self.feeds.get_mut(&room)?;
        // Of an earlier feed everything was taken.
        let start = if cursor.feed == feed.number { cursor.messages } else { 0 };
        (start < feed.len()).then(|| feed.since(start, dialect, is_held))
    }

    /// The rooms that were told something in this batch.
    pub fn told(&self) -> impl Iterator<Item = RoomId> {
        let told = self.feeds.iter().filter(|(_, feed)| !feed.messages.is_empty());
        told.map(|(room, _)| *room)
    }

    /// The rooms whose feeds end with this batch: those that have gone on for long, or have
    /// `most` bytes, and all in which nobody is behind. Everybody has to take the rest of them.
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

    /// When the first feed has gone on for long enough.
    pub fn next_end(&self) -> Option<Duration> {
        self.feeds.values().filter_map(Feed::ends).min()
    }

    /// Begins the next batch, with `ended` feeds forgotten.
    pub fn next_batch(&mut self, now: Duration, ended: &[RoomId]) {
        for mut feed in ended.iter().filter_map(|room| self.feeds.remove(room)) {
            if self.spare.len() < KEPT_FEEDS {
                feed.clear();
                self.spare.push(feed);
            }
        }
        for feed in self.feeds.values_mut() {
            feed.go_on(now, &self.spoken);
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

    /// Ends the batch, with nobody behind.
    fn end(feeds: &mut Feeds) {
        feeds.next_batch(Duration::ZERO, &[ROOM]);
    }

    fn since(feeds: &mut Feeds, cursor: Cursor, dialect: Dialect) -> String {
        let bytes = feeds.since(ROOM, cursor, dialect, false);
        bytes.map_or(String::new(), |unread| {
            String::from_utf8_lossy(&unread.bytes[unread.all()]).into_owned()
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
    fn a_cursor_of_an_earlier_feed_sees_all_of_this_one() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        push(&mut feeds, "a");
        let late = feeds.after_next(ROOM);
        end(&mut feeds);
        push(&mut feeds, "b");
        assert_eq!(since(&mut feeds, late, dialect), "-- b\r\n");
    }

    #[test]
    fn a_feed_goes_on_for_those_behind_until_it_is_long_or_old_or_a_buffer_is_held() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        let at = Duration::from_millis;
        let is_ending = |feeds: &Feeds, ms, most| !feeds.ending(at(ms), most, |_| true).is_empty();
        feeds.speak(dialect);
        push(&mut feeds, "a");
        let after_a = feeds.end(ROOM);
        assert!(!is_ending(&feeds, 0, 1000) && is_ending(&feeds, 0, 10));
        assert_eq!(feeds.ending(at(0), 1000, |_| false), [ROOM], "nobody is behind");
        feeds.next_batch(at(0), &[]);
        assert_eq!(feeds.told().count(), 0);
        push(&mut feeds, "b");
        assert_eq!(feeds.told().collect::<Vec<_>>(), [ROOM]);
        assert_eq!(since(&mut feeds, after_a, dialect), "-- b\r\n");
        assert_eq!(since(&mut feeds, Cursor::default(), dialect), "-- a\r\n-- b\r\n");
        assert!(!is_ending(&feeds, 49, 1000) && is_ending(&feeds, 50, 1000));
        let held = feeds.since(ROOM, after_a, dialect, false).map(|unread| Rc::clone(unread.bytes));
        assert!(held.is_some() && is_ending(&feeds, 0, 1000));
    }

    #[test]
    fn of_earlier_batches_bytes_are_left_in_the_dialects_that_were_spoken_then() {
        let (mut feeds, crlf) = (Feeds::default(), Dialect::default());
        let bare = crlf.with_bare_line_feeds();
        feeds.speak(crlf);
        push(&mut feeds, "a");
        feeds.next_batch(Duration::ZERO, &[]);
        feeds.speak(bare);
        let late = feeds.end(ROOM);
        push(&mut feeds, "b");
        feeds.next_batch(Duration::ZERO, &[]);
        assert!(feeds.feeds[&ROOM].messages.is_empty());
        push(&mut feeds, "c");
        assert_eq!(since(&mut feeds, Cursor::default(), crlf), "-- a\r\n-- b\r\n-- c\r\n");
        assert_eq!(since(&mut feeds, late, bare), "-- b\n-- c\n");
        let fresh = feeds.since(ROOM, late, bare, false).map(|unread| unread.fresh);
        assert_eq!(fresh, Some("-- b\n".len()));
    }

    #[test]
    fn a_buffer_that_is_still_being_sent_is_left_alone() {
        let (mut feeds, dialect) = (Feeds::default(), Dialect::default());
        push(&mut feeds, "a");
        let start = Cursor::default();
        let kept =
            feeds.since(ROOM, start, dialect, false).map(|unread| Rc::clone(unread.bytes)).unwrap();
        end(&mut feeds);
        push(&mut feeds, "b");
        assert_eq!(since(&mut feeds, start, dialect), "-- b\r\n");
        assert_eq!(kept.as_slice(), b"-- a\r\n");
    }

    #[test]
    fn all_clients_of_a_dialect_share_one_frame() {
        let mut feeds = Feeds::default();
        push(&mut feeds, "a");
        let mut get = || {
            [Dialect::Lines { timestamps: false }, Dialect::Json].map(|dialect| {
                Rc::clone(feeds.since(ROOM, Cursor::default(), dialect, false).unwrap().bytes)
            })
        };
        let ([lines, json], [other_lines, other_json]) = (get(), get());
        assert!(Rc::ptr_eq(&lines, &other_lines) && lines.ends_with(b"-- a"));
        assert!(Rc::ptr_eq(&json, &other_json) && json.ends_with(b"}"));
    }
}
