//! An attacker's sessions: on every wire, each known way to speak under another name, or to get at
//! a terminal, an address, a password, or history despite a ban.

use std::fs;

use super::Drill;
use crate::harness::{Client, Identity, PONG, Server, TempDir, WebSocket, chatd, connect, run};
use crate::hostile::hurts;

mod forgery;
mod secrets;
mod terminals;

/// Where people come from; the attacker comes from 127.0.0.1.
const ALICES: &str = "127.0.0.77";
const BOBS: &str = "127.0.0.78";
const CAROLS: &str = "127.0.0.79";

/// Two servers, so that all wires are there: one speaks TLS on all but the text port. On each are
/// alice, whose name is registered, bob, and carol, an operator. Dora, who is registered, is not.
struct Stage {
    server: Server,
    state: String,
    identity: Option<Identity>,
    alice: Client,
    bob: Client,
    page: WebSocket,
    carol: Client,
    dir: TempDir,
}

/// A way to talk to a server.
enum Voice {
    Text(Box<Client>),
    Page(Box<WebSocket>),
}

type Wire = (&'static str, fn(&Stage) -> Voice);

const BARE_WIRES: [Wire; 3] = [
    ("text", |stage| Voice::Text(Box::new(Client::connect(&stage.server)))),
    ("WebSocket", |stage| Voice::Page(Box::new(WebSocket::connect(&stage.server)))),
    ("chatd.v1", |stage| Voice::Page(Box::new(WebSocket::connect_json(&stage.server)))),
];

const TLS_WIRES: [Wire; 2] = [
    ("TLS", |stage| {
        let trusted = stage.identity.as_ref().unwrap().trusted();
        Voice::Text(Box::new(Client::connect_tls(&stage.server, "tls", &trusted)))
    }),
    ("chatd.v1 under TLS", |stage| {
        let trusted = stage.identity.as_ref().unwrap().trusted();
        Voice::Page(Box::new(WebSocket::connect_tls(&stage.server, &trusted)))
    }),
];

impl Stage {
    fn set(has_tls: bool, motd: &str) -> Self {
        let dir = TempDir::new();
        let (state, motd) = (dir.path("state"), dir.file("motd", motd));
        std::fs::create_dir(&state).unwrap();
        add(&state, "alice", &[]);
        add(&state, "dora", &[]);
        add(&state, "carol", &["--operator"]);
        let flags = ["--state-dir", &state, "--motd", &motd, "--rate", "0", "-vvv"];
        let identity = has_tls.then(Identity::new);
        let server = match &identity {
            Some(identity) => identity.serve(&dir, flags),
            None => Server::with_web(flags),
        };
        let [alice, bob, carol] = [("alice", ALICES), ("bob", BOBS), ("carol", CAROLS)]
            .map(|(name, from)| comes(&server, name, from));
        let page = match &identity {
            Some(identity) => WebSocket::connect_tls(&server, &identity.trusted()),
            None => WebSocket::connect_json(&server),
        };
        let mut stage = Stage { server, state, identity, alice, bob, page, carol, dir };
        stage.page.named("page");
        stage.hear();
        stage
    }

    fn both(motd: &str) -> [Stage; 2] {
        [false, true].map(|has_tls| Stage::set(has_tls, motd))
    }

    fn wires(&self) -> &'static [Wire] {
        if self.identity.is_some() { &TLS_WIRES } else { &BARE_WIRES }
    }

    /// Eve, in the lobby on that wire, with what she was told so far.
    fn eve(&self, wire: Wire) -> (Voice, Vec<String>) {
        let mut eve = wire.1(self);
        let told = eve.ask(b"/join hall\n/leave");
        (eve, told)
    }

    /// What everybody else was told of late.
    fn hear(&mut self) -> Vec<String> {
        let mut heard = self.alice.sync();
        heard.extend(self.bob.sync());
        heard.extend(self.carol.sync());
        heard.extend(self.page.sync());
        heard
    }
}

impl Voice {
    /// Sends lines, as they are if the wire takes bytes, and returns what they are answered by;
    /// nothing if that ends the connection.
    fn ask(&mut self, lines: &[u8]) -> Vec<String> {
        match self {
            Voice::Text(client) => {
                if client.try_send_raw(&[lines, b"\n/ping\n"].concat()).is_err() {
                    return Vec::new();
                }
                let told = std::iter::from_fn(|| client.try_line());
                told.take_while(|line| line != "-- pong").collect()
            }
            Voice::Page(page) => {
                // Line ends do not end a line there.
                let text = String::from_utf8_lossy(lines);
                text.split('\n').chain(["/ping"]).for_each(|line| drop(page.try_send(line)));
                let told = std::iter::from_fn(|| page.try_line());
                told.take_while(|line| !["-- pong", PONG].contains(&&**line)).collect()
            }
        }
    }
}

fn add(state: &str, name: &str, more: &[&str]) {
    let (stdin, mut typed) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut typed, b"open sesame\n").unwrap();
    drop(typed);
    let mut add = chatd();
    add.args(["account", "add", name, "--state-dir", state]).args(more).stdin(stdin);
    let ended = run(&mut add);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

/// Announced in the lobby, and logged in if there is an account.
fn comes(server: &Server, name: &str, from: &str) -> Client {
    let mut client = Client::connect_from(server, from).welcomed();
    if name == "bob" {
        client.ask("/nick bob");
    } else {
        client.send(&format!("/login {name} open sesame"));
        client.wait_for(|line| line == format!("-- you are logged in as {name}"));
    }
    client.ask(&format!("/join hall-{name}\n/leave"));
    client
}
