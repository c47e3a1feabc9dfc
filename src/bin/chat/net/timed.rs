//! `Timed`: a socket with a time limit for all reads together.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Below everything that reads, so that none of it can wait longer.
#[derive(Debug)]
pub(crate) struct Timed {
    socket: TcpStream,
    /// When reading fails.
    deadline: Cell<Option<Instant>>,
}

impl Timed {
    /// One without a limit.
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self { socket, deadline: Cell::new(None) }
    }

    /// How long reads may take from now on, all together: a server that sends a byte now and then
    /// gets no more time.
    pub(crate) fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.deadline.set(patience.and_then(|patience| Instant::now().checked_add(patience)));
        self.socket.set_read_timeout(patience)
    }

    /// Lets the next read wait until the deadline.
    fn keep_deadline(&self) -> io::Result<()> {
        let Some(deadline) = self.deadline.get() else { return Ok(()) };
        match deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            rest => self.socket.set_read_timeout(Some(rest)),
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.keep_deadline()?;
        self.socket.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_that_sends_little_by_little_gets_no_more_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut socket = Timed::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let (mut server, _) = listener.accept().unwrap();
        socket.set_patience(Some(Duration::from_millis(50))).unwrap();
        let late = Instant::now() + Duration::from_secs(10);
        let end = loop {
            server.write_all(b"x").unwrap();
            match socket.read(&mut [0]) {
                Ok(_) if Instant::now() > late => break None,
                Ok(_) => {}
                Err(error) => break Some(error.kind()),
            }
        };
        assert_eq!(end, Some(io::ErrorKind::TimedOut));
        socket.set_patience(None).unwrap();
        server.write_all(b"x").unwrap();
        assert_eq!(socket.read(&mut [0]).unwrap(), 1);
    }
}
