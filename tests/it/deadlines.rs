//! Deadlines that a client cannot extend by sending a little now and then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tungstenite::protocol::frame::Frame;

use crate::harness::{Client, Identity, Server, TempDir, WebSocket, eventually, masked, people};

/// Longer than any deadline here, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// Shorter than the silence after which a client is announced.
const PAUSE: Duration = Duration::from_millis(200);

/// Sends a little, and says whether it could.
type Drip = Box<dyn FnMut() -> bool + Send>;

fn text(mut client: Client, bytes: &'static [u8]) -> Drip {
    Box::new(move || client.try_send_raw(bytes).is_ok())
}

fn websocket(mut client: WebSocket) -> Drip {
    let pong = masked(Frame::pong(&b""[..]));
    Box::new(move || {
        client.send_raw(&pong);
        true
    })
}

/// Bytes without an end of a line, telnet's keep-alive and pongs, on every bare wire.
fn bare(server: &Server) -> Vec<Drip> {
    vec![
        text(Client::guest(server), b"h"),
        text(Client::guest(server), b"\xff\xf1"),
        text(Client::guest(server), b"\xff\xfc\x01"),
        websocket(WebSocket::connect(server)),
        websocket(WebSocket::connect_json(server)),
    ]
}

/// The same under TLS.
fn encrypted(server: &Server, identity: &Identity) -> Vec<Drip> {
    let guest = || Client::connect_tls(server, "tls", &identity.trusted()).welcomed();
    vec![
        text(guest(), b"h"),
        text(guest(), b"\xff\xf1"),
        websocket(WebSocket::connect_tls(server, &identity.trusted())),
    ]
}

/// Runs `watch` while all of them go on, and stops them even if it fails.
fn while_they_drip(drips: Vec<Drip>, watch: impl FnOnce()) {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = Stop(&is_over);
        for mut drip in drips {
            scope.spawn({
                let is_over = &is_over;
                move || {
                    while !is_over.load(Ordering::Relaxed) && drip() {
                        thread::sleep(PAUSE);
                    }
                }
            });
        }
        watch();
    });
}

/// All of them are announced to somebody who is there already.
fn are_announced(server: &Server, drips: Vec<Drip>) {
    let [mut alice] = people(server, ["alice"]);
    alice.patience = PATIENCE;
    let count = drips.len();
    while_they_drip(drips, || {
        for here in 2..count + 2 {
            let notice = alice.wait_for(|line| line.contains(" joined ("));
            assert!(notice.ends_with(&format!("({here} here)")), "{notice}");
        }
    });
}

#[test]
fn who_sends_no_line_is_announced_after_ten_seconds() {
    let server = Server::with_web([]);
    are_announced(&server, bare(&server));
}

#[test]
fn who_sends_no_line_under_tls_is_announced_after_ten_seconds() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let server = identity.serve(&dir, []);
    are_announced(&server, encrypted(&server, &identity));
}

#[test]
fn who_sends_what_nobody_is_told_of_is_announced_after_ten_seconds() {
    let server = Server::start();
    let mut busy = Client::guest(&server);
    let name = busy.name.clone();
    // Flood control takes minutes for that.
    busy.send(&["/away", ""].repeat(1000).join("\n"));
    let [mut alice] = people(&server, ["alice"]);
    alice.patience = PATIENCE;
    alice.expect(&format!("-- {name} joined (2 here)"));
    let answer = alice.ask(&format!("/whois {name}"));
    assert!(answer[0].starts_with(&format!("-- {name} is in lobby")), "{answer:?}");
}

#[test]
fn what_is_no_line_does_not_put_off_the_idle_timeout() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let limit = ["--idle-timeout", "2s"];
    let (plain, tls) = (Server::with_web(limit), identity.serve(&dir, limit));
    let blank = [text(Client::guest(&plain), b"\n"), text(Client::guest(&plain), b" \r\n")];
    let on_plain = bare(&plain).into_iter().chain(blank).collect();
    let drips = [(&plain, on_plain), (&tls, encrypted(&tls, &identity))];
    for (server, drips) in drips {
        let count = drips.len();
        while_they_drip(drips, || {
            eventually("the end of all of them", || {
                let gone = server.log().matches(" left: timed out ").count();
                (gone == count).then_some(())
            });
        });
    }
}
