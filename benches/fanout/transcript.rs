//! The transcript: the one order of lines, as the first receiver got it.
//!
//! The first client to receive a line checks it against the senders' numbering. The bytes of all
//! others are only compared with the transcript, which is cheap enough not to slow the load
//! generator.

use crate::wire::{Dialect, Frame, Stamp, VISITOR};
use std::collections::{HashSet, VecDeque};
use std::io;

/// Bytes nobody needs any more are let go in pieces of this size.
const SLACK: u64 = 256 * 1024;

/// One line of the transcript, its place counted in bytes from the beginning.
pub(crate) struct Entry {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) sender: u8,
    /// When it was sent; `None` for a visitor's line.
    pub(crate) sent: Option<u64>,
}

/// The lines in their one order. Positions are bytes from its beginning; entries have an index.
pub(crate) struct Transcript {
    dialect: &'static Dialect,
    bytes: Vec<u8>,
    /// The position of `bytes[0]`.
    base: u64,
    entries: VecDeque<Entry>,
    /// The index of `entries[0]`.
    first: u64,
    /// A sender: the number its next line must have, and when the lines under way were sent.
    under_way: Vec<(u64, VecDeque<u64>)>,
    visitors: HashSet<u64>,
}

impl Transcript {
    pub(crate) fn new(dialect: &'static Dialect, senders: usize) -> Transcript {
        Transcript {
            dialect,
            bytes: Vec::new(),
            base: 0,
            entries: VecDeque::new(),
            first: 0,
            under_way: vec![(0, VecDeque::new()); senders],
            visitors: HashSet::new(),
        }
    }

    /// Notes that a sender says its next line at that time; gives the line's stamp.
    pub(crate) fn expect(&mut self, sender: usize, sent: u64) -> Stamp {
        let (next, times) = &mut self.under_way[sender];
        times.push_back(sent);
        Stamp { sender: sender as u8, number: *next + times.len() as u64 - 1 }
    }

    /// The position after the last line.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// How many lines there were so far.
    pub(crate) fn len(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// How many of them were visitors'.
    pub(crate) fn visitors(&self) -> u64 {
        self.visitors.len() as u64
    }

    /// The entry of that index, if it has arrived and wasn't let go.
    pub(crate) fn entry(&self, index: u64) -> Option<&Entry> {
        self.entries.get(index.checked_sub(self.first)? as usize)
    }

    /// Lets a receiver who has seen everything up to `at` read on; moves `at`. What of `data` it
    /// must show again together with more is appended to `rest`.
    pub(crate) fn follow(
        &mut self,
        at: &mut u64,
        mut data: &[u8],
        rest: &mut Vec<u8>,
    ) -> io::Result<()> {
        loop {
            let known = &self.bytes[(*at - self.base) as usize..];
            let common = known.len().min(data.len());
            if known[..common] == data[..common] {
                *at += common as u64;
                data = &data[common..];
                if data.is_empty() {
                    return Ok(());
                }
            } else if let Some(start) = self.entered(*at) {
                // The last piece seemed to begin the next line, and this one goes on differently.
                let begun = &self.bytes[(start - self.base) as usize..(*at - self.base) as usize];
                let joined = [begun, data].concat();
                *at = start;
                let left = self.step(at, &joined)?;
                if left.len() == joined.len() {
                    rest.extend_from_slice(left);
                    return Ok(());
                }
                data = &data[data.len() - left.len()..];
                continue;
            }
            let left = self.step(at, data)?;
            if left.len() == data.len() {
                rest.extend_from_slice(left);
                return Ok(());
            }
            data = left;
        }
    }

    /// One frame of a receiver who is between two lines. Gives what follows it.
    fn step<'a>(&mut self, at: &mut u64, data: &'a [u8]) -> io::Result<&'a [u8]> {
        match self.dialect.frame(data) {
            Frame::Partial => Ok(data),
            Frame::Other(length) => Ok(&data[length..]),
            Frame::Damaged => Err(wrong("a line arrived damaged", data)),
            Frame::Line(length, stamp) => {
                let line = &data[..length];
                if *at == self.end() {
                    self.append(line, stamp)?;
                } else if !self.bytes[(*at - self.base) as usize..].starts_with(line) {
                    return Err(wrong("two receivers saw different lines in the same place", line));
                }
                *at += length as u64;
                Ok(&data[length..])
            }
        }
    }

    /// Lets sender `me`, who has seen the first `seen` lines save its own, read on; moves `seen`
    /// and counts into `heard`. Gives how many bytes it must show again: no receiver has seen them
    /// yet, or a line is not whole.
    pub(crate) fn listen(
        &self,
        me: u8,
        seen: &mut u64,
        heard: &mut u64,
        mut data: &[u8],
    ) -> io::Result<usize> {
        loop {
            while self.entry(*seen).is_some_and(|entry| entry.sender == me) {
                *seen += 1;
            }
            match self.dialect.frame(data) {
                Frame::Partial => return Ok(data.len()),
                Frame::Other(length) => data = &data[length..],
                Frame::Damaged => return Err(wrong("a line arrived damaged", data)),
                Frame::Line(length, _) => {
                    let Some(entry) = self.entry(*seen) else {
                        return Ok(data.len());
                    };
                    let place =
                        (entry.start - self.base) as usize..(entry.end - self.base) as usize;
                    if self.bytes[place] != data[..length] {
                        return Err(wrong("a sender saw another line than the receivers", data));
                    }
                    *seen += 1;
                    *heard += 1;
                    data = &data[length..];
                }
            }
        }
    }

    /// Lets go of what everybody has seen, which is what ends at or before `position`.
    pub(crate) fn trim(&mut self, position: u64) {
        if position - self.base < SLACK {
            return;
        }
        let done = self.entries.partition_point(|entry| entry.end <= position);
        self.entries.drain(..done);
        self.first += done as u64;
        let start = self.entries.front().map_or(position, |entry| entry.start);
        self.bytes.drain(..(start - self.base) as usize);
        self.base = start;
    }

    /// The start of the line that this position is inside of.
    fn entered(&self, position: u64) -> Option<u64> {
        let index = self.entries.partition_point(|entry| entry.end <= position);
        self.entries.get(index).map(|entry| entry.start).filter(|start| *start < position)
    }

    fn append(&mut self, line: &[u8], stamp: Stamp) -> io::Result<()> {
        let sent = if stamp.sender == VISITOR {
            if !self.visitors.insert(stamp.number) {
                return Err(wrong("a visitor's line arrived twice", line));
            }
            None
        } else {
            let Some((next, times)) = self.under_way.get_mut(usize::from(stamp.sender)) else {
                return Err(wrong("a line of no sender arrived", line));
            };
            if stamp.number != *next || times.is_empty() {
                let text = format!("a sender's line {next} should have arrived");
                return Err(wrong(&text, line));
            }
            *next += 1;
            times.pop_front()
        };
        let start = self.end();
        self.bytes.extend_from_slice(line);
        self.entries.push_back(Entry { start, end: self.end(), sender: stamp.sender, sent });
        Ok(())
    }
}

fn wrong(what: &str, data: &[u8]) -> io::Error {
    let shown = String::from_utf8_lossy(&data[..data.len().min(120)]);
    io::Error::other(format!("{what}: {shown:?}"))
}
