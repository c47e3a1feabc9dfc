//! Visitors: each connects, is welcomed, says a line and leaves; then the next one comes.

use crate::crowd::{dial, receive};
use crate::os::Epoll;
use crate::server::Server;
use crate::wire::{Dialect, Stamp, VISITOR};
use rustix::fd::OwnedFd;
use rustix::net::{self, SendFlags, Shutdown};
use std::io;
use std::net::SocketAddrV4;

/// Visitors that are there at a time.
const AT_A_TIME: usize = 16;

struct Visitor {
    socket: OwnedFd,
    spoke: bool,
}

/// A stream of visitors, at the pace that the server sets.
pub(crate) struct Churn {
    epoll: Epoll,
    address: SocketAddrV4,
    dialect: &'static Dialect,
    is_heard: bool,
    visitors: Vec<Option<Visitor>>,
    arrived: u64,
    said: u64,
    left: u64,
    stopping: bool,
    buffer: Vec<u8>,
}

impl Churn {
    /// Nobody yet. `is_heard` tells whether the load's receivers get the visitors' lines.
    pub(crate) fn new(
        server: &Server,
        dialect: &'static Dialect,
        is_heard: bool,
    ) -> io::Result<Churn> {
        Ok(Churn {
            epoll: Epoll::new(AT_A_TIME)?,
            address: server.address,
            dialect,
            is_heard,
            visitors: (0..AT_A_TIME).map(|_| None).collect(),
            arrived: 0,
            said: 0,
            left: 0,
            stopping: false,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Lets the first visitors in, until it is told to stop.
    pub(crate) fn start(&mut self) -> io::Result<()> {
        self.stopping = false;
        (0..AT_A_TIME).try_for_each(|slot| self.admit(slot))
    }

    /// What is readable when there is something to do.
    pub(crate) fn epoll(&self) -> &Epoll {
        &self.epoll
    }

    /// How many lines the load's receivers must have got from visitors by now.
    pub(crate) fn heard(&self) -> u64 {
        if self.is_heard { self.said } else { 0 }
    }

    /// How many visitors have come, spoken and gone.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Lets nobody in any more; `true` when the last one has left.
    pub(crate) fn stop(&mut self) -> bool {
        self.stopping = true;
        self.visitors.iter().all(Option::is_none)
    }

    /// Does what can be done at once; tells how many visitors have left by it.
    pub(crate) fn turn(&mut self) -> io::Result<u64> {
        let before = self.left;
        let tokens = self.epoll.wait(Some(std::time::Duration::ZERO))?;
        for token in &tokens {
            let slot = *token as usize;
            if self.attend(slot)? {
                self.visitors[slot] = None;
                self.left += 1;
                if !self.stopping {
                    self.admit(slot)?;
                }
            }
        }
        self.epoll.give_back(tokens);
        Ok(self.left - before)
    }

    fn admit(&mut self, slot: usize) -> io::Result<()> {
        let socket = dial(self.address, self.arrived as usize)?;
        self.epoll.add_edge(&socket, slot as u64)?;
        self.visitors[slot] = Some(Visitor { socket, spoke: false });
        self.arrived += 1;
        Ok(())
    }

    /// Reads what the visitor is told; `true` when the server has said goodbye.
    fn attend(&mut self, slot: usize) -> io::Result<bool> {
        let Some(visitor) = &mut self.visitors[slot] else {
            return Ok(false);
        };
        loop {
            match receive(&visitor.socket, &mut self.buffer) {
                Ok(None) => return Ok(false),
                Ok(Some(data)) if !visitor.spoke && self.dialect.is_ready(data) => {
                    let mut line = Vec::new();
                    self.dialect.say(Stamp { sender: VISITOR, number: self.said }, &mut line);
                    net::send(&visitor.socket, &line, SendFlags::NOSIGNAL)?;
                    net::shutdown(&visitor.socket, Shutdown::Write)?;
                    visitor.spoke = true;
                    self.said += 1;
                }
                Ok(Some(_)) => {}
                Err(_) if visitor.spoke => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }
}
