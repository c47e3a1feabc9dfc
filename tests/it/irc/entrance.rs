//! Before a client is registered: capabilities, mistakes, and other protocols.

use super::{server, with};
use crate::harness::{Client, Identity, Irc, TempDir, commands, people};
use crate::restart::switch;

#[test]
fn nothing_is_sent_before_the_client_speaks() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.send("PING first");
    irc.expect(":box7 PONG box7 :first");
}

#[test]
fn capabilities_are_listed_and_granted_before_registration() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.send("CAP LS 302");
    let list = irc.line();
    assert!(list.starts_with(":box7 CAP * LS :cap-notify multi-prefix "), "{list}");
    assert!(!list.contains("sasl"), "there are no accounts: {list}");
    irc.send("CAP REQ :server-time batch\nCAP REQ :sasl\nCAP LIST");
    irc.expect(":box7 CAP * ACK :server-time batch");
    irc.expect(":box7 CAP * NAK :sasl");
    irc.expect(":box7 CAP * LIST :cap-notify server-time batch");
    let dir = TempDir::new();
    let server = with(["--state-dir", &dir.path("")]);
    let mut irc = Irc::connect(&server);
    irc.send("CAP LS 302");
    assert!(irc.line().contains(" sasl=PLAIN "));
}

#[test]
fn mistakes_before_registration_have_their_numerics() {
    let server = server();
    let mut irc = Irc::connect(&server);
    let lines = irc.ask("JOIN #dev\nNICK\nUSER a 0 *\nCAP FOO\nPING\n\nUSER @ 0 * :x");
    assert_eq!(commands(&lines), ["451", "431", "461", "410", "461", "468"]);
}

#[test]
fn a_label_is_on_the_answer_of_the_wire() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.ask("CAP REQ labeled-response");
    irc.send("@label=x PING a\n@label=y PONG a\n@label=z NICK");
    irc.expect("@label=x :box7 PONG box7 :a");
    irc.expect("@label=y :box7 ACK");
    irc.expect("@label=z :box7 431 * :no nick was given");
}

#[test]
fn lines_that_are_too_long_or_not_utf_8_are_refused() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.send_raw(b"NICK \xff\xfe\r\n");
    irc.expect(":box7 FAIL * INVALID_UTF8 :not sent: the line is not UTF-8");
    irc.send(&format!("PING {}", "x".repeat(506)));
    irc.expect(":box7 417 * :too long: 513 bytes, the limit is 512; not sent");
}

#[test]
fn quit_before_registration_ends_in_an_error() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.send("NICK alice\nQUIT :bye");
    assert_eq!(irc.rest(), ["ERROR :goodbye"]);
}

#[test]
fn a_browser_is_told_that_the_port_speaks_irc() {
    let server = server();
    for request in [
        "GET / HTTP/1.1\r\nHost: box7\r\n\r\nNICK alice\r\nUSER a 0 * :A\r\n",
        "POST /\r\nNICK alice\r\nUSER a 0 * :A\r\n",
        "NICK alice\r\nHost: box7\r\nUSER a 0 * :A\r\n",
    ] {
        let mut irc = Irc::connect(&server);
        irc.send_raw(request.as_bytes());
        assert_eq!(irc.rest(), ["ERROR :this port speaks IRC"], "{request}");
        let from = irc.client().local_addr().to_string();
        server.wait_log(["refused", &from, "it sent HTTP to the IRC port"]);
    }
    let mut irc = Irc::connect(&server);
    irc.send_raw(b"\x16\x03\x01\x02\x00\x01");
    assert_eq!(irc.rest(), [""; 0]);
    server.wait_log(["it sent TLS to the IRC port"]);
}

#[test]
fn bytes_without_a_line_end_end_in_an_error() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.send_raw(&[b'x'; 64 * 1024]);
    assert_eq!(irc.rest(), ["ERROR :!! 65536 bytes without a line end; goodbye"]);
}

#[test]
fn a_client_that_is_turned_away_is_told_so() {
    let server = with(["--max-clients", "1"]);
    let mut first = Irc::connect(&server);
    first.sync();
    let mut second = Irc::connect(&server);
    assert_eq!(second.rest(), ["ERROR :!! the server is full (1 clients); try again later"]);
}

#[test]
fn irc_is_spoken_under_tls() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let [certificate, key] = identity.save(&dir);
    let server = with(["--irc-tls-port", "0", "--tls-cert", &certificate, "--tls-key", &key]);
    let client = Client::connect_tls(&server, "irc-tls", &identity.trusted());
    Irc::over(client).expect_nothing();
}

#[test]
fn the_server_says_that_it_goes_down() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.sync();
    server.stop();
    let lines = irc.rest();
    assert_eq!(lines.last().unwrap(), "ERROR :the server is going down");
}

#[test]
fn a_restart_keeps_what_a_client_has_said_before_it_is_registered() {
    let server = server();
    let mut irc = Irc::connect(&server);
    irc.ask("CAP LS 302\nCAP REQ :batch\nNICK alice");
    irc.send_raw(b"PING half a");
    switch(&server);
    irc.send(" line\nCAP LIST");
    irc.expect(":box7 PONG box7 :half");
    irc.expect(":box7 CAP * LIST :cap-notify batch");
}

#[test]
fn an_irc_client_on_a_port_for_text_says_nothing_there() {
    let server = server();
    let [mut bob] = people(&server, ["bob"]);
    for opening in ["PASS wanda:secret", "CAP LS 302"] {
        let mut irc = Irc::over(Client::connect(&server));
        irc.send(&format!("{opening}\nNICK wanda\nUSER wanda 0 * :wanda"));
        let last = irc.client().rest_lines().pop();
        assert_eq!(last.unwrap(), "ERROR :this port does not speak IRC");
    }
    bob.expect_nothing();
}
