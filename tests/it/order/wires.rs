//! Bans and registered names on every wire, and for every way to take a name.

use super::{account, again, log_in, logs_in, ruled, until};
use crate::harness::{Client, Identity, Server, Signal, TempDir, WebSocket, people};

const OWNED: &str = "!! alice is registered; /login alice PASSWORD";
/// Every way for a server to come to its end, or not.
const ENDS: [Option<Signal>; 4] =
    [None, Some(Signal::TERM), Some(Signal::KILL), Some(Signal::USR2)];

/// Carol, who keeps order, from an address of her own.
fn operator(server: &Server) -> Client {
    let mut carol = Client::connect_from(server, "127.0.0.2").welcomed();
    logs_in(&mut carol, "carol", "open sesame");
    carol
}

#[test]
fn bans_hold_under_tls_and_for_pages_under_it() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    account(&dir, "add carol --operator", "open sesame\n");
    let server = identity.serve(&dir, ["--state-dir", &dir.path(""), "--rate", "0"]);
    let trusted = identity.trusted();
    let comes = || Client::connect_tls(&server, "tls", &trusted);
    let opens = || WebSocket::connect_tls(&server, &trusted);
    let mut carol = operator(&server);
    let told = "!! banned: go away";
    for mask in ["127.0.0.1", "127.0.0.0/31"] {
        let mut eve = comes().welcomed().named("eve");
        eve.ask("/join dev");
        let mut page = opens();
        page.named("mallory");
        until(&mut carol, &format!("/ban {mask} go away"), &format!("-- {mask} is banned"));
        eve.wait_for(|line| line == told);
        eve.rest();
        while !page.line().contains("banned: go away") {}
        page.expect_closed(1008);
        assert_eq!(comes().rest_lines(), [told]);
        let mut page = opens();
        page.expect_contains("banned: go away");
        page.expect_closed(1008);
        until(&mut carol, &format!("/unban {mask}"), "is no longer banned");
    }
    let (mut eve, mut page) = (comes().welcomed().named("eve"), opens());
    page.named("mallory");
    until(&mut carol, "/ban eve go away", "-- eve is banned");
    eve.wait_for(|line| line == told);
    eve.rest();
    assert_eq!(comes().welcomed().ask("/nick EVE"), [told]);
    assert!(page.ask("/nick eve").concat().contains("banned: go away"));
}

#[test]
fn a_banned_name_is_refused_on_every_wire_and_after_every_kind_of_end() {
    let dir = TempDir::new();
    let (mut running, mut carol) = ruled(&dir);
    let mut eve = WebSocket::join(&running, "eve");
    eve.ask("/join dev");
    until(&mut carol, "/ban eve", "-- eve is banned");
    while eve.line() != "!! banned" {}
    eve.expect_closed(1008);
    let told = until(&mut carol, "/ban guest1", "!!");
    assert_eq!(told, "!! guest1 is not a name, address or network that can be banned");
    for end in ENDS {
        running = again(running, &dir, end);
        let mut guest = Client::guest(&running);
        for line in ["/nick EVE", "/nick eve"] {
            assert_eq!(guest.ask(line), ["!! banned"], "{end:?}");
        }
        assert_eq!(WebSocket::join(&running, "bob").ask("/nick eve"), ["!! banned"]);
        let json = WebSocket::join_json(&running, "dan").ask("/nick eve").concat();
        assert!(json.contains(r#""banned""#) && !json.contains("renamed"), "{json}");
    }
}

#[test]
fn a_registered_name_is_its_owners_over_a_handover_and_for_nobody_who_comes_first() {
    let dir = TempDir::new();
    account(&dir, "add alice", "top secret\n");
    let mut running = super::server(&dir);
    let mut alice = log_in(&running, "alice", "top secret");
    let [mut eve] = people(&running, ["eve"]);
    running = again(running, &dir, Some(Signal::USR2));
    alice.send("still me");
    eve.wait_for(|line| line == "<alice> still me");
    assert_eq!(eve.ask("/nick alice"), [OWNED]);
    assert_eq!(alice.ask("/nick ALICE").last().unwrap(), "-- you are now ALICE");
    // The address that she had has no right to it.
    drop(alice);
    eve.wait_for(|line| line.starts_with("-- ALICE left"));
    for end in ENDS {
        let mut first = Client::guest(&running);
        assert_eq!(first.ask("/nick alice").last().unwrap(), OWNED, "{end:?}");
        running = again(running, &dir, end);
        let mut first = Client::guest(&running);
        assert_eq!(first.ask("/nick A1ICE").last().unwrap(), OWNED, "{end:?}");
        assert_eq!(WebSocket::join(&running, "mallory").ask("/nick alice"), [OWNED]);
    }
}
