//! Servers of `chatd.v1` that are hostile.

use serde_json::{Value, json};
use tungstenite::Message;
use tungstenite::handshake::server::{Request, Response};

use super::*;

/// What must not get to a terminal, and what takes no room there or more than one column.
const HARM: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{1b}[6n\u{9b}1m\u{8}\r\n\u{0}\u{202e}\u{2066}\u{200b}\
                    \u{2028}\u{feff}e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}語👨\u{200d}👩\u{7f}";

/// A server that sends these objects behind its welcome, and answers pings and `/room`.
fn saying(objects: Vec<Value>) -> SocketAddr {
    let (listener, address) = listen();
    let serve = move || {
        let (stream, _) = listener.accept().unwrap();
        #[expect(clippy::result_large_err, reason = "it is that of tungstenite")]
        let agree = |_: &Request, mut response: Response| {
            let protocol = "chatd.v1".parse().unwrap();
            response.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
            Ok(response)
        };
        let mut socket = tungstenite::accept_hdr(stream, agree).unwrap();
        let greeting = json!({"t": "notice", "text": "echo is off"});
        let mut all = welcome("box7", "al", "lobby").into_iter().chain([greeting]).chain(objects);
        let mut say = |object: Value| socket.send(Message::text(object.to_string()));
        // The client may end the connection.
        let _ = all.try_for_each(&mut say);
        while let Ok(message) = socket.read() {
            let asked = |what: &str| message.to_text().is_ok_and(|text| text.contains(what));
            let answers = match (asked("/ping"), asked("/room")) {
                (true, _) => vec![json!({"t": "notice", "text": "pong"})],
                (_, true) => vec![settings(), said("lobby", "bob", "the very end")],
                _ => vec![],
            };
            for answer in answers {
                let _ = socket.send(Message::text(answer.to_string()));
            }
        }
    };
    thread::Builder::new().spawn(serve).unwrap();
    address
}

fn welcome(server: &str, nick: &str, room: &str) -> [Value; 2] {
    [
        json!({"t": "welcome", "server": server, "nick": nick, "room": room}),
        json!({"t": "people", "room": room, "nicks": [nick, HARM], "here": 2}),
    ]
}

fn settings() -> Value {
    json!({"t": "room", "room": "lobby", "settings": {HARM: HARM}, "owner": HARM,
           "operators": [HARM], "voices": [HARM], "you": "operator"})
}

fn said(room: &str, nick: &str, text: &str) -> Value {
    json!({"t": "said", "room": room, "nick": nick, "text": text, "ts": 0})
}

#[test]
fn no_field_of_theirs_can_touch_the_terminal() {
    let welcomes = [welcome(HARM, HARM, HARM), welcome("box7", "al", "lobby")];
    let rest = vec![
        settings(),
        json!({"t": "people", "room": HARM, "nicks": [HARM, HARM], "here": 2}),
        json!({"t": "bye", "text": HARM}),
        said("lobby", HARM, HARM),
        json!({"t": "emote", "room": "lobby", "nick": HARM, "text": HARM, "ts": i64::MAX}),
        json!({"t": "private", "from": HARM, "to": "al", "text": HARM, "ts": i64::MIN}),
        json!({"t": "topic", "room": "lobby", "nick": HARM, "text": HARM}),
        json!({"t": "joined", "room": "lobby", "nick": HARM, "here": 3}),
        json!({"t": "left", "room": "lobby", "nick": HARM, "here": 2, "reason": HARM}),
        json!({"t": "renamed", "room": "lobby", "from": HARM, "to": HARM}),
        json!({"t": "notice", "text": HARM}),
        json!({"t": "refused", "text": HARM}),
        json!({"t": "found", "messages": [said(HARM, HARM, HARM)]}),
        json!({"t": "history", "room": "lobby", "messages": [said("lobby", HARM, HARM)]}),
        json!({"t": "role", "room": "lobby", "nick": HARM, "role": HARM, "on": true, "by": HARM}),
        json!({"t": "invited", "room": HARM, "by": HARM}),
        json!({"t": "kicked", "room": HARM, "by": HARM, "why": HARM}),
        json!({"t": "renamed", "room": "lobby", "from": "al", "to": HARM}),
        said("lobby", "bob", "the end"),
    ];
    let address = saying(welcomes.into_iter().flatten().chain(rest).collect());
    let mut alice = Terminal::run(chat(format!("http://{address}/"), ["--color", "never"]));
    alice.displays(|rows| rows.iter().any(|row| row.ends_with("<bob> the end")));
    alice.types("/room\r");
    alice.displays(|rows| rows.iter().any(|row| row.ends_with("<bob> the very end")));
    // The last character may not have come whole.
    let written = String::from_utf8_lossy(alice.written()).into_owned();
    assert!(written.contains("-- settings: "), "{written}");
    let harm =
        ["\u{1b}[2J", "\u{1b}]", "\u{1b}[6n", "\u{7}", "\u{9b}", "\u{8}", "\u{0}", "\u{202e}"];
    let rest = ["\u{2066}", "\u{200b}", "\u{2028}", "\u{feff}", "\u{7f}", &"\u{301}".repeat(5)];
    for harm in harm.into_iter().chain(rest) {
        assert!(!written.contains(harm), "{harm:?}");
    }
    // The status line has one row, whatever is in it.
    alice.types("still here");
    ends_in(&mut alice, &["<bob> the very end", "> still here"]);
}
