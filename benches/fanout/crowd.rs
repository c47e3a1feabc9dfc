//! Thousands of clients: connecting them, and waiting until the server has accepted them.

use crate::os::Epoll;
use crate::server::Server;
use crate::tls;
use crate::wire::Dialect;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustls::ClientConnection;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

/// How long the server may leave everyone without a byte before that counts as a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that may wait to be taken in at a time, so that no accept queue overflows.
const AT_A_TIME: usize = 100;
const READ: usize = 64 * 1024;

/// One client.
pub(crate) struct Member {
    pub(crate) socket: OwnedFd,
    tls: Option<Box<ClientConnection>>,
    /// Received bytes that are still to be looked at.
    pub(crate) rest: Vec<u8>,
    ready: bool,
}

impl Member {
    /// How many bytes can be read at once; `None` when that is nothing.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match &mut self.tls {
            Some(tls) => {
                let count = tls::receive(tls, &self.socket, buffer)?;
                Ok((count > 0).then_some(count))
            }
            None => Ok(receive(&self.socket, buffer)?.map(<[u8]>::len)),
        }
    }

    /// Sends some of `bytes`; says how many.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls::send(tls, &self.socket, bytes),
            None => {
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                Ok(net::send(&self.socket, bytes, flags)?)
            }
        }
    }
}

/// Connected clients; the epoll token of each is its index.
pub(crate) struct Crowd {
    pub(crate) epoll: Epoll,
    pub(crate) members: Vec<Member>,
    /// How long it took until the server had taken in the last one.
    pub(crate) took: Duration,
    buffer: Vec<u8>,
}

impl Crowd {
    /// Connects `size` clients of which the first `senders` will speak, and waits until the server
    /// has taken in all of them and has nothing more to tell about it.
    pub(crate) fn gather(
        server: &Server,
        dialect: &Dialect,
        size: usize,
        senders: usize,
    ) -> io::Result<Crowd> {
        let mut crowd = Crowd {
            epoll: Epoll::new(1024)?,
            members: Vec::with_capacity(size),
            took: Duration::ZERO,
            buffer: vec![0; READ],
        };
        let start = Instant::now();
        let mut ready = 0;
        while ready < size {
            while crowd.members.len() < size.min(ready + AT_A_TIME) {
                let index = crowd.members.len();
                let sends = index < senders;
                let to = if sends { server.speaking(index) } else { server.address(index) };
                let socket = dial(to, index)?;
                let tls = server.tls.as_ref().map(|config| tls::connect(&socket, config));
                let (tls, rest) = (tls.transpose()?, Vec::new());
                let mut member = Member { socket, tls, rest, ready: false };
                let hello = dialect.hello(index, sends);
                if !hello.is_empty() {
                    member.send(&hello)?;
                }
                crowd.epoll.add_edge(&member.socket, index as u64)?;
                crowd.members.push(member);
            }
            match crowd.greet(dialect, PATIENCE)? {
                None => {
                    return Err(io::Error::other(format!(
                        "only {ready} of {size} clients were taken in"
                    )));
                }
                Some(more) => ready += more,
            }
        }
        crowd.took = start.elapsed();
        while !dialect.settle.is_zero() && crowd.greet(dialect, dialect.settle)?.is_some() {}
        Ok(crowd)
    }

    /// Reads what came in; tells how many clients became ready by it. `None` when all was quiet.
    fn greet(&mut self, dialect: &Dialect, patience: Duration) -> io::Result<Option<usize>> {
        let tokens = self.epoll.wait(Some(patience))?;
        if tokens.is_empty() {
            return Ok(None);
        }
        let mut ready = 0;
        for token in &tokens {
            let member = &mut self.members[*token as usize];
            while let Some(count) = member.receive(&mut self.buffer)? {
                member.rest.extend_from_slice(&self.buffer[..count]);
            }
            let whole = dialect.whole(&member.rest);
            if !member.ready && dialect.is_ready(&member.rest[..whole]) {
                member.ready = true;
                ready += 1;
            }
            member.rest.drain(..whole);
        }
        self.epoll.give_back(tokens);
        Ok(Some(ready))
    }
}

/// What can be read from a socket at once; `None` when that is nothing.
pub(crate) fn receive<'a>(socket: &OwnedFd, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
    loop {
        match net::recv(socket, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((_, 0)) => return Err(io::Error::other("the server hung up")),
            Ok((_, count)) => return Ok(Some(&buffer[..count])),
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Connects from one of many loopback addresses, so that source ports last.
pub(crate) fn dial(server: SocketAddrV4, index: usize) -> io::Result<OwnedFd> {
    let socket =
        net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    let source = Ipv4Addr::new(127, 0, 0, 2 + (index % 200) as u8);
    net::bind(&socket, &SocketAddrV4::new(source, 0))?;
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
    net::connect(&socket, &server)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    Ok(socket)
}
