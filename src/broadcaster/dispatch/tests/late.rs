//! What a client gets from a log that applies its inputs later.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};

use super::*;
use crate::address::Remote;
use crate::admission::Door;
use crate::broadcaster::log::Log;
use crate::broadcaster::pending::WaitFor;
use crate::net::Transport;

const BOB: ClientId = ClientId(2);

/// The far end of a client's connection.
pub(super) struct Far(BufReader<TcpStream>);

impl Far {
    fn connect(server: &mut Dispatcher, id: ClientId) -> Self {
        let mut far = Self::with(server, id, Dialect::default());
        far.skip_to("/help");
        far
    }

    /// Connects in a dialect; reads nothing.
    pub(super) fn with(server: &mut Dispatcher, id: ClientId, dialect: Dialect) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (near, addr) = listener.accept().unwrap();
        let slot =
            Arc::new(Door::default()).enter(addr.ip(), false, &Limits::USUAL, Duration::ZERO);
        let (transport, slot) = (Arc::new(Transport::bare(near)), Arc::new(slot.unwrap()));
        let from = Caller { remote: Remote::of(addr), is_encrypted: false, is_unheard: false };
        server.dispatch(NOW, Input::Connected { id, transport, from, slot, dialect, reads: None });
        server.dispatch(NOW, Input::Settled(id));
        server.flush(NOW);
        Self(BufReader::new(socket))
    }

    pub(super) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Reads up to a line that contains `end`.
    pub(super) fn skip_to(&mut self, end: &str) -> String {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "{end} does not come");
            if line.contains(end) {
                return line;
            }
        }
    }

    /// Reads the next lines, each of which has to begin in this way.
    fn expect(&mut self, lines: &[&str]) {
        for expected in lines {
            let line = self.line();
            assert!(line.starts_with(expected), "{line} instead of {expected}");
        }
    }

    fn expect_end(&mut self) {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

const NOW: Now = Now { uptime: Duration::ZERO, moment: Moment { unix_ms: 0 } };

/// Whether the log applies nothing for the time being.
fn hold(server: &mut Dispatcher, is_held: bool) {
    let Log::Alone(alone) = &mut server.log else { unreachable!("there is no cluster") };
    alone.is_held = is_held;
    server.follow(NOW);
    server.dispatch_released(NOW);
    server.flush(NOW);
}

fn sends(server: &mut Dispatcher, id: ClientId, lines: &str, then: Option<Incoming>) {
    let lines = lines.lines().map(|line| Incoming::Line(Line::new(line)));
    server.dispatch(NOW, Input::Received(id, lines.chain(then).collect()));
    server.flush(NOW);
}

fn answers(server: &mut Dispatcher, answer: Answer) {
    server.dispatch(NOW, Input::Store(Box::new(store::Event::Answered(BOB, answer))));
    server.flush(NOW);
}

/// Bob and somebody who reads what he says.
fn two(server: &mut Dispatcher) -> [Far; 2] {
    let bob = Far::connect(server, BOB);
    let mut reader = Far::connect(server, ClientId(3));
    sends(server, ClientId(3), "/nick reader\n/ping", None);
    reader.skip_to("pong");
    let mut bob = bob;
    sends(server, BOB, "/nick bob\n/ping", None);
    bob.skip_to("pong");
    reader.skip_to("bob");
    [bob, reader]
}

#[test]
fn what_is_sent_in_one_go_is_answered_in_its_order() {
    let mut server = server(None);
    let [mut bob, mut reader] = two(&mut server);
    hold(&mut server, true);
    sends(&mut server, BOB, "hi\n/nick rob\n/who\nbye\n/ping", Some(Incoming::HungUp));
    assert!(server.pending.is_for(BOB, WaitFor::Log), "the question is behind the other lines");
    sends(&mut server, ClientId(3), "/ping", None);
    reader.expect(&["-- pong"]);
    hold(&mut server, false);
    bob.expect(&["-- you are now rob", "-- lobby (2 here): rob, reader", "-- pong"]);
    bob.expect_end();
    reader.expect(&["<bob> hi", "-- bob is now rob", "<rob> bye", "-- rob left"]);
    assert!(!server.pending.has(BOB));
}

#[test]
fn who_hangs_up_behind_a_question_gets_its_answer() {
    let (dir, mut server) = with_store("question");
    let [mut bob, _reader] = two(&mut server);
    hold(&mut server, true);
    sends(&mut server, BOB, "hi\n/search hi", Some(Incoming::HungUp));
    assert!(!server.archive.owes_answers());
    hold(&mut server, false);
    assert!(server.pending.is_for(BOB, WaitFor::Answer));
    server.dispatch(NOW, Input::Gone(BOB, Reason::Disconnected));
    answers(&mut server, Answer::Found(Vec::new()));
    bob.expect(&["-- nothing was found"]);
    bob.expect_end();
    end(&dir, server);
}

#[test]
fn what_is_sent_behind_a_login_is_said_under_its_name() {
    let (dir, mut server) = with_store("login");
    let [mut bob, mut reader] = two(&mut server);
    hold(&mut server, true);
    sends(&mut server, BOB, "/login alice some password\nhi", None);
    assert!(server.pending.is_for(BOB, WaitFor::Log));
    hold(&mut server, false);
    assert!(server.pending.is_for(BOB, WaitFor::Answer) && server.archive.owes_answers());
    hold(&mut server, true);
    answers(&mut server, Answer::LoggedIn(alice()));
    assert!(server.pending.is_for(BOB, WaitFor::Answer), "the answer is under way, too");
    hold(&mut server, false);
    bob.skip_to("you are logged in as alice");
    reader.expect(&["-- bob is now alice", "<alice> hi"]);
    end(&dir, server);
}

#[test]
fn a_password_is_kept_no_longer_than_its_command_is_under_way() {
    let (dir, mut server) = with_store("password");
    let [mut bob, _reader] = two(&mut server);
    hold(&mut server, true);
    sends(&mut server, BOB, "/login nobody some password", None);
    hold(&mut server, false);
    bob.skip_to("nobody is not registered");
    assert_eq!(server.pending_auth.take_password(BOB), None);
    hold(&mut server, true);
    server.pending_auth.keep(BOB, Password::new("another password").unwrap());
    sends(&mut server, BOB, "/login alice some password", None);
    hold(&mut server, false);
    bob.skip_to("try again");
    assert!(!server.archive.owes_answers(), "two passwords cannot be told apart");
    assert!(!server.pending.has(BOB));
    end(&dir, server);
}

#[test]
fn a_question_that_too_much_is_sent_behind_is_answered_at_once() {
    let mut server = server(None);
    let [mut bob, _reader] = two(&mut server);
    hold(&mut server, true);
    sends(&mut server, BOB, "/nick rob\n/who", None);
    for _ in 0..300 {
        sends(&mut server, BOB, &"x".repeat(1000), None);
    }
    bob.expect(&["-- lobby (2 here): bob, reader"]);
    hold(&mut server, false);
    bob.expect(&["-- you are now rob"]);
}
