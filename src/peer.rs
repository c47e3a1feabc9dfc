//! `Peer`: the sending half of one client, and what waits to be sent.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::chat::{Message, RoomId};
use crate::feed::{Cursor, Feeds};
use crate::os::Socket;
use crate::send_queue::SendQueue;
use crate::wire::text::{Style, encode};

/// One client as the broadcaster sees it. Nothing here waits.
#[derive(Debug)]
pub struct Peer {
    /// Where the client is, for the log.
    pub addr: SocketAddr,
    socket: Arc<Socket>,
    style: Style,
    queue: SendQueue,
    /// The rooms whose feeds it gets, and how much of each it has.
    seats: Vec<(RoomId, Cursor)>,
    sending: Sending,
    /// Whether it has to wait until its socket takes more.
    pub is_behind: bool,
    /// Whether its session is over, so that only the queue keeps it.
    pub is_unread: bool,
    /// Whether it is on the broadcaster's list of peers to flush.
    pub is_due: bool,
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

/// How a flush went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing is left.
    Empty,
    /// The socket takes no more for now.
    Behind,
}

impl Peer {
    /// The peer of a client that just connected.
    pub fn new(socket: Arc<Socket>, addr: SocketAddr) -> Self {
        Self {
            addr,
            socket,
            style: Style::default(),
            queue: SendQueue::default(),
            seats: Vec::with_capacity(1),
            sending: Sending::Open,
            is_behind: false,
            is_unread: false,
            is_due: false,
        }
    }

    /// Its socket, to wait for.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Bytes that wait to be sent.
    pub fn queued(&self) -> usize {
        self.queue.bytes()
    }

    /// From here on it gets what the room is told.
    pub fn enter(&mut self, room: RoomId, feeds: &Feeds) {
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
        self.push(feeds, |style, out| encode(message, style, out));
    }

    /// Queues bytes as they are, in the same way.
    pub fn send(&mut self, bytes: &[u8], feeds: &mut Feeds) {
        self.push(feeds, |_, out| out.extend_from_slice(bytes));
    }

    fn push(&mut self, feeds: &mut Feeds, write: impl FnOnce(Style, &mut Vec<u8>)) {
        self.catch_up(feeds);
        if self.sending == Sending::Open {
            self.queue.push_with(|out| write(self.style, out));
        }
    }

    /// Changes how its lines look from here on.
    pub fn restyle(&mut self, feeds: &mut Feeds, change: impl FnOnce(&mut Style)) {
        self.catch_up(feeds);
        change(&mut self.style);
    }

    /// Copies what its rooms were told so far in this batch, which is not complete yet.
    fn catch_up(&mut self, feeds: &mut Feeds) {
        for (room, cursor) in &mut self.seats {
            if let Some((bytes, range)) = feeds.since(*room, *cursor, self.style)
                && self.sending == Sending::Open
            {
                self.queue.push_with(|out| out.extend_from_slice(&bytes[range]));
            }
            *cursor = feeds.end(*room);
        }
    }

    /// Queues the rest of what a room was told in this batch, which is complete, without a copy.
    pub fn take(&mut self, room: RoomId, feeds: &mut Feeds) {
        for (seat, cursor) in &mut self.seats {
            if *seat == room
                && self.sending == Sending::Open
                && let Some((bytes, range)) = feeds.since(room, *cursor, self.style)
            {
                self.queue.push_shared(bytes, range);
                *cursor = feeds.end(room);
            }
        }
    }

    /// Whether it gets the feed of one room only, so that nothing else can come in this batch.
    pub fn has_one_room(&self) -> bool {
        self.seats.len() == 1
    }

    /// Sends what waits, in one call, as far as the socket takes it now.
    pub fn flush(&mut self) -> Flushed {
        if self.queue.is_empty() {
            self.end_if_done();
            return Flushed::Empty;
        }
        match self.send_once() {
            Ok(count) => self.queue.consume(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The client may still have sent something worth reading: its session goes on.
            Err(_) => self.give_up(),
        }
        if self.queue.is_empty() {
            self.end_if_done();
            return Flushed::Empty;
        }
        Flushed::Behind
    }

    fn send_once(&self) -> io::Result<usize> {
        let mut slices = self.queue.slices();
        match (slices.len(), slices.next()) {
            (1, Some(only)) => self.socket.send_now(only),
            _ => self.socket.send_slices_now(self.queue.slices()),
        }
    }

    /// Ends the sending once the queue is empty.
    pub fn finish(&mut self) {
        if self.sending == Sending::Open {
            self.sending = Sending::Ending;
        }
    }

    /// Ends the connection at once, in both directions; its session will notice.
    pub fn close(&mut self) {
        self.give_up();
        self.socket.close();
    }

    /// Like [`close`](Self::close), and the kernel forgets what it still holds.
    pub fn abort(&mut self) {
        self.give_up();
        self.socket.abort();
    }

    fn give_up(&mut self) {
        self.sending = Sending::Over;
        self.queue.clear();
    }

    fn end_if_done(&mut self) {
        if self.sending == Sending::Ending {
            self.sending = Sending::Over;
            self.socket.finish_sending();
        }
    }
}
