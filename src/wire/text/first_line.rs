//! Recognizes HTTP and TLS clients by the first bytes that they send to the text port.

/// First byte of a TLS record that carries a handshake (RFC 8446, section 5.1).
pub(crate) const TLS_HANDSHAKE: u8 = 0x16;

/// Whether `byte` can be the first byte that a person types, or telnet's IAC (255). No byte that
/// starts TLS is: a record begins with 20 to 24, and a hello of SSL 2 with 128.
pub fn is_typed(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0xc2..=0xf4 | 0xff)
}

/// Whether `line` is the request line of HTTP: a method that is a token, one target, and the
/// version (RFC 9112, section 3), with any white space that a lenient server would take.
pub(crate) fn is_http_request(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let request = (words.next(), words.next(), words.next(), words.next());
    let (Some(method), Some(_), Some(version), None) = request else { return false };
    method.bytes().all(is_token) && is_version(version)
}

/// The same for a line of which only the beginning and the end are known. Any part of the words may
/// be missing between them.
pub(crate) fn could_be_http_request(ends: &str) -> bool {
    let words: Vec<_> = ends.split_whitespace().take(4).collect();
    match words[..] {
        [method, _, version] => method.bytes().all(is_token) && is_version(version),
        [_, version] | [version] => is_version(version),
        _ => false,
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9112, section 2.3.
fn is_version(word: &str) -> bool {
    let number = word.strip_prefix("HTTP/").unwrap_or_default();
    matches!(number.as_bytes(), [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// Whether an IRC client begins so: with its capabilities or its password (RFC 2812, section 3.1.1).
pub(super) fn is_irc_opening(line: &[u8]) -> bool {
    let mut words = line.trim_ascii_end().split(|&byte| byte == b' ');
    let first = (words.next(), words.next(), words.next());
    matches!(first, (Some(b"CAP"), Some(b"LS"), _) | (Some(b"PASS"), Some(_), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_lines_are_told_from_what_people_write() {
        for line in [
            "GET / HTTP/1.1",
            "POST /x?y=z HTTP/1.0",
            "PRI * HTTP/2.0",
            "patch * HTTP/1.1",
            "X / HTTP/1.1",
            " GET  /\tHTTP/1.1 ",
        ] {
            assert!(is_http_request(line), "{line}");
        }
        for line in [
            "",
            "GET /",
            "GET  HTTP/1.1",
            "we should use HTTP/1.1",
            "GET / HTTP/11",
            "GET / HTTP/1.1 please",
            "G(T / HTTP/1.1",
            "hello",
        ] {
            assert!(!is_http_request(line), "{line}");
        }
    }
}
