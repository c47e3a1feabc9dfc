//! The header of the PROXY protocol, versions 1 and 2, in which a proxy states for whom it connects.
//!
//! Source: "The PROXY protocol, versions 1 & 2", HAProxy, 2020.

use crate::address::{IpAddr, Remote};

/// The first bytes of version 2: two line ends, and a byte that no line has.
pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The beginnings of version 1 that tell it from what people type.
const LINES: [&[u8]; 3] = [b"PROXY TCP4 ", b"PROXY TCP6 ", b"PROXY UNKNOWN"];
/// Bytes in version 1, with its line end (section 2.1).
const MAX_LINE: usize = 107;
/// Bytes in version 2 that are accepted. The format allows 64 KiB.
const MAX_HEADER: usize = 4096;
/// Bytes in version 2 before the addresses: the signature, version, family and length.
const FIXED: usize = 16;
/// Bytes of two paths, which are the addresses of Unix sockets.
const UNIX_ADDRESSES: usize = 216;
/// The type of the extension about TLS, and its bit for a client that speaks it (section 2.2.6).
const SSL: u8 = 0x20;
const CLIENT_SSL: u8 = 1;

/// What a header states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// The client's address. `None` if the proxy connects for itself, or for a client without one.
    pub client: Option<Remote>,
    /// Whether the client's connection to the proxy is encrypted. `None` if the header cannot say
    /// so, or the proxy connects for itself.
    pub is_encrypted: Option<bool>,
}

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The beginning of a header, or the bytes that some header begins with.
    Incomplete {
        /// Whether nothing else begins so.
        is_header: bool,
    },
    /// A header of this length.
    Header(ProxyHeader, usize),
    /// The beginning of a header, but not what must follow.
    Malformed,
    /// Something else.
    Other,
}

/// Looks for a header at the front of `bytes`, all that a connection has sent.
pub fn opening(bytes: &[u8]) -> Opening {
    let begins = |start: &[u8]| bytes.starts_with(start);
    let parsed = match () {
        () if begins(&SIGNATURE) => parse_binary(bytes),
        () if LINES.iter().any(|start| begins(start)) => parse_line(bytes),
        () => {
            let may_become = |start: &&[u8]| start.starts_with(bytes);
            let is_open = LINES.iter().chain([&SIGNATURE.as_slice()]).any(may_become);
            return if is_open { Opening::Incomplete { is_header: false } } else { Opening::Other };
        }
    };
    match parsed {
        Ok(Some((header, length))) => Opening::Header(header, length),
        Ok(None) => Opening::Incomplete { is_header: true },
        Err(Wrong) => Opening::Malformed,
    }
}

/// Whether a line begins as a header of version 1.
pub(super) fn is_header_line(line: &[u8]) -> bool {
    LINES.iter().any(|start| line.starts_with(start))
}

/// The header is malformed.
struct Wrong;

/// A header and its length; `None` if it is incomplete.
type Parsed = Result<Option<(ProxyHeader, usize)>, Wrong>;

/// Parses version 1, one line of ASCII.
fn parse_line(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.iter().take(MAX_LINE).position(|&byte| byte == b'\n') else {
        return if bytes.len() < MAX_LINE { Ok(None) } else { Err(Wrong) };
    };
    let line = bytes[..end].strip_suffix(b"\r").ok_or(Wrong)?;
    let line = str::from_utf8(line).map_err(|_| Wrong)?;
    let mut words = line.split(' ').skip(1);
    let mut word = || words.next().ok_or(Wrong);
    let client = match word()? {
        "UNKNOWN" => None,
        family => {
            let (source, destination) = (word()?, word()?);
            let ports = (port(word()?)?, port(word()?)?);
            if word().is_ok() {
                return Err(Wrong);
            }
            address(family, destination, ports.1)?;
            Some(address(family, source, ports.0)?)
        }
    };
    Ok(Some((ProxyHeader { client, is_encrypted: None }, end + 1)))
}

fn address(family: &str, ip: &str, port: u16) -> Result<Remote, Wrong> {
    let is_ipv6 = ip.contains(':');
    let fits = family == if is_ipv6 { "TCP6" } else { "TCP4" };
    Remote::parse(ip, port).filter(|_| fits).ok_or(Wrong)
}

fn port(word: &str) -> Result<u16, Wrong> {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = word.len() > 1 && word.starts_with('0');
    word.parse().ok().filter(|_| is_number && !has_zeros).ok_or(Wrong)
}

/// Parses version 2, a binary header.
fn parse_binary(bytes: &[u8]) -> Parsed {
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED>() else { return Ok(None) };
    let [.., version_and_command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if version_and_command >> 4 != 2 || FIXED + length > MAX_HEADER {
        return Err(Wrong);
    }
    let is_local = match version_and_command & 0xf {
        0 => true,
        1 => false,
        _ => return Err(Wrong),
    };
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let header = if is_local { ITSELF } else { parse_addresses(family, body)? };
    Ok(Some((header, FIXED + length)))
}

/// The header of a proxy that connects for itself.
const ITSELF: ProxyHeader = ProxyHeader { client: None, is_encrypted: None };

/// Parses the addresses of version 2, and the extensions behind them.
fn parse_addresses(family: u8, body: &[u8]) -> Result<ProxyHeader, Wrong> {
    // The family in the upper half; in the lower one 1 for a stream, which TCP is.
    let (client, extensions) = match family {
        0x00..=0x02 => (None, body),
        0x11 => with_client::<4>(body)?,
        0x21 => with_client::<16>(body)?,
        0x31 | 0x32 => (None, body.get(UNIX_ADDRESSES..).ok_or(Wrong)?),
        _ => return Err(Wrong),
    };
    let is_encrypted = is_encrypted(extensions);
    // About itself a proxy says nothing by silence.
    let is_encrypted = (client.is_some() || is_encrypted).then_some(is_encrypted);
    Ok(ProxyHeader { client, is_encrypted })
}

/// Parses two addresses of `N` bytes each, and two ports.
fn with_client<const N: usize>(body: &[u8]) -> Result<(Option<Remote>, &[u8]), Wrong>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = body.split_first_chunk::<N>().ok_or(Wrong)?;
    let (_, rest) = rest.split_first_chunk::<N>().ok_or(Wrong)?;
    let ([high, low, _, _], rest) = rest.split_first_chunk::<4>().ok_or(Wrong)?;
    let client = Remote::stated(*source, u16::from_be_bytes([*high, *low])).ok_or(Wrong)?;
    Ok((Some(client), rest))
}

/// Whether the extensions say that the client speaks TLS to the proxy. All others are skipped.
fn is_encrypted(mut extensions: &[u8]) -> bool {
    while let Some(([kind, high, low], rest)) = extensions.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, after)) = rest.split_at_checked(length) else { return false };
        if *kind == SSL && value.first().is_some_and(|bits| bits & CLIENT_SSL != 0) {
            return true;
        }
        extensions = after;
    }
    false
}

#[cfg(test)]
mod tests;
