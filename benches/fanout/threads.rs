//! The baseline for chatd's threads: the leanest server with a thread for each client, which reads
//! lines into a channel, and one thread that sends them to all.
//!
//! No names, no rooms, no queues. It sends once per round and client, as `floor` does, and drops a
//! client whose socket does not take all of them at once.

use crate::floor;
use crossbeam_channel::{Receiver, TryRecvError};
use crossbeam_utils::sync::Parker;
use rustix::buffer::spare_capacity;
use rustix::io::IoSlice;
use rustix::net::{self, RecvFlags, SendAncillaryBuffer, SendFlags};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread;

/// Bytes of a stack, as chatd's clients have.
const STACK: usize = 128 * 1024;
/// Bytes in one read, as chatd has.
const READ: usize = 4096;

/// What a client's thread sends, with the client's number.
enum Input {
    Connected(Arc<TcpStream>),
    /// Whole lines.
    Said(Vec<u8>),
    Gone,
}

/// Serves on a free port of 127.0.0.1, which `port_file` then names, until killed.
pub(crate) fn serve(port_file: &Path) -> io::Result<()> {
    let listener = TcpListener::from(floor::listen(port_file)?);
    listener.set_nonblocking(false)?;
    let (sender, inbox) = crossbeam_channel::bounded(32 * 1024);
    let parker = Parker::new();
    let waker = parker.unparker().clone();
    thread::Builder::new().spawn(move || Broadcaster::default().run(&inbox, &parker))?;
    for number in 0.. {
        let (stream, sender, waker) = (listener.accept()?.0, sender.clone(), waker.clone());
        stream.set_nodelay(true)?;
        thread::Builder::new().stack_size(STACK).spawn(move || {
            let forward = |input| {
                let _ = sender.send((number, input));
                waker.unpark();
            };
            // An error is the client's end.
            let _ = attend(Arc::new(stream), forward);
            forward(Input::Gone);
        })?;
    }
    Ok(())
}

fn attend(stream: Arc<TcpStream>, forward: impl Fn(Input)) -> io::Result<()> {
    // First, since a client that is welcomed gets every line.
    forward(Input::Connected(Arc::clone(&stream)));
    (&*stream).write_all(b"-- floor\n")?;
    let mut partial = Vec::new();
    loop {
        partial.reserve(READ);
        let (_, count) = net::recv(&stream, spare_capacity(&mut partial), RecvFlags::empty())?;
        if count == 0 {
            return Ok(());
        }
        if let Some(end) = partial.iter().rposition(|byte| *byte == b'\n') {
            let rest = partial.split_off(end + 1);
            forward(Input::Said(std::mem::replace(&mut partial, rest)));
        }
    }
}

struct Client {
    stream: Arc<TcpStream>,
    /// The client's own lines in the round.
    own: Vec<Range<usize>>,
}

#[derive(Default)]
struct Broadcaster {
    clients: BTreeMap<usize, Client>,
    /// The lines of this round.
    round: Vec<u8>,
}

impl Broadcaster {
    fn run(mut self, inbox: &Receiver<(usize, Input)>, parker: &Parker) {
        loop {
            let first = match inbox.try_recv() {
                Ok(first) => first,
                Err(TryRecvError::Empty) => {
                    parker.park();
                    continue;
                }
                Err(TryRecvError::Disconnected) => return,
            };
            // Others may be about to speak, too.
            thread::yield_now();
            for (number, input) in std::iter::once(first).chain(inbox.try_iter()) {
                self.take(number, input);
            }
            if !self.round.is_empty() {
                self.tell();
            }
        }
    }

    fn take(&mut self, number: usize, input: Input) {
        match input {
            Input::Connected(stream) => {
                self.clients.insert(number, Client { stream, own: Vec::new() });
            }
            Input::Said(lines) => {
                let start = self.round.len();
                self.round.extend_from_slice(&lines);
                if let Some(client) = self.clients.get_mut(&number) {
                    client.own.push(start..self.round.len());
                }
            }
            Input::Gone => {
                self.clients.remove(&number);
            }
        }
    }

    fn tell(&mut self) {
        let round = &self.round;
        self.clients.retain(|_, Client { stream, own }| {
            let mut start = 0;
            let mut due = Vec::with_capacity(own.len() + 1);
            for range in own.drain(..) {
                due.push(&round[start..range.start]);
                start = range.end;
            }
            due.push(&round[start..]);
            let is_taken = is_taken(stream, &due);
            if !is_taken {
                // Its thread has the socket, too. An error means that it is closed.
                let _ = stream.shutdown(Shutdown::Both);
            }
            is_taken
        });
        self.round.clear();
    }
}

/// Sends `due`; whether the socket took all of it.
fn is_taken(stream: &TcpStream, due: &[&[u8]]) -> bool {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let bytes = due.iter().map(|part| part.len()).sum();
    let taken = match due {
        _ if bytes == 0 => Ok(0),
        [all] => net::send(stream, all, flags),
        _ => {
            let slices: Vec<_> = due.iter().map(|part| IoSlice::new(part)).collect();
            net::sendmsg(stream, &slices, &mut SendAncillaryBuffer::default(), flags)
        }
    };
    taken == Ok(bytes)
}
