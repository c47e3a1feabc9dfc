//! Who is there, by the first thing it says: people chat, browsers and TLS clients do not.

/// First byte of a TLS record that carries a handshake (RFC 8446, section 5.1).
pub(super) const TLS_HANDSHAKE: u8 = 0x16;

/// Whether `line` is the request line of HTTP/1: a method that is a token, one target without
/// spaces, and the version (RFC 9112, section 3).
pub(super) fn is_http_request(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let request = (words.next(), words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some(version), None) = request else { return false };
    !method.is_empty()
        && method.iter().all(|&byte| is_token(byte))
        && !target.is_empty()
        && matches!(version, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit())
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_lines_are_told_from_what_people_write() {
        for line in ["GET / HTTP/1.1", "POST /x?y=z HTTP/1.0", "patch * HTTP/1.1"] {
            assert!(is_http_request(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "GET /",
            "GET  HTTP/1.1",
            "we should use HTTP/1.1",
            "GET / HTTP/2.0",
            "GET / HTTP/1.1 please",
            "G(T / HTTP/1.1",
            " / HTTP/1.1",
            "hello",
        ] {
            assert!(!is_http_request(line.as_bytes()), "{line}");
        }
    }
}
