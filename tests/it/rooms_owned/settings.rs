//! What the operators of a room can set.

use super::{all_told, in_dev, refused, server};
use crate::harness::people;

const SETTINGS: &str = "-- settings: invite-only off, key off, hidden off, moderated off, \
                        topic-lock off, limit off, outside off, ctcp on, slow off";

#[test]
fn a_room_shows_its_settings_to_everybody_in_it_and_its_key_to_operators() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    assert_eq!(bob.ask("/room"), ["-- room dev: operators alice", SETTINGS]);
    all_told(&mut alice, "/room key s3cret", [&mut bob], "-- alice set key on");
    all_told(&mut alice, "/room LIMIT 10", [&mut bob], "-- alice set limit 10");
    let shown = |key: &str| SETTINGS.replace("key off", key).replace("limit off", "limit 10");
    assert_eq!(bob.ask("/room")[1], shown("key on"));
    assert_eq!(alice.ask("/room")[1], shown("key s3cret"));
}

#[test]
fn each_setting_is_set_once_and_turned_off() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    for (name, value) in [
        ("invite-only", "on"),
        ("key", "word"),
        ("hidden", "on"),
        ("moderated", "on"),
        ("topic-lock", "on"),
        ("limit", "9999"),
        ("outside", "on"),
        ("slow", "3600"),
        ("ctcp", "off"),
    ] {
        let shown = if name == "key" { "on" } else { value };
        let set = format!("-- alice set {name} {shown}");
        all_told(&mut alice, &format!("/room {name} {value}"), [&mut bob], &set);
        let again = format!("{name} is {shown} already");
        refused(&mut alice, [(&*format!("/room {name} {value}"), &*again)]);
        let off = if name == "ctcp" { "on" } else { "off" };
        let unset = format!("-- alice set {name} {off}");
        all_told(&mut alice, &format!("/room {name} {off}"), [&mut bob], &unset);
    }
    assert_eq!(alice.ask("/room")[1], SETTINGS);
}

#[test]
fn what_is_no_setting_or_no_value_is_refused() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    let key = "a key has 1 to 23 printable characters, no blank, no comma";
    refused(
        &mut alice,
        [
            ("/room foo", "there is no setting foo; /room shows them"),
            ("/room foo on", "there is no setting foo; /room shows them"),
            ("/room limit", "usage: /room limit NUMBER|off"),
            ("/room limit 0", "usage: /room limit NUMBER|off"),
            ("/room limit 10000", "usage: /room limit NUMBER|off"),
            ("/room hidden maybe", "usage: /room hidden on|off"),
            ("/room slow 3601", "usage: /room slow SECONDS|off"),
            ("/room key", "usage: /room key WORD|off"),
            ("/room key a,b", key),
            ("/room key two words", key),
            ("/room key :x", key),
            ("/room key 123456789012345678901234", key),
            ("/room kick", "usage: /room kick NAME [WHY]"),
            ("/room ban", "usage: /room ban NAME|MASK [DUR] [WHY]"),
            ("/room ban 192.0.2.1", "usage: /room ban NAME|MASK [DUR] [WHY]"),
            ("/room unban", "usage: /room unban NAME|MASK"),
            ("/room keep", "usage: /room keep on|off"),
            ("/room keep on", "this server keeps no rooms: it has no state directory"),
        ],
    );
}

#[test]
fn a_key_opens_the_room_to_those_who_know_it() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    alice.ask("/room key s3cret");
    let [mut bob] = people(&server, ["bob"]);
    refused(
        &mut bob,
        [
            ("/join dev", "dev needs a key: /join dev KEY"),
            ("/join dev S3cret", "that is not the key of dev"),
        ],
    );
    assert_eq!(bob.ask("/join dev s3cret"), ["-- You are in dev with alice (2 here)."]);
    let [mut dan] = people(&server, ["dan"]);
    assert_eq!(dan.ask("/join ops needless")[0], "-- You are alone in ops.");
}

#[test]
fn a_limit_keeps_out_one_more() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.ask("/room limit 2");
    let [mut dan] = people(&server, ["dan"]);
    refused(&mut dan, [("/join dev", "dev is full (2)")]);
    bob.ask("/leave");
    dan.sync();
    assert_eq!(dan.ask("/join dev"), ["-- You are in dev with alice (2 here)."]);
}

#[test]
fn in_a_moderated_room_operators_and_voices_speak() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.ask("/room moderated on");
    bob.sync();
    let why = "dev is moderated; not sent";
    refused(&mut bob, [("hello", why), ("/me waves", why), ("/topic mine", why)]);
    assert_eq!(alice.ask("hello"), [""; 0]);
    assert_eq!(bob.sync(), ["<alice> hello"]);
    alice.ask("/voice bob");
    bob.ask("hello yourself");
    alice.expect("<bob> hello yourself");
    alice.ask("/devoice bob");
    bob.send("/quit last words");
    alice.expect("-- bob left: quit (1 here)");
}

#[test]
fn a_locked_topic_is_set_by_operators() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.ask("/room topic-lock on");
    bob.sync();
    let why = "only operators of dev may set the topic";
    refused(&mut bob, [("/topic mine", why)]);
    all_told(&mut alice, "/topic ours", [&mut bob], "-- alice set the topic: ours");
    refused(&mut bob, [("/topic -", why)]);
    assert_eq!(bob.ask("/topic"), ["-- the topic is ours"]);
}

#[test]
fn a_room_may_take_lines_from_outside() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    let [mut bob] = people(&server, ["bob"]);
    let why = "dev takes no lines from outside";
    refused(
        &mut bob,
        [("/msg #dev psst", why), ("/msg #nowhere x", "there is no room called nowhere")],
    );
    alice.ask("/room outside on");
    assert_eq!(bob.ask("/msg #dev the build is done"), [""; 0]);
    alice.expect("<bob> the build is done");
    alice.ask("/room moderated on");
    refused(&mut bob, [("/msg #dev psst", "dev is moderated; not sent")]);
    alice.ask("/room moderated off\n/room slow 60");
    assert_eq!(bob.ask("/msg #dev one"), [""; 0]);
    assert!(bob.ask("/msg #dev two")[0].starts_with("!! slow down: "));
    alice.sync();
    assert_eq!(alice.ask("/msg #dev from inside"), [""; 0]);
}

#[test]
fn a_slow_room_is_slow_for_all_but_its_operators() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    all_told(&mut alice, "/room slow 60", [&mut bob], "-- alice set slow 60");
    assert_eq!(bob.ask("one"), [""; 0]);
    assert!(bob.ask("two")[0].starts_with("!! slow down: you may speak again in "));
    assert_eq!(alice.ask("one\ntwo"), ["<bob> one"]);
    alice.ask("/room slow off");
    assert_eq!(bob.ask("three").last().unwrap(), "-- alice set slow off");
}

#[test]
fn somebody_who_may_not_speak_changes_nothing() {
    let dir = crate::harness::TempDir::new();
    let (server, mut carol) = super::ruled(&dir);
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    carol.ask("/mute alice");
    alice.sync();
    let why = "you are muted";
    refused(
        &mut alice,
        [
            ("/room key rude-words", why),
            ("/op bob", why),
            ("/kick bob rude words", why),
            ("/room ban bob rude words", why),
            ("/invite carol", why),
        ],
    );
    bob.expect_nothing();
}
