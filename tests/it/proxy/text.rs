//! PROXY headers before the text wire, bare and under TLS.

use std::io::{ErrorKind, Read};

use super::{
    MISSING, NOT_TAKEN, OVER_TLS, SIGNATURE, binary, binary_for_client, client, line, through,
};
use crate::harness::{Client, Identity, Irc, Server, Signal, TempDir, chatd, connect};
use crate::metrics;
use crate::order;
use crate::restart::switch;

fn listed() -> Server {
    Server::with(["--trust-proxy", "127.0.0.1", "--metrics", "127.0.0.1:0"])
}

#[test]
fn behind_either_version_a_client_is_where_the_proxy_says() {
    let server = Server::with(["--trust-proxy", "192.0.2.0/24", "--trust-proxy", "127.0.0.0/30"]);
    let over_ipv6 = [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 7]].concat();
    let over_ipv6 = [over_ipv6, vec![0; 16], vec![0x10, 0xe1, 0x04, 0xd2]].concat();
    for (header, from) in [
        (line("198.51.100.7", 4321), "198.51.100.7:4321"),
        (line("2001:db8::7", 4321), "[2001:db8::7]:4321"),
        (line("::ffff:198.51.100.8", 4321), "198.51.100.8:4321"),
        (binary_for_client(&[]), "198.51.100.7:4321"),
        (binary_for_client(&[0x04, 0, 1, 0, 0x01, 0, 2, b'h', b'2']), "198.51.100.7:4321"),
        (binary(1, 0x21, &over_ipv6), "[2001:db8::7]:4321"),
    ] {
        let guest = client(&server, &header).welcomed();
        server.wait_log([&format!("{} connected from {from}", guest.name)]);
    }
}

#[test]
fn a_header_comes_in_any_pieces_and_nothing_is_sent_before_it() {
    let server = listed();
    for header in [line("198.51.100.7", 4321), binary_for_client(&[0x04, 0, 2, 0, 0])] {
        let mut slow = client(&server, b"");
        for byte in &header[..header.len() - 1] {
            slow.send_raw(&[*byte]);
        }
        drop(client(&server, &header).welcomed());
        slow.socket().set_nonblocking(true).unwrap();
        let early = slow.socket().read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(early, Err(ErrorKind::WouldBlock));
        slow.socket().set_nonblocking(false).unwrap();
        slow.send_raw(&[header[header.len() - 1]]);
        drop(slow.welcomed());
    }
    let mut at_once = client(&server, &[&*line("198.51.100.7", 1), b"/nick zoe\nhello\n"].concat());
    at_once.expect_contains(". You are ");
    at_once.wait_for(|line| line == "-- you are now zoe");
}

#[test]
fn a_proxy_that_does_not_say_for_whom_it_connects_is_refused_and_seen() {
    let server = listed();
    for header in [
        b"hello\n".as_slice(),
        b"PROXY TCP4 198.51.100.7 127.0.0.1 4321\r\n",
        b"PROXY TCP4 198.51.100.7 127.0.0.1 4321 99999\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        &[SIGNATURE, &[0x31, 0x11, 0, 0]].concat(),
        &[SIGNATURE, &[0x21, 0x11, 0x10, 0]].concat(),
        &[b"PROXY UNKNOWN ".as_slice(), &[b'x'; 100], b"\r\n"].concat(),
    ] {
        let mut refused = client(&server, header);
        let from = refused.local_addr().to_string();
        assert_eq!(refused.rest_lines(), [MISSING]);
        let refused = format!("refused {from}: a PROXY header was expected: ");
        assert!(server.wait_log([&refused]).contains("WARN"));
    }
    let mut gone = client(&server, b"PROXY TCP4 ");
    gone.half_close();
    assert_eq!(gone.rest_lines(), [MISSING]);
    metrics::expect(&server, "chatd_refused_total{reason=\"proxy\"} ", 8.0);
}

#[test]
fn a_header_that_is_late_is_refused() {
    let server = listed();
    let mut late = client(&server, b"PROXY TCP4 198.51");
    let mut silent = client(&server, b"");
    assert_eq!(late.rest_lines(), [MISSING]);
    assert_eq!(silent.rest_lines(), [MISSING]);
    server.wait_log(["a PROXY header was expected: it did not come in time"]);
}

#[test]
fn a_header_from_elsewhere_is_never_said() {
    let server = Server::with(["--trust-proxy", "192.0.2.1", "--metrics", "127.0.0.1:0"]);
    let mut alice = Client::join(&server, "alice");
    for header in
        [line("198.51.100.7", 4321), b"PROXY UNKNOWN\r\n".to_vec(), binary_for_client(&[])]
    {
        for chunk in [1, header.len()] {
            let mut other = Client::guest(&server);
            header.chunks(chunk).for_each(|part| drop(other.try_send_raw(part)));
            let _ = other.try_send_raw(b"hello\r\n");
            let from = other.local_addr().to_string();
            assert_eq!(other.rest_lines(), [NOT_TAKEN]);
            let why = "it sends a PROXY header, but --trust-proxy does not name it";
            assert!(server.wait_log([&format!("refused {from}: {why}")]).contains("WARN"));
        }
    }
    alice.expect_nothing();
    metrics::expect(&server, "chatd_refused_total{reason=\"proxy\"} ", 6.0);
    // A second header is not the proxy's.
    let server = listed();
    let twice = [line("198.51.100.7", 4321), line("198.51.100.8", 4321)].concat();
    let mut twice = client(&server, &twice);
    twice.wait_for(|line| line == NOT_TAKEN);
    server.wait_log(["refused 198.51.100.7:4321: it sends a PROXY header"]);
}

#[test]
fn on_the_port_of_irc_a_client_is_where_the_proxy_says() {
    let server = Server::with(["--trust-proxy", "127.0.0.1", "--irc-port", "0"]);
    for header in [line("198.51.100.7", 4321), binary_for_client(&[])] {
        let mut irc = Irc::over(Client::over(through(&server, "irc", &header)));
        irc.register("alice", "");
        server.wait_log(["connected from 198.51.100.7:4321"]);
        drop(irc);
        server.wait_log(["alice left: ", "(198.51.100.7:4321)"]);
    }
    let mut without = Client::over(through(&server, "irc", b"NICK alice\r\n"));
    assert!(without.line().contains("this address is a proxy's"));
}

#[test]
fn on_the_port_of_irc_a_header_from_elsewhere_is_refused_too() {
    let server = Server::with(["--irc-port", "0"]);
    for header in [line("198.51.100.7", 4321), binary_for_client(&[])] {
        let mut other = Client::over(through(&server, "irc", &header));
        let from = other.local_addr().to_string();
        other.rest();
        server.wait_log([&format!("refused {from}: it sends a PROXY header")]);
    }
}

#[test]
fn two_empty_lines_are_no_header() {
    let server = Server::start();
    let mut alice = Client::join(&server, "alice");
    let mut bob = Client::guest(&server);
    bob.send_raw(b"\r\n\r\nhello\r\n");
    alice.wait_for(|line| line == format!("<{}> hello", bob.name));
}

#[test]
fn under_tls_the_header_comes_before_the_hello() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = identity.serve(&dir, ["--trust-proxy", "127.0.0.1", "--irc-tls-port", "0"]);
    let stream = through(&server, "tls", &binary_for_client(&[]));
    let client = Client::over(stream).shaking_hands(&identity.trusted()).unwrap().welcomed();
    server.wait_log([&format!("{} connected from 198.51.100.7:4321", client.name)]);
    let mut irc = Irc::over(
        Client::over(through(&server, "irc-tls", &line("198.51.100.8", 1)))
            .shaking_hands(&identity.trusted())
            .unwrap(),
    );
    irc.register("alice", "");
    server.wait_log(["connected from 198.51.100.8:1"]);
    let without = Client::over(connect(server.addr_of("tls"))).shaking_hands(&identity.trusted());
    assert!(without.is_err());
    server.wait_log(["a PROXY header was expected"]);

    let server = identity.serve(&dir, []);
    let mut stream = through(&server, "tls", &binary_for_client(&[]));
    assert_eq!(stream.read(&mut [0; 99]).unwrap_or(0), 0);
    server.wait_log(["it sends a PROXY header, but --trust-proxy does not name it"]);
}

#[test]
fn bans_and_limits_hold_for_the_client_and_not_for_the_proxy() {
    let dir = TempDir::new();
    order::account(&dir, "add carol --operator", "open sesame\n");
    let state = dir.path("");
    let server =
        Server::with(["--state-dir", &state, "--trust-proxy", "127.0.0.1", "--max-per-ip", "2"]);
    let mut carol = Client::connect_from(&server, "127.0.0.2").welcomed();
    order::logs_in(&mut carol, "carol", "open sesame");
    let _alice = client(&server, &line("198.51.100.7", 1)).welcomed().named("alice");
    let whois = carol.ask("/whois alice").join("\n");
    assert!(whois.contains("198.51.100.7"), "{whois}");
    let _other = client(&server, &line("198.51.100.7", 2)).welcomed();
    let told = "!! too many connections from your address (the limit is 2); try again later";
    assert_eq!(client(&server, &line("198.51.100.7", 3)).rest_lines(), [told]);
    drop(client(&server, &line("198.51.100.8", 1)).welcomed());
    carol.ask("/ban 203.0.113.0/24");
    let banned = client(&server, &line("203.0.113.9", 1)).rest_lines();
    assert_eq!(banned, ["!! banned"]);
    drop(client(&server, &line("198.51.100.9", 1)).welcomed());
    // The proxy itself is not exempt, although it is on this machine.
    let _checks = [1, 2].map(|_| client(&server, b"PROXY UNKNOWN\r\n").welcomed());
    assert_eq!(client(&server, b"PROXY UNKNOWN\r\n").rest_lines(), [told]);
}

#[test]
fn a_name_is_kept_for_the_client_and_the_address_survives_a_restart() {
    let server = Server::with(["--trust-proxy", "127.0.0.1"]);
    let mut alice = client(&server, &line("198.51.100.7", 1)).welcomed().named("alice");
    switch(&server);
    alice.sync();
    drop(alice);
    server.wait_log(["alice left: disconnected (198.51.100.7:1)"]);
    let mut other = client(&server, &line("198.51.100.8", 1)).welcomed();
    other.send("/nick alice");
    assert!(other.line().starts_with("!! alice is "));
    client(&server, &line("198.51.100.7", 2)).welcomed().named("alice");
}

#[test]
fn login_does_not_warn_of_a_wire_that_is_encrypted_up_to_the_proxy() {
    let dir = TempDir::new();
    order::account(&dir, "add carol", "open sesame\n");
    let state = dir.path("");
    let server = Server::with(["--state-dir", &state, "--trust-proxy", "127.0.0.1"]);
    let warned = |header: &[u8]| {
        let mut carol = client(&server, header).welcomed();
        carol.ask("/login carol open sesame").iter().any(|line| line.contains("encrypt"))
    };
    assert!(warned(&binary_for_client(&[])));
    assert!(!warned(&binary_for_client(&OVER_TLS)));
}

#[test]
fn the_list_is_read_again_on_sighup_and_checked() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "");
    let server = Server::with(["--config", &config]);
    drop(Client::guest(&server));
    dir.file("chatd.toml", "trust-proxy = ['10.0.0.0/8', '127.0.0.1']\n");
    server.signal(Signal::HUP);
    server.wait_log([" reloaded"]);
    drop(client(&server, &line("198.51.100.7", 1)).welcomed());
    server.wait_log(["connected from 198.51.100.7:1"]);
    for wrong in ["localhost", "10.0.0.0/33", "", "10.0.0.1:80", "*"] {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0", "--trust-proxy", wrong]);
        let (status, log) = Server::try_run(command).err().unwrap();
        assert_eq!(status.code(), Some(2), "{wrong}");
        assert!(log.lines().next().unwrap().contains("--trust-proxy"), "{log}");
    }
}
