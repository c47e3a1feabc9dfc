//! `Senders`: threads that help the broadcaster to send.
//!
//! The broadcaster alone decides what each client gets, and in which order. When many clients are
//! due at once, it lends their peers to these threads, sends its own share, and goes on once it has
//! all of them back. So a peer is never in two places, and each client still gets one send.

use std::io;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender};

use super::peer::Peer;
use crate::chat::ClientId;
use crate::os::WritablePoll;

/// Clients that must be due for each thread: for fewer, waking it takes longer than it saves. In
/// unit tests it is always worth it.
const WORTH_WAKING: usize = if cfg!(test) { 1 } else { 32 };

/// Peers that one thread flushes, and how many bytes their sockets took.
#[derive(Debug, Default)]
pub(super) struct Share {
    pub(super) peers: Vec<(ClientId, Box<Peer>)>,
    pub(super) sent: usize,
}

/// The threads, and what each of them, the broadcaster included, has to send next.
#[derive(Debug, Default)]
pub struct Senders {
    threads: Vec<Helper>,
    shares: Vec<Share>,
}

/// The broadcaster's ends of a thread's channels.
#[derive(Debug)]
struct Helper {
    lend: Sender<Share>,
    give_back: Receiver<Share>,
}

impl Senders {
    /// `count` senders, of which the broadcaster is one.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(count: usize, writable: &Arc<WritablePoll>) -> io::Result<Self> {
        let threads = (1..count).map(|_| Helper::start(Arc::clone(writable)));
        let threads = threads.collect::<io::Result<Vec<_>>>()?;
        let shares = (0..=threads.len()).map(|_| Share::default()).collect();
        Ok(Self { threads, shares })
    }

    /// Whether `due` clients are so many that the threads save time.
    pub(super) fn are_worth_waking(&self, due: usize) -> bool {
        !self.threads.is_empty() && due >= WORTH_WAKING * self.shares.len()
    }

    /// Adds peers to the shares, evenly, and in the order of their turns.
    pub(super) fn lend(&mut self, peers: impl Iterator<Item = (ClientId, Box<Peer>)>) {
        let senders = self.shares.len();
        peers.enumerate().for_each(|(turn, peer)| self.shares[turn % senders].peers.push(peer));
    }

    /// Flushes all that were lent, and returns the shares, for [`reuse`](Self::reuse).
    pub(super) fn send(&mut self, writable: &WritablePoll) -> Vec<Share> {
        let mut shares = std::mem::take(&mut self.shares).into_iter();
        let own = shares.next();
        for (helper, share) in self.threads.iter().zip(shares) {
            helper.lend.send(share).expect("a sender runs as long as the broadcaster");
        }
        let own = own.into_iter().map(|share| share.flush(writable));
        let back = self.threads.iter().map(|helper| {
            helper.give_back.recv().expect("a sender runs as long as the broadcaster")
        });
        own.chain(back).collect()
    }

    /// Keeps the memory of shares whose peers were taken.
    pub(super) fn reuse(&mut self, shares: Vec<Share>) {
        self.shares = shares;
    }
}

impl Helper {
    fn start(writable: Arc<WritablePoll>) -> io::Result<Self> {
        let (lend, borrowed) = crossbeam_channel::bounded::<Share>(1);
        let (back, give_back) = crossbeam_channel::bounded(1);
        thread::Builder::new().name("sender".to_owned()).spawn(move || {
            for share in borrowed {
                if back.send(share.flush(&writable)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { lend, give_back })
    }
}

impl Share {
    fn flush(mut self, writable: &WritablePoll) -> Self {
        self.sent = self.peers.iter_mut().map(|(id, peer)| peer.flush(*id, writable)).sum();
        self
    }
}
