//! WebSocket and TLS across the end of a process: what can continue does, the rest is closed.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;

use serde_json::json;

use super::machine::Machine;
use crate::harness::{Client, Identity, JSON, WebSocket, timeless};

/// What ends the process, and has another one take its place.
const ENDS: [fn(&Machine); 4] = [kill, restart, kill, restart];

fn kill(machine: &Machine) {
    let pid = machine.show("MainPID");
    machine.signal("KILL");
    machine.wait_successor(&pid);
}

fn restart(machine: &Machine) {
    machine.systemctl(&["restart", "chatd"]);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn websockets_keep_names_and_rooms() {
    let machine = Machine::boot("", "");
    let web = machine.another_addr();
    machine.set(&format!("web-port = {}", web.port()));
    machine.systemctl(&["start", "chatd"]);
    let mut alice = WebSocket::at(web, "", &[]);
    let mut bob = WebSocket::at(web, JSON, &[]);
    for (client, nick) in [(&mut alice, "alice"), (&mut bob, "bob")] {
        client.named(nick);
        client.ask("/join dev");
    }
    alice.sync();
    for end in ENDS {
        end(&machine);
        assert_eq!(alice.ask("/who"), ["-- dev (2 here): alice, bob"]);
        alice.ask("hello");
        let said = |nick| json!({ "t": "said", "room": "dev", "nick": nick, "text": "hello" });
        let heard: Vec<_> = bob.ask("hello").iter().map(|object| timeless(object)).collect();
        assert_eq!(heard, ["alice", "bob"].map(said));
        assert_eq!(alice.sync(), ["<bob> hello"]);
    }
}

/// Whatever else there is, and then the end, by which a client knows that it has to come again.
#[track_caller]
fn assert_ended(mut stream: &TcpStream) {
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn clients_under_tls_see_the_end_and_come_again() {
    let (machine, identity) = (Machine::boot("", ""), Identity::new());
    machine.write("/etc/chatd/cert.pem", &identity.certificate_pem, 0o644);
    machine.write("/etc/chatd/key.pem", &identity.key_pem, 0o644);
    let [tls, web] = [(); 2].map(|()| machine.another_addr());
    machine.set(&format!(
        "tls-cert = '/etc/chatd/cert.pem'\ntls-key = '/etc/chatd/key.pem'\n\
         tls-port = {}\nweb-port = {}",
        tls.port(),
        web.port()
    ));
    machine.systemctl(&["start", "chatd"]);
    let mut alice = machine.join("alice");
    for end in ENDS {
        let bob = Client::over(TcpStream::connect(tls).unwrap());
        let mut bob = bob.shaking_hands(&identity.trusted()).unwrap().welcomed().named("bob");
        let mut carol = WebSocket::at_tls(web, &identity.trusted());
        carol.named("carol");
        assert_eq!(alice.ask("/who").last().unwrap(), "-- lobby (3 here): alice, bob, carol");
        end(&machine);
        assert_ended(bob.socket());
        assert_ended(carol.socket());
        assert_eq!(alice.ask("/who").last().unwrap(), "-- lobby (1 here): alice");
    }
}
