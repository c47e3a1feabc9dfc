//! Tests of where lines go that are typed in one of several rooms.

use std::time::Duration;

use chatd::text::Text;

use super::*;
use crate::identity::Identity;

const NOW: Duration = Duration::ZERO;
const WELCOME: &str = "-- Welcome to chatd on box7. You are alice, alone in lobby.";

/// A talk that has just connected, and asks for these.
fn connected(identity: Identity) -> Talk {
    let mut talk = Talk::new(identity, None);
    talk.handle(NOW, Event::Connected);
    talk
}

/// A talk that is in the lobby and in these rooms, the last of them on the screen.
fn talk(rooms: &[&str]) -> Talk {
    let mut talk = connected(Identity::default());
    hear(&mut talk, Some("lobby"), WELCOME);
    hear(&mut talk, None, "-- pong");
    rooms.iter().for_each(|room| drop(enter(&mut talk, room)));
    talk
}

fn hear(talk: &mut Talk, room: Option<&str>, line: &str) -> Vec<Action> {
    let room = room.map(str::to_owned);
    talk.handle(NOW, Event::Heard { room, line: Text::new(line) })
}

fn enter(talk: &mut Talk, room: &str) -> Vec<Action> {
    hear(talk, Some(room), &format!("-- You are alone in {room}."))
}

fn type_line(talk: &mut Talk, line: &str) -> Vec<Action> {
    talk.handle(NOW, Event::Typed(Text::new(line)))
}

fn sent(room: &str, line: &str) -> Action {
    Action::SendIn(room.to_owned(), line.to_owned())
}

/// Loses the connection, and gets a new one, which is in the lobby.
fn reconnect(talk: &mut Talk) {
    talk.handle(NOW, Event::Lost(None));
    let now = talk.deadline().unwrap();
    talk.handle(now, Event::Due);
    talk.handle(now, Event::Connected);
    hear(talk, Some("lobby"), WELCOME);
}

#[test]
fn a_line_goes_where_the_user_turned_to_on_coming_back() {
    let mut talk = talk(&["ops"]);
    reconnect(&mut talk);
    assert_eq!(talk.room(), Some("ops"));
    talk.handle(NOW, Event::Turn(1));
    enter(&mut talk, "ops");
    assert_eq!(talk.status(NOW).place, "alice in lobby");
    type_line(&mut talk, "for the lobby");
    let told = hear(&mut talk, None, "-- pong");
    assert!(told.contains(&sent("lobby", "for the lobby")), "{told:?}");
}

#[test]
fn a_room_that_cannot_be_entered_again_leaves_the_screen() {
    let mut talk = talk(&["ops"]);
    reconnect(&mut talk);
    hear(&mut talk, None, "!! ops is invite-only");
    assert_eq!(talk.room(), Some("ops"));
    let told = hear(&mut talk, None, "-- pong");
    let refusal = Action::Show("!! ops is invite-only".to_owned());
    assert!(matches!(&told[..], [Action::Turn(_), why, ..] if *why == refusal), "{told:?}");
    assert_eq!((talk.room(), talk.is_in("ops")), (Some("lobby"), false));
}

#[test]
fn what_is_typed_on_the_way_to_the_first_room_is_for_that_one() {
    let mut talk = connected(Identity::new(None, Some("dev".to_owned())));
    hear(&mut talk, Some("lobby"), WELCOME);
    type_line(&mut talk, "for dev");
    enter(&mut talk, "dev");
    assert_eq!(hear(&mut talk, None, "-- pong"), [sent("dev", "for dev")]);

    let mut talk = connected(Identity::new(None, Some("dev".to_owned())));
    hear(&mut talk, Some("lobby"), WELCOME);
    type_line(&mut talk, "for dev");
    hear(&mut talk, None, "!! dev is invite-only");
    let told = hear(&mut talk, None, "-- pong");
    assert!(!told.iter().any(|action| matches!(action, Action::SendIn(..))), "{told:?}");
}

#[test]
fn a_line_comes_back_to_the_room_that_it_was_typed_in() {
    let back = |line: &str| Action::GiveBack(Some("ops".to_owned()), line.to_owned());
    let mut talk = talk(&["ops"]);
    type_line(&mut talk, "refused");
    talk.handle(NOW, Event::Turn(1));
    type_line(&mut talk, "for the lobby");
    let told = hear(&mut talk, Some("ops"), "!! you are muted for 9s");
    assert_eq!(told[1..], [back("refused")]);
    assert_eq!(told[0], Action::Show("!! you are muted for 9s".to_owned()), "it is elsewhere");

    let lost = talk.handle(NOW, Event::Lost(None));
    assert!(lost.contains(&back("refused")), "{lost:?}");
    let lobbys = Action::GiveBack(Some("lobby".to_owned()), "for the lobby".to_owned());
    assert!(lost.contains(&lobbys), "{lost:?}");
}

#[test]
fn a_line_that_waits_for_a_room_comes_back_if_the_user_is_not_there() {
    let mut talk = talk(&["ops"]);
    talk.handle(NOW, Event::Lost(None));
    type_line(&mut talk, "secret");
    reconnect(&mut talk);
    let told = hear(&mut talk, None, "-- pong");
    let back = Action::GiveBack(Some("ops".to_owned()), "secret".to_owned());
    assert_eq!(told[told.len() - 2..], [Action::Show("!! not sent: secret".to_owned()), back]);
}

#[test]
fn what_is_typed_behind_a_join_is_for_that_room() {
    let mut talk = talk(&[]);
    let asked = [sent("lobby", "/join #Dev"), Action::Send("/ping".to_owned())];
    assert_eq!(type_line(&mut talk, "/join #Dev"), asked);
    assert_eq!(type_line(&mut talk, "for dev"), []);
    assert_eq!(talk.room(), Some("dev"), "so is what is half typed");
    enter(&mut talk, "dev");
    assert_eq!(hear(&mut talk, None, "-- pong"), [sent("dev", "for dev")]);

    type_line(&mut talk, "/join ops");
    assert_eq!(type_line(&mut talk, "secret"), []);
    hear(&mut talk, Some("dev"), "!! ops is invite-only");
    let back = Action::GiveBack(Some("ops".to_owned()), "secret".to_owned());
    let told = hear(&mut talk, None, "-- pong");
    assert_eq!(told, [Action::Show("!! not sent: secret".to_owned()), back]);
    assert_eq!(talk.room(), Some("dev"));

    type_line(&mut talk, "/join");
    assert_eq!(type_line(&mut talk, "here"), [sent("dev", "here")], "it names no room");
}

#[test]
fn whoever_turns_to_another_room_types_for_that_one() {
    let mut talk = talk(&["dev"]);
    type_line(&mut talk, "/join ops");
    talk.handle(NOW, Event::Turn(1));
    assert_eq!(type_line(&mut talk, "for the lobby"), []);
    enter(&mut talk, "ops");
    assert_eq!(hear(&mut talk, None, "-- pong"), [sent("lobby", "for the lobby")]);
}
