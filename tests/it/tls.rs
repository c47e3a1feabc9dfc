//! TLS: the text wire, https and wss over it, the certificate, and clients that stall.

mod certificates;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{
    Client, Identity, PATIENCE, Server, Signal, TempDir, WebSocket, chatd, connect, eventually,
    people, run,
};
use crate::slow::{outpace, stall};

/// A server of all ports with an identity of its own.
fn start<const N: usize>(flags: [&str; N]) -> (Server, Identity, TempDir) {
    let (identity, dir) = (Identity::new(), TempDir::new());
    (identity.serve(&dir, flags), identity, dir)
}

/// Welcomed over TLS, named and announced.
fn join(server: &Server, identity: &Identity, nick: &str) -> Client {
    Client::connect_tls(server, "tls", &identity.trusted()).welcomed().named(nick)
}

#[test]
fn the_text_wire_is_the_same_under_every_version() {
    let (server, identity, _dir) = start([]);
    let [mut alice] = people(&server, ["alice"]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = identity.trusted_in(&[version]);
        let mut bob = Client::connect_tls(&server, "tls", &config).welcomed().named("bob");
        assert_eq!(bob.tls().protocol_version(), Some(version.version));
        alice.wait_for(|line| line == "-- bob joined (2 here)");
        bob.send("hello");
        alice.expect("<bob> hello");
        alice.send("hi");
        bob.expect("<alice> hi");
        bob.send("/quit");
        bob.rest();
        alice.wait_for(|line| line == "-- bob left: quit (1 here)");
    }
}

#[test]
fn what_is_said_right_behind_the_handshake_is_heard() {
    let (server, identity, _dir) = start([]);
    let [mut alice] = people(&server, ["alice"]);
    for round in 0..20 {
        let mut bob = Client::connect_tls(&server, "tls", &identity.trusted());
        bob.send(&format!("/nick bob\nline {round}\n/quit"));
        alice.expect("-- bob joined (2 here)");
        alice.expect(&format!("<bob> line {round}"));
        alice.expect("-- bob left: quit (1 here)");
        assert!(bob.rest_lines().last().unwrap().starts_with("-- Bye."));
    }
}

#[test]
fn who_half_closes_has_said_everything_and_gets_the_rest_with_an_end_to_it() {
    let (server, identity, _dir) = start([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = join(&server, &identity, "bob");
    alice.wait_for(|line| line == "-- bob joined (2 here)");
    bob.send_raw(b"one\n/ping\ntwo without an end");
    bob.half_close();
    bob.expect("-- pong");
    // A missing close_notify would be an error here.
    bob.expect_end();
    for line in ["<bob> one", "<bob> two without an end", "-- bob left: disconnected (1 here)"] {
        alice.expect(line);
    }
}

#[test]
fn an_end_without_ceremony_is_an_end() {
    let (server, identity, _dir) = start([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = join(&server, &identity, "bob");
    bob.send_raw(b"half a line");
    drop(bob);
    alice.wait_for(|line| line == "<bob> half a line");
    alice.expect("-- bob left: disconnected (1 here)");
    join(&server, &identity, "bob").reset();
    alice.wait_for(|line| line == "-- bob left: disconnected (1 here)");
}

#[test]
fn the_web_port_is_https_and_wss() {
    let (server, identity, _dir) = start([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut config = (*identity.trusted()).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut browser = Client::connect_tls(&server, "web", &config.into());
    assert_eq!(browser.tls().alpn_protocol(), Some(&b"http/1.1"[..]));
    browser.send_raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = String::from_utf8(browser.rest()).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"),
        "{answer}"
    );
    let mut page = WebSocket::connect_tls(&server, &identity.trusted());
    page.named("page");
    alice.wait_for(|line| line == "-- page joined (2 here)");
    alice.send("hello");
    let said = json!({"t": "said", "room": "lobby", "nick": "alice", "text": "hello"});
    assert_eq!(page.object(), said);
    page.send("/quit");
    assert_eq!(page.object()["t"], "bye");
    page.expect_closed(1000);
}

#[test]
fn a_browser_that_would_speak_http_2_only_is_told_so() {
    let (server, identity, _dir) = start([]);
    let mut config = (*identity.trusted()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let client = Client::over(connect(server.addr_of("web")));
    let error = client.shaking_hands(&config.into()).err().unwrap().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
}

#[test]
fn a_browser_at_the_tls_port_is_refused_like_one_at_the_text_port() {
    let (server, identity, _dir) = start([]);
    let mut browser = Client::connect_tls(&server, "tls", &identity.trusted()).welcomed();
    browser.send_raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(browser.line().starts_with("HTTP/1.1 400"));
}

#[test]
fn who_does_not_speak_tls_is_told_that_the_port_does() {
    let (server, _identity, _dir) = start(["--metrics", "127.0.0.1:0"]);
    let port = server.addr_of("tls").port();
    for typed in [&b"hello\n"[..], b"\xff\xfb\x1fhi\r\n", "\u{e9}h\n".as_bytes()] {
        let mut bob = Client::over(connect(server.addr_of("tls")));
        bob.send_raw(typed);
        bob.expect(&format!("!! this port speaks TLS; try: ncat --ssl HOST {port}"));
        bob.expect_end();
    }
    let requests = [
        ("web", "Host: box7:8443\r\n", "https://box7:8443/"),
        ("web", "Host: <b>\r\n", "https"),
        ("web", "", "https"),
        ("tls", "Host: box7\r\n", "speaks TLS"),
    ];
    for (name, fields, told) in requests {
        let mut browser = Client::over(connect(server.addr_of(name)));
        browser.send_raw(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes());
        let answer = String::from_utf8(browser.rest()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        assert!(answer.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n"), "{answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(body.contains(told) && !body.contains("<b>"), "{answer}");
    }
    server.wait_log(["refused 127.0.0.1:", "it does not speak TLS to a port that does"]);
    crate::metrics::expect(&server, "chatd_refused_total{reason=\"no TLS\"} ", 7.0);
}

/// The certificate that the server shows now.
#[track_caller]
fn shown(server: &Server, one_of: [&Identity; 2]) -> usize {
    let shows = |identity: &&Identity| {
        let client = Client::over(connect(server.addr_of("tls")));
        client.shaking_hands(&identity.trusted()).is_ok()
    };
    one_of.iter().position(shows).unwrap()
}

#[test]
fn sighup_shows_the_new_certificate_and_a_bad_one_changes_nothing() {
    let (server, old, dir) = start([]);
    let new = Identity::new();
    let mut bob = join(&server, &old, "bob");
    assert_eq!(shown(&server, [&old, &new]), 0);
    // In the middle of an exchange of both files they do not fit together.
    dir.file("cert.pem", &new.certificate_pem);
    server.signal(Signal::HUP);
    server.wait_log(["not reloaded", "--tls-key", "does not match the certificate"]);
    assert_eq!(shown(&server, [&old, &new]), 0);
    dir.file("key.pem", "");
    server.signal(Signal::HUP);
    server.wait_log(["not reloaded", "no private key"]);
    assert_eq!(shown(&server, [&old, &new]), 0);
    dir.file("key.pem", &new.key_pem);
    server.signal(Signal::HUP);
    eventually("the new certificate", || (shown(&server, [&old, &new]) == 1).then_some(()));
    assert_eq!(WebSocket::connect_tls(&server, &new.trusted()).object()["t"], "welcome");
    bob.ask("/ping");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_in_one_line_that_names_it() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let [certificate, key] = identity.save(&dir);
    let others = dir.file("others.pem", &Identity::new().key_pem);
    let garbage =
        dir.file("garbage.pem", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n");
    let (empty, missing) = (dir.file("empty.pem", ""), dir.path("missing.pem"));
    let directory = dir.path("");
    // The certificate, the key, and which of them is to blame.
    let cases = [
        (&*certificate, &*others, "tls-key"),
        (&certificate, &empty, "tls-key"),
        (&certificate, &certificate, "tls-key"),
        (&certificate, &missing, "tls-key"),
        (&certificate, &directory, "tls-key"),
        (&empty, &key, "tls-cert"),
        (&key, &key, "tls-cert"),
        (&garbage, &key, "tls-cert"),
        (&missing, &key, "tls-cert"),
        (&certificate, "", "tls-cert"),
        ("", &key, "tls-key"),
    ];
    for (certificate, key, blamed) in cases {
        let given = [("tls-cert", certificate), ("tls-key", key)];
        let given = || given.iter().filter(|(_, path)| !path.is_empty());
        let (mut flags, mut variables, mut file) = (chatd(), chatd(), chatd());
        let mut toml = String::new();
        for (option, path) in given() {
            flags.arg(format!("--{option}")).arg(path);
            variables.env(format!("CHATD_{}", option.replace('-', "_").to_uppercase()), path);
            toml.push_str(&format!("{option} = '{path}'\n"));
        }
        let config = dir.file("chatd.toml", toml);
        file.args(["--config", &config]);
        let variable = format!("CHATD_{}", blamed.replace('-', "_").to_uppercase());
        let flag = format!("--{blamed}");
        for (mut command, named) in [(flags, &*flag), (variables, &variable), (file, blamed)] {
            let ended = run(command.args(["--bind", "127.0.0.1", "--port", "0"]));
            assert_eq!(ended.status, 2, "{certificate} {key}: {}", ended.stderr);
            let first = ended.first_line();
            assert!(first.starts_with("chatd: ") && first.contains(named), "{}", ended.stderr);
            let rest = ended.stderr[first.len()..].trim_start();
            assert!(["", "For more information, try '--help'.\n"].contains(&rest), "{rest}");
        }
    }
    let ended = run(chatd().args(["--tls-port", "0"]));
    assert_eq!(ended.status, 2);
    assert!(ended.first_line().contains("--tls-port"), "{}", ended.stderr);
}

#[test]
fn whoever_never_shakes_hands_delays_nobody_and_is_let_go_after_ten_seconds() {
    let (server, identity, _dir) = start([]);
    let base = (server.threads(), server.open_files());
    let begun = Instant::now();
    let starts: [&[u8]; 4] = [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00", b"\x16\x03\x01"];
    let stuck: Vec<TcpStream> = (0..40)
        .map(|number| {
            let mut stream = connect(server.addr_of(["tls", "web"][number % 2]));
            stream.write_all(starts[number % 4]).unwrap();
            stream
        })
        .collect();
    let joined = Instant::now();
    drop(join(&server, &identity, "bob"));
    assert!(joined.elapsed() < Duration::from_secs(5), "{:?}", joined.elapsed());
    for mut stream in stuck {
        stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
        }
        assert!(begun.elapsed() > Duration::from_secs(9), "{:?}", begun.elapsed());
    }
    assert!(begun.elapsed() < Duration::from_secs(18), "{:?}", begun.elapsed());
    let now = || (server.threads(), server.open_files());
    eventually("the end of all of it", || (now() == base).then_some(()));
}

#[test]
fn garbage_instead_of_a_handshake_or_of_a_record_ends_only_its_own_connection() {
    let (server, identity, _dir) = start([]);
    let [mut alice] = people(&server, ["alice"]);
    let base = (server.threads(), server.open_files());
    let garbage: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"hello\n",
        &[0; 5000],
        &[0xff; 100_000],
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x16\x03\x01\xff\xff",
    ];
    for garbage in garbage {
        for port in ["tls", "web"] {
            let mut stream = connect(server.addr_of(port));
            stream.write_all(garbage).ok();
            stream.shutdown(std::net::Shutdown::Write).ok();
            stream.read_to_end(&mut Vec::new()).ok();
        }
        let mut bob = join(&server, &identity, "bob");
        bob.send("last words");
        bob.socket().write_all(garbage).ok();
        bob.socket().shutdown(std::net::Shutdown::Write).ok();
        alice.wait_for(|line| line == "<bob> last words");
        alice.expect("-- bob left: disconnected (1 here)");
    }
    let now = || (server.threads(), server.open_files());
    eventually("the end of all of it", || (now() == base).then_some(()));
}

#[test]
fn a_slow_reader_gets_a_large_fan_out_whole_and_in_order() {
    let (server, identity, _dir) = start(["--rate", "0", "--send-queue", "100000000"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut late = join(&server, &identity, "late");
    late.sync();
    stall(&mut bob, &mut alice);
    for n in 0..60 {
        for _ in 0..99 {
            assert_eq!(late.line().len(), "<bob> ".len() + 1000);
        }
        late.expect(&format!("<bob> batch {n}"));
    }
    late.expect_nothing();
}

#[test]
fn a_reader_that_stalls_is_dropped_and_delays_nobody() {
    let (server, identity, _dir) = start(["--rate", "0", "--send-queue", "65536"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let before = server.rss_kb();
    let stalled = join(&server, &identity, "stalled");
    outpace(&mut bob, &mut alice);
    assert!(server.rss_kb() < before + 8 * 1024, "{before} kB, then {}", server.rss_kb());
    drop(stalled);
}

#[test]
fn when_the_server_goes_down_everybody_is_told_with_an_end_to_it() {
    let (server, identity, _dir) = start([]);
    let mut bob = join(&server, &identity, "bob");
    server.signal(Signal::TERM);
    bob.expect("-- the server is going down");
    bob.expect_end();
    assert!(server.wait().0.success());
}

#[test]
fn when_it_is_full_the_reason_is_told_under_tls_too() {
    let (server, identity, _dir) = start(["--max-clients", "1"]);
    let _one = Client::guest(&server);
    let mut bob = Client::connect_tls(&server, "tls", &identity.trusted());
    bob.expect("!! the server is full (1 clients); try again later");
    bob.expect_end();
}
