//! By the address of the page: over HTTP, as browsers come, and in several rooms at once.

use std::net::Shutdown;

use super::*;
use crate::harness::Identity;
use crate::pty::Terminal;

fn page(server: &Server, rest: &str) -> String {
    format!("http://{}{rest}", server.addr_of("web"))
}

/// Alice in the lobby and in dev, in which she has an empty line to type in.
#[track_caller]
fn alice_in_dev(address: &str) -> Terminal {
    let mut alice = Terminal::run(chat(address, ["--nick", "alice"]));
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    alice.types("/join dev\r");
    alice.displays_status(|bar| bar.starts_with("alice in dev | 1:lobby "));
    alice
}

#[test]
fn several_rooms_are_open_at_once_and_each_says_what_is_new() {
    let server = Server::with_web([]);
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    carol.ask("/join dev");
    let mut alice = alice_in_dev(&page(&server, "/"));
    bob.wait_for(|line| line.contains("alice joined"));

    bob.ask("hello\nalice: are you there?");
    alice.displays_status(|bar| bar.starts_with("alice in dev | 1:lobby+2! "));
    alice.types("to dev\r");
    carol.wait_for(|line| line == "<alice> to dev");
    carol.send("from dev");
    ends_in(&mut alice, &["> to dev", "<carol> from dev", ">"]);

    alice.types("half\x1b1");
    ends_in(&mut alice, &["-- 2 new lines", "<bob> hello", "<bob> alice: are you there?", ">"]);
    alice.displays_status(|bar| bar.starts_with("alice in lobby | 2:dev "));
    alice.types("here\r");
    bob.wait_for(|line| line == "<alice> here");

    // What was half typed is for the room that it was typed in.
    alice.types("\x1b2");
    ends_in(&mut alice, &["<alice> to dev", "<carol> from dev", "> half"]);
    alice.types(" typed\r");
    carol.wait_for(|line| line == "<alice> half typed");

    alice.types("\x1b1");
    ends_in(&mut alice, &["<alice> here", ">"]);
    alice.types("/join dev\r");
    ends_in(&mut alice, &["<carol> from dev", "<alice> half typed", ">"]);
    alice.types("/leave\r");
    carol.wait_for(|line| line == "-- alice left: parted (1 here)");
    ends_in(&mut alice, &["<alice> here", "-- you left dev", ">"]);
    alice.displays_status(|bar| bar.starts_with("alice in lobby  "));
    alice.types("\x1b7");
    ends_in(&mut alice, &["-- there is no room 7; /join opens one", ">"]);
}

#[test]
fn whoever_is_sent_out_of_a_room_is_told_why_and_shown_another() {
    let server = Server::with_web([]);
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    carol.ask("/join dev");
    let mut alice = alice_in_dev(&page(&server, "/"));
    alice.types("/bell on\r");
    ends_in(&mut alice, &["-- bell is on", ">"]);
    bob.ask("alice: hello");
    alice.displays_status(|bar| bar.contains(" 1:lobby+1! "));
    assert!(alice.written().contains(&0x07), "it rings for a room that is not on the screen");
    alice.types("half");
    ends_in(&mut alice, &["> half"]);
    carol.ask("/kick alice too loud");
    let kicked = "!! kicked from dev by carol: too loud";
    ends_in(&mut alice, &["-- you left dev", "!! not sent: half", kicked, ">"]);
    alice.displays_status(|bar| bar.starts_with("alice in lobby  "));
    alice.types("\x1b[A");
    ends_in(&mut alice, &["!! kicked from dev by carol: too loud", "> half"]);

    // What was half typed there is not lost, either, while another room is on the screen.
    alice.types("\x15/join dev\r");
    alice.displays_status(|bar| bar.starts_with("alice in dev | 1:lobby "));
    alice.types("more\x1b1");
    alice.displays_status(|bar| bar.starts_with("alice in lobby | 2:dev "));
    carol.ask("/kick alice");
    ends_in(&mut alice, &["!! not sent: more", "!! kicked from dev by carol", ">"]);
}

#[test]
fn a_paste_that_waits_for_enter_is_not_sent_to_another_room() {
    let server = Server::with_web([]);
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    carol.ask("/join dev");
    let mut alice = alice_in_dev(&page(&server, "/"));
    let lines: String = (0..12).map(|n| format!("secret {n}\n")).collect();
    alice.types(&format!("\x1b[200~{lines}\x1b[201~"));
    ends_in(&mut alice, &["-- 12 lines: Enter sends them, any other key does not", ">"]);
    carol.ask("/kick alice");
    ends_in(&mut alice, &["-- not sent: 12 lines", "!! kicked from dev by carol", ">"]);
    alice.types("\rhello\r");
    let said = bob.wait_for(|line| line.starts_with("<alice> "));
    assert_eq!(said, "<alice> hello");
}

#[test]
fn a_refused_line_comes_back_to_the_room_that_it_was_typed_in() {
    let server = Server::with_web([]);
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    carol.ask("/join dev\n/room moderated on");
    let mut alice = alice_in_dev(&page(&server, "/"));
    alice.types("for dev\r\x1b1");
    alice.displays_status(|bar| bar.starts_with("alice in lobby | 2:dev "));
    alice.types("here\r");
    let said = bob.wait_for(|line| line.starts_with("<alice> "));
    assert_eq!(said, "<alice> here");
    alice.types("\x1b2");
    ends_in(&mut alice, &["!! dev is moderated; not sent", "> for dev"]);
}

#[test]
fn after_a_reconnect_all_rooms_are_open_again_and_what_was_missed_is_there() {
    let server = Server::with_web([]);
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    carol.ask("/join dev");
    let (listener, address) = listen();
    let cut = thread::Builder::new().spawn({
        let (listener, web) = (listener.try_clone().unwrap(), server.addr_of("web"));
        move || relay(&listener, web)
    });
    let mut alice = alice_in_dev(&format!("http://{address}/"));
    carol.wait_for(|line| line.contains("alice joined"));
    alice.types("before\r");
    carol.wait_for(|line| line == "<alice> before");
    let ends = cut.unwrap().join().unwrap();
    ends.iter().for_each(|end| drop(end.shutdown(Shutdown::Both)));
    for person in [&mut bob, &mut carol] {
        person.wait_for(|line| line.contains("alice left: disconnected"));
    }
    bob.ask("missed in the lobby");
    carol.ask("missed one\nmissed two");
    let _ends = relay(&listener, server.addr_of("web"));
    alice.displays(|rows| {
        let [.., told, one, two, ">"] = rows else { return false };
        let ends = one.ends_with("] <carol> missed one") && two.ends_with("] <carol> missed two");
        *told == "-- you missed 2 lines" && ends
    });
    alice.displays_status(|bar| bar.starts_with("alice in dev | 1:lobby+1 "));
    alice.types("\x1b1");
    alice.displays(|rows| {
        let [.., new, line, ">"] = rows else { return false };
        *new == "-- 1 new line" && line.ends_with("] <bob> missed in the lobby")
    });
}

#[test]
fn scripts_come_by_it_too_and_into_the_room_that_it_names() {
    let server = Server::with_web([]);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let mut command = chat(page(&server, "/#dev"), ["--nick", "ci"]);
    let ended = piped(&mut command, "one\n//two\n/who\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("-- You are in dev with bob (2 here).\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("-- dev (2 here): bob, ci\n"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("<ci>") && !ended.stdout.contains("echo"), "{}", ended.stdout);
    for line in ["<ci> one", "<ci> /two", "-- ci left: quit (1 here)"] {
        bob.wait_for(|said| said == line);
    }
    let ended = piped(&mut chat(page(&server, ""), []), format!("{}\n", "x".repeat(2000)));
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.starts_with("!! too long: 2000 bytes"), "{}", ended.stderr);
}

#[test]
fn a_script_may_send_any_bytes_there() {
    let server = Server::with_web([]);
    let [mut bob] = people(&server, ["bob"]);
    let mut command = chat(page(&server, ""), ["--nick", "ci"]);
    let long = "\u{1}".repeat(60_000);
    let ended = piped(&mut command, format!("{long}\nx\u{8}/quit\nafter\n"));
    let told = "chat: a line is too long for the server; not sent\n";
    assert!(ended.stderr.starts_with(told), "{}", ended.stderr);
    assert_eq!(ended.status, 1);
    for line in ["<ci> x/quit", "<ci> after"] {
        bob.wait_for(|said| said == line);
    }
}

#[test]
fn it_may_be_one_of_https() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let server = identity.serve(&dir, []);
    let address = format!("https://localhost:{}", server.web_port());
    let ca = dir.path("cert.pem");
    let mut alice = Terminal::run(chat(&address, ["--tls-ca", &ca, "--nick", "alice"]));
    alice.displays_status(|bar| bar.starts_with("alice in lobby  "));
    alice.types("/quit\r");
    assert_eq!(alice.ends(), 0);
    let ended = piped(&mut chat(&address, []), "never\n");
    assert_eq!(ended.status, 1, "{}", ended.stderr);
}

#[test]
fn what_answers_otherwise_is_told() {
    for (answer, why) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", "the server answered 404 Not Found"),
        ("HTTP/1.1 301 \x1b[2J\r\nLocation: http://x/\r\n\r\n", "the server answered 301 [2J"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "no chatd answers at that address"),
        ("-- Welcome to chatd on box7.\r\n", "no chatd answers at that address"),
    ] {
        let (listener, address) = listen();
        let serve = thread::Builder::new().spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            std::io::Read::read(&mut stream, &mut head).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let ended = piped(&mut chat(format!("http://{address}/x"), []), "never\n");
        serve.unwrap().join().unwrap();
        let told = format!("chat: http://{address}/x/: {why}\n");
        assert_eq!((ended.status, ended.stderr), (1, told));
    }
}
