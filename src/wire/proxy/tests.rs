use proptest::prelude::*;

use super::*;

fn header(client: &str) -> ProxyHeader {
    let (ip, port) = client.rsplit_once(':').unwrap();
    let client = Remote::parse(ip.trim_matches(['[', ']']), port.parse().unwrap());
    ProxyHeader { client: Some(client.unwrap()), is_encrypted: None }
}

/// A header of version 2 with these bytes for the command, the family, and the rest.
fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&SIGNATURE, [0x20 | command, family].as_slice(), &length, body].concat()
}

const OVER_IPV4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0x10, 0xe1, 0x04, 0xd2];

#[test]
fn a_line_states_the_client() {
    for (line, stated) in [
        ("PROXY TCP4 192.0.2.7 198.51.100.1 4321 1234\r\n", header("192.0.2.7:4321")),
        ("PROXY TCP6 2001:db8::7 ::1 0 65535\r\n", header("[2001:db8::7]:0")),
        ("PROXY UNKNOWN\r\n", ITSELF),
        ("PROXY UNKNOWN ffff::1 what ever 99999\r\n", ITSELF),
    ] {
        let whole = Opening::Header(stated, line.len());
        assert_eq!(opening(line.as_bytes()), whole, "{line}");
        assert_eq!(opening(format!("{line}hello\n").as_bytes()), whole, "{line}");
    }
}

#[test]
fn a_line_that_is_not_to_the_letter_is_malformed() {
    for rest in [
        "TCP4 192.0.2.7 198.51.100.1 4321 1234\n",
        "TCP4 192.0.2.7 198.51.100.1 4321 65536\r\n",
        "TCP4 192.0.2.7 198.51.100.1 04321 1234\r\n",
        "TCP4 192.0.2.7 198.51.100.1 +4321 1234\r\n",
        "TCP4 192.0.2.7 198.51.100.1 4321\r\n",
        "TCP4 192.0.2.7 198.51.100.1 4321 1234 \r\n",
        "TCP4  192.0.2.7 198.51.100.1 4321 1234\r\n",
        "TCP4 2001:db8::7 ::1 4321 1234\r\n",
        "TCP6 0:1:0:3e8:: ::1 4321 1234\r\n",
        "TCP6 unix:1000 ::1 4321 1234\r\n",
        "TCP6 192.0.2.7 198.51.100.1 4321 1234\r\n",
        "TCP4 192.0.2.7 4321 198.51.100.1 1234\r\n",
        "UNKNOWNS\r\n",
    ] {
        assert_eq!(opening(format!("PROXY {rest}").as_bytes()), Opening::Malformed, "{rest}");
    }
    for other in ["PROXY", "PROXY servers are down\n", "proxy TCP4 ", "GET / HTTP/1.1\r\n", "\n"] {
        let expected = match "PROXY TCP4 ".starts_with(other) {
            true => Opening::Incomplete { is_header: false },
            false => Opening::Other,
        };
        assert_eq!(opening(other.as_bytes()), expected, "{other}");
    }
}

#[test]
fn a_line_has_107_bytes_at_most() {
    let line = |length: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(length - 16));
    assert_eq!(opening(line(107).as_bytes()), Opening::Header(ITSELF, 107));
    assert_eq!(opening(line(108).as_bytes()), Opening::Malformed);
    assert_eq!(opening(&line(300).as_bytes()[..107]), Opening::Malformed);
}

#[test]
fn a_binary_header_states_the_client() {
    let over_ipv6 = [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 7]].concat();
    let over_ipv6 = [over_ipv6, vec![0; 16], vec![0x10, 0xe1, 0x04, 0xd2]].concat();
    let bare = |client| ProxyHeader { is_encrypted: Some(false), ..header(client) };
    for (bytes, stated) in [
        (binary(1, 0x11, &OVER_IPV4), bare("192.0.2.7:4321")),
        (binary(1, 0x21, &over_ipv6), bare("[2001:db8::7]:4321")),
        (binary(0, 0x11, &OVER_IPV4), ITSELF),
        (binary(0, 0x77, &[]), ITSELF),
        (binary(1, 0x00, &[1, 2, 3]), ITSELF),
        (binary(1, 0x31, &[0; 216]), ITSELF),
    ] {
        assert_eq!(opening(&bytes), Opening::Header(stated, bytes.len()), "{bytes:?}");
    }
}

#[test]
fn a_binary_header_that_says_something_else_is_malformed() {
    for bytes in [
        binary(2, 0x11, &OVER_IPV4),
        binary(1, 0x11, &OVER_IPV4[..11]),
        binary(1, 0x21, &OVER_IPV4),
        binary(1, 0x12, &OVER_IPV4),
        binary(1, 0x31, &[0; 215]),
        binary(1, 0x41, &OVER_IPV4),
        [SIGNATURE.as_slice(), &[0x11, 0x11, 0, 12], &OVER_IPV4].concat(),
        binary(0, 0, &[0; MAX_HEADER - FIXED + 1]),
    ] {
        assert_eq!(opening(&bytes), Opening::Malformed, "{bytes:?}");
    }
    let longest = binary(0, 0, &[0; MAX_HEADER - FIXED]);
    assert_eq!(opening(&longest), Opening::Header(ITSELF, MAX_HEADER));
}

#[test]
fn extensions_are_skipped_but_for_that_about_tls() {
    let is_encrypted = |extensions: &[u8]| {
        let bytes = binary(1, 0x11, &[&OVER_IPV4, extensions].concat());
        match opening(&bytes) {
            Opening::Header(header, _) => header.is_encrypted.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert!(is_encrypted(&[0x20, 0, 5, 1, 0, 0, 0, 0]));
    assert!(is_encrypted(&[0x04, 0, 2, 9, 9, 0x20, 0, 5, 7, 0, 0, 0, 0]));
    for extensions in [
        &[][..],
        &[0x20, 0, 5, 0, 0, 0, 0, 0],
        &[0x20, 0, 5, 6, 0, 0, 0, 0],
        &[0x20, 0, 0],
        &[0x20, 0, 99, 1],
        &[0x01, 0, 2, b'h', b'2', 0x20],
    ] {
        assert!(!is_encrypted(extensions), "{extensions:?}");
    }
}

proptest! {
    #[test]
    fn a_header_is_found_only_when_it_is_whole(
        version in 0usize..3,
        rest in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let header = match version {
            0 => b"PROXY TCP4 192.0.2.7 198.51.100.1 4321 1234\r\n".to_vec(),
            1 => b"PROXY UNKNOWN\r\n".to_vec(),
            _ => binary(1, 0x11, &OVER_IPV4),
        };
        for end in 0..header.len() {
            let found = opening(&header[..end]);
            prop_assert!(matches!(found, Opening::Incomplete { .. }), "{end}: {found:?}");
        }
        let found = opening(&[&*header, &rest].concat());
        prop_assert!(matches!(found, Opening::Header(_, length) if length == header.len()));
    }

    #[test]
    fn no_bytes_are_too_strange(
        start in 0usize..4,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let starts: [&[u8]; 4] = [b"", b"PROXY TCP6 ", b"PROXY UNKNOWN", &SIGNATURE];
        let _ = opening(&[starts[start], &bytes].concat());
    }
}
