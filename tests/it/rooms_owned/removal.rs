//! Kicks, bans and invitations.

use super::{all_told, in_dev, refused, server};
use crate::harness::{Client, people};

#[test]
fn a_kick_leads_to_the_lobby_with_the_reason() {
    let server = server();
    let [mut alice, mut bob, mut dan] = in_dev(&server, ["alice", "bob", "dan"]);
    let [mut eve] = people(&server, ["eve"]);
    assert_eq!(
        alice.ask("/kick bob too loud"),
        ["-- bob left: kicked by alice: too loud (2 here)"]
    );
    dan.expect("-- bob left: kicked by alice: too loud (2 here)");
    bob.expect("!! kicked from dev by alice: too loud");
    bob.expect("-- You are in lobby with eve (2 here).");
    eve.expect("-- bob joined (2 here)");
    assert_eq!(alice.ask("/room kick dan"), ["-- dan left: kicked by alice (1 here)"]);
    dan.expect("!! kicked from dev by alice");
    assert_eq!(bob.ask("/join dev").last().unwrap(), "-- You are in dev with alice (2 here).");
}

#[test]
fn a_kick_needs_somebody_else_in_the_room() {
    let server = server();
    let [mut alice, _bob] = in_dev(&server, ["alice", "bob"]);
    let _dan = people(&server, ["dan"]);
    alice.sync();
    refused(
        &mut alice,
        [
            ("/kick dan", "dan is not in dev"),
            ("/room kick nobody", "no one here is called nobody"),
            ("/kick alice", "you cannot do that to yourself"),
            ("/room ban alice", "you cannot do that to yourself"),
        ],
    );
}

#[test]
fn a_ban_keeps_a_name_out_until_it_is_lifted() {
    let server = server();
    let [mut alice, mut bob, mut dan] = in_dev(&server, ["alice", "bob", "dan"]);
    let told =
        ["-- alice banned bob from this room", "-- bob left: kicked by alice: spam (2 here)"];
    assert_eq!(alice.ask("/room ban bob 2h spam"), told);
    assert_eq!(dan.sync(), told);
    bob.expect(told[0]);
    bob.expect("!! kicked from dev by alice: spam");
    let answer = bob.wait_for(|line| line.starts_with("-- You are alone in lobby"));
    assert_eq!(answer, "-- You are alone in lobby.");
    let refusal = bob.ask("/join dev");
    assert_eq!(refusal, ["!! you are banned from dev for 2h: spam"]);
    assert_eq!(alice.ask("/room bans"), ["-- bob, by alice, for 2h: spam"]);
    all_told(&mut alice, "/room unban B0B", [&mut dan], "-- bob may come again");
    refused(&mut alice, [("/room unban bob", "bob is not banned from dev")]);
    assert_eq!(alice.ask("/room bans"), ["-- nobody is banned from dev"]);
    assert_eq!(bob.ask("/join dev").len(), 1);
}

#[test]
fn a_ban_may_have_no_end_and_no_reason_and_name_nobody_here() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    let told = "-- alice banned eve from this room";
    assert_eq!(alice.ask("/room ban eve"), [told]);
    assert_eq!(alice.ask("/room ban dan go away"), ["-- alice banned dan from this room"]);
    assert_eq!(alice.ask("/room bans"), ["-- eve, by alice", "-- dan, by alice: go away"]);
    let [mut eve] = people(&server, ["eve"]);
    refused(&mut eve, [("/join dev", "you are banned from dev")]);
}

#[test]
fn a_ban_has_a_duration_that_ends_and_a_mask_that_irc_can_show() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    let too_long =
        |dur| format!("{dur} is too long: at most 3650d; without a duration it is for ever");
    for dur in ["10y", "99999999d"] {
        let why = too_long(dur);
        refused(&mut alice, [(&format!("/room ban eve {dur} spam"), &why)]);
    }
    let usage = "usage: /room ban NAME|MASK [DUR] [WHY]";
    refused(&mut alice, [("/room ban :eve!*@*", usage), ("/room ban :*", usage)]);
    assert_eq!(alice.ask("/room bans"), ["-- nobody is banned from dev"]);
    assert_eq!(alice.ask("/room ban eve 3650d"), ["-- alice banned eve from this room"]);
}

#[test]
fn who_enters_with_a_key_is_told_if_there_is_none() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    let [mut bob] = people(&server, ["bob"]);
    assert_eq!(bob.ask("/join dev s3cret").last().unwrap(), "-- dev has no key");
    alice.ask("/room key s3cret\n/op bob");
    bob.ask("/leave");
    assert!(!bob.ask("/join dev s3cret").iter().any(|line| line.contains("key")));
}

fn is_refused(told: &[String]) -> bool {
    told.iter().any(|line| line.starts_with("!!"))
}

#[test]
fn a_mask_mutes_those_inside_and_keeps_others_out() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    all_told(&mut alice, "/room ban b*!*@*", [&mut bob], "-- alice banned b*!*@* from this room");
    let why = "you are banned from dev";
    refused(&mut bob, [("hello", why), ("/me waves", why)]);
    alice.ask("/voice bob");
    bob.sync();
    assert_eq!(bob.ask("hello"), [""; 0]);
    let [mut ben, mut dan] = people(&server, ["ben", "dan"]);
    refused(&mut ben, [("/join dev", why)]);
    assert!(!is_refused(&dan.ask("/join dev")));
    assert_eq!(alice.ask("/room unban B*!*@*").last().unwrap(), "-- b*!*@* may come again");
    assert!(!is_refused(&ben.ask("/join dev")));
}

#[test]
fn a_room_has_sixty_bans() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    for number in 0..60 {
        assert_eq!(alice.ask(&format!("/room ban n{number}x")).len(), 1);
    }
    refused(&mut alice, [("/room ban eve", "dev has 60 bans already")]);
    assert_eq!(alice.ask("/room ban N0X 5m"), ["-- alice banned N0X from this room"]);
    assert_eq!(alice.ask("/room bans").last().unwrap(), "-- N0X, by alice, for 5m");
}

#[test]
fn an_invitation_opens_an_invite_only_room_once() {
    let server = server();
    let [mut alice, mut dan] = in_dev(&server, ["alice", "dan"]);
    let [mut bob] = people(&server, ["bob"]);
    alice.sync();
    alice.ask("/room invite-only on");
    dan.sync();
    refused(&mut bob, [("/join dev", "dev is invite-only")]);
    refused(&mut dan, [("/invite bob", "only operators of dev may do that")]);
    all_told(&mut alice, "/invite bob", [&mut dan], "-- alice invited bob");
    bob.expect("-- alice invites you to dev: /join dev");
    bob.ask("/nick rob");
    assert_eq!(bob.ask("/join dev").len(), 1);
    bob.ask("/leave");
    refused(&mut bob, [("/join dev", "dev is invite-only")]);
}

#[test]
fn an_invitation_passes_key_limit_and_ban() {
    let server = server();
    let [mut alice, mut dan] = in_dev(&server, ["alice", "dan"]);
    let [mut bob] = people(&server, ["bob"]);
    alice.ask("/room key s3cret\n/room limit 2\n/room ban bob");
    dan.sync();
    refused(&mut bob, [("/join dev s3cret", "you are banned from dev")]);
    dan.ask("/invite bob");
    assert_eq!(
        bob.ask("/join dev").last().unwrap(),
        "-- You are in dev with alice and dan (3 here)."
    );
    refused(&mut bob, [("hello", "you are banned from dev")]);
    let [mut eve] = people(&server, ["eve"]);
    refused(&mut eve, [("/join dev s3cret", "dev is full (2)")]);
}

#[test]
fn an_invitation_is_for_that_client_and_for_somebody_who_is_not_there() {
    let server = server();
    let [mut alice, _dan] = in_dev(&server, ["alice", "dan"]);
    alice.ask("/room invite-only on");
    let [bob] = people(&server, ["bob"]);
    alice.ask("/invite bob");
    drop(bob);
    let mut other = Client::join(&server, "bob");
    refused(&mut other, [("/join dev", "dev is invite-only")]);
    refused(
        &mut alice,
        [
            ("/invite dan", "dan is in dev already"),
            ("/invite alice", "alice is in dev already"),
            ("/invite nobody", "no one here is called nobody"),
        ],
    );
}

#[test]
fn somebody_who_ignores_the_inviter_is_not_told() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/ignore alice");
    assert_eq!(alice.ask("/invite bob"), ["-- alice invited bob"]);
    bob.expect_nothing();
}
