//! `SendQueue`: bytes that wait for one client's socket, in order.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Fewer shared bytes than this are copied: a reference would cost as much memory as it saves.
const WORTH_SHARING: usize = 256;
/// Copied bytes are joined in buffers up to this size, bytes that were sent meanwhile included.
const CHUNK: usize = 4096;

/// Ranges of buffers, most of which the queues of other clients share.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    pieces: VecDeque<Piece>,
    bytes: usize,
    own: usize,
}

#[derive(Debug)]
struct Piece {
    buffer: Arc<Vec<u8>>,
    range: Range<usize>,
    is_own: bool,
}

impl SendQueue {
    /// How many bytes are queued.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many of them no other queue shares.
    pub(super) fn own_bytes(&self) -> usize {
        self.own
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Appends a range of a buffer that other queues may share, without a copy if it is large.
    pub(super) fn push_shared(&mut self, buffer: &Arc<Vec<u8>>, range: Range<usize>) {
        if range.len() < WORTH_SHARING && !self.is_empty() {
            return self.push_with(|own| own.extend_from_slice(&buffer[range]));
        }
        if !range.is_empty() {
            self.bytes += range.len();
            self.pieces.push_back(Piece { buffer: Arc::clone(buffer), range, is_own: false });
        }
    }

    /// Appends bytes for this client alone: `write` must append them to its argument.
    pub(super) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes;
        if let Some(Piece { buffer, range, is_own: true }) = self.pieces.back_mut()
            && range.end < CHUNK
            && let Some(own) = Arc::get_mut(buffer)
        {
            write(own);
            self.bytes += own.len() - range.end;
            range.end = own.len();
        } else {
            let mut own = Vec::new();
            write(&mut own);
            let range = 0..own.len();
            if !range.is_empty() {
                self.bytes += range.len();
                self.pieces.push_back(Piece { buffer: Arc::new(own), range, is_own: true });
            }
        }
        self.own += self.bytes - before;
    }

    /// The queued bytes, piece by piece, for one vectored write.
    pub(super) fn slices(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.pieces.iter().map(|piece| &piece.buffer[piece.range.clone()])
    }

    /// Removes `count` bytes from the front, which were sent.
    pub(super) fn consume(&mut self, mut count: usize) {
        self.bytes -= count;
        while count > 0 {
            let Some(front) = self.pieces.front_mut() else { return };
            let taken = front.range.len().min(count);
            front.range.start += taken;
            count -= taken;
            self.own -= if front.is_own { taken } else { 0 };
            if front.range.is_empty() {
                self.pieces.pop_front();
            }
        }
        if self.pieces.is_empty() {
            // An idle client keeps room for the one piece that most batches are.
            self.pieces.shrink_to(1);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contents(queue: &SendQueue) -> Vec<u8> {
        queue.slices().collect::<Vec<_>>().concat()
    }

    #[test]
    fn large_shared_pieces_are_not_copied() {
        let buffer = Arc::new(vec![b'x'; WORTH_SHARING]);
        let mut queue = SendQueue::default();
        queue.push_shared(&buffer, 0..WORTH_SHARING);
        assert_eq!(Arc::strong_count(&buffer), 2);
        queue.consume(WORTH_SHARING);
        assert_eq!(Arc::strong_count(&buffer), 1);
    }

    #[test]
    fn many_small_pieces_take_little_more_than_their_bytes() {
        let buffer = Arc::new(vec![b'x'; 10]);
        let mut queue = SendQueue::default();
        for _ in 0..10_000 {
            queue.push_shared(&buffer, 0..10);
        }
        assert!(queue.pieces.len() <= 2 + 100_000 / CHUNK);
    }

    /// The bytes that the queue holds in memory, each buffer counted once for each of its pieces.
    fn bytes_in_memory(queue: &SendQueue) -> usize {
        queue.pieces.iter().map(|piece| piece.buffer.len()).sum()
    }

    #[test]
    fn what_was_sent_is_not_kept_although_something_always_waits() {
        let mut queue = SendQueue::default();
        for _ in 0..1000 {
            queue.push_with(|own| own.extend_from_slice(&[b'x'; 1000]));
            queue.consume(queue.bytes() - 1);
        }
        let held = bytes_in_memory(&queue);
        assert!(held <= 2 * CHUNK, "{held} bytes");
    }

    proptest! {
        #[test]
        fn bytes_come_out_as_they_went_in(
            pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..600)), 0..30),
            takes in prop::collection::vec(0usize..900, 0..60),
        ) {
            let (mut queue, mut expected) = (SendQueue::default(), Vec::new());
            let mut takes = takes.into_iter();
            for (shared, bytes) in pieces {
                expected.extend_from_slice(&bytes);
                if shared {
                    let range = 0..bytes.len();
                    queue.push_shared(&Arc::new(bytes), range);
                } else {
                    queue.push_with(|own| own.extend_from_slice(&bytes));
                }
                let take = takes.next().unwrap_or(0).min(queue.bytes());
                queue.consume(take);
                expected.drain(..take);
                prop_assert_eq!(&contents(&queue), &expected);
                prop_assert_eq!(queue.bytes(), expected.len());
                let own = queue.pieces.iter().filter(|piece| piece.is_own);
                prop_assert_eq!(queue.own_bytes(), own.map(|piece| piece.range.len()).sum::<usize>());
            }
        }
    }
}
