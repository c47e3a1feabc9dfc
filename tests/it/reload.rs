//! SIGHUP: which settings a reload applies, and which take a restart.

use std::io::{Read, Write};

use crate::harness::{Client, Server, Signal, TempDir, chatd, connect, eventually, people};
use crate::metrics;

/// SIGHUP, and what it brings is in force.
fn reload(server: &Server) {
    let reloads = || server.log().lines().filter(|line| line.ends_with(" reloaded")).count();
    let before = reloads();
    server.signal(Signal::HUP);
    eventually("the reload", || (reloads() > before).then_some(()));
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
    let server = Server::with(["--config", &config, "--metrics", "127.0.0.1:0"]);
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
    metrics::expect(&server, "chatd_last_reload_successful ", 0.0);
    dir.file("chatd.toml", format!("motd = '{motd}'\nmax-line = 60\n"));
    reload(&server);
    metrics::expect(&server, "chatd_last_reload_successful ", 1.0);
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
fn sighup_changes_how_much_is_logged() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "");
    let server = Server::with(["--config", &config]);
    let [mut alice] = people(&server, ["alice"]);
    for (verbose, words) in [(0, "not logged"), (1, "logged"), (0, "no longer, so not logged")] {
        dir.file("chatd.toml", format!("verbose = {verbose}\n"));
        reload(&server);
        alice.ask(words);
    }
    let (_, log) = server.stop();
    assert!(log.contains("lobby: logged") && !log.contains("not logged"), "{log}");
}

#[test]
fn every_sighup_warns_of_changes_that_take_a_restart() {
    let dir = TempDir::new();
    let mut command = chatd();
    let as_started = "port = 0\nbind = '127.0.0.1'\n";
    command.args(["--config", &dir.file("chatd.toml", as_started)]);
    let server = Server::run(command);
    let warnings = |option: &str| {
        let log = server.log();
        let about = |line: &&str| line.contains("restart") && line.contains(option);
        log.lines().filter(about).count()
    };
    dir.file("chatd.toml", "port = 1\nbind = '127.0.0.2'\n");
    for times in 1..=2 {
        reload(&server);
        assert_eq!((warnings(" port "), warnings(" bind ")), (times, times), "{}", server.log());
    }
    dir.file("chatd.toml", as_started);
    reload(&server);
    assert_eq!((warnings(" port "), warnings(" bind ")), (2, 2), "{}", server.log());
    Client::guest(&server).expect_nothing();
}

#[test]
fn the_web_port_answers_to_the_name_and_the_origins_that_sighup_brings() {
    let dir = TempDir::new();
    let named = |name: &str| format!("name = '{name}'\nweb-origin = ['https://{name}.example']\n");
    let server = Server::with_web(["--config", &dir.file("chatd.toml", named("old"))]);
    let status = |host: &str| {
        let mut stream = connect(server.addr_of("web"));
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer["HTTP/1.1 ".len()..][..3].to_owned()
    };
    let statuses = || ["old:80", "old.example", "new:80", "new.example"].map(status);
    assert_eq!(statuses(), ["200", "200", "403", "403"]);
    dir.file("chatd.toml", named("new"));
    reload(&server);
    assert_eq!(statuses(), ["403", "403", "200", "200"]);
    assert!(!server.log().contains("restart chatd"), "{}", server.log());
}

#[test]
fn what_takes_a_restart_stays_as_it_was() {
    let dir = TempDir::new();
    let server = Server::with(["--config", &dir.file("chatd.toml", "")]);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("one");
    alice.ask("two");
    let state = dir.path("state");
    dir.file(
        "chatd.toml",
        format!("state-dir = '{state}'\nkeep = '1s'\nkeep-lines = 1\nsenders = 3\n"),
    );
    reload(&server);
    for option in ["state-dir", "keep", "keep-lines", "senders"] {
        server.wait_log([&format!("{option} was changed; restart chatd to apply it")]);
    }
    let history = alice.ask("/history");
    for said in ["<alice> one", "<alice> two"] {
        assert!(history.iter().any(|line| line.ends_with(said)), "{history:?}");
    }
    let answer = alice.ask("/register open sesame").pop().unwrap();
    assert_eq!(answer, "!! this server keeps no accounts: it has no state directory");
}

#[test]
fn an_idle_timeout_that_sighup_brings_reaches_those_who_are_silent() {
    let dir = TempDir::new();
    let server = Server::with(["--config", &dir.file("chatd.toml", "")]);
    let [mut alice] = people(&server, ["alice"]);
    let mut silent = Client::guest(&server);
    alice.expect(&format!("-- {} joined (2 here)", silent.name));
    dir.file("chatd.toml", "idle-timeout = '1s'\n");
    reload(&server);
    silent.wait_for(|line| line == "!! you sent nothing for 1s; goodbye");
    silent.expect_end();
}

#[test]
fn a_line_that_was_too_long_stays_so_when_sighup_allows_longer_ones() {
    let dir = TempDir::new();
    let server = Server::with(["--config", &dir.file("chatd.toml", "max-line = 50\n")]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(&[&[b'x'; 100][..], b"\xff\xf6"].concat());
    bob.expect("-- pong");
    dir.file("chatd.toml", "max-line = 200\n");
    reload(&server);
    assert_eq!(bob.ask("yz"), ["!! too long: 102 bytes, the limit is 200; not sent"]);
    alice.expect_nothing();
    bob.send(&"x".repeat(102));
    alice.expect_contains("<bob> x");
}
