//! Every command with odd arguments, at random, over every wire and through restarts: the lines of
//! the others arrive, once and in order, and no thread falls.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use super::talk::exported;
use super::{Drill, SPEED, Talk, wait_stored, within};
use crate::harness::{Client, Random, Server, TempDir, WebSocket, chatd, connect};
use crate::restart::switch;

/// What `NICK`, `ROOM`, `SETTING` and `WORD` stand for in the lines below.
const NICKS: [&str; 6] = ["ann", "ben", "B3n", "dora", "guest1", "chatd"];
const ROOMS: [&str; 4] = ["attic", "cellar", "Garden", "lobby"];
const SETTINGS: [&str; 10] = [
    "invite-only",
    "key",
    "hidden",
    "moderated",
    "topic-lock",
    "limit",
    "outside",
    "ctcp",
    "slow",
    "keep",
];
const WORDS: [&str; 22] = [
    "hello",
    "ann: look",
    "//x",
    "é",
    "\u{202e}abc",
    "`code`",
    "",
    "  ",
    "-- fake",
    "on",
    "off",
    "\u{1}ACTION x\u{1}",
    "10y",
    "5m",
    "-1",
    "18446744073709551616",
    "*!*@*",
    "192.0.2.0/24",
    "-",
    ":x",
    "#",
    "@",
];

const TEXT: [&str; 61] = [
    "WORD",
    "hello NICK",
    "/nick NICK",
    "/join ROOM WORD",
    "/leave",
    "/topic WORD",
    "/me WORD",
    "/msg NICK WORD",
    "/msg #ROOM WORD",
    "/reply WORD",
    "/who",
    "/who ROOM",
    "/rooms",
    "/whois NICK",
    "/ignore NICK",
    "/unignore NICK",
    "/history WORD",
    "/search WORD",
    "/op NICK",
    "/deop NICK",
    "/voice NICK",
    "/devoice NICK",
    "/kick NICK WORD",
    "/invite NICK",
    "/room",
    "/room SETTING on",
    "/room SETTING off",
    "/room SETTING WORD",
    "/room ban NICK WORD",
    "/room ban WORD WORD",
    "/room unban NICK",
    "/room bans",
    "/room kick NICK",
    "/room owner NICK",
    "/away WORD",
    "/login NICK WORD",
    "/login ann open sesame",
    "/register open sesame",
    "/password open sesame",
    "/time on",
    "/time off",
    "/bell on",
    "/quiet on",
    "/quiet off",
    "/echo on",
    "/edit off",
    "/help WORD",
    "/token WORD",
    "/token revoke WORD",
    "/tokens",
    "/motd",
    "/ping",
    "/ban NICK",
    "/mute NICK",
    "/forget NICK",
    "/lockdown on",
    "/bans",
    "/slow 9",
    "/nodes",
    "/quit WORD",
    "/nonsense WORD",
];

const IRC: [&str; 44] = [
    "NICK NICK",
    "USER a 0 * :WORD",
    "JOIN #ROOM WORD",
    "JOIN #attic,#ROOM",
    "PART #ROOM :WORD",
    "PRIVMSG #ROOM :WORD",
    "PRIVMSG @#ROOM :WORD",
    "PRIVMSG NICK :WORD",
    "NOTICE #ROOM :WORD",
    "TAGMSG #ROOM",
    "MODE #ROOM",
    "MODE #ROOM +ntikl WORD 3",
    "MODE #ROOM -ntikl WORD",
    "MODE #ROOM +ov NICK NICK",
    "MODE #ROOM -o NICK",
    "MODE #ROOM +bbI WORD *!*@x WORD",
    "MODE #ROOM b",
    "MODE NICK +iwB",
    "TOPIC #ROOM",
    "TOPIC #ROOM :WORD",
    "KICK #ROOM NICK :WORD",
    "INVITE NICK #ROOM",
    "WHO #ROOM",
    "WHO NICK %tcuhnfar,9",
    "WHOIS NICK",
    "WHOWAS NICK",
    "NAMES #ROOM",
    "LIST",
    "AWAY :WORD",
    "AWAY",
    "MONITOR + NICK",
    "MONITOR S",
    "CAP LS 302",
    "CAP REQ :labeled-response batch message-tags echo-message server-time draft/chathistory",
    "CAP END",
    "CHATHISTORY LATEST #ROOM * 10",
    "CHATHISTORY AROUND #ROOM WORD 5",
    "MARKREAD #ROOM",
    "@label=WORD PING WORD",
    "AUTHENTICATE PLAIN",
    "AUTHENTICATE WORD",
    "LUSERS",
    "PRIVMSG chatd :help WORD",
    "QUIT :WORD",
];

const HTTP: [&str; 5] = [
    "GET /rooms HTTP/1.1\r\n",
    "GET /rooms/ROOM/history?since=1h HTTP/1.1\r\n",
    "GET /rooms/ROOM HTTP/1.1\r\nAccept: text/event-stream\r\n",
    "POST /rooms/ROOM?nick=NICK HTTP/1.1\r\nContent-Length: 5\r\n",
    "POST /rooms/ROOM HTTP/1.1\r\nContent-Length: 5\r\nIdempotency-Key: k\r\n",
];

/// Lines that are sent at once.
const LINES: u64 = 10;

type Wire = fn(&Server, &mut Random) -> u64;

const WIRES: [Wire; 6] = [over_text, over_text, over_irc, over_websocket, over_json, over_http];

#[test]
fn whatever_is_typed_others_miss_nothing_and_no_thread_falls() {
    let mut drill = Drill::begin("commands");
    let dir = TempDir::new();
    let state = dir.path("state");
    std::fs::create_dir(&state).unwrap();
    let flags = ["--state-dir", &state, "--web-port", "0", "--irc-port", "0", "--senders", "2"];
    let server = Server::run(within(&["env"], &flags));
    for round in drill.rounds(1) {
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        let (over, typed) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            for wire in WIRES {
                let mut random = Random::new(drill.random.next());
                let (server, over, typed) = (&server, &over, &typed);
                scope.spawn(move || {
                    while !over.load(Relaxed) {
                        typed.fetch_add(wire(server, &mut random), Relaxed);
                    }
                });
            }
            let _over = crate::restart::OverAtTheEnd(&over);
            for _ in 0..3 {
                let slowest = talk.go_on(20);
                assert!(slowest < 2 * SPEED, "{slowest:?}");
                switch(&server);
            }
            talk.go_on(20);
        });
        drill.note("odd lines", typed.into_inner());
        let people = talk.end();
        wait_stored(&server);
        let mut export = chatd();
        export.args(["export", "--state-dir", &state]);
        drill.compare(&people, &exported(&mut export));
    }
    let (status, log) = server.stop();
    assert!(status.success() && !log.contains("panicked"), "{log}");
    drill.end();
}

/// One of these lines, with words put in.
fn line(forms: &[&str], random: &mut Random) -> String {
    let mut line = (*random.pick(forms)).to_owned();
    let mut put = |name: &str, words: &[&str]| {
        while let Some((before, after)) = line.split_once(name) {
            line = format!("{before}{}{after}", random.pick(words));
        }
    };
    // The command of IRC has the same name.
    put(" NICK", &NICKS.map(|nick| format!(" {nick}")).each_ref().map(|nick| &**nick));
    put("=NICK", &["=ann", "=dora", "=9"]);
    put("ROOM", &ROOMS);
    put("SETTING", &SETTINGS);
    put("WORD", &WORDS);
    line
}

fn over_text(server: &Server, random: &mut Random) -> u64 {
    let mut client = Client::connect(server);
    types(random, &TEXT, "/ping", |lines| {
        client.try_send_raw(lines.join("\n").as_bytes()).ok()?;
        client.try_send_raw(b"\n").ok()?;
        answered(|| client.try_line())
    })
}

fn over_irc(server: &Server, random: &mut Random) -> u64 {
    let mut client = Client::over(connect(server.addr_of("irc")));
    let name = format!("n{}", random.below(1_000_000));
    client.send_raw(format!("NICK {name}\r\nUSER a 0 * :a\r\n").as_bytes());
    types(random, &IRC, "PING pong", |lines| {
        client.try_send_raw(lines.join("\r\n").as_bytes()).ok()?;
        client.try_send_raw(b"\r\n").ok()?;
        answered(|| client.try_line())
    })
}

fn over_websocket(server: &Server, random: &mut Random) -> u64 {
    frames(WebSocket::connect(server), random)
}

fn over_json(server: &Server, random: &mut Random) -> u64 {
    frames(WebSocket::connect_json(server), random)
}

fn frames(mut page: WebSocket, random: &mut Random) -> u64 {
    types(random, &TEXT, "/ping", |lines| {
        lines.iter().try_for_each(|line| page.try_send(line)).ok()?;
        answered(|| page.try_line())
    })
}

/// Has `send` send a few lines at a time, until one of them ended the connection, or it is enough.
/// The last one of them asks for an answer.
fn types(
    random: &mut Random,
    forms: &[&str],
    ping: &str,
    mut send: impl FnMut(&[String]) -> Option<()>,
) -> u64 {
    for round in 0..20 {
        let lines = (0..LINES).map(|_| line(forms, random)).chain([ping.to_owned()]);
        if send(&lines.collect::<Vec<_>>()).is_none() {
            return round * LINES;
        }
    }
    20 * LINES
}

/// Reads up to the answer to a ping; `None` if the connection ends.
fn answered(mut next: impl FnMut() -> Option<String>) -> Option<()> {
    while !next()?.contains("pong") {}
    Some(())
}

/// Of a stream, only the beginning is read.
fn over_http(server: &Server, random: &mut Random) -> u64 {
    let mut stream = connect(server.addr_of("web"));
    let request = format!("{}Host: localhost\r\n\r\nhello", line(&HTTP, random));
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.read(&mut [0; 4096]);
    1
}
