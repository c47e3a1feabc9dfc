//! Peers that the network lost silently: the server drops them, and nobody waits for them.

use std::fs::File;
use std::net::{SocketAddrV4, TcpStream};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{Drill, SPEED, Talk, within};
use crate::harness::{Client, PATIENCE, Server, eventually, eventually_within};

const PEERS: usize = 8;
/// Where the peers are that will be lost.
const LOST: &str = "10.99.0.2";
/// A network of the server's own.
const NETWORK: &str = "ip link set lo up; exec \"$@\"";

/// Runs this in the server's network.
fn inside(server: &Server, body: impl FnOnce() + Send) {
    let network = File::open(format!("/proc/{}/ns/net", server.pid())).unwrap();
    let enter = || {
        let kind = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(network.as_fd(), kind).unwrap();
        body();
    };
    // Where a thread is, those are that it starts, but not the rest of the tests.
    thread::scope(|scope| scope.spawn(enter).join()).unwrap();
}

#[track_caller]
fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status().unwrap();
    assert!(status.success(), "ip {words}");
}

fn connect_from_afar(server: &Server) -> Client {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV4::new(LOST.parse().unwrap(), 0)).unwrap();
    connect(&socket, &server.addr()).unwrap();
    let mut client = Client::over(TcpStream::from(socket)).welcomed();
    client.ask("/join room0");
    client
}

/// With these settings the server notices; `provoke` is done until it has.
fn lose_peers(
    drill: &mut Drill,
    flags: &[&str],
    reason: &str,
    mut provoke: impl FnMut(&Server) + Send,
) {
    let server = Server::run(within(&["unshare", "--net", "sh", "-ec", NETWORK, "sh"], flags));
    inside(&server, || {
        ip(&format!("address add {LOST}/32 dev lo"));
        let talk = Talk::begin(&server, "a", &mut drill.random);
        let files = server.open_files();
        let peers = [(); PEERS].map(|()| connect_from_afar(&server));
        // From here on neither side hears of the other, not even that it is gone.
        ip(&format!("address del {LOST}/32 dev lo"));
        ip(&format!("route add blackhole {LOST}/32"));
        let gone = || server.log().matches(&format!("left: {reason}")).count();
        eventually_within(PATIENCE * 6, "the lost ones to go", || {
            provoke(&server);
            let slowest = talk.go_on(5);
            assert!(slowest < SPEED, "{slowest:?}");
            (gone() == PEERS).then_some(())
        });
        eventually("their descriptors", || (server.open_files() == files).then_some(()));
        drill.compare_all(&talk.end());
        drill.note("peers lost", PEERS as u64);
        drop(peers);
    });
}

#[test]
#[ignore = "needs root and ip (iproute2)"]
fn peers_that_vanish_are_let_go_and_delay_nobody() {
    let mut drill = Drill::begin("half-open peers");
    for _ in drill.rounds(1) {
        lose_peers(&mut drill, &["--idle-timeout", "3s"], "timed out", |_| {});
        let mut loud = None;
        lose_peers(&mut drill, &["--send-queue", "65536"], "too slow", |server| {
            let loud = loud.get_or_insert_with(|| {
                let mut loud = Client::join(server, "loud");
                loud.ask("/join room0");
                loud
            });
            loud.ask(&vec!["x".repeat(1000); 20].join("\n"));
        });
    }
    drill.end();
}
