//! `Timed`: a stream on which everything together has a deadline, however little comes at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// How long it may take to send a request, to get its answer, or to shake hands.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// Bytes for which it may take one millisecond longer.
const BYTES_PER_MS: usize = 100;

/// A stream that fails when it has been used for too long. Each step needs a deadline of its own.
pub(super) struct Timed<'a, S> {
    stream: &'a mut S,
    since: Instant,
    limit: Duration,
    bytes: usize,
}

impl<'a, S> Timed<'a, S> {
    pub(super) fn new(stream: &'a mut S, limit: Duration) -> Self {
        Self { stream, since: Instant::now(), limit, bytes: 0 }
    }

    fn step(&mut self, step: impl FnOnce(&mut S) -> io::Result<usize>) -> io::Result<usize> {
        let more = Duration::from_millis((self.bytes / BYTES_PER_MS) as u64);
        if self.since.elapsed() > self.limit + more {
            return Err(ErrorKind::TimedOut.into());
        }
        let bytes = step(self.stream)?;
        self.bytes += bytes;
        Ok(bytes)
    }
}

impl<S: Read> Read for Timed<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.step(|stream| stream.read(buffer))
    }
}

impl<S: Write> Write for Timed<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.step(|stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
