//! The head of a request, and its body: the result does not depend on how much of it has arrived or on what
//! follows, and no request gets around the rules on hosts and origins.
//!
//! Input: the stream.
#![no_main]

use chatd::net::{Body, Framing, MAX_HEAD, Status, parse};
use chatd::web::Guard;
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "https://chat.example.org";

/// The longest body, with room to spare.
const MAX_BODY: usize = 64 * 1024;

/// A body is the same however it comes, and has its limit.
fn check_body(framing: Framing, input: &[u8]) {
    let take = |step: usize| {
        let mut body = Body::new(framing);
        let mut is_whole = body.take(&[]);
        for part in input.chunks(step) {
            if is_whole != Ok(false) {
                break;
            }
            is_whole = body.take(part);
        }
        is_whole.map(|is_whole| is_whole.then(|| body.into_bytes()))
    };
    let whole = take(input.len().max(1));
    assert_eq!(take(1), whole);
    if let Ok(Some(body)) = whole {
        assert!(body.len() <= MAX_BODY.min(input.len()));
    }
}

fuzz_target!(|input: &[u8]| {
    let whole = parse(input);
    let ends = (0..input.len()).step_by(1 + input.len() / 64);
    for end in ends {
        match (parse(&input[..end]), &whole) {
            // Until it is known, it may become anything.
            (Ok(None), _) => {}
            (early, whole) => assert_eq!(early, *whole, "after {end} bytes"),
        }
    }
    let Ok(Some((request, length))) = whole else {
        let refused = [Err(Status::BadRequest), Err(Status::HeadTooLarge), Ok(None)];
        assert!(refused.contains(&whole));
        assert!(whole != Ok(None) || input.len() < MAX_HEAD);
        return;
    };
    assert!(length <= MAX_HEAD && input[..length].ends_with(b"\n"));
    assert_eq!(parse(&input[..length]), Ok(Some((request.clone(), length))));

    assert!(request.path.starts_with('/') && !request.path.contains(['?', '#', ' ']));
    let upgrade = request.upgrade.iter().flat_map(|upgrade| {
        let (key, version) = (&upgrade.key, &upgrade.version);
        [key, version].into_iter().chain(&upgrade.protocols)
    });
    let values = [&request.method, &request.path];
    for value in values.into_iter().chain(&request.host).chain(&request.origin).chain(upgrade) {
        assert!(!value.contains(['\r', '\n', '\0']), "{value:?}");
    }

    if let Ok(framing) = Framing::of(&request.fields, request.is_1_1) {
        check_body(framing, &input[length..]);
    }

    let guard = Guard::new(vec!["box7".to_owned()], vec![ORIGIN.parse().expect("it is an origin")]);
    let is_admitted = guard.admit(request.host.as_deref(), request.origin.as_deref()) == Ok(());
    if let Some(host) = request.host.filter(|_| is_admitted) {
        let host = host.to_ascii_lowercase();
        // An address has no letters beyond those of hexadecimal digits.
        let is_address = !host.contains(|c: char| !c.is_ascii_hexdigit() && !"[]:.".contains(c));
        let is_named = ["box7", "localhost", "chat.example.org"]
            .iter()
            .filter_map(|name| host.strip_prefix(name))
            .any(|port| !port.strip_prefix('.').unwrap_or(port).contains('.'));
        assert!(is_address || is_named, "{host:?}");
        if let Some(origin) = request.origin.map(|origin| origin.to_ascii_lowercase()) {
            let origin = origin.strip_suffix('.').unwrap_or(&origin);
            assert!(origin == ORIGIN || origin.ends_with(&format!("://{host}")), "{origin:?}");
        }
    }
});
