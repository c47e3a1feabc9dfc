//! `Backlog`: lines and topics that wait to be written, and marks for lines that did not fit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::item::{Gap, Item};
use crate::chat::{Entry, RoomName};

/// Lines that may wait for the disk, by number and by bytes of text.
const MAX_WAITING: usize = 65_536;
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Rooms that overflow is remembered for, of lines and of topics: anybody can invent room names.
const MAX_ROOMS: usize = 16_384;
/// Notes that are remembered when they do not fit.
const MAX_NOTES: usize = 16_384;
/// Lines written at once.
const MAX_BATCH: usize = 4096;

/// What did not fit into the queue: by room a count of lines, the last topic and what is kept of
/// it, and notes by `seq`.
#[derive(Debug, Default)]
struct Overflow {
    gaps: BTreeMap<RoomName, Item>,
    topics: BTreeMap<RoomName, Item>,
    kept: BTreeMap<RoomName, Item>,
    notes: BTreeMap<u64, Item>,
    /// Notes, and what is kept of rooms, that found no place in `notes` and `kept`.
    lost_notes: u64,
    /// Lost lines of rooms that found no place in `gaps`.
    unmarked: u64,
}

impl Overflow {
    fn add(&mut self, item: Item) {
        match item {
            Item::Topic { room, .. } if has_room(&self.topics, room) => {
                self.topics.insert(room, item);
            }
            Item::Kept { room, .. } if has_room(&self.kept, room) => {
                self.kept.insert(room, item);
            }
            Item::Kept { .. } => self.lost_notes += 1,
            // A lost topic or marker is not counted: it is less than a lost line.
            Item::Topic { .. } | Item::GapBefore { .. } => {}
            Item::Note { seq, .. } if self.notes.len() < MAX_NOTES => {
                self.notes.insert(seq, item);
            }
            Item::Note { .. } => self.lost_notes += 1,
            Item::Line { room, .. } if !has_room(&self.gaps, room) => self.unmarked += 1,
            Item::Gap { room, .. } => drop(self.gaps.insert(room, item)),
            Item::Line { seq, room, entry: Entry { id, at, private, .. } } => {
                let none = Gap { id, first: seq, last: seq, lines: 0, from: at, to: at, private };
                let gap = self.gaps.entry(room).or_insert(Item::Gap { room, gap: none });
                if let Item::Gap { gap, .. } = gap {
                    (gap.last, gap.to) = (seq, at);
                    gap.private &= private;
                    gap.lines += 1;
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.gaps.is_empty()
            && self.topics.is_empty()
            && self.kept.is_empty()
            && self.notes.is_empty()
    }

    fn pop(&mut self) -> Option<Item> {
        if let Some((_, note)) = self.notes.pop_first() {
            return Some(note);
        }
        // Members may read what was said in private once the room was kept, so that comes first.
        let Self { kept, gaps, topics, .. } = self;
        let next = kept.pop_first().or_else(|| gaps.pop_first()).or_else(|| topics.pop_first());
        next.map(|(_, item)| item)
    }
}

/// Whether `room` has a place in `rooms`, or can get one.
fn has_room(rooms: &BTreeMap<RoomName, Item>, room: RoomName) -> bool {
    rooms.len() < MAX_ROOMS || rooms.contains_key(&room)
}

/// The state that both ends share.
#[derive(Debug, Default)]
struct BacklogState {
    overflow: Mutex<Overflow>,
    waiting_bytes: AtomicUsize,
    done: AtomicU64,
    /// The `seq` of the last item.
    handed: AtomicU64,
}

impl BacklogState {
    /// Ignores poisoning: no code panics while it holds the lock.
    fn overflow(&self) -> MutexGuard<'_, Overflow> {
        self.overflow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sending end. Never waits.
#[derive(Debug)]
pub(super) struct Backlog {
    queue: Sender<Item>,
    shared: Arc<BacklogState>,
    handed: u64,
}

/// The receiving end, which the writer reads.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) items: Receiver<Item>,
    shared: Arc<BacklogState>,
}

/// Both ends of an empty backlog.
pub(super) fn backlog() -> (Backlog, Queue) {
    let (queue, items) = bounded(MAX_WAITING);
    let shared = Arc::new(BacklogState::default());
    (Backlog { queue, shared: Arc::clone(&shared), handed: 0 }, Queue { items, shared })
}

impl Backlog {
    /// Queues the item that `make` builds from the next number, and returns that number; `None`
    /// when it does not fit.
    pub(super) fn push(&mut self, make: impl FnOnce(u64) -> Item) -> Option<u64> {
        self.handed += 1;
        let item = make(self.handed);
        let shared = Arc::clone(&self.shared);
        let mut overflow = shared.overflow();
        // The number is published under the lock: a reader that sees it and then locks finds the
        // item queued.
        shared.handed.store(self.handed, Ordering::Release);
        // What did not fit before comes first, to keep the order.
        while let Some(late) = overflow.pop() {
            if let Err(late) = self.try_send(late) {
                overflow.add(late);
                overflow.add(item);
                return None;
            }
        }
        match self.try_send(item) {
            Ok(()) => Some(self.handed),
            Err(item) => {
                overflow.add(item);
                None
            }
        }
    }

    /// The `seq` of the last item.
    pub(super) fn handed(&self) -> u64 {
        self.handed
    }

    /// How many items are neither written nor lost.
    pub(super) fn pending(&self) -> u64 {
        self.handed.saturating_sub(self.shared.done.load(Ordering::Acquire))
    }

    fn try_send(&self, item: Item) -> Result<(), Item> {
        let bytes = item.bytes();
        if self.shared.waiting_bytes.load(Ordering::Relaxed) + bytes > MAX_BYTES {
            return Err(item);
        }
        self.shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.queue.try_send(item).map_err(|refused| {
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            refused.into_inner()
        })
    }
}

impl Queue {
    /// What the writer can commit together, beginning with `first`.
    pub(super) fn batch(&self, first: Option<Item>) -> Vec<Item> {
        let mut batch: Vec<_> = first.into_iter().collect();
        batch.extend(self.items.try_iter().take(MAX_BATCH));
        if batch.len() < MAX_BATCH {
            let mut overflow = self.shared.overflow();
            // The sending end pushes under this lock, so the order holds.
            batch.extend(self.items.try_iter());
            for late in std::iter::from_fn(|| overflow.pop()) {
                self.shared.waiting_bytes.fetch_add(late.bytes(), Ordering::Relaxed);
                batch.push(late);
            }
        }
        batch
    }

    /// The `seq` of the last item.
    pub(super) fn handed(&self) -> u64 {
        self.shared.handed.load(Ordering::Acquire)
    }

    /// Whether everything up to that number is written, or lost.
    pub(super) fn is_done(&self, upto: u64) -> bool {
        let is_written = self.shared.done.load(Ordering::Acquire) >= upto;
        // `done` never reaches an item that was lost without a mark.
        is_written || (self.shared.overflow().is_empty() && self.items.is_empty())
    }

    /// Takes the count of lines that were lost without a mark since the last call.
    pub(super) fn take_unmarked(&self) -> u64 {
        std::mem::take(&mut self.shared.overflow().unmarked)
    }

    /// Takes the count of notes that were lost since the last call.
    pub(super) fn take_lost_notes(&self) -> u64 {
        std::mem::take(&mut self.shared.overflow().lost_notes)
    }

    /// Notes that a batch is on the disk, and returns the number up to which everything is.
    pub(super) fn written(&self, batch: &[Item]) -> u64 {
        let bytes = batch.iter().map(Item::bytes).sum();
        self.shared.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let upto = batch.iter().map(Item::seq).max().unwrap_or(0);
        self.shared.done.fetch_max(upto, Ordering::AcqRel).max(upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Kind, LineId, Moment, Nick};
    use crate::store::note::Note;
    use crate::text::Text;

    fn room(name: &str) -> RoomName {
        RoomName::new(name).unwrap()
    }

    fn line(name: &str, minute: i64, text: &str) -> impl FnOnce(u64) -> Item {
        let (room, at) = (room(name), Moment { unix_ms: minute });
        let (from, text) = (Nick::new("alice").unwrap(), Text::new(text));
        move |seq| {
            let id = LineId::new("here", seq);
            Item::Line {
                seq,
                room,
                entry: Entry { id, at, from, kind: Kind::Said, text, private: false },
            }
        }
    }

    /// The items in short.
    fn summary(batch: &[Item]) -> Vec<String> {
        let brief = |item: &Item| match item {
            Item::Line { seq, .. } => format!("line {seq}"),
            Item::Topic { seq, .. } => format!("topic {seq}"),
            Item::Kept { seq, .. } => format!("kept {seq}"),
            Item::Gap { gap, .. } => format!("{} lost from {}", gap.lines, gap.first),
            Item::GapBefore { id, .. } => format!("lost before {id}"),
            Item::Note { seq, .. } => format!("note {seq}"),
        };
        batch.iter().map(brief).collect()
    }

    /// Fills it with lines of that text, and returns how many fit.
    fn fill(backlog: &mut Backlog, text: &str) -> u64 {
        let mut filled = 0;
        while backlog.push(line("lobby", 0, text)).is_some() {
            filled += 1;
        }
        filled
    }

    #[test]
    fn what_was_lost_comes_before_what_fits_again() {
        let (mut backlog, queue) = backlog();
        let filled = fill(&mut backlog, "");
        assert_eq!(filled, MAX_WAITING as u64);
        assert_eq!(backlog.push(line("dev", 1, "")), None);
        assert_eq!(backlog.push(line("lobby", 2, "")), None);
        (0..2).for_each(|_| drop(queue.items.try_recv()));
        assert_eq!(backlog.push(line("lobby", 3, "")), None, "there is room for the gaps only");
        (0..3).for_each(|_| drop(queue.items.try_recv()));
        let fits = backlog.push(line("lobby", 4, "")).unwrap();
        let rest: Vec<_> = queue.items.try_iter().collect();
        let [.., one, two, three, four] = rest.as_slice() else { panic!() };
        let lost = [format!("1 lost from {}", filled + 2), format!("2 lost from {}", filled + 1)];
        let [dev, lobby] = lost;
        let later = format!("1 lost from {}", filled + 4);
        let last = [one, two, three, four].map(Clone::clone);
        assert_eq!(summary(&last), [dev, lobby, later, format!("line {fits}")]);
    }

    #[test]
    fn a_writer_with_nothing_else_to_do_takes_what_was_lost_and_late() {
        let (mut backlog, queue) = backlog();
        let filled = fill(&mut backlog, "");
        let topic = |seq| Item::Topic { seq, room: room("dev"), topic: None };
        assert_eq!(backlog.push(topic), None);
        assert_eq!(backlog.push(topic), None);
        let mut written = 0;
        loop {
            let batch = queue.batch(None);
            if batch.is_empty() {
                break;
            }
            written += batch.len() as u64;
            queue.written(&batch);
        }
        assert_eq!(written, filled + 2, "one gap, and of the topics the last");
        assert_eq!(backlog.pending(), 0);
    }

    #[test]
    fn notes_that_come_while_the_queue_is_full_are_written_in_their_order() {
        let (mut backlog, queue) = backlog();
        let filled = fill(&mut backlog, "");
        let note = |seq| Item::Note { seq, note: Note::Published(0) };
        for _ in 0..3 {
            assert_eq!(backlog.push(note), None);
        }
        (0..2).for_each(|_| drop(queue.items.try_recv()));
        assert_eq!(backlog.push(note), None);
        let mut written = Vec::new();
        while let batch = queue.batch(None)
            && !batch.is_empty()
        {
            queue.written(&batch);
            written.extend(batch);
        }
        let mut written = summary(&written);
        written.retain(|item| item.starts_with("note"));
        // One line after those that fit was lost.
        let notes: Vec<_> = (2..=5).map(|number| format!("note {}", filled + number)).collect();
        assert_eq!(written, notes);
        assert_eq!((backlog.pending(), queue.take_lost_notes()), (0, 0));
    }

    #[test]
    fn of_rooms_without_number_only_so_many_are_remembered_and_the_rest_is_counted() {
        let (mut backlog, queue) = backlog();
        fill(&mut backlog, "");
        // One is the lobby.
        for number in 0..MAX_ROOMS + 5 {
            assert_eq!(backlog.push(line(&format!("r{number}"), 1, "")), None);
            let room = room(&format!("r{number}"));
            assert_eq!(backlog.push(|seq| Item::Topic { seq, room, topic: None }), None);
        }
        assert_eq!(backlog.push(line("r0", 2, "")), None);
        let overflow = queue.shared.overflow();
        assert_eq!((overflow.gaps.len(), overflow.topics.len()), (MAX_ROOMS, MAX_ROOMS));
        drop(overflow);
        assert_eq!([queue.take_unmarked(), queue.take_unmarked()], [6, 0]);
    }

    #[test]
    fn long_lines_are_bounded_by_their_bytes() {
        let (mut backlog, queue) = backlog();
        let text = "x".repeat(64 * 1024);
        assert_eq!(fill(&mut backlog, &text), (MAX_BYTES / text.len()) as u64);
        let batch = queue.batch(None);
        assert_eq!(
            backlog.push(line("lobby", 0, &text)),
            None,
            "a batch counts until it is written"
        );
        queue.written(&batch);
        assert!(backlog.push(line("lobby", 0, &text)).is_some());
    }
}
