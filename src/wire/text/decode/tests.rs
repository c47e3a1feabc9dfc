//! Decoding gives the same lines however reads and restarts split the bytes.

use super::*;
use proptest::prelude::*;

const LIMIT: usize = 16;

/// Decodes `pieces`, each a read of its own, and the end.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Incoming> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for mut piece in pieces {
        while let Some(incoming) = decoder.next(&mut piece, LIMIT) {
            all.push(incoming);
        }
        assert!(piece.is_empty());
    }
    all.extend(std::iter::from_fn(|| decoder.finish(LIMIT)));
    all.retain(|incoming| *incoming != Incoming::SpeaksTelnet);
    all
}

fn whole(bytes: &[u8]) -> Vec<Incoming> {
    decode([bytes])
}

fn line(text: &str) -> Incoming {
    Incoming::Line(Line::new(text))
}

/// A line that lost something before it was cleaned.
fn lossy(text: &str) -> Incoming {
    Incoming::Line(Line::new(text).with_loss())
}

#[test]
fn all_four_kinds_of_enter_end_a_line() {
    assert_eq!(whole(b"a\r\nb\r\0c\rd\ne\n"), ["a", "b", "c", "d", "e"].map(line));
    assert_eq!(whole(b"a\n\nb"), [Incoming::BareLineFeeds, line("a"), line(""), line("b")]);
}

#[test]
fn between_reads_there_is_no_room_for_items() {
    let mut decoder = Decoder::default();
    let mut bytes = b"a\nb\nhalf".as_slice();
    assert_eq!(decoder.next(&mut bytes, LIMIT), Some(Incoming::BareLineFeeds));
    assert_eq!(decoder.next(&mut bytes, LIMIT), Some(line("a")));
    assert_eq!(decoder.ready.len(), 0);
    assert_ne!(decoder.ready.capacity(), 0, "it is kept from line to line");
    while decoder.next(&mut bytes, LIMIT).is_some() {}
    assert_eq!(decoder.ready.capacity(), 0);
}

#[test]
fn only_a_bare_line_feed_after_the_first_line_asks_for_bare_line_feeds() {
    assert_eq!(whole(b"a\nb\n"), [Incoming::BareLineFeeds, line("a"), line("b")]);
    assert_eq!(whole(b"a\rb\n"), [line("a"), line("b")]);
    assert_eq!(whole(b"a"), [line("a")]);
}

#[test]
fn a_line_beyond_the_limit_is_refused_whole() {
    let exact = "x".repeat(LIMIT);
    assert_eq!(whole(format!("\r{exact}\r").as_bytes()), [line(""), line(&exact)]);
    let refused = Incoming::TooLong { bytes: LIMIT + 1, limit: LIMIT };
    assert_eq!(whole(format!("\r{exact}y\rz").as_bytes()), [line(""), refused, line("z")]);
}

#[test]
fn http_and_tls_are_errors_as_the_first_line_only() {
    let http = [Incoming::Error(WireError::Http)];
    assert_eq!(whole(b"GET /a/long/target HTTP/1.1\r\nHost: x\r\n"), http);
    assert_eq!(whole(b"GET / HTTP/1.0"), http);
    assert_eq!(whole(b"GET / HTTP/1.0\xff\xec"), http);
    assert_eq!(whole(b"\x16\x03\x01hello\n"), [Incoming::Error(WireError::Tls)]);
    assert_eq!(whole(b"a\rGET / HTTP/1.1\r"), [line("a"), line("GET / HTTP/1.1")]);
}

#[test]
fn a_proxy_header_is_an_error_as_the_first_line_only() {
    let proxy = [Incoming::Error(WireError::Proxy)];
    for header in [
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4321 1234\r\nhi\r\n".as_slice(),
        b"PROXY UNKNOWN\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0chello\r\n",
    ] {
        assert_eq!(whole(header), proxy);
        assert_eq!(decode(header.chunks(1)), proxy);
    }
    assert_eq!(whole(b"a\rPROXY UNKNOWN\r"), [line("a"), line("PROXY UNKNOWN")]);
    assert_eq!(whole(b"PROXY is down\r"), [line("PROXY is down")]);
}

#[test]
fn line_ends_that_could_begin_a_proxy_header_count_once_they_do_not() {
    for beginning in 1..12 {
        let bytes = b"\r\n\r\n\0\r\nQUIT\n";
        let typed = [&bytes[..beginning], b"\rhi\r"].concat();
        let decoded = whole(&typed);
        assert_eq!(decode(typed.chunks(1)), decoded);
        assert_eq!(decoded.last(), Some(&line("hi")));
    }
    assert_eq!(whole(b"\r\n"), [line("")]);
    assert_eq!(whole(b"\r\n\r\n\r\n"), [line(""), line(""), line("")]);
}

#[test]
fn the_end_of_file_ends_with_the_last_line_and_ctrl_d_only_on_an_empty_one() {
    assert_eq!(whole(b"hi\xff\xecmore"), [line("hi"), Incoming::Quit]);
    assert_eq!(whole(b"\x04more"), [Incoming::Quit]);
    assert_eq!(whole(b"a\x04b\r\x04"), [lossy("ab"), Incoming::Quit]);
    assert_eq!(whole(b"a\r\0\x04"), [line("a"), Incoming::Quit]);
    let full = "x".repeat(LIMIT);
    assert_eq!(whole(format!("{full}\x04\r").as_bytes()), [lossy(&full)]);
}

#[test]
fn telnet_edits_the_half_typed_line() {
    assert_eq!(whole(b"a\xc3\xb1\xff\xf7b\r"), [line("ab")]);
    assert_eq!(whole(b"abc\xff\xf8d\r"), [line("d")]);
    let answer = Incoming::Answer(vec![0xff, 0xfc, 6]);
    assert_eq!(whole(b"abc\xff\xf4\xff\xfd\x06d\r"), [answer, line("d")]);
    assert_eq!(whole(b"ab\xff\xf6c\r"), [Incoming::Ping, line("abc")]);
    for interrupt in [b"abc\xff\xf3d\r", b"abc\xff\xeed\r"] {
        assert_eq!(whole(interrupt), [line("d")]);
    }
}

#[test]
fn backspace_and_delete_erase_the_character_before() {
    for erase in [b"\x08".as_slice(), b"\x7f", b"\xff\xf7"] {
        let decoded = |before: &str, after: &str| {
            let bytes = [before.as_bytes(), erase, after.as_bytes(), b"\r"].concat();
            let decoded = whole(&bytes);
            assert_eq!(decode(bytes.chunks(1)), decoded);
            decoded
        };
        assert_eq!(decoded("helx", "lo"), [line("hello")]);
        assert_eq!(decoded("", "a"), [line("a")]);
        assert_eq!(decoded("b\r", "a"), [line("b"), line("a")]);
        assert_eq!(decoded("xñ", "b"), [line("xb")]);
        assert_eq!(decoded("xe\u{301}\u{302}", "b"), [line("xb")]);
        assert_eq!(decoded("a👨‍👩‍👧", "b"), [line("ab")]);
    }
    assert_eq!(whole(b"ab\x08\x7f\x08\x7fc\r"), [line("c")]);
    let full = "x".repeat(LIMIT);
    assert_eq!(whole(format!("\r{full}y\x08\r").as_bytes()), [line(""), line(&full)]);
    assert_eq!(whole(b"a\x08\x04"), [Incoming::Quit]);
}

/// The last decoded line, if all of it is as it was sent.
fn faithful(bytes: &[u8]) -> Option<String> {
    match whole(bytes).pop() {
        Some(Incoming::Line(line)) if line.is_as_sent_from(0) => Some(line.to_string()),
        _ => None,
    }
}

#[test]
fn a_line_that_lost_something_on_the_way_knows_it() {
    for lossy in [
        b"pass\xffword\r".as_slice(),
        b"password\xff\r",
        b"password\xff\n",
        b"pass\xff\xfdword\r",
        b"pass\xff\xfeword\r",
        b"pass\xff\xfaword\xff\xf0word\r",
        b"pass\x04word\r",
        b"pass\xffword",
    ] {
        assert_eq!(faithful(lossy), None, "{lossy:?}");
    }
    for (sent, line) in [
        (b"pasx\x08sword\r".as_slice(), "password"),
        (b"pass\xff\xf1word\r", "password"),
        (b"x\xff\x01\xff\xf8password\r", "password"),
        (b"x\xffy\x08password\r", "password"),
        (b"x\xff\xf4\xff\xfd\x06password\r", "password"),
        (b"\xff\xfb\x1fpassword\r", "password"),
        (b"x\xff\x01\rpassword\r", "password"),
    ] {
        assert_eq!(faithful(sent).as_deref(), Some(line), "{sent:?}");
    }
}

#[test]
fn sixty_four_kib_without_a_line_end_are_an_error_whatever_they_are() {
    let endless = [Incoming::Error(WireError::EndlessLine)];
    for byte in [b'x', 0x04, 0] {
        let mut bytes = vec![byte; MAX_WITHOUT_LINE_END];
        bytes[0] = b'y';
        assert_eq!(whole(&bytes), endless);
    }
    let mut subnegotiation = vec![0xff, 0xfa];
    subnegotiation.resize(MAX_WITHOUT_LINE_END, 24);
    assert_eq!(whole(&subnegotiation), endless);
    let longest = vec![b'x'; MAX_WITHOUT_LINE_END - 1];
    let refused = Incoming::TooLong { bytes: longest.len(), limit: LIMIT };
    assert_eq!(whole(&longest), [refused]);
}

#[test]
fn keep_alives_may_go_on_for_ever() {
    let mut bytes = [0xff, 0xf1].repeat(MAX_WITHOUT_LINE_END);
    bytes.extend(b"x\r");
    assert_eq!(whole(&bytes), [line("x")]);
}

#[test]
fn it_knows_when_the_first_line_is_half_typed() {
    let mut decoder = Decoder::default();
    let mut states = [b"".as_slice(), b"\xff\xfb\x1f", b"h", b"\xff\xf8", b"h", b"\n", b"x"]
        .map(|mut bytes| {
            while decoder.next(&mut bytes, LIMIT).is_some() {}
            decoder.is_in_first_line()
        })
        .into_iter();
    assert!(states.by_ref().take(2).all(|typing| !typing));
    assert!(states.eq([true, false, true, false, false]));
}

#[test]
fn a_limit_that_grows_in_the_middle_of_a_line_never_lets_a_part_of_it_pass() {
    let mut decoder = Decoder::default();
    let mut next = |mut bytes: &[u8], limit| decoder.next(&mut bytes, limit);
    assert_eq!(next(b"a\r", LIMIT), Some(line("a")));
    assert_eq!(next(&[b'x'; LIMIT + 1], LIMIT), None);
    let refused = Incoming::TooLong { bytes: LIMIT + 2, limit: 2 * LIMIT };
    assert_eq!(next(b"y\r", 2 * LIMIT), Some(refused));
    assert_eq!(next(&[b'x'; LIMIT], LIMIT), None);
    let whole = "x".repeat(LIMIT) + "y";
    assert_eq!(next(b"y\r", 2 * LIMIT), Some(line(&whole)));
}

/// A first line that is too long to be kept whole.
fn long_line(beginning: &str, filler: char, end: &str) -> Vec<u8> {
    let filler = filler.to_string().repeat(60_000 / filler.len_utf8());
    format!("{beginning}{filler}{end}\r").into()
}

#[test]
fn of_a_long_first_line_only_the_ends_are_kept_and_the_rest_is_counted() {
    let mut decoder = Decoder::default();
    let line = long_line("", 'x', "");
    let (mut most, end) = (line.as_slice(), b"\r");
    most = &most[..most.len() - end.len()];
    for mut piece in most.chunks(1000) {
        assert_eq!(decoder.next(&mut piece, LIMIT), None);
        assert!(decoder.line.len() + decoder.end.len() <= 8192);
    }
    assert_eq!(decoder.take_bytes().len(), 8192);
    let refused = Incoming::TooLong { bytes: 60_000, limit: LIMIT };
    assert_eq!(decoder.next(&mut end.as_slice(), LIMIT), Some(refused));
}

#[test]
fn a_long_request_is_one_whatever_part_of_it_is_long() {
    let http = [Incoming::Error(WireError::Http)];
    for (beginning, filler, end) in [
        ("GET /", 'x', " HTTP/1.1"),
        ("M", 'M', " / HTTP/1.1"),
        ("GET ", ' ', "/ HTTP/1.1"),
        ("GET /", ' ', "HTTP/1.1"),
        ("", ' ', "GET / HTTP/1.1"),
    ] {
        let line = long_line(beginning, filler, end);
        assert_eq!(whole(&line), http, "{beginning}..{end}");
    }
    for (beginning, end) in [("we have a ", " HTTP/1.1"), ("GET /", ""), ("(a b", "c HTTP/1.1")] {
        let line = long_line(beginning, 'x', end);
        let refused = Incoming::TooLong { bytes: line.len() - 1, limit: LIMIT };
        assert_eq!(whole(&line), [refused], "{beginning}..{end}");
    }
}

#[test]
fn a_first_line_as_long_as_may_be_is_whole() {
    let line = long_line("", 'x', "");
    let mut decoder = Decoder::default();
    let Some(Incoming::Line(text)) = decoder.next(&mut line.as_slice(), 60_000) else {
        panic!("it is not too long");
    };
    assert_eq!(text.as_str().len(), 60_000);
}

#[test]
fn what_is_erased_behind_a_gap_is_no_longer_counted() {
    let erased = [long_line("", 'x', "\u{e9}\u{e9}")[..60_004].to_vec(), b"\xff\xf7\r".to_vec()];
    let refused = |bytes| [Incoming::TooLong { bytes, limit: LIMIT }];
    assert_eq!(whole(&erased.concat()), refused(60_002));
    // Erases all of the kept end, and more.
    let erased = [&long_line("", 'x', "")[..20_000], &b"\xff\xf7".repeat(9000), b"\r"];
    assert_eq!(whole(&erased.concat()), refused(11_000));
}

#[test]
fn overhead_is_what_becomes_no_part_of_a_line() {
    let overhead = |mut bytes: &[u8]| {
        let mut decoder = Decoder::default();
        while decoder.next(&mut bytes, LIMIT).is_some() {}
        *decoder.overhead()
    };
    assert_eq!(overhead(b"hello\r\nyou\r\0all\rof\nyou"), 0);
    assert_eq!(overhead(b"\r\xff\xf1\xff\xf1\n"), 4);
    assert_eq!(overhead(b"\xff\xf2\xff\xfc\x01"), 5);
    assert_eq!(overhead(b"\xff\xfa\0\0\0\xff\xf0"), 7);
    assert_eq!(overhead(b"ab\x08\x7f\x08c"), 3);
}

/// Bytes with many special ones.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let special =
        prop::sample::select(b"\r\n\0\x04\xff\xff\xf4\xfd\x06\xfa\xf0\xec\xf7\x08\x7f aG".to_vec());
    prop::collection::vec(prop_oneof![special, any::<u8>()], 0..120)
}

proptest! {
    #[test]
    fn chunking_never_changes_decoding(bytes in hostile(), cuts in prop::collection::vec(0usize..120, 0..8)) {
        let mut cuts: Vec<_> = cuts.into_iter().filter(|&cut| cut < bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
        prop_assert_eq!(decode(pieces), whole(&bytes));
        prop_assert_eq!(decode(bytes.chunks(1)), whole(&bytes));
    }

    #[test]
    fn wherever_it_is_saved_it_goes_on_as_if_it_was_not(bytes in hostile(), long in any::<bool>(), cut in 0usize..120) {
        let long = if long { long_line("GET /", 'x', "") } else { Vec::new() };
        let bytes = [&long[..long.len().saturating_sub(1)], &bytes].concat();
        let (mut before, mut after) = bytes.split_at(bytes.len().saturating_sub(cut));
        let (mut decoder, mut items) = (Decoder::default(), Vec::new());
        items.extend(std::iter::from_fn(|| decoder.next(&mut before, LIMIT)));
        let held = decoder.take_bytes();
        let saved = serde_json::to_string(&decoder).unwrap();
        prop_assert!(saved.len() < 1000, "{saved}");
        let mut decoder: Decoder = serde_json::from_str(&saved).unwrap();
        decoder.put_bytes(held);
        items.extend(std::iter::from_fn(|| decoder.next(&mut after, LIMIT)));
        items.extend(std::iter::from_fn(|| decoder.finish(LIMIT)));
        items.retain(|item| *item != Incoming::SpeaksTelnet);
        prop_assert_eq!(items, whole(&bytes));
    }

    #[test]
    fn an_http_request_line_never_passes(target in "[!-~]{1,40}", minor in 0..10u8) {
        let request = format!("GET {target} HTTP/1.{minor}\r\n");
        prop_assert_eq!(whole(request.as_bytes()), [Incoming::Error(WireError::Http)]);
    }
}

#[test]
fn an_irc_client_is_noticed_before_its_password_is_a_line() {
    for opening in ["CAP LS\r\n", "CAP LS 302\r\n", "PASS wanda:secret\r\n", "PASS :secret\n"] {
        let mut input = opening.as_bytes();
        let mut decoder = Decoder::default();
        let items: Vec<_> = std::iter::from_fn(|| decoder.next(&mut input, 1024)).collect();
        assert_eq!(items, [Incoming::Error(WireError::Irc)], "{opening:?}");
    }
    for line in ["PASS the salt, please\r\n", "pass x\r\n", "CAP\r\n", "CAPS LOCK\r\n", "hi\r\n"] {
        let mut input = line.as_bytes();
        let mut decoder = Decoder::default();
        let items: Vec<_> = std::iter::from_fn(|| decoder.next(&mut input, 1024)).collect();
        assert_eq!(items, [Incoming::Line(Line::new(line.trim_end()))], "{line:?}");
    }
}
