//! Splits a stream of bytes into lines of bounded length.

use std::io::{self, BufRead};
use std::mem;

use chatd::wire::MAX_WITHOUT_LINE_END;

/// Longest line in bytes; chatd disconnects a client that sends a longer one.
pub(crate) const MAX_LINE: usize = MAX_WITHOUT_LINE_END - 1;

/// Splits a stream at LF, CR LF and CR, as chatd does.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    /// Whether a CR ended the last line; an LF that follows belongs to it.
    after_cr: bool,
}

/// A line without its end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) bytes: Vec<u8>,
    /// Whether it was longer than [`MAX_LINE`] and was cut.
    pub(crate) is_cut: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, after_cr: false }
    }

    /// The source of the bytes.
    pub(crate) fn input(&self) -> &R {
        &self.input
    }

    /// Waits for the next line; `None` at the end of the stream. A last line may lack its end.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Line::default();
        let mut has_begun = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                return Ok(has_begun.then_some(line));
            }
            if mem::take(&mut self.after_cr) && chunk[0] == b'\n' {
                self.input.consume(1);
                continue;
            }
            has_begun = true;
            let end = chunk.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let length = end.unwrap_or(chunk.len());
            line.extend(&chunk[..length]);
            self.after_cr = chunk.get(length) == Some(&b'\r');
            self.input.consume(length + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }
}

impl Line {
    fn extend(&mut self, bytes: &[u8]) {
        let room = (MAX_LINE - self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.is_cut |= room < bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Reads `bytes` in pieces of `capacity` bytes.
    fn read(bytes: &[u8], capacity: usize) -> Vec<Line> {
        let mut lines = Lines::new(BufReader::with_capacity(capacity, bytes));
        std::iter::from_fn(|| lines.next_line().unwrap()).collect()
    }

    #[test]
    fn all_ends_of_lines_are_known_however_the_stream_is_cut() {
        for capacity in [1, 2, 3, 100] {
            let lines = read(b"one\ntwo\r\nthree\r\r\n\nfour", capacity);
            let texts: Vec<_> = lines.iter().map(|line| line.bytes.as_slice()).collect();
            let expected: [&[u8]; 6] = [b"one", b"two", b"three", b"", b"", b"four"];
            assert_eq!(texts, expected, "{capacity}");
        }
        assert_eq!(read(b"", 8), []);
        assert_eq!(read(b"\r\n", 1).len(), 1);
    }

    #[test]
    fn a_line_too_long_is_cut_and_the_next_is_whole() {
        let mut bytes = vec![b'x'; MAX_LINE + 1];
        bytes.extend(b"\nnext\n");
        let lines = read(&bytes, 1000);
        assert_eq!((lines[0].bytes.len(), lines[0].is_cut), (MAX_LINE, true));
        assert_eq!(lines[1], Line { bytes: b"next".to_vec(), is_cut: false });
        assert!(!read(&bytes[1..], 1000)[0].is_cut);
    }
}
