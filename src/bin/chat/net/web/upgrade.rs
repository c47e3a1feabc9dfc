//! The way from HTTP to WebSocket (RFC 6455, section 4.1): what is asked, and what is answered.

use std::io;

use chatd::text::Text;
use tungstenite::handshake::derive_accept_key;

/// The form of messages that the client asks for.
const PROTOCOL: &str = "chatd.v1";

/// The request to `authority`, which is a host, perhaps with a port, for the page at `path`, with
/// this random key.
pub(super) fn request(authority: &str, path: &str, key: &str) -> String {
    format!(
        "GET {path}ws HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n"
    )
}

/// The length of the answer's head, if all of it is there.
pub(super) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4)
}

/// Checks the answer.
///
/// # Errors
/// The server did not agree; the text has its reason.
pub(super) fn check(head: &[u8], key: &str) -> io::Result<()> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let Some((version, status)) = status.split_once(' ') else { return Err(odd()) };
    if !version.starts_with("HTTP/1.") {
        return Err(odd());
    }
    if !status.starts_with("101") {
        return Err(io::Error::other(format!("the server answered {}", Text::new(status))));
    }
    let fields: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let has = |name: &str, value: &str| {
        let mut named = fields.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        named.any(|(_, own)| own.trim() == value)
    };
    let accepts = has("Sec-WebSocket-Accept", &derive_accept_key(key.as_bytes()));
    match accepts && has("Sec-WebSocket-Protocol", PROTOCOL) {
        true => Ok(()),
        false => Err(odd()),
    }
}

fn odd() -> io::Error {
    io::Error::other("no chatd answers at that address")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    #[test]
    fn an_answer_is_the_one_to_this_request() {
        let head = |status: &str, accept: &str, protocol: &str| {
            let head = format!(
                "HTTP/1.1 {status}\r\nUpgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\
                 Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
            );
            check(head.as_bytes(), KEY).map_err(|error| error.to_string())
        };
        let right = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert_eq!(head("101 Switching Protocols", right, "chatd.v1"), Ok(()));
        let odd = Err("no chatd answers at that address".to_owned());
        assert_eq!(head("101 Switching Protocols", "x", "chatd.v1"), odd);
        assert_eq!(head("101 Switching Protocols", right, "other"), odd);
        let no = Err("the server answered 404 Not Found".to_owned());
        assert_eq!(head("404 Not \x1bFound", right, "chatd.v1"), no);
        assert!(check(b"-- Welcome to chatd\r\n", KEY).is_err());
        assert_eq!(end_of_head(b"a\r\n\r\nb"), Some(5));
        assert_eq!(end_of_head(b"a\r\n\r"), None);
    }
}
