//! The server's own life: its end, its reloads, its log.

use std::time::{Duration, Instant};

use crate::harness::{Client, Server, Signal, TempDir, chatd, eventually, people};
use crate::limits::stall;

#[test]
fn sigterm_and_sigint_say_good_bye_and_end_with_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start();
        let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
        let mut guest = Client::connect(&server).welcomed();
        bob.ask("last words");
        server.signal(signal);
        let heard = alice.rest_lines();
        assert!(heard.contains(&"<bob> last words".to_owned()), "{heard:?}");
        assert_eq!(heard.last().unwrap(), "-- the server is going down");
        assert!(!heard.iter().any(|line| line.contains(" left: ")), "{heard:?}");
        assert_eq!(bob.rest_lines().last().unwrap(), "-- the server is going down");
        assert_eq!(guest.rest_lines().last().unwrap(), "-- the server is going down");
        assert!(server.wait().0.success());
    }
}

#[test]
fn what_is_queued_is_sent_before_the_good_bye() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = Client::connect_narrow(&server).welcomed().named("alice");
    let line = "x".repeat(1000);
    bob.send(&vec![&*line; 6000].join("\n"));
    bob.sync();
    server.signal(Signal::TERM);
    let heard = alice.rest_lines();
    assert_eq!(heard.len(), 6001);
    assert_eq!(heard[6000], "-- the server is going down");
}

#[test]
fn a_stalled_reader_does_not_hold_up_the_end() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let _stalled = Client::connect_narrow(&server).welcomed().named("stalled");
    stall(&mut bob, &mut alice);
    let start = Instant::now();
    assert!(server.stop().0.success());
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

/// What a newcomer is told of the MOTD and of the longest line.
fn settings(server: &Server) -> (String, String) {
    let mut client = Client::guest(server);
    client.send(&"x".repeat(100));
    (client.line(), client.line())
}

fn told(motd: &str, limit: u32) -> (String, String) {
    (format!("-- {motd}"), format!("!! too long: 100 bytes, the limit is {limit}; not sent"))
}

fn configured(dir: &TempDir) -> (Server, String) {
    let motd = dir.file("motd", "old\n");
    let config = dir.file("chatd.toml", format!("motd = '{motd}'\nmax-line = 50\n"));
    let server = Server::with(["--config", &config]);
    assert_eq!(settings(&server), told("old", 50));
    (server, config)
}

#[test]
fn sighup_rereads_the_motd_and_the_limits_and_disturbs_nobody() {
    let dir = TempDir::new();
    let (server, _) = configured(&dir);
    let [mut alice] = people(&server, ["alice"]);
    let motd = dir.file("motd", "new\n");
    dir.file("chatd.toml", format!("motd = '{motd}'\nmax-line = 60\n"));
    server.signal(Signal::HUP);
    eventually("the new settings", || (settings(&server) == told("new", 60)).then_some(()));
    assert!(!alice.sync().iter().any(|line| line.contains("down")));
}

#[test]
fn a_bad_file_on_sighup_changes_nothing_and_is_logged() {
    let dir = TempDir::new();
    let (server, config) = configured(&dir);
    let motd = dir.file("motd", "new\n");
    dir.file("chatd.toml", format!("motd = '{motd}'\nmax-line = 'long'\n"));
    server.signal(Signal::HUP);
    server.wait_log([&config, "max-line"]);
    assert_eq!(settings(&server), told("old", 50));
}

#[test]
fn a_motd_that_is_gone_on_sighup_changes_nothing_and_is_logged() {
    let dir = TempDir::new();
    let (server, _) = configured(&dir);
    let missing = dir.path("missing");
    dir.file("chatd.toml", format!("motd = '{missing}'\nmax-line = 60\n"));
    server.signal(Signal::HUP);
    server.wait_log([&missing]);
    assert_eq!(settings(&server), told("old", 50));
}

#[test]
fn a_connection_is_one_line_in_the_log_and_its_end_another_with_the_reason() {
    let server = Server::start();
    for (last, reason) in [("", "disconnected"), ("/quit", "quit"), ("/quit bed time", "quit")] {
        let mut guest = Client::guest(&server);
        let address = guest.local_addr().to_string();
        server.wait_log([&address]);
        guest.send(last);
        guest.half_close();
        guest.rest();
        let is_end = |line: &&str| line.contains(reason) && line.contains(&guest.name);
        eventually("the line of the end", || server.log().lines().find(is_end).map(|_| ()));
        let log = server.log();
        let came: Vec<&str> =
            log.lines().filter(|line| line.contains(&address) && !is_end(line)).collect();
        assert_eq!(came.len(), 1, "{log}");
    }
}

/// The log of a server where `sesame` was said, done and written.
fn log_of_talk(flags: &[&str], rust_log: Option<&str>) -> String {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0"]).args(flags);
    if let Some(value) = rust_log {
        command.env("RUST_LOG", value);
    }
    let server = Server::run(command);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("sesame\n/me likes sesame\n/msg alice sesame");
    alice.send("/quit sesame");
    alice.rest();
    server.stop().1
}

#[test]
fn what_people_say_is_logged_only_when_asked_for() {
    assert!(!log_of_talk(&[], None).contains("sesame"));
    assert!(log_of_talk(&["-v"], None).contains("sesame"));
}

#[test]
fn quiet_logs_nothing_of_comings_and_goings() {
    assert_eq!(log_of_talk(&["-q"], None), "");
}

#[test]
fn rust_log_wins() {
    assert!(log_of_talk(&["-q"], Some("debug")).contains("sesame"));
    assert_eq!(log_of_talk(&["-v"], Some("off")), "");
}

/// Talks more than a pipe and a queue hold of its log.
fn talk_on(server: &Server) {
    let [mut alice, mut bob] = people(server, ["alice", "bob"]);
    for _ in 0..100 {
        bob.send(&vec!["a line that debug level logs"; 100].join("\n"));
        for _ in 0..100 {
            alice.expect("<bob> a line that debug level logs");
        }
    }
}

fn verbose_unread() -> Server {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--rate", "0", "-v"]);
    Server::unread(command)
}

#[test]
fn a_log_that_nobody_reads_stalls_nobody() {
    let server = verbose_unread();
    talk_on(&server);
    assert!(server.stop().0.success());
}

#[test]
fn a_log_whose_reader_hung_up_ends_nothing() {
    let mut server = verbose_unread();
    server.hang_up_log();
    talk_on(&server);
}
