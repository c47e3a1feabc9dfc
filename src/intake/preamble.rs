//! The first bytes of a connection: a PROXY header where there may be one, and what is refused.

use std::io;
use std::time::{Duration, Instant};

use crate::address::Remote;
use crate::net::{Patience, Transport};
use crate::wire::{Opening, ProxyHeader, opening};

/// How long a header may take, in all.
const HEADER: Duration = Duration::from_secs(5);

/// Why a connection without a PROXY header is refused, for the client.
pub(super) const HEADER_MISSING: &str =
    "this address is a proxy's and did not say for whom it connects";
/// The same where nobody has to send one.
pub(super) const HEADER_USELESS: &str = "your PROXY header is malformed or incomplete";
/// Why a connection with a PROXY header is refused, for the log and for the client.
pub(super) const HEADER_UNWANTED: &str =
    "it sends a PROXY header, but --trust-proxy does not name it";
pub(super) const HEADER_NOT_TAKEN: &str = "this server takes no PROXY header from your address";
/// The same for one at a path, where it would have been taken before the welcome.
const HEADER_LATE: &str = "it sent its PROXY header too late";
const HEADER_NOT_FIRST: &str = "a PROXY header has to be what you send first, within a second";

/// Why a client with a PROXY header is refused, for the log and for the client.
pub(crate) fn unwanted_header(from: Option<Remote>) -> (&'static str, &'static str) {
    match from.is_some_and(Remote::is_user) {
        true => (HEADER_LATE, HEADER_NOT_FIRST),
        false => (HEADER_UNWANTED, HEADER_NOT_TAKEN),
    }
}

/// Whether a connection has to begin with a PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It comes from a proxy that must say for whom it connects.
    Header,
    /// It comes from a proxy that may say so in another way, or from this machine.
    Anything,
    /// It comes from somebody who must not send one.
    NoHeader,
}

/// What a connection that is not refused begins with.
#[derive(Debug, Default)]
pub(super) struct Preamble {
    pub header: Option<ProxyHeader>,
    /// The bytes that were read behind the header.
    pub rest: Vec<u8>,
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unheaded {
    /// A header was expected.
    Missing(&'static str),
    /// No header was expected.
    Unwanted,
}

/// Reads the first bytes of a connection, with `patience` until they show whether there is a header.
///
/// # Errors
/// The connection breaks, or the server stops.
pub(super) fn read(
    transport: &Transport,
    expected: Expected,
    mut patience: Patience<'_>,
) -> io::Result<Result<Preamble, Unheaded>> {
    let begun = Instant::now();
    let mut bytes = Vec::new();
    loop {
        let found = opening(&bytes);
        match (expected, found) {
            (Expected::NoHeader, Opening::Incomplete { is_header: true })
            | (Expected::NoHeader, Opening::Header(..) | Opening::Malformed) => {
                return Ok(Err(Unheaded::Unwanted));
            }
            (_, Opening::Header(header, length)) => {
                let rest = bytes.split_off(length);
                return Ok(Ok(Preamble { header: Some(header), rest }));
            }
            (_, Opening::Malformed) => return Ok(Err(Unheaded::Missing("it is malformed"))),
            (Expected::Header, Opening::Other) => {
                return Ok(Err(Unheaded::Missing("it sent something else")));
            }
            (_, Opening::Other) => return Ok(Ok(Preamble { header: None, rest: bytes })),
            (_, Opening::Incomplete { is_header }) => {
                if is_header || expected == Expected::Header {
                    patience.deadline = begun + HEADER;
                }
            }
        }
        let is_header = found == Opening::Incomplete { is_header: true };
        let why = match transport.receive_within(patience) {
            Ok(received) if !received.is_end => {
                bytes.extend(received.bytes);
                continue;
            }
            Ok(_) => "the connection ended before it",
            Err(error) if error.kind() == io::ErrorKind::TimedOut => "it did not come in time",
            Err(error) => return Err(error),
        };
        return Ok(match is_header || expected == Expected::Header {
            true => Err(Unheaded::Missing(why)),
            false => Ok(Preamble { header: None, rest: bytes }),
        });
    }
}
