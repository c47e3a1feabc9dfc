//! Servers that disappear, that are not chatd, or that are hostile.

use std::io::{BufRead, BufReader};

use super::*;
use crate::harness::{Identity, eventually};
use crate::pty::Terminal;

#[track_caller]
fn failed(ended: &Ended, status: i32, words: &str) {
    assert_eq!(ended.status, status, "{}", ended.stderr);
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn wrong_usage_is_told_from_failure() {
    for wrong in [&["host:port"][..], &["--nick", "a b", "host"], &[], &["host", "--tls-insecure"]]
    {
        let ended = run(Command::new(env!("CARGO_BIN_EXE_chat")).args(wrong).stdin(Stdio::null()));
        assert_eq!(ended.status, 2, "{wrong:?}: {}", ended.stderr);
    }
    let (listener, address) = listen();
    drop(listener);
    failed(&run(&mut chat(address, [])), 1, "Connection refused");
}

#[test]
fn help_and_version_are_told() {
    let help = run(&mut chat("--help", []));
    assert_eq!((help.status, &*help.stderr), (0, ""));
    for word in ["HOST[:PORT]", "--nick", "--room", "--tls", "--tls-ca", "Exit status"] {
        assert!(help.stdout.contains(word), "{word} in {}", help.stdout);
    }
    let version = run(&mut chat("-V", []));
    assert_eq!(version.stdout, format!("chat {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_port_is_1234_unless_told() {
    // Whatever is there, or nothing: it is the port that counts.
    let ended = run(&mut chat("127.0.0.2", []));
    if ended.status != 0 {
        failed(&ended, 1, "chat: 127.0.0.2:1234: ");
    }
}

#[test]
fn who_is_turned_away_is_told_why() {
    let server = Server::with(["--max-clients", "1"]);
    let _bob = Client::guest(&server);
    let ended = run(&mut chat(server.addr(), []));
    failed(&ended, 1, "!! the server is full");
}

#[test]
fn a_port_that_is_not_for_it_is_told_with_what_to_do() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let (plain, tls) = (Server::with_web([]), identity.serve(&dir, []));
    let ca = dir.path("cert.pem");
    let under_tls = ["--tls", "--tls-ca", &ca];
    let no_tls = "that port does not speak TLS; is it the TLS port?";
    for (flags, address, why) in [
        (&[][..], tls.addr_of("tls"), "that port speaks TLS; use --tls"),
        (&[], tls.addr_of("web"), "that port speaks TLS; use --tls"),
        (
            &[],
            plain.addr_of("web"),
            "that port is for browsers; use the text port, or http:// before the host",
        ),
        (
            &under_tls,
            tls.addr_of("web"),
            "that port is for browsers; use the TLS port, or https:// before the host",
        ),
        (&under_tls, plain.addr_of("web"), no_tls),
        (&under_tls, plain.addr_of("text"), no_tls),
    ] {
        let mut terminal = Terminal::run({
            let mut command = chat(address, []);
            command.args(flags);
            command
        });
        let told = format!("chat: {address}: {why}");
        terminal.displays(|rows| rows == [&told]);
        assert_eq!(terminal.ends(), 1, "{told}");
        terminal.displays(|rows| rows == [&told]);

        let ended = piped(chat(address, []).args(flags), "hi\n");
        assert_eq!((ended.status, &*ended.stdout), (1, ""), "{}", ended.stderr);
        assert_eq!(ended.stderr, format!("{told}\n"));
    }
}

#[test]
fn a_port_that_ends_without_a_word_is_asked_about_once() {
    let (listener, address) = listen();
    let chat_in_pipe = thread::Builder::new().spawn(move || run(&mut chat(address, []))).unwrap();
    drop(listener.accept().unwrap());
    failed(&chat_in_pipe.join().unwrap(), 1, ": the server sent nothing; is that the text port?");

    let mut terminal = Terminal::run(chat(address, []));
    drop(listener.accept().unwrap());
    let begins =
        |start: &'static str| move |rows: &[&str]| rows.iter().any(|row| row.starts_with(start));
    terminal
        .displays(begins("-- connection lost (the server sent nothing; is that the text port?); "));
    drop(listener.accept().unwrap());
    terminal.displays(|rows| {
        begins("-- connection lost; ")(rows) || begins("-- connection lost (Connection reset")(rows)
    });
}

#[test]
fn a_server_that_dies_midway_is_a_failure() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let (stdin, mut printf) = pipe().unwrap();
    let mut command = chat(server.addr(), ["--nick", "ci"]);
    let chat = thread::Builder::new().spawn(move || run(command.stdin(stdin))).unwrap();
    printf.write_all(b"one\n").unwrap();
    bob.wait_for(|line| line == "<ci> one");
    drop(server);
    failed(&chat.join().unwrap(), 1, "the connection ended before the server accepted every line");
}

#[test]
fn the_pong_behind_the_last_line_is_what_counts() {
    for (is_answered, status) in [(false, 1), (true, 0)] {
        let (listener, address) = listen();
        let (stdin, mut printf) = pipe().unwrap();
        printf.write_all(b"one\n").unwrap();
        drop(printf);
        let mut command = chat(address, []);
        let chat = thread::Builder::new().spawn(move || run(command.stdin(stdin))).unwrap();
        let mut server = accept(&listener);
        server.expect("");
        server.expect("/ping");
        server.send("-- pong");
        server.expect("one");
        server.expect("/ping");
        if is_answered {
            server.send("-- pong");
            server.expect("/quit");
        }
        drop(server);
        assert_eq!(chat.join().unwrap().status, status);
    }
}

#[test]
fn a_server_that_goes_right_behind_that_pong_took_every_line() {
    for _ in 0..20 {
        let (listener, address) = listen();
        let (stdin, mut printf) = pipe().unwrap();
        printf.write_all(b"one\n").unwrap();
        drop(printf);
        let mut command = chat(address, []);
        let chat = thread::Builder::new().spawn(move || run(command.stdin(stdin))).unwrap();
        let mut server = accept(&listener);
        for line in ["", "/ping", "one", "/ping"] {
            server.expect(line);
            if line == "/ping" {
                server.send("-- pong");
            }
        }
        drop(server);
        let ended = chat.join().unwrap();
        assert_eq!((ended.status, &*ended.stderr), (0, ""));
    }
}

#[test]
fn a_pong_that_somebody_made_up_is_none() {
    let server = Server::start();
    let [mut eve] = people(&server, ["eve"]);
    let (stdin, mut printf) = pipe().unwrap();
    let mut command = chat(server.addr(), ["--nick", "ci"]);
    let mut chat = command.stdin(stdin).stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(chat.stdout.take().unwrap()).lines();
    printf.write_all(b"one\n").unwrap();
    eve.wait_for(|line| line == "<ci> one");
    for (forged, seen) in [
        ("-- pong", "<eve> -- pong"),
        ("/msg ci -- pong", "[from eve] -- pong"),
        ("/me -- pong", "* eve -- pong"),
    ] {
        eve.send(forged);
        assert!(heard.any(|line| line.unwrap() == seen));
    }
    drop(server);
    let status = eventually("the end", || chat.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
}

/// What must not get to a terminal: it moves the cursor, sets the title, asks for an answer.
const HARM: &[u8] =
    b"<eve> \x1b[2J\x1b]0;title\x07\x1b[6n\x9b2J\x08\x0e \xc2\x9b2J\xe2\x80\xaeabc\n";

#[test]
fn a_hostile_server_cannot_touch_the_terminal() {
    let (listener, address) = listen();
    let mut alice = Terminal::run(chat(address, []));
    let mut server = accept(&listener);
    server.send_raw(HARM);
    server.send("the end");
    let display = alice.displays(|rows| rows.contains(&"the end"));
    assert!(display.starts_with("<eve> [2J]0;title[6n"), "{}", display);
    let written = alice.written();
    for harm in [&b"\x1b[2J"[..], b"\x1b]", b"\x1b[6n", b"\x07", b"\x9b", b"\x0e", b"\xe2\x80\xae"]
    {
        assert!(!written.windows(harm.len()).any(|bytes| bytes == harm), "{harm:?}");
    }
}

#[test]
fn nor_what_the_output_goes_to() {
    let (listener, address) = listen();
    let mut command = chat(address, []);
    let chat = thread::Builder::new().spawn(move || run(&mut command)).unwrap();
    let mut server = accept(&listener);
    server.send_raw(HARM);
    drop(server);
    let ended = chat.join().unwrap();
    assert_eq!(ended.stdout, "<eve> [2J]0;title[6n\u{fffd}2J 2Jabc\n");
}

#[test]
fn a_server_that_never_ends_its_line_costs_bounded_memory() {
    let (listener, address) = listen();
    let mut alice = Terminal::run(chat(address, []));
    let mut server = accept(&listener);
    let chunk = [b'x'; 1 << 16];
    (0..1024).for_each(|_| server.send_raw(&chunk));
    server.send("");
    server.send("the end");
    alice.displays(|rows| rows.contains(&"the end"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", alice.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kb: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kb < 32 * 1024, "{kb} kB");
}
