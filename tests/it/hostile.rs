//! Hostile clients: whatever they send, the server keeps running and others see clean lines.

use std::thread;

use crate::harness::{Client, Random, Server, eventually, people};

fn bytes(random: &mut Random, limit: usize) -> Vec<u8> {
    let bytes = (0..random.below(limit)).map(|_| random.byte());
    // Ctrl-D would end most connections long before their last string.
    bytes.map(|byte| if byte == 4 { 5 } else { byte }).collect()
}

/// Noise of all kinds, half of it with the end of a line.
fn noise(random: &mut Random) -> Vec<u8> {
    const STARTS: [&[u8]; 16] = [
        b"",
        b"",
        b"",
        b"/nick ",
        b"/msg observer ",
        b"/me ",
        b"/join ",
        b"/topic ",
        b"/away ",
        b"/whois ",
        b"/history ",
        b"/",
        b"\x1b[2J",
        b"\xff\xfa",
        b"\xff\xff\xff",
        b"\xe2\x80\xae",
    ];
    const ENDS: [&[u8]; 8] = [b"", b"", b"", b"\xff\xf0", b"\n", b"\n", b"\r\n", b"\r\0"];
    let (start, end) = (random.pick(&STARTS), random.pick(&ENDS));
    [start, bytes(random, 48).as_slice(), end].concat()
}

/// Sends this many strings over one connection, or over more when the server hangs up, and leaves
/// when all of it was read.
fn rave(server: &Server, random: &mut Random, strings: usize) {
    let mut client = Client::connect(server);
    for _ in 0..strings {
        if client.try_send_raw(&noise(random)).is_err() {
            client = Client::connect(server);
        }
    }
    client.half_close();
    client.rest();
}

/// Whether a terminal acts on it, or hides or turns around what is near it.
pub(crate) fn hurts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{61c}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// No line that others see has anything in it that a terminal acts on.
#[track_caller]
fn assert_clean(line: &str) {
    assert!(!line.contains(hurts), "{line:?}");
    let spoken = ["-- ", "!! ", "<", "* ", "[from "].iter().any(|start| line.starts_with(start));
    assert!(spoken, "a line that nobody answers for: {line:?}");
}

#[test]
fn a_hundred_thousand_random_strings_hurt_nobody() {
    let server = Server::with(["--rate", "0"]);
    let [mut observer] = people(&server, ["observer"]);
    let before = server.rss_kb();
    let lines = thread::scope(|scope| {
        let observing = scope.spawn(|| {
            let mut lines = 0;
            loop {
                let line = observer.line();
                assert_clean(&line);
                lines += 1;
                if line == "<closer> that is all" {
                    return lines;
                }
            }
        });
        let rave_on = |seed| {
            let mut random = Random::new(seed);
            (0..50).for_each(|_| rave(&server, &mut random, 500));
        };
        let ravers = [11, 12, 13, 14].map(|seed| scope.spawn(move || rave_on(seed)));
        ravers.into_iter().for_each(|raver| raver.join().unwrap());
        Client::join(&server, "closer").send("that is all");
        observing.join().unwrap()
    });
    assert!(lines > 20_000, "only {lines} lines got through, so little was tested");
    assert!(server.rss_kb() < before + 32 * 1024, "{before} kB, then {}", server.rss_kb());
    Client::guest(&server).sync();
}

#[test]
fn every_byte_comes_out_as_text_or_not_at_all() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for byte in 0..=255 {
        // 04 would end an empty line, so the byte stands inside one.
        bob.send_raw(&[b'a', byte, b'b', b'\n']);
    }
    bob.send_raw(b"\ndone\n");
    let shown = alice.raw_until(b"done\n");
    let lines = String::from_utf8(shown).unwrap();
    assert!(lines.lines().count() > 250);
    assert!(lines.ends_with('\n') && !lines.contains('\r'));
    lines.lines().for_each(assert_clean);
}

#[test]
fn every_pair_of_iac_and_a_byte_is_survived() {
    let server = Server::with(["--rate", "0"]);
    for byte in 0..=255 {
        let mut client = Client::guest(&server);
        client.try_send_raw(&[b'x', 255, byte, b'y', 255, byte, byte]).ok();
        client.try_send_raw(b"\xff\xf0\n/ping\n").ok();
        client.half_close();
        client.rest();
    }
    Client::guest(&server).sync();
}

#[test]
fn floods_of_iac_cost_no_memory_and_delay_nobody() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    let before = server.rss_kb();
    let floods: [&[u8]; 5] = [b"\xff", b"\xff\xf6", b"\xff\xfd\xc8", b"\xff\xfb\xc8", b"\xff\xf1"];
    for flood in floods {
        // Nobody reads the answers, and the server may hang up on that.
        let mut flooder = Client::connect_narrow(&server);
        flooder.give_up_writing_after(std::time::Duration::from_millis(200));
        flooder.try_send_raw(&flood.repeat(1 << 20)).ok();
        alice.sync();
        flooder.reset();
    }
    assert!(server.rss_kb() < before + 16 * 1024, "{before} kB, then {}", server.rss_kb());
}

#[test]
fn half_closed_and_half_open_connections_are_let_go() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    let threads = server.threads();
    let mut clients: Vec<Client> = (0..40).map(|_| Client::connect(&server)).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.send_raw(&b"half a line\xff\xfa"[..n % 14]);
        client.half_close();
    }
    for client in &mut clients {
        client.rest();
    }
    eventually("their sessions' end", || (server.threads() == threads).then_some(()));
    alice.sync();
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
}
