//! Attempts to learn an address or a password, or to read a room while banned.

use std::io::{Read, Write};

use super::*;

/// Whatever may be asked about others.
const QUESTIONS: [&str; 22] = [
    "/whois alice",
    "/whois carol",
    "/whois bob",
    "/who",
    "/who lobby",
    "/rooms",
    "/bans",
    "/ban alice",
    "/ban 127.0.0.0/8",
    "/unban 127.0.0.77",
    "/kick alice",
    "/mute alice",
    "/lockdown on",
    "/reload",
    "/history 100",
    "/search 127",
    "/motd",
    "/help",
    "/msg alice where are you",
    "/nick alice",
    "/login alice wrong",
    "/ignore alice",
];

fn fetch(server: &Server, path: &str) -> String {
    let mut stream = connect(server.addr_of("web"));
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn nobody_learns_an_address_on_any_wire() {
    let mut drill = Drill::begin("attacker: addresses");
    for mut stage in Stage::both("hello") {
        for &wire in stage.wires() {
            let (mut eve, mut told) = stage.eve(wire);
            for question in QUESTIONS {
                told.extend(eve.ask(question.as_bytes()));
                drill.note("questions", 1);
            }
            // Who comes, goes, is thrown out and banned by address has one, too.
            let mut mallory = Client::connect_from(&stage.server, "127.0.0.81").welcomed();
            mallory.ask("/nick mallory\nhello");
            stage.carol.send("/ban 127.0.0.81 1h spam");
            mallory.rest();
            Client::connect_from(&stage.server, "127.0.0.81").rest();
            stage.carol.send("/unban 127.0.0.81");
            stage.carol.wait_for(|line| line.contains("no longer banned"));
            told.extend(eve.ask(b"/who"));
            told.extend(stage.alice.sync());
            told.extend(stage.bob.sync());
            told.extend(stage.page.sync());
            assert!(told.concat().contains("mallory"));
            for address in [ALICES, BOBS, CAROLS, "127.0.0.81"] {
                assert!(!told.concat().contains(address), "{}: {told:?}", wire.0);
            }
        }
        if stage.identity.is_none() {
            for path in ["/", "/healthz", "/ws", "/metrics", "/who", "/../chatd.db", "/app.js"] {
                let answer = fetch(&stage.server, path);
                assert!(!answer.contains("127.0.0.7"), "{path}: {answer}");
            }
        }
    }
    drill.end();
}

/// A password, and every slip of the fingers around it. `NAME` is an account of its own.
const SLIPS: [&str; 13] = [
    "/register Xyzzyx Xyzzy",
    "/register  Xyzzyx Xyzzy",
    "/REGISTER Xyzzyx Xyzzy",
    "/login NAME Xyzzyx Xyzzy",
    "/Login NAME Xyzzy",
    " /login NAME Xyzzy",
    "/login NAME Xyzzy ",
    "/login  NAME  Xyzzy",
    "/login Xyzzy",
    "/login NAME wrong Xyzzy",
    "/login nobody Xyzzy",
    "/regsiter Xyzzy",
    "/lgoin NAME Xyzzy",
];

#[test]
fn a_password_is_seen_nowhere_from_any_wire() {
    let mut drill = Drill::begin("attacker: passwords");
    for mut stage in Stage::both("hello") {
        let mut told = Vec::new();
        for (n, &wire) in stage.wires().iter().enumerate() {
            let (mut dave, _) = stage.eve(wire);
            told.extend(dave.ask(format!("/nick dave{n}\n/echo on\n/time on").as_bytes()));
            for slip in SLIPS {
                told.extend(dave.ask(slip.replace("NAME", &format!("dave{n}")).as_bytes()));
                drill.note("slips", 1);
            }
            told.extend(dave.ask(b"/history 100\n/search Xyzzy\n/whois dave0\n/who"));
            drop(dave);
        }
        stage.bob.send("/history 100");
        stage.bob.send("/search Xyzzy");
        told.extend(stage.hear());
        let cmdline = fs::read(format!("/proc/{}/cmdline", stage.server.pid())).unwrap();
        told.push(String::from_utf8_lossy(&cmdline).into_owned());
        let mut export = chatd();
        let export = run(export.args(["export", "--state-dir", &stage.state]));
        told.push(export.stdout);
        let Stage { server, dir, state, .. } = stage;
        told.push(server.stop().1);
        for file in fs::read_dir(&state).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            told.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        drop(dir);
        for text in told {
            assert!(!text.contains("Xyzzy"), "{text}");
        }
    }
    drill.end();
}

#[test]
fn who_is_banned_reads_nothing_on_any_wire() {
    let mut drill = Drill::begin("attacker: bans");
    for mut stage in Stage::both("the motd is secret, too") {
        stage.bob.ask("/topic secret plans\nthe secret is out\n/join den\na secret den\n/leave");
        stage.carol.send("/ban 127.0.0.1 spam");
        stage.carol.wait_for(|line| line == "-- 127.0.0.1 is banned");
        for &(name, connect) in stage.wires() {
            let mut told = Vec::new();
            match connect(&stage) {
                Voice::Text(mut eve) => {
                    eve.try_send_raw(b"/join den\n/history 100\n/search secret\n/topic\n/who\n")
                        .ok();
                    told.extend(eve.rest_lines());
                }
                Voice::Page(mut eve) => {
                    for question in ["/join den", "/history", "/search secret", "/topic"] {
                        eve.try_send(question).ok();
                    }
                    told.extend(std::iter::from_fn(|| eve.try_line()));
                }
            }
            let all = told.concat();
            assert!(all.contains("banned: spam"), "{name}: {told:?}");
            for secret in ["secret", "lobby", "den", "alice", "Welcome"] {
                assert!(!all.contains(secret), "{name}: {told:?}");
            }
            drill.note("wires", 1);
        }
    }
    drill.end();
}
