//! `Peer`: the sending half of one client, and its send queue.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use super::feed::{Cursor, Feeds, Unread};
use super::send_queue::SendQueue;
use super::slowness::{Slowness, Verdict};
use crate::address::Remote;
use crate::admission::Slot;
use crate::chat::{ClientId, Message, RoomId};
use crate::net::Transport;
use crate::os::WritablePoll;
use crate::restart::Lasting;
use crate::wire::irc::Conversation;
use crate::wire::{Dialect, Display, Draw, Farewell, PING, Speech};

/// One client as the broadcaster sees it. Nothing here blocks.
#[derive(Debug)]
pub struct Peer {
    transport: Arc<Transport>,
    remote: Remote,
    _slot: Arc<Slot>,
    pub(super) dialect: Dialect,
    pub(super) queue: SendQueue,
    /// The rooms that the client is in, and how much of their feeds it has.
    seats: Vec<(RoomId, Cursor)>,
    pub(super) sending: Sending,
    /// Whether its socket is full; nothing is sent until `set_writable` is called.
    is_behind: bool,
    /// Whether its rooms list it as behind.
    pub is_listed_behind: bool,
    /// Whether its session has ended, so that nothing is left to do but send the queue.
    is_unread: bool,
    slowness: Slowness,
    /// Whether the client ever sent a telnet command.
    pub is_telnet: bool,
    /// The client's screen, if its line is edited.
    display: Option<Box<Display>>,
    /// Its conversation, if it speaks IRC.
    pub(super) irc: Option<Box<Conversation>>,
    /// Whether the client is on the list of those to be flushed.
    pub is_due: bool,
    /// Whether the service manager has its descriptor, so that the connection outlives the process.
    pub is_stored: bool,
}

/// What is still sent to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// Everything.
    Open,
    /// The rest of the queue, and then the end of the stream.
    Ending,
    /// Nothing: the stream has ended, or sending failed.
    Over,
}

impl Peer {
    /// The peer of a client that has just connected.
    pub fn new(
        transport: Arc<Transport>,
        remote: Remote,
        slot: Arc<Slot>,
        Speech { dialect, display, irc }: Speech,
    ) -> Self {
        Self {
            transport,
            remote,
            _slot: slot,
            dialect,
            queue: SendQueue::default(),
            seats: Vec::with_capacity(1),
            sending: Sending::Open,
            is_behind: false,
            is_listed_behind: false,
            is_unread: false,
            slowness: Slowness::default(),
            is_telnet: false,
            display,
            irc,
            is_due: false,
            is_stored: false,
        }
    }

    /// The peer of a client that another process had; `queue` was not sent there.
    pub fn resume(
        transport: Arc<Transport>,
        remote: Remote,
        slot: Arc<Slot>,
        speech: Speech,
        queue: Vec<u8>,
    ) -> Self {
        let mut peer = Self::new(transport, remote, slot, speech);
        let length = queue.len();
        // Most of it was shared with other queues there. Counted as the client's own bytes, it
        // could exceed the limit at once.
        peer.queue.push_shared(&Arc::new(queue), 0..length);
        peer
    }

    /// Whether another process can take the client over: the state of TLS cannot be moved.
    pub fn can_move(&self) -> bool {
        self.sending == Sending::Open && self.transport.is_bare()
    }

    /// Its connection, the form of what it is sent, and its queue, for another process. `None` under TLS,
    /// and while its session still holds the connection.
    pub fn into_parts(self) -> Option<(OwnedFd, Speech, Vec<u8>)> {
        let queue = self.queue.slices().collect::<Vec<_>>().concat();
        let stream = Arc::into_inner(self.transport)?.into_bare()?;
        let Self { dialect, display, irc, .. } = self;
        Some((stream, Speech { dialect, display, irc }, queue))
    }

    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn remote(&self) -> Remote {
        self.remote
    }

    /// Whether the client speaks WebSocket, and is therefore pinged.
    pub fn is_websocket(&self) -> bool {
        self.dialect.is_websocket()
    }

    /// Whether its socket is full.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// The rooms that the client is in.
    pub fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.seats.iter().map(|(room, _)| *room)
    }

    /// Bytes in its queue.
    pub fn queued(&self) -> usize {
        self.queue.bytes()
    }

    /// Bytes in its queue that no other queue shares.
    pub fn own_queued(&self) -> usize {
        self.queue.own_bytes()
    }

    /// Whether the client is so far behind a queue of `limit` bytes that it has to be disconnected.
    pub fn judge(&mut self, now: Duration, limit: usize) -> Verdict {
        self.slowness.judge(now, self.queue.bytes(), self.queue.own_bytes(), limit)
    }

    /// Whether its session has ended and everything is sent, so that the peer can be dropped.
    pub fn is_finished(&self) -> bool {
        self.is_unread && self.is_all_sent()
    }

    /// Whether its socket is full when its rooms say that it is not, or the other way round, or the
    /// peer can be dropped.
    pub(super) fn has_changed(&self) -> bool {
        self.is_behind != self.is_listed_behind || self.is_finished()
    }

    /// The client joins a room: it gets the room's messages from here on.
    pub fn enter(&mut self, room: RoomId, feeds: &mut Feeds) {
        self.seats.push((room, feeds.end(room)));
    }

    /// The client leaves a room, whose messages so far it still gets.
    pub fn leave(&mut self, room: RoomId, feeds: &mut Feeds) {
        self.catch_up(feeds);
        self.seats.retain(|(seat, _)| *seat != room);
    }

    /// The client does not get the room's next message.
    pub fn skip_next(&mut self, room: RoomId, feeds: &mut Feeds) {
        self.catch_up(feeds);
        for (_, cursor) in self.seats.iter_mut().filter(|(seat, _)| *seat == room) {
            *cursor = feeds.after_next(room);
        }
    }

    /// Queues a message for this client, behind all earlier messages of its rooms.
    pub fn tell(&mut self, message: &Message, feeds: &mut Feeds) {
        if !self.tell_irc(message, feeds) {
            self.show(feeds, |dialect, out| dialect.encode(message, out));
        }
    }

    /// The same for a line that rings the client's bell.
    pub fn ring(&mut self, message: &Message, feeds: &mut Feeds) {
        if !self.tell_irc(message, feeds) {
            self.show(feeds, |dialect, out| dialect.encode_ringing(message, out));
        }
    }

    /// Queues encoded lines; above the edited line, if there is one.
    fn show(&mut self, feeds: &mut Feeds, encode: impl FnOnce(Dialect, &mut Vec<u8>)) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            let Self { queue, dialect, display, .. } = self;
            queue.push_with(|out| match display {
                None => encode(*dialect, out),
                Some(display) => {
                    let mut lines = Vec::new();
                    encode(*dialect, &mut lines);
                    display.show(&lines, out);
                }
            });
        }
    }

    /// What the roster says of its connection.
    pub fn lasting(&self) -> Lasting {
        let editing = self.display.as_ref().map(|display| display.size());
        Lasting { remote: self.remote, dialect: self.lasting_dialect(), editing }
    }

    /// Changes the client's screen.
    pub fn draw(&mut self, draw: Draw, feeds: &mut Feeds) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            let Self { queue, display, .. } = self;
            queue.push_with(|out| draw.apply(display, out));
        }
    }

    /// Queues bytes as they are, in the same order.
    pub fn send(&mut self, bytes: &[u8], feeds: &mut Feeds) {
        self.push(feeds, |_, out| out.extend_from_slice(bytes));
    }

    /// The same for many bytes, which do not count as the client's own: they are more than it can be
    /// expected to receive at once.
    pub fn send_shared(&mut self, bytes: Vec<u8>, feeds: &mut Feeds) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            let length = bytes.len();
            self.queue.push_shared(&Arc::new(bytes), 0..length);
        }
    }

    fn push(&mut self, feeds: &mut Feeds, write: impl FnOnce(Dialect, &mut Vec<u8>)) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            self.queue.push_with(|out| write(self.dialect, out));
        }
    }

    /// Changes the dialect of all that follows.
    pub fn respeak(&mut self, feeds: &mut Feeds, change: impl FnOnce(Dialect) -> Dialect) {
        self.catch_up(feeds);
        self.dialect = change(self.dialect);
        if self.is_listed_behind {
            feeds.await_in(self.dialect);
        }
    }

    /// Sends a WebSocket ping to keep the connection alive, unless data is queued anyway.
    pub fn ping(&mut self, feeds: &mut Feeds) {
        if self.dialect.is_websocket() && self.queue.is_empty() {
            self.send(&PING, feeds);
        }
    }

    /// Queues the messages of its rooms so far, in the middle of a batch.
    pub(super) fn catch_up(&mut self, feeds: &mut Feeds) {
        self.receive(feeds, false);
    }

    /// Queues the rest of its rooms' messages at the end of a batch, without a copy. Returns
    /// whether there were any.
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
                if let Some(answer) = self.irc.as_mut().and_then(|irc| irc.held()) {
                    answer.extend_from_slice(&bytes[start..]);
                } else if let Some(display) = &mut self.display {
                    self.queue.push_with(|out| display.show(&bytes[start..], out));
                } else {
                    let shared = if is_batch_over { bytes.len() } else { fresh };
                    self.queue.push_shared(bytes, start..shared);
                    self.queue.push_with(|out| out.extend_from_slice(&bytes[shared..]));
                }
                any = true;
            }
            *cursor = feeds.end(*room);
        }
        any
    }

    /// Sends as much of the queue as the socket takes now, in one call, and returns how many bytes
    /// that was. If some are left, `writable` will report the client's id once it can be sent more.
    pub fn flush(&mut self, id: ClientId, writable: &WritablePoll) -> usize {
        if self.is_behind {
            return 0;
        }
        if let Some(display) = self.display.as_mut().filter(|_| self.sending == Sending::Open) {
            self.queue.push_with(|out| display.draw(out));
        }
        let sent = if self.is_all_sent() { 0 } else { self.send_some() };
        if self.is_all_sent() {
            self.end_if_done();
        } else if let Err(error) = writable.watch(&*self.transport, id.0) {
            log::error!("cannot watch {} for writability: {error}", self.remote);
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
            // The client may have sent lines before: its session reads on.
            Err(_) => self.give_up(),
        }
        0
    }

    /// Notes that its socket takes more again, so that [`flush`](Self::flush) sends.
    pub fn set_writable(&mut self) {
        self.is_behind = false;
    }

    fn is_all_sent(&self) -> bool {
        self.queue.is_empty() && (self.sending == Sending::Over || !self.transport.is_pending())
    }

    /// Queues the end that the protocol asks for, such as a close frame, and ends the sending.
    pub fn say_farewell(&mut self, farewell: Farewell, feeds: &mut Feeds) {
        if !self.end_irc(farewell, feeds) {
            self.push(feeds, |dialect, out| dialect.encode_end(farewell, out));
        }
        self.finish(feeds);
    }

    /// Ends the stream once everything so far is sent.
    pub fn finish(&mut self, feeds: &mut Feeds) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            if let Some(mut display) = self.display.take() {
                self.queue.push_with(|out| display.close(out));
            }
            self.sending = Sending::Ending;
        }
    }

    /// The same for a client whose session has ended; after that the peer is finished.
    pub fn finish_unread(&mut self, feeds: &mut Feeds) {
        self.is_unread = true;
        self.finish(feeds);
    }

    /// Ends the connection at once, in both directions, which also ends its session.
    pub fn close(&mut self) {
        self.give_up();
        self.transport.close();
    }

    /// Like [`close`](Self::close), and makes the kernel discard what it has not sent yet.
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
