//! What different keyboards send: keys that erase, and blanks.

use crate::harness::{Client, Identity, Server, TempDir, WebSocket, people};

#[test]
fn backspace_and_delete_erase_the_character_before_on_the_text_wire() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let server = identity.serve(&dir, ["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut tls =
        Client::connect_tls(&server, "tls", &identity.trusted()).welcomed().named("carol");
    alice.sync();
    for (name, typist) in [("bob", &mut bob), ("carol", &mut tls)] {
        for erase in ["\u{8}", "\u{7f}"] {
            for (typed, seen) in [
                (format!("helx{erase}lo"), "hello"),
                (format!("{erase}{erase}start"), "start"),
                (format!("xx{erase}{erase}{erase}all"), "all"),
                (format!("grüß{erase}n"), "grün"),
                (format!("語{erase}語"), "語"),
                (format!("cafe\u{301}{erase}e"), "cafe"),
                (format!("👍🏽{erase}👍"), "👍"),
            ] {
                typist.send(&typed);
                alice.wait_for(|line| line == format!("<{name}> {seen}"));
            }
        }
    }
    bob.types(b"helx");
    bob.types(b"\x08l\xc3");
    bob.types(b"\x08");
    bob.send("o");
    alice.wait_for(|line| line == "<bob> hello");
}

#[test]
fn backspace_and_delete_are_dropped_in_websocket_messages() {
    let server = Server::with_web([]);
    let mut alice = Client::join(&server, "alice");
    for connect in [WebSocket::connect, WebSocket::connect_json] {
        let mut bob = connect(&server);
        bob.ask("/nick bob");
        bob.ask("helx\u{8}l\u{7f}o");
        alice.wait_for(|line| line == "<bob> helxlo");
        bob.send("/quit");
        alice.wait_for(|line| line.starts_with("-- bob left"));
    }
}

#[test]
fn any_blank_separates_a_command_from_what_follows() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for blank in
        ["\u{a0}", "\u{3000}", "\u{2003}", "\u{202f}", "\u{205f}", "\u{1680}", "\t", " \u{a0} "]
    {
        bob.send(&format!("{blank}/msg{blank}alice{blank}a{blank}b{blank}"));
        let inside = blank.replace('\t', " ");
        alice.expect(&format!("[from bob] a{inside}b"));
        bob.sync();
        assert_eq!(bob.ask(&format!("/motd{blank}")), ["-- there is no message of the day"]);
        assert_eq!(bob.ask(&format!("{blank}/nick{blank}bob")), ["-- you are now bob"]);
    }
}
