//! The lobby belongs to the operators of the server.

use super::{refused, ruled};
use crate::harness::{TempDir, people};

#[test]
fn nobody_keeps_order_in_the_lobby_but_the_operators_of_the_server() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut alice, _bob] = people(&server, ["alice", "bob"]);
    alice.sync();
    carol.sync();
    let servers = "the lobby belongs to the server's operators";
    refused(
        &mut alice,
        [
            ("/op bob", servers),
            ("/voice bob", servers),
            ("/room moderated on", servers),
            ("/room key x", servers),
            ("/room kick bob", servers),
            ("/room ban bob", servers),
            ("/kick bob", "only operators may do that"),
            ("/invite bob", "not in the lobby"),
        ],
    );
    let nothing = "not in the lobby";
    refused(
        &mut carol,
        [
            ("/op bob", nothing),
            ("/room invite-only on", nothing),
            ("/room key x", nothing),
            ("/room hidden on", nothing),
            ("/room limit 5", nothing),
            ("/room outside on", nothing),
            ("/room ctcp off", nothing),
            ("/room keep on", nothing),
            ("/room kick bob", nothing),
            ("/room ban bob", nothing),
            ("/room bans", nothing),
        ],
    );
    assert_eq!(alice.ask("/room")[0], "-- room lobby: the server's operators keep order here");
}

#[test]
fn the_lobby_is_moderated_slowed_and_its_topic_locked() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut alice] = people(&server, ["alice"]);
    carol.sync();
    assert_eq!(carol.ask("/room topic-lock on"), ["-- carol set topic-lock on"]);
    alice.expect("-- carol set topic-lock on");
    refused(&mut alice, [("/topic mine", "only operators of lobby may set the topic")]);
    carol.ask("/room moderated on");
    alice.sync();
    refused(&mut alice, [("hello", "lobby is moderated; not sent")]);
    carol.ask("hello");
    alice.expect("<carol> hello");
    carol.ask("/room moderated off\n/room slow 60");
    alice.sync();
    assert_eq!(alice.ask("one"), [""; 0]);
    assert!(alice.ask("two")[0].starts_with("!! slow down: "));
    server.wait_log(["operator carol set topic-lock on in lobby"]);
}
