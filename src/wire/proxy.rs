//! The header of the PROXY protocol, versions 1 and 2, in which a proxy states for whom it connects.
//!
//! Source: "The PROXY protocol, versions 1 & 2", HAProxy, 2020.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
/// The type of the extension about TLS, and its bit for a client that speaks it (section 2.2.6).
const SSL: u8 = 0x20;
const CLIENT_SSL: u8 = 1;

/// What a header states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// The client's address. `None` if the proxy connects for itself, or for a client without one.
    pub client: Option<SocketAddr>,
    /// Whether the client's connection to the proxy is encrypted.
    pub is_encrypted: bool,
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
            let (source, destination) = (address(word()?, family)?, address(word()?, family)?);
            let (port, _) = (port(word()?)?, port(word()?)?);
            if word().is_ok() || source.is_ipv4() != destination.is_ipv4() {
                return Err(Wrong);
            }
            Some(SocketAddr::new(source, port))
        }
    };
    Ok(Some((ProxyHeader { client, is_encrypted: false }, end + 1)))
}

fn address(word: &str, family: &str) -> Result<IpAddr, Wrong> {
    let parsed = match family {
        "TCP4" => word.parse().map(|v4: Ipv4Addr| v4.into()),
        "TCP6" => word.parse().map(|v6: Ipv6Addr| v6.into()),
        _ => return Err(Wrong),
    };
    parsed.map_err(|_| Wrong)
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
const ITSELF: ProxyHeader = ProxyHeader { client: None, is_encrypted: false };

/// Parses the addresses of version 2, and the extensions behind them.
fn parse_addresses(family: u8, body: &[u8]) -> Result<ProxyHeader, Wrong> {
    // The family in the upper half; in the lower one 1 for a stream, which TCP is.
    let (client, length) = match family {
        0x00..=0x02 => (None, 0),
        0x11 => {
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *body.first_chunk().ok_or(Wrong)?;
            (Some((Ipv4Addr::new(a, b, c, d).into(), [high, low])), 12)
        }
        0x21 => {
            let (source, rest) = body.split_first_chunk::<16>().ok_or(Wrong)?;
            let ports: &[u8; 4] =
                rest.get(16..20).and_then(|ports| ports.first_chunk()).ok_or(Wrong)?;
            (Some((IpAddr::from(*source), [ports[0], ports[1]])), 36)
        }
        0x31 | 0x32 if body.len() >= 216 => (None, 216),
        _ => return Err(Wrong),
    };
    let client = client.map(|(ip, port)| SocketAddr::new(ip, u16::from_be_bytes(port)));
    Ok(ProxyHeader { client, is_encrypted: is_encrypted(&body[length..]) })
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
