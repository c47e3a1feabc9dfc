//! A process that is killed under a service manager that keeps its descriptors.

use std::collections::BTreeMap;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};

use super::given;
use crate::harness::{
    Client, Irc, PATIENCE, Server, Signal, TempDir, WebSocket, chatd, connect, eventually, people,
};
use crate::proxy::line;

/// What the manager was given, by name. It is slow: of what it is to let go of it only takes note.
#[derive(Default)]
pub(crate) struct Kept {
    store: BTreeMap<String, OwnedFd>,
    removed: Vec<String>,
}

impl Kept {
    /// Takes the next message, if there is one.
    fn hear(&mut self, manager: &UnixDatagram) -> bool {
        let (mut bytes, mut space) = ([0; 4096], [MaybeUninit::uninit(); 1024]);
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let Ok(message) = recvmsg(manager, &mut slices, &mut ancillary, RecvFlags::DONTWAIT) else {
            return false;
        };
        assert!(!message.flags.contains(ReturnFlags::TRUNC), "a message is cut off");
        let length = message.bytes;
        let fds = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let name = text.lines().find_map(|line| line.strip_prefix("FDNAME=")).map(str::to_owned);
        match (name, fds) {
            (Some(name), Some(fd)) => drop(self.store.insert(name, fd)),
            (Some(name), None) => self.removed.push(name),
            _ => {}
        }
        true
    }

    pub(crate) fn hear_all(&mut self, manager: &UnixDatagram) {
        while self.hear(manager) {}
    }

    /// Everything, for the next process; the manager keeps it for a further one.
    pub(crate) fn give_all(&self) -> impl Iterator<Item = (String, OwnedFd)> {
        self.store.iter().map(|(name, fd)| (name.clone(), fd.try_clone().unwrap()))
    }

    /// What the next process is given: the roster, and every client's connection.
    fn give(mut self) -> [(&'static str, OwnedFd); 4] {
        ["roster", "c0", "c1", "c2"].map(|name| (name, self.store.remove(name).unwrap()))
    }
}

/// A server with a manager, before it was told anything.
fn managed<const N: usize>(dir: &TempDir, flags: [&str; N]) -> (UnixDatagram, Server) {
    let manager = UnixDatagram::bind(dir.path("notify")).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--web-port", "0"]).args(flags);
    command.env("NOTIFY_SOCKET", dir.path("notify"));
    (manager, Server::run(command))
}

/// Ends the server without a word, and starts another with all that the manager was ever given.
fn crash(manager: &UnixDatagram, mut kept: Kept, server: Server) -> Server {
    server.signal(Signal::KILL);
    server.wait_killed();
    kept.hear_all(manager);
    let mut command = given(kept.give());
    command.args(["--port", "0"]);
    Server::run(command)
}

/// Waits until the manager has so many connections, or more.
#[track_caller]
pub(crate) fn wait_kept(manager: &UnixDatagram, kept: &mut Kept, clients: usize) {
    eventually("the connections in the store", || {
        kept.hear_all(manager);
        let kept = kept.store.keys().filter(|name| name.starts_with('c')).count();
        (kept >= clients).then_some(())
    });
}

#[test]
fn who_has_left_does_not_come_back_with_a_connection_that_is_still_open() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, []);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut carol = WebSocket::join(&server, "carol");
    wait_kept(&manager, &mut kept, 3);
    alice.sync();
    // Neither closes its end.
    bob.send("/quit");
    alice.expect("-- bob left: quit (2 here)");
    carol.send("/quit");
    alice.expect("-- carol left: quit (1 here)");
    let _server = crash(&manager, kept, server);
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
    assert!(bob.rest_lines().iter().all(|line| !line.contains("Welcome")));
    while let Some(line) = carol.try_line() {
        assert!(!line.contains("Welcome"), "{line}");
    }
    alice.expect_nothing();
}

#[test]
fn whoever_is_told_to_go_is_forgotten_at_once() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, []);
    let [mut alice, bob, carol] = people(&server, ["alice", "bob", "carol"]);
    wait_kept(&manager, &mut kept, 3);
    alice.sync();
    let mut endless = [bob, carol];
    for client in &mut endless {
        client.send_raw(&vec![b'x'; 64 * 1024]);
        alice.expect_contains(" left: disconnected (");
    }
    let _server = crash(&manager, kept, server);
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
    endless.iter_mut().for_each(|client| drop(client.rest_lines()));
}

#[test]
fn the_manager_lets_go_of_a_connection_when_its_client_leaves() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, []);
    let [mut alice] = people(&server, ["alice"]);
    wait_kept(&manager, &mut kept, 1);
    alice.send("/quit");
    alice.expect_contains("-- Bye.");
    eventually("the end of it in the store", || {
        kept.hear_all(&manager);
        kept.removed.contains(&"c0".to_owned()).then_some(())
    });
    // That it is closed later is no news to the manager.
    alice.rest_lines();
    drop(alice);
    server.wait_log(["alice left"]);
    let again = Client::join(&server, "bob");
    wait_kept(&manager, &mut kept, 2);
    assert_eq!(kept.removed.iter().filter(|name| *name == "c0").count(), 1);
    drop(again);
}

#[test]
fn the_address_that_a_proxy_stated_comes_back() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, ["--trust-proxy", "127.0.0.1"]);
    let [mut alice, bob, carol] = [("alice", 7), ("bob", 8), ("carol", 9)].map(|(nick, number)| {
        let mut client = Client::over(connect(server.addr()));
        client.send_raw(&line(&format!("198.51.100.{number}"), 4321));
        client.welcomed().named(nick)
    });
    wait_kept(&manager, &mut kept, 3);
    alice.sync();
    let server = crash(&manager, kept, server);
    assert_eq!(alice.ask("/who"), ["-- lobby (3 here): alice, bob, carol"]);
    drop((bob, carol));
    server.wait_log(["bob left: disconnected (198.51.100.8:4321)"]);
    server.wait_log(["carol left: disconnected (198.51.100.9:4321)"]);
    // The name is kept for the address.
    alice.ask("/nick bob").iter().find(|line| line.starts_with("!! bob is ")).unwrap();
}

#[test]
fn irc_clients_come_back_with_their_names_modes_capabilities_and_rooms() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, ["--irc-port", "0", "--name", "box7"]);
    let mut ann = Irc::with_caps(&server, "ann", "server-time");
    ann.ask("JOIN #dev\r\nJOIN #ops\r\nMODE ann +B\r\nMONITOR + eve");
    let mut bob = Irc::named(&server, "bob");
    bob.ask("JOIN #dev");
    let [mut carol] = people(&server, ["carol"]);
    carol.ask("/join ops");
    wait_kept(&manager, &mut kept, 3);
    for client in [&mut ann, &mut bob] {
        client.sync();
    }
    let _server = crash(&manager, kept, server);
    carol.ask("hi");
    let line = ann.line();
    assert!(line.starts_with("@time=20") && line.ends_with(" PRIVMSG #ops :hi"), "{line}");
    bob.ask("PRIVMSG #dev :there?");
    let line = ann.line();
    assert!(line.contains(" :bob!~bob@") && line.ends_with(" PRIVMSG #dev :there?"), "{line}");
    let who = bob.ask("WHOIS ann");
    assert!(who[0].ends_with(" * :ann of the tests"), "{who:?}");
    assert!(crate::harness::commands(&who).contains(&"335"), "a bot: {who:?}");
    // What it watched for is lost.
    assert!(ann.ask("MONITOR L")[0].contains(" 733 ann :"));
}

#[test]
fn no_private_room_comes_back_open() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, []);
    let [mut alice, mut bob, mut eve] = people(&server, ["alice", "bob", "eve"]);
    wait_kept(&manager, &mut kept, 3);
    alice.ask("/join dev");
    bob.ask("/join dev");
    alice.ask("/room key s3cret\n/room hidden on\n/voice bob\n/nick alicia");
    bob.sync();
    eve.sync();
    let _server = crash(&manager, kept, server);
    assert_eq!(eve.ask("/who dev"), ["!! there is no room called dev"]);
    assert_eq!(eve.ask("/join dev"), ["!! dev needs a key: /join dev KEY"]);
    let told = alice.ask("/room");
    assert_eq!(told[0], "-- room dev: operators alicia; voices bob");
    assert!(told[1].contains("key s3cret, hidden on"), "{told:?}");
}

#[test]
fn nor_does_one_that_irc_clients_made_and_are_in() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, ["--irc-port", "0", "--name", "box7"]);
    let [mut ann, mut bob] = ["ann", "bob"].map(|nick| Irc::named(&server, nick));
    let [mut eve] = people(&server, ["eve"]);
    wait_kept(&manager, &mut kept, 3);
    ann.ask("JOIN #dev\r\nMODE #dev +ik s3cret");
    ann.ask("INVITE bob #dev");
    bob.ask("JOIN #dev");
    for client in [&mut ann, &mut bob] {
        client.sync();
    }
    eve.sync();
    let _server = crash(&manager, kept, server);
    assert_eq!(eve.ask("/join dev s3cret"), ["!! dev is invite-only"]);
    assert!(ann.ask("MODE #dev")[0].ends_with(" 324 ann #dev +ikn s3cret"));
    // Who makes it anew by a rejoin has no other room than that.
    bob.ask("PART #dev");
    assert!(bob.ask("JOIN #dev s3cret")[0].contains(" 473 bob #dev :"));
}

#[test]
fn who_edits_a_line_goes_on_with_an_empty_one() {
    let (dir, mut kept) = (TempDir::new(), Kept::default());
    let (manager, server) = managed(&dir, []);
    let [mut alice, mut bob, carol] = people(&server, ["alice", "bob", "carol"]);
    wait_kept(&manager, &mut kept, 3);
    bob.send("/edit on");
    bob.raw_until(b"\xff\xfd\x1f");
    bob.send_raw(b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f\xff\xfa\x1f\0\x1e\0\x18\xff\xf0half");
    bob.raw_until(b"> half");
    let _server = crash(&manager, kept, server);
    bob.raw_until(b"\r\x1b[J> ");
    alice.sync();
    alice.send("a line that is longer than thirty");
    bob.raw_until(b"\r\n  than thirty\r\n> ");
    bob.send_raw(b"hllo\x1b[D\x1b[D\x1b[De\r\0");
    alice.wait_for(|line| line == "<bob> hello");
    bob.raw_until(b"> hello\r\n> ");
    bob.send_raw(b"/edit off\r\0");
    bob.raw_until(b"\x1b[?2004l\xff\xfc\x01\xff\xfc\x03\xff\xfe\x1f-- editing is off\n");
    bob.send_raw(b"\xff\xfe\x01a line\r\n");
    alice.wait_for(|line| line == "<bob> a line");
    drop(carol);
}
