//! Who speaks over HTTP: names, and what others can do about them.

use std::io::Write;

use super::post;
use super::streams::Reader;
use super::tokens::with_alice_and_a_token;
use crate::harness::{Client, Irc, Server, TempDir, people};
use crate::order::{logs_in, registers};

#[test]
fn a_name_is_kept_for_its_address() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    post("/rooms/lobby?nick=ci", "1").to(&server).json();
    post("/rooms/lobby?nick=CI", "2").to(&server).json();
    post("/rooms/lobby?nick=ci", "3").from("127.0.0.2", &server).refused(409);
    alice.expect("<ci> 1");
    alice.expect("<CI> 2");
    let mut eve = Client::connect_from(&server, "127.0.0.2").welcomed();
    eve.send("/nick ci");
    eve.wait_for(|line| line == "!! ci is taken");
    alice.send("/nick ci");
    alice.expect("-- you are now ci");
    post("/rooms/lobby?nick=ci", "4").to(&server).refused(409);
}

#[test]
fn a_guest_is_the_same_for_its_address() {
    let server = Server::with_web([]);
    let nick = |source| {
        let answer = post("/rooms/lobby", "hi").from(source, &server).json();
        answer["nick"].as_str().unwrap().to_owned()
    };
    let (one, other) = (nick("127.0.0.1"), nick("127.0.0.2"));
    assert!(one.starts_with("guest") && other.starts_with("guest") && one != other);
    assert_eq!((nick("127.0.0.1"), nick("127.0.0.2")), (one, other));
}

#[test]
fn who_only_speaks_is_not_here() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    post("/rooms/lobby?nick=ci", "hi").to(&server).json();
    alice.expect("<ci> hi");
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
    assert_eq!(alice.ask("/msg ci hello"), ["!! ci speaks over HTTP and cannot be written to"]);
    let whois = alice.ask("/whois CI");
    assert!(whois[0].starts_with("-- ci speaks over HTTP"), "{whois:?}");
    assert!(!whois[0].contains("127.0.0.1"), "{whois:?}");
    alice.expect_nothing();
}

#[test]
fn an_ignored_speaker_stays_ignored() {
    let server = Server::with_web([]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let say = |text| post("/rooms/lobby?nick=ci", text).to(&server).json();
    say("1");
    alice.expect("<ci> 1");
    bob.expect("<ci> 1");
    assert_eq!(alice.ask("/ignore ci"), ["-- you are ignoring ci"]);
    say("2");
    bob.expect("<ci> 2");
    alice.expect_nothing();
    assert!(!alice.ask("/history").iter().any(|line| line.contains("<ci>")));
    // The same name from the same address is the same person, connected or not.
    let mut ci = Client::join(&server, "ci");
    ci.send("3");
    bob.wait_for(|line| line == "<ci> 3");
    ci.send("/quit");
    ci.rest();
    say("4");
    bob.wait_for(|line| line == "<ci> 4");
    assert!(!alice.sync().iter().any(|line| line.contains("<ci>")));
    assert_eq!(alice.ask("/unignore ci"), ["-- you no longer ignore ci"]);
    say("5");
    alice.expect("<ci> 5");
}

#[test]
fn operators_mute_and_ban_speakers() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add carol --operator", "open sesame\n");
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    let mut carol = Client::guest(&server);
    logs_in(&mut carol, "carol", "open sesame");
    let say = |text| post("/rooms/lobby?nick=ci", text).from("127.0.0.2", &server);
    say("1").json();
    carol.wait_for(|line| line == "<ci> 1");
    let whois = carol.ask("/whois ci");
    assert!(whois[0].ends_with(", from 127.0.0.2"), "{whois:?}");
    assert_eq!(carol.ask("/mute ci 10m"), ["-- ci is muted for 10m"]);
    assert!(say("2").refused(403).starts_with("you are muted for 10m"));
    assert_eq!(carol.ask("/unmute ci"), ["-- ci may speak again"]);
    say("3").json();
    carol.wait_for(|line| line == "<ci> 3");
    assert_eq!(carol.ask("/ban ci 1h spam"), ["-- ci is banned"]);
    assert!(say("4").refused(403).starts_with("banned for 1h: spam"));
}

#[test]
fn a_registered_name_and_lockdown_need_a_token() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add carol --operator", "open sesame\n");
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    let mut alice = Client::join(&server, "alice");
    registers(&mut alice, "correct horse");
    let answer = post("/rooms/lobby?nick=alice", "hi").to(&server);
    assert!(answer.refused(401).starts_with("alice is registered"));
    assert_eq!(answer.field("WWW-Authenticate"), Some("Bearer"));
    let mut carol = Client::guest(&server);
    logs_in(&mut carol, "carol", "open sesame");
    carol.send("/lockdown on");
    carol.sync();
    let answer = post("/rooms/lobby?nick=ci", "hi").to(&server);
    assert!(answer.refused(401).starts_with("only registered people"));
}

#[test]
fn a_slow_room_takes_one_line_at_a_time() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add carol --operator", "open sesame\n");
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    let mut carol = Client::guest(&server);
    logs_in(&mut carol, "carol", "open sesame");
    carol.send("/slow 600");
    carol.sync();
    post("/rooms/lobby?nick=ci", "1\n2").to(&server).refused(413);
    post("/rooms/lobby?nick=ci", "1").to(&server).json();
    let answer = post("/rooms/lobby?nick=cd", "2").to(&server);
    assert!(answer.refused(429).starts_with("slow down: you may speak again in"));
    assert!(answer.field("Retry-After").unwrap().parse::<u64>().unwrap() > 590);
}

#[test]
fn a_closed_room_says_why_it_takes_nothing() {
    let server = Server::with_web(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("/join dev");
    for (setting, words) in [
        ("invite-only", "dev is invite-only"),
        ("key", "dev needs a key: /join dev KEY"),
        ("hidden", "dev is open only to those who are in it"),
    ] {
        alice.ask(&format!("/room {setting} on"));
        assert_eq!(post("/rooms/dev", "hi").to(&server).refused(403), words);
        assert_eq!(super::request("GET", "/rooms/dev").to(&server).refused(403), words);
        assert_eq!(super::request("HEAD", "/rooms/dev").to(&server).status, 403);
        let past = |room: &str| {
            let path = format!("/rooms/{room}/history");
            let answer = super::request("GET", &path).to(&server);
            (answer.status, answer.text().replace(room, "ROOM"))
        };
        match setting {
            // Nothing shows that it is there.
            "hidden" => assert_eq!(past("dev"), past("nowhere")),
            _ => assert_eq!(past("dev"), (403, format!("{}\n", words.replace("dev", "ROOM")))),
        }
        alice.ask(&format!("/room {setting} off"));
    }
}

#[test]
fn a_full_or_moderated_room_takes_lines_of_those_who_may_speak_there() {
    let (_dir, server, token) = with_alice_and_a_token();
    let token = format!("Bearer {token}");
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev\n/room limit 1");
    let say = || post("/rooms/dev?nick=ci", "hi").to(&server);
    let read = || super::request("HEAD", "/rooms/dev").to(&server).status;
    assert_eq!(say().refused(403), "dev is full (1)");
    assert_eq!(read(), 403);
    super::request("GET", "/rooms/dev/history").to(&server).refused(403);
    bob.ask("/room outside on");
    say().json();
    bob.expect("<ci> hi");
    assert_eq!(read(), 403, "a reader needs a place");
    bob.ask("/room outside off\n/room limit 2");
    let mut alice = Client::guest(&server);
    logs_in(&mut alice, "alice", "open sesame");
    alice.ask("/join dev");
    bob.wait_for(|line| line.starts_with("-- alice joined"));
    say().refused(403);
    let built = post("/rooms/dev", "built").with("Authorization", &token).to(&server);
    assert_eq!(built.json()["nick"], "alice", "its account is in the room");
    bob.expect("<alice> built");
    // Whoever may speak there may do so over HTTP.
    bob.ask("/room moderated on");
    let say = || post("/rooms/dev", "built").with("Authorization", &token).to(&server);
    assert_eq!(say().refused(403), "dev is moderated; not sent");
    bob.ask("/voice alice");
    say().json();
    bob.wait_for(|line| line == "<alice> built");
}

#[test]
fn an_exception_lifts_a_ban_of_a_room() {
    let server = Server::with_web(["--rate", "0", "--irc-port", "0"]);
    let mut ann = Irc::named(&server, "ann");
    ann.ask("JOIN #dev\r\nMODE #dev +b *!*@*");
    let bob = || post("/rooms/dev?nick=bob", "hi").to(&server);
    assert_eq!(bob().refused(403), "you are banned from dev");
    ann.ask("MODE #dev +e bob!*@*");
    assert_eq!(bob().status, 200);
    // Who waits to send a body is not judged before it names the speaker.
    let body = r#"{"text":"hi","nick":"bob"}"#;
    let mut stream = crate::harness::connect(server.addr_of("web"));
    let head = super::post_json("/rooms/dev", body).with("Expect", "100-continue").bytes();
    stream.write_all(&head[..head.len() - body.len()]).unwrap();
    super::read_until(&mut stream, b"100 Continue\r\n\r\n");
    assert_eq!(super::exchange(stream, body.as_bytes()).json()["nick"], "bob");
}

#[test]
fn whoever_is_banned_gets_nothing_but_the_page() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add carol --operator", "open sesame\n");
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    let mut carol = Client::guest(&server);
    logs_in(&mut carol, "carol", "open sesame");
    let stream = super::connect_from(server.addr_of("web"), "127.0.0.2");
    let reader = Reader::over(stream, &super::request("GET", "/rooms/lobby"));
    carol.send("/ban 127.0.0.2 1h spam");
    carol.wait_for(|line| line.contains("is banned"));
    let rest = reader.rest();
    assert!(rest.last().unwrap().starts_with("!! banned for 1h: spam"), "{rest:?}");
    let answer = post("/rooms/lobby", "hi").from("127.0.0.2", &server);
    assert!(answer.refused(403).starts_with("banned"));
    for path in ["/", "/healthz"] {
        assert_eq!(super::request("GET", path).from("127.0.0.2", &server).status, 200, "{path}");
    }
    server.wait_log(["WARN", "refused 127.0.0.2:", ": banned"]);
}
