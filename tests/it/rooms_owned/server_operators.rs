//! What operators of the server may in the rooms of others.

use super::{in_dev, refused, ruled};
use crate::harness::TempDir;

#[test]
fn an_operator_of_the_server_enters_any_room_and_keeps_order_there() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.ask("/room hidden on\n/room invite-only on\n/room ban carol");
    carol.sync();
    assert!(carol.ask("/rooms").contains(&"-- dev (2 here)".to_owned()));
    assert_eq!(carol.ask("/who dev"), ["-- dev (2 here): alice, bob"]);
    assert_eq!(carol.ask("/join dev"), ["-- You are in dev with alice and bob (3 here)."]);
    assert!(alice.sync().contains(&"-- carol joined (3 here)".to_owned()));
    bob.sync();
    assert_eq!(carol.ask("/op bob"), ["-- carol gave bob operator"]);
    assert_eq!(carol.ask("/room kick alice out"), ["-- alice left: kicked by carol: out (2 here)"]);
    alice.wait_for(|line| line == "!! kicked from dev by carol: out");
    server.wait_log(["operator carol kicked alice: out in dev"]);
    assert_eq!(carol.ask("/kick bob")[1..], ["-- bob is kicked"]);
    bob.wait_for(|line| line == "!! kicked by carol");
    bob.rest();
}

#[test]
fn operators_of_a_room_have_no_power_over_those_of_the_server() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut alice] = in_dev(&server, ["alice"]);
    carol.ask("/join dev");
    alice.ask("/op carol");
    let why = "carol keeps order on this server";
    refused(
        &mut alice,
        [
            ("/kick carol", why),
            ("/deop carol", why),
            ("/room ban carol", why),
            ("/room ban CAR0L", why),
        ],
    );
    carol.ask("/leave");
    alice.sync();
    refused(&mut alice, [("/room ban carol", why)]);
}
