//! `LogEntry`: one entry of the shared log, and its place.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::{Deserialize, Serialize};

/// Most characters of a node's name.
pub const MAX_NODE_NAME: usize = 32;

/// Whether a node may be called so.
pub fn is_node_name(name: &str) -> bool {
    let is_sane = name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c));
    is_sane && (1..=MAX_NODE_NAME).contains(&name.len())
}

/// One node from one joining to the next: 128 random bits, kept over a hot restart.
///
/// In Redis and in JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeOrigin(pub [u8; 16]);

/// The hash over a log up to one entry. Two logs with the same number and chain are the same.
///
/// In Redis: 40 hexadecimal digits (SHA-1). Before the first entry, it is that of the epoch, or an
/// empty string.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Chain(Option<[u8; 20]>);

/// A place in the log: behind its first `n` entries, of which this is the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How many entries the log has up to here.
    pub n: u64,
    /// The chain of these entries.
    pub chain: Chain,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// `e`: a sealed input of a node.
    Input,
    /// `j`: a node joined.
    Joined,
    /// `g`: a node is gone.
    Gone,
    /// `t`: time has passed.
    Time,
    /// A kind that this version does not know.
    Unknown(u8),
}

/// An entry of the log, as it is in the stream under the id `n-0`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its number, from 1.
    pub n: u64,
    /// What it is (`k`).
    pub kind: EntryKind,
    /// The node that it is from or about (`o`); `None` for time.
    pub origin: Option<NodeOrigin>,
    /// Its number among the inputs of its origin (`s`), from 1; 0 for what is no input.
    pub oseq: u64,
    /// The cluster's uptime when it was appended, in ms (`u`).
    pub uptime: u64,
    /// The wall-clock time of Redis, in Unix milliseconds (`t`).
    pub moment: i64,
    /// The chain of the log up to here (`c`).
    pub chain: Chain,
    /// Its contents (`d`): sealed for an input.
    pub data: Vec<u8>,
}

impl Chain {
    /// That of a log which begins with this epoch.
    pub(super) fn of_epoch(epoch: &str) -> Self {
        Self::of(epoch.as_bytes())
    }

    fn of(bytes: &[u8]) -> Self {
        Self(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().try_into().ok())
    }
}

impl EntryKind {
    /// The letter in the stream.
    pub fn letter(self) -> u8 {
        match self {
            Self::Input => b'e',
            Self::Joined => b'j',
            Self::Gone => b'g',
            Self::Time => b't',
            Self::Unknown(letter) => letter,
        }
    }

    /// The kind with this letter.
    pub fn of(letter: u8) -> Self {
        match letter {
            b'e' => Self::Input,
            b'j' => Self::Joined,
            b'g' => Self::Gone,
            b't' => Self::Time,
            other => Self::Unknown(other),
        }
    }
}

impl LogEntry {
    /// The place behind this entry.
    pub fn position(&self) -> Position {
        Position { n: self.n, chain: self.chain }
    }

    /// The chain that the entry must have if `before` is the chain of the entry before it: the
    /// SHA-1 of that and of all fields, joined by `|`.
    pub fn chain_after(&self, before: Chain) -> Chain {
        let kind = char::from(self.kind.letter());
        let origin = self.origin.map_or_else(|| "-".to_owned(), |origin| origin.to_string());
        let Self { oseq, uptime, moment, .. } = self;
        let mut bytes = format!("{before}|{kind}|{origin}|{oseq}|{uptime}|{moment}|").into_bytes();
        bytes.extend_from_slice(&self.data);
        Chain::of(&bytes)
    }

    /// Whether the entry is the next one behind `place` in the same log.
    pub fn follows(&self, place: Position) -> bool {
        self.n == place.n + 1 && self.chain == self.chain_after(place.chain)
    }
}

impl fmt::Display for NodeOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for NodeOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for NodeOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).map(Self).ok_or("not 32 hexadecimal digits")
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |hash| write_hex(&hash, f))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Chain {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Ok(Self(None)),
            _ => from_hex(text).map(|hash| Self(Some(hash))).ok_or("not 40 hexadecimal digits"),
        }
    }
}

/// Writes `bytes` in lower-case hexadecimal digits. Each entry needs many of these, so it does not
/// format one byte after the other.
fn write_hex<const N: usize>(bytes: &[u8; N], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
    let digits = bytes.map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    f.write_str(str::from_utf8(digits.as_flattened()).unwrap_or_default())
}

/// The bytes that `text` spells in lower-case hexadecimal digits.
fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

macro_rules! as_string {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}

as_string!(NodeOrigin);
as_string!(Chain);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_chains_as_the_script_in_redis_does() {
        let origin = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
        let mut first = LogEntry {
            n: 1,
            kind: EntryKind::Input,
            origin: Some(origin),
            oseq: 1,
            uptime: 12,
            moment: 1_795_348_952_000,
            chain: Chain::default(),
            data: b"\x00\xffsealed".to_vec(),
        };
        first.chain = first.chain_after(Chain::default());
        // printf '|e|000102030405060708090a0b0c0d0e0f|1|12|1795348952000|\0\377sealed' | sha1sum
        assert_eq!(first.chain.to_string(), "d4517a824090b886dc544d4e911ddc22c1a4d56a");
        assert!(first.follows(Position::default()));
        let gone = LogEntry { kind: EntryKind::Gone, ..first.clone() };
        assert!(!gone.follows(Position::default()) && !first.follows(first.position()));
    }

    #[test]
    fn hexadecimal_digits_are_read_strictly() {
        for wrong in ["", "0", &"0".repeat(31), &"0".repeat(33), &"G".repeat(32), &"A".repeat(32)] {
            assert!(wrong.parse::<NodeOrigin>().is_err(), "{wrong}");
        }
        let text = "00ff".repeat(8);
        assert_eq!(text.parse::<NodeOrigin>().unwrap().to_string(), text);
        assert_eq!("".parse::<Chain>().unwrap(), Chain::default());
        assert!("00".parse::<Chain>().is_err());
    }
}
