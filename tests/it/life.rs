//! The life cycle of the server: its end and its log.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{
    Client, Identity, Server, Signal, TempDir, WebSocket, chatd, eventually, people,
};
use crate::slow::stall;

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
    bob.expect("-- the server is going down");
    let heard = alice.rest_lines();
    assert_eq!(heard.len(), 6001);
    assert_eq!(heard[6000], "-- the server is going down");
    assert!(server.wait().0.success());
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

#[test]
fn commands_that_nobody_will_see_answered_do_not_hold_up_the_end() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let mut crowd = [(); 100].map(|()| Client::connect(&server));
    for (n, client) in crowd.iter_mut().enumerate() {
        // The more rooms, the longer it takes to list them.
        client.send(&format!("/join r{n}{}", "\n/rooms".repeat(3000)));
    }
    let start = Instant::now();
    assert!(server.stop().0.success());
    assert!(start.elapsed() < Duration::from_millis(4500), "{:?}", start.elapsed());
}

#[test]
fn a_restart_has_the_port_back_at_once() {
    // An address of the test's own, so that nobody takes the port meanwhile.
    let start = |port: &str| {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.9", "--port", port]);
        Server::run(command)
    };
    let connect = |server: &Server| {
        Client::over(TcpStream::connect(("127.0.0.9", server.port())).unwrap()).welcomed()
    };
    let first = start("0");
    let port = first.port().to_string();
    // The side that ends a connection first keeps its port for a minute.
    let mut client = connect(&first);
    client.send("/quit");
    client.rest();
    drop(client);
    first.stop();
    connect(&start(&port)).expect_nothing();
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

#[test]
fn no_password_is_ever_logged_on_any_wire() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let [certificate, key] = identity.save(&dir);
    for (flag, level) in [("-q", "trace"), ("-vv", "")] {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0", "--web-port", "0", "--tls-port", "0"]);
        command.args(["--rate", "0", "--tls-cert", &certificate, "--tls-key", &key, flag]);
        command.args(["--state-dir", &dir.path("state")]).env("RUST_LOG", level);
        let server = Server::run(command);
        let lines =
            ["/register {}", "/login bob {}", "/password {}", " /LOGIN bob {}", "//login bob {}"]
                .map(|line| line.replace("{}", "open-sesame"));
        let mut page = WebSocket::connect_tls(&server, &identity.trusted());
        page.named("page");
        let mut text = Client::guest(&server);
        let mut tls = Client::connect_tls(&server, "tls", &identity.trusted()).welcomed();
        for line in &lines {
            page.send(line);
            page.sync();
            text.ask(line);
            tls.ask(line);
        }
        let log = server.stop().1;
        assert!(log.contains("DEBUG"), "{log}");
        let told: Vec<_> = log.lines().filter(|line| line.contains("sesame")).collect();
        assert_eq!(told, [""; 0]);
    }
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
