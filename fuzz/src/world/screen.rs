//! What a message looks like where it is read: no line can be taken for something that it is not.

use chatd::chat::{Entry, Kind, Message};
use chatd::wire::Dialect;
use serde_json::Value;

use crate::is_dangerous;

/// Bytes in a line: what is typed may become three times as long when it is cleaned, and stands
/// after somebody's name, a room's, a date and some words.
const MAX_LINE: usize = 3 * 1024 + 256;
/// Bytes in an object: 64 KiB of history, with names and escapes, or 500 people.
const MAX_OBJECT: usize = 256 * 1024;
/// What can stand first in an object of `chatd.v1`.
const KINDS: [&str; 19] = [
    "said", "emote", "private", "joined", "left", "renamed", "topic", "welcome", "people",
    "history", "found", "notice", "refused", "bye", "room", "role", "invited", "kicked",
    "operator",
];

/// Encodes `message` and reads it again; returns what there is to read.
pub(super) fn check(message: &Message, dialect: Dialect) -> String {
    let mut bytes = Vec::new();
    dialect.encode(message, &mut bytes);
    match dialect {
        Dialect::Text(style) => {
            let text = str::from_utf8(&bytes).expect("lines are UTF-8");
            let end = if style.bare_line_feeds { "\n" } else { "\r\n" };
            let lines = text.strip_suffix(end).expect("lines are whole").split(end);
            check_lines(message, &lines.collect::<Vec<_>>(), style.timestamps);
        }
        Dialect::Lines { timestamps, .. } => check_lines(message, &frames(&bytes), timestamps),
        Dialect::Json => match frames(&bytes)[..] {
            [object] => check_object(object),
            _ => panic!("a message is one object"),
        },
        Dialect::Irc(_) | Dialect::Stream(_) => {
            unreachable!("no client here speaks IRC or reads over HTTP")
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text in each frame.
fn frames(mut bytes: &[u8]) -> Vec<&str> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[0], 0x81, "each frame is a whole text");
        let (header, length) = match bytes[1] {
            short @ 0..126 => (2, u64::from(short)),
            126 => (4, u64::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
            127 => (10, u64::from_be_bytes(bytes[2..10].try_into().expect("it has 8 bytes"))),
            _ => panic!("a server's frames have no mask"),
        };
        let end = header + usize::try_from(length).expect("it is short");
        frames.push(str::from_utf8(&bytes[header..end]).expect("it is UTF-8"));
        bytes = &bytes[end..];
    }
    frames
}

fn check_object(json: &str) {
    assert!(json.len() <= MAX_OBJECT, "{} bytes in an object", json.len());
    let object: Value = serde_json::from_str(json).expect("it is JSON");
    let kind = object["t"].as_str().expect("it says what it is");
    assert!(KINDS.contains(&kind), "nobody knows {kind}");
    if kind == "found" {
        let found = object["messages"].as_array().expect("lines were found");
        assert!(found.iter().all(|line| line["room"].is_string()), "no room says where: {json}");
    }
    check_strings(&object);
}

fn check_strings(value: &Value) {
    match value {
        Value::String(text) => assert!(!text.contains(is_dangerous), "{text:?}"),
        Value::Array(values) => values.iter().for_each(check_strings),
        Value::Object(fields) => fields.values().for_each(check_strings),
        _ => {}
    }
}

/// Every line says by its first characters whether chatd or a person speaks.
fn check_lines(message: &Message, lines: &[&str], timestamps: bool) {
    for line in lines {
        assert!(!line.contains(is_dangerous) && line.len() <= MAX_LINE, "{line:?}");
    }
    let is_said = |beginning: String| {
        let [line] = lines else { return false };
        let line = if timestamps { without_time(line) } else { line };
        line.starts_with(&beginning)
    };
    let begin = |beginning| lines.iter().all(|line| line.starts_with(beginning));
    let as_expected = match message {
        Message::Said { entry: Entry { from, kind, .. }, .. } => match kind {
            Kind::Said => is_said(format!("<{from}> ")),
            Kind::Emoted => is_said(format!("* {from} ")),
            Kind::Noticed => is_said(format!("-{from}- ")),
            Kind::Gap | Kind::Removed(_) => panic!("nobody says a marker"),
        },
        Message::PrivateFrom { from, .. } => is_said(format!("[from {from}] ")),
        Message::PrivateTo { to, .. } => is_said(format!("[to {to}] ")),
        Message::Refused(_) => lines.len() == 1 && begin("!! "),
        Message::History { entries, has_notices: true, .. } => are_dated(lines, entries.len()),
        Message::History { entries, .. } => dated(lines, entries.len(), "-- end of history"),
        Message::Found(found) => dated(lines, found.len(), "-- end of search"),
        _ => begin("-- "),
    };
    assert!(as_expected, "{message:?} looks like {lines:?}");
}

/// Whether they are so many lines of the past, and then the end.
fn dated(lines: &[&str], count: usize, end: &str) -> bool {
    let (last, said) = lines.split_last().expect("there is an end");
    are_dated(said, count) && *last == end
}

fn are_dated(said: &[&str], count: usize) -> bool {
    said.len() == count && said.iter().all(|line| line.starts_with('['))
}

/// What follows "[14:02] ".
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_at(8);
    let has_form = |(at, byte): (usize, u8)| match at {
        0 | 3 | 6 | 7 => byte == b"[00:00] "[at],
        _ => byte.is_ascii_digit(),
    };
    assert!(time.bytes().enumerate().all(has_form), "{time:?} is no time");
    rest
}
