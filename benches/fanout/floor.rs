//! The baseline for chatd: the leanest server that sends once per round.
//!
//! One thread, epoll, no names, no rooms, no queues. It reads once from every client that sent
//! something, then makes one system call per client with all lines of the round except the client's
//! own. It drops a client whose socket does not take all of them at once.
//!
//! A variant that looks twice yields the processor first and looks again if it read much: it has
//! fewer and larger rounds. chatd looks again up to four times, as long as that brings much.

use crate::os::{self, Epoll};
use rustix::buffer::spare_capacity;
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::{Errno, IoSlice};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

const READ: usize = 64 * 1024;
/// Who has said so much is probably not the only one.
const MUCH: usize = 1024;

struct Client {
    socket: OwnedFd,
    /// The start of a line whose end is still to come.
    partial: Vec<u8>,
    /// This client's own lines in the round.
    own: Range<usize>,
}

struct Floor {
    epoll: Epoll,
    listener: OwnedFd,
    /// By file descriptor.
    clients: Vec<Option<Client>>,
    /// The whole lines of this round.
    round: Vec<u8>,
    /// Who spoke in this round.
    spoke: Vec<usize>,
    looks_twice: bool,
}

/// Serves on a free port of 127.0.0.1, which `port_file` then names, until killed.
pub(crate) fn serve(port_file: &Path, looks_twice: bool) -> io::Result<()> {
    let listener = listen(port_file)?;
    let epoll = Epoll::new(1024)?;
    epoll.add_level(&listener, listener.as_raw_fd() as u64)?;
    let (clients, round, spoke) = (Vec::new(), Vec::new(), Vec::new());
    let mut floor = Floor { epoll, listener, clients, round, spoke, looks_twice };
    loop {
        floor.turn()?;
    }
}

/// Listens on a free port of 127.0.0.1, which `port_file` then names. The process ends with its
/// parent.
pub(crate) fn listen(port_file: &Path) -> io::Result<OwnedFd> {
    os::die_with_parent()?;
    os::raise_open_files()?;
    let listener = net::socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
        None,
    )?;
    net::bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
    // As chatd does; clients have it from the listener.
    let _ = net::sockopt::set_tcp_congestion(&listener, "reno");
    net::listen(&listener, 4096)?;
    let address = SocketAddrV4::try_from(net::getsockname(&listener)?)?;
    let fresh = port_file.with_extension("new");
    std::fs::write(&fresh, format!("text {}\n", address.port()))?;
    std::fs::rename(&fresh, port_file)?;
    Ok(listener)
}

impl Floor {
    fn turn(&mut self) -> io::Result<()> {
        self.look(None)?;
        if self.looks_twice && self.round.len() >= MUCH {
            std::thread::yield_now();
            self.look(Some(Duration::ZERO))?;
        }
        if !self.round.is_empty() {
            self.tell();
        }
        for fd in self.spoke.drain(..) {
            if let Some(client) = &mut self.clients[fd] {
                client.own = 0..0;
            }
        }
        Ok(())
    }

    /// Takes what has come, from each client once a round.
    fn look(&mut self, patience: Option<Duration>) -> io::Result<()> {
        let ready = self.epoll.wait(patience)?;
        for token in &ready {
            let fd = *token as usize;
            if fd == self.listener.as_raw_fd() as usize {
                self.accept()?;
            } else if !self.spoke.contains(&fd) && !self.read(fd) {
                self.clients[fd] = None;
            }
        }
        self.epoll.give_back(ready);
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let socket = match net::accept_with(&self.listener, SocketFlags::CLOEXEC) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::CONNABORTED | Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            net::sockopt::set_tcp_nodelay(&socket, true)?;
            if net::send(&socket, b"-- floor\n", SendFlags::NOSIGNAL).is_err() {
                continue;
            }
            let fd = socket.as_raw_fd() as usize;
            self.epoll.add_level(&socket, fd as u64)?;
            if self.clients.len() <= fd {
                self.clients.resize_with(fd + 1, || None);
            }
            self.clients[fd] = Some(Client { socket, partial: Vec::new(), own: 0..0 });
        }
    }

    /// Reads until nothing is left; `false` when the client is gone.
    fn read(&mut self, fd: usize) -> bool {
        let Some(client) = self.clients.get_mut(fd).and_then(Option::as_mut) else {
            return true;
        };
        let start = self.round.len();
        self.round.append(&mut client.partial);
        let alive = loop {
            self.round.reserve(READ);
            let room = self.round.capacity() - self.round.len();
            match net::recv(&client.socket, spare_capacity(&mut self.round), RecvFlags::DONTWAIT) {
                Ok((_, 0)) => break false,
                Ok((_, count)) if count < room => break true,
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break true,
                Err(_) => break false,
            }
        };
        let whole =
            self.round[start..].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        client.partial.extend_from_slice(&self.round[start + whole..]);
        self.round.truncate(start + whole);
        client.own = start..start + whole;
        self.spoke.push(fd);
        alive
    }

    fn tell(&mut self) {
        for slot in &mut self.clients {
            let Some(client) = slot else { continue };
            let due = self.round.len() - client.own.len();
            let taken = if client.own.is_empty() {
                net::send(&client.socket, &self.round, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
            } else if due == 0 {
                Ok(0)
            } else {
                let (before, after) =
                    (&self.round[..client.own.start], &self.round[client.own.end..]);
                net::sendmsg(
                    &client.socket,
                    &[IoSlice::new(before), IoSlice::new(after)],
                    &mut net::SendAncillaryBuffer::default(),
                    SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
                )
            };
            if taken != Ok(due) {
                *slot = None;
            }
        }
        self.round.clear();
    }
}
