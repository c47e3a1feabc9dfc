//! What a restart keeps of rooms that people own.

use super::{in_dev, refused};
use crate::harness::{Server, people};
use crate::restart::switch;

#[test]
fn roles_settings_bans_and_invitations_go_to_the_next_process() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    let [mut dan, mut eve] = people(&server, ["dan", "eve"]);
    alice.ask("/voice bob\n/room invite-only on\n/room ban eve\n/invite dan");
    dan.sync();
    eve.sync();
    bob.sync();
    switch(&server);
    assert_eq!(alice.ask("/room")[0], "-- room dev: operators alice; voices bob");
    refused(&mut eve, [("/join dev", "you are banned from dev")]);
    assert_eq!(dan.ask("/join dev").len(), 1);
    assert_eq!(alice.ask("/room bans").last().unwrap(), "-- eve, by alice");
}
