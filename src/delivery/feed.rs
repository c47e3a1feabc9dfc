//! `Feeds`: what rooms are told, encoded once for all clients of a dialect.
//!
//! A room's feed is for one batch, unless somebody there is behind: who cannot be sent anything
//! need not be given each batch, so the feed goes on for a few of them.

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
pub(super) struct Feed {
    /// No other feed ever had it.
    number: u64,
    /// How many messages there were in earlier batches. Only their bytes are left.
    earlier: usize,
    /// Those of the current batch.
    messages: Vec<Message>,
    /// About how many bytes all of them have.
    weight: usize,
    /// When its first batch ended.
    began: Option<Duration>,
    /// Whether a client that has yet to send them had its bytes before the last were added.
    is_held: bool,
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
    /// Where those of the current batch begin. More may follow them, and a buffer that somebody
    /// shares is copied when it grows.
    pub fresh: usize,
}

impl Feed {
    /// How many messages it has had so far.
    fn len(&self) -> usize {
        self.earlier + self.messages.len()
    }

    /// Encodes what is not encoded yet.
    fn encode(&mut self, dialect: Dialect) -> &mut Encoded {
        let length = self.len();
        let encoded = &mut self.encoded[dialect.index()];
        let Encoded { bytes, ends } = encoded;
        // Nobody is due what was told before anybody needed it in the dialect.
        ends.resize(ends.len().max(self.earlier), bytes.len());
        if ends.len() < length {
            self.is_held |= Rc::strong_count(bytes) > 1;
            let buffer = Rc::make_mut(bytes);
            for message in &self.messages[ends.len() - self.earlier..] {
                dialect.encode(message, buffer);
                ends.push(buffer.len());
            }
        }
        encoded
    }

    /// The bytes of the messages from number `start` on, in `dialect`, for a client that
    /// `will_wait` to send them or not.
    fn unread(&mut self, start: usize, dialect: Dialect, will_wait: bool) -> Unread<'_> {
        let earlier = self.earlier;
        let Encoded { bytes, ends } = self.encode(dialect);
        if will_wait
            && bytes.capacity() / 2 > bytes.len()
            && let Some(buffer) = Rc::get_mut(bytes)
        {
            buffer.shrink_to_fit();
        }
        let offset = |messages: usize| messages.checked_sub(1).map_or(0, |last| ends[last]);
        let start = offset(start);
        Unread { bytes, start, fresh: offset(earlier).max(start) }
    }

    /// Whether it must not go on: it has gone on for long, or it has `most` bytes, or some client
    /// still has to send what is in its buffers.
    fn is_over(&self, now: Duration, most: usize) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
            || self.weight >= most
            || self.is_held
            || self.encoded.iter().any(|encoded| Rc::strong_count(&encoded.bytes) > 1)
    }

    /// When it has gone on for long enough.
    fn deadline(&self) -> Option<Duration> {
        self.began.map(|began| began + LONGEST)
    }

    /// Goes on in the next batch. Only bytes are kept: the messages of several batches would not
    /// fit the processor's caches.
    fn next_batch(&mut self, now: Duration, awaited: &[Dialect]) {
        for dialect in awaited {
            self.encode(*dialect);
        }
        self.earlier = self.len();
        self.messages.clear();
        self.began.get_or_insert(now);
    }

    /// Forgets everything. Buffers are used again unless some client still has to send them.
    fn clear(&mut self) {
        self.messages.clear();
        (self.earlier, self.weight, self.began, self.is_held) = (0, 0, None, false);
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
    /// The dialects of all who ever were behind.
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

    /// Keeps what is told from here on in the dialect of somebody who is behind.
    pub fn await_in(&mut self, dialect: Dialect) {
        if !self.awaited.contains(&dialect) {
            self.awaited.push(dialect);
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

    /// What a client at `cursor` has yet to get of a room's feed, if there is anything. If it
    /// `will_wait` until its socket takes more, the buffer has at most half of its memory to spare.
    pub fn unread(
        &mut self,
        room: RoomId,
        cursor: Cursor,
        dialect: Dialect,
        will_wait: bool,
    ) -> Option<Unread<'_>> {
        let feed = self.feeds.get_mut(&room)?;
        // Of an earlier feed everything was taken.
        let start = if cursor.feed == feed.number { cursor.messages } else { 0 };
        (start < feed.len()).then(|| feed.unread(start, dialect, will_wait))
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
    pub fn next_deadline(&self) -> Option<Duration> {
        self.feeds.values().filter_map(Feed::deadline).min()
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

    /// Ends the batch, with nobody behind.
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
            feeds.unread(ROOM, after_a, dialect, false).map(|unread| Rc::clone(unread.bytes));
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
        let kept = feeds
            .unread(ROOM, start, dialect, false)
            .map(|unread| Rc::clone(unread.bytes))
            .unwrap();
        end(&mut feeds);
        push(&mut feeds, "b");
        assert_eq!(unread(&mut feeds, start, dialect), "-- b\r\n");
        assert_eq!(kept.as_slice(), b"-- a\r\n");
    }

    #[test]
    fn all_clients_of_a_dialect_share_one_frame() {
        let mut feeds = Feeds::default();
        push(&mut feeds, "a");
        let mut get = || {
            [Dialect::Lines { timestamps: false }, Dialect::Json].map(|dialect| {
                Rc::clone(feeds.unread(ROOM, Cursor::default(), dialect, false).unwrap().bytes)
            })
        };
        let ([lines, json], [other_lines, other_json]) = (get(), get());
        assert!(Rc::ptr_eq(&lines, &other_lines) && lines.ends_with(b"-- a"));
        assert!(Rc::ptr_eq(&json, &other_json) && json.ends_with(b"}"));
    }
}
