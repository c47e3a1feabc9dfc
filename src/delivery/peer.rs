//! `Peer`: the sending half of one client, and what waits to be sent.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::feed::{Cursor, Feeds, Unread};
use super::send_queue::SendQueue;
use super::slowness::{Slowness, Verdict};
use crate::admission::Slot;
use crate::chat::{ClientId, Message, RoomId};
use crate::net::Transport;
use crate::os::WritablePoll;
use crate::wire::{Dialect, Farewell, PING};

/// One client as the broadcaster sees it. Nothing here waits.
#[derive(Debug)]
pub struct Peer {
    transport: Arc<Transport>,
    addr: SocketAddr,
    _slot: Arc<Slot>,
    dialect: Dialect,
    queue: SendQueue,
    /// The rooms whose feeds it gets, and how much of each it has.
    seats: Vec<(RoomId, Cursor)>,
    sending: Sending,
    /// Whether its socket takes no more until `go_on` is called.
    is_behind: bool,
    /// Whether its rooms have it with those who are behind.
    pub is_with_those_behind: bool,
    /// Whether its session is over, so that only the queue keeps it.
    is_unread: bool,
    slowness: Slowness,
    /// Whether it is on the list of those to be flushed.
    pub is_due: bool,
    /// Whether its connection would outlive the process.
    pub is_kept: bool,
}

/// What may still be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    /// Everything.
    Open,
    /// What is in the queue, and then the end.
    Ending,
    /// Nothing: the end was sent, or sending failed.
    Over,
}

impl Peer {
    /// The peer of a client that just connected.
    pub fn new(
        transport: Arc<Transport>,
        addr: SocketAddr,
        slot: Arc<Slot>,
        dialect: Dialect,
    ) -> Self {
        Self {
            transport,
            addr,
            _slot: slot,
            dialect,
            queue: SendQueue::default(),
            seats: Vec::with_capacity(1),
            sending: Sending::Open,
            is_behind: false,
            is_with_those_behind: false,
            is_unread: false,
            slowness: Slowness::default(),
            is_due: false,
            is_kept: false,
        }
    }

    /// One that another process had, for which `queue` waits.
    pub fn resume(
        transport: Arc<Transport>,
        addr: SocketAddr,
        slot: Arc<Slot>,
        dialect: Dialect,
        queue: Vec<u8>,
    ) -> Self {
        let mut peer = Self::new(transport, addr, slot, dialect);
        let length = queue.len();
        // Most of it was shared with others, and a burst is not slowness now either.
        peer.queue.push_shared(&Rc::new(queue), 0..length);
        peer
    }

    /// Whether another process could go on with it: TLS has state that cannot be moved.
    pub fn can_move(&self) -> bool {
        self.sending == Sending::Open && self.transport.is_bare()
    }

    /// Its connection, and all that another process has to know of it, once its session has
    /// parked.
    pub fn into_parts(self) -> Option<(TcpStream, Dialect, Vec<u8>)> {
        let queue = self.queue.slices().collect::<Vec<_>>().concat();
        let stream = Arc::into_inner(self.transport)?.into_bare()?;
        Some((stream, self.dialect, queue))
    }

    /// Its connection.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// How the client is spoken to.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the client is.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether it has to be pinged now and then.
    pub fn is_websocket(&self) -> bool {
        self.dialect.is_websocket()
    }

    /// Whether its socket takes no more for now.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// The rooms whose feeds it gets.
    pub fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.seats.iter().map(|(room, _)| *room)
    }

    /// Bytes that wait to be sent.
    pub fn queued(&self) -> usize {
        self.queue.bytes()
    }

    /// How many of them wait for this client only.
    pub fn own_queued(&self) -> usize {
        self.queue.own_bytes()
    }

    /// Whether it is so far behind that it has to go.
    pub fn judge(&mut self, now: Duration, limit: usize) -> Verdict {
        self.slowness.judge(now, self.queue.bytes(), self.queue.own_bytes(), limit)
    }

    /// Whether there is nothing left to do for it.
    pub fn is_finished(&self) -> bool {
        self.is_unread && self.is_all_sent()
    }

    /// From here on it gets what the room is told.
    pub fn enter(&mut self, room: RoomId, feeds: &mut Feeds) {
        self.seats.push((room, feeds.end(room)));
    }

    /// From here on it does not.
    pub fn leave(&mut self, room: RoomId, feeds: &mut Feeds) {
        self.catch_up(feeds);
        self.seats.retain(|(seat, _)| *seat != room);
    }

    /// It is not to get what the room is told next.
    pub fn skip_next(&mut self, room: RoomId, feeds: &mut Feeds) {
        self.catch_up(feeds);
        for (_, cursor) in self.seats.iter_mut().filter(|(seat, _)| *seat == room) {
            *cursor = feeds.after_next(room);
        }
    }

    /// Queues a message for it alone, after everything its rooms were told before.
    pub fn tell(&mut self, message: &Message, feeds: &mut Feeds) {
        self.push(feeds, |dialect, out| dialect.encode(message, out));
    }

    /// Queues bytes as they are, in the same way.
    pub fn send(&mut self, bytes: &[u8], feeds: &mut Feeds) {
        self.push(feeds, |_, out| out.extend_from_slice(bytes));
    }

    fn push(&mut self, feeds: &mut Feeds, write: impl FnOnce(Dialect, &mut Vec<u8>)) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            self.queue.push_with(|out| write(self.dialect, out));
        }
    }

    /// Changes how it is spoken to from here on.
    pub fn respeak(&mut self, feeds: &mut Feeds, change: impl FnOnce(Dialect) -> Dialect) {
        self.catch_up(feeds);
        self.dialect = change(self.dialect);
        if self.is_with_those_behind {
            feeds.await_in(self.dialect);
        }
    }

    /// Keeps its connection alive by the protocol's own means, unless something is on its way.
    pub fn ping(&mut self, feeds: &mut Feeds) {
        if self.dialect.is_websocket() && self.queue.is_empty() {
            self.send(&PING, feeds);
        }
    }

    /// Queues what its rooms were told so far, although this batch may go on.
    fn catch_up(&mut self, feeds: &mut Feeds) {
        self.receive(feeds, false);
    }

    /// Queues the rest of what its rooms were told, without a copy. Returns whether there was any.
    pub fn take(&mut self, feeds: &mut Feeds) -> bool {
        self.receive(feeds, true)
    }

    fn receive(&mut self, feeds: &mut Feeds, is_batch_over: bool) -> bool {
        let mut any = false;
        for (room, cursor) in &mut self.seats {
            if self.sending == Sending::Open
                && let Some(Unread { bytes, start, fresh }) =
                    feeds.unread(*room, *cursor, self.dialect, self.is_behind)
            {
                let shared = if is_batch_over { bytes.len() } else { fresh };
                self.queue.push_shared(bytes, start..shared);
                self.queue.push_with(|out| out.extend_from_slice(&bytes[shared..]));
                any = true;
            }
            *cursor = feeds.end(*room);
        }
        any
    }

    /// Sends what waits, in one call, as far as the socket takes it now, and says how much that
    /// was. If that is not all, `writable` will tell, by the client's number, when to go on.
    pub fn flush(&mut self, id: ClientId, writable: &WritablePoll) -> usize {
        if self.is_behind {
            return 0;
        }
        let sent = if self.is_all_sent() { 0 } else { self.send_some() };
        if self.is_all_sent() {
            self.end_if_done();
        } else if let Err(error) = writable.watch(&*self.transport, id.0) {
            log::error!("cannot watch {} for writability: {error}", self.addr);
            self.abort();
        } else {
            self.is_behind = true;
        }
        sent
    }

    fn send_some(&mut self) -> usize {
        match self.transport.send_now(self.queue.slices()) {
            Ok(count) => {
                self.queue.consume(count);
                return count;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The client may still have sent something worth reading: its session goes on.
            Err(_) => self.give_up(),
        }
        0
    }

    /// Its socket takes more again.
    pub fn go_on(&mut self) {
        self.is_behind = false;
    }

    fn is_all_sent(&self) -> bool {
        self.queue.is_empty() && (self.sending == Sending::Over || !self.transport.is_pending())
    }

    /// Queues what the protocol has to say at the end.
    pub fn say_farewell(&mut self, farewell: Farewell, feeds: &mut Feeds) {
        self.push(feeds, |dialect, out| dialect.encode_end(farewell, out));
        self.finish(feeds);
    }

    /// Ends the sending once everything so far is sent.
    pub fn finish(&mut self, feeds: &mut Feeds) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            self.sending = Sending::Ending;
        }
    }

    /// The same for a client whose session is over: after that it is finished.
    pub fn finish_unread(&mut self, feeds: &mut Feeds) {
        self.is_unread = true;
        self.finish(feeds);
    }

    /// Ends the connection at once, in both directions; its session, if it has one, will notice.
    pub fn close(&mut self) {
        self.give_up();
        self.transport.close();
    }

    /// Like [`close`](Self::close), and the kernel forgets what it still holds.
    pub fn abort(&mut self) {
        self.give_up();
        self.transport.abort();
    }

    fn give_up(&mut self) {
        self.sending = Sending::Over;
        self.queue.clear();
    }

    fn end_if_done(&mut self) {
        if self.sending == Sending::Ending {
            self.sending = Sending::Over;
            self.transport.finish_sending();
        }
    }
}
