//! Tests of the talk: events, and the actions that they cause.

use std::time::Duration;

use chatd::text::Text;

use super::*;
use crate::identity::Identity;

const PONG: &str = "-- pong";

/// A talk, and its time in milliseconds.
struct Test {
    talk: Talk,
    now: Duration,
}

impl Test {
    fn entered(identity: Identity) -> Self {
        let mut test = Self { talk: Talk::new(identity, None), now: Duration::ZERO };
        test.happens(Event::Connected);
        test.hears(PONG);
        test
    }

    /// The actions as text.
    fn happens(&mut self, event: Event) -> Vec<String> {
        let actions = self.talk.handle(self.now, event).into_iter();
        let texts = actions.map(|action| match action {
            Action::Show(line) => line,
            Action::Mark(line) => format!("mark: {line}"),
            Action::GiveBack(_, line) => format!("back: {line}"),
            Action::Send(line) => format!("> {line}"),
            other => format!("{other:?}"),
        });
        texts.collect()
    }

    fn types(&mut self, line: &str) -> Vec<String> {
        self.happens(Event::Typed(Text::new(line)))
    }

    fn hears(&mut self, line: &str) -> Vec<String> {
        self.happens(Event::Heard { room: None, line: Text::new(line) })
    }

    fn deadline_comes(&mut self) -> Vec<String> {
        self.now = self.talk.deadline().unwrap();
        self.happens(Event::Due)
    }

    /// Loses the connection, and connects again.
    fn reconnects(&mut self) -> Vec<String> {
        self.happens(Event::Lost(None));
        assert_eq!(self.deadline_comes(), ["Dial"]);
        self.happens(Event::Connected)
    }
}

fn entered() -> Test {
    Test::entered(Identity::default())
}

#[test]
fn lines_are_confirmed_by_a_ping_that_nobody_sees() {
    let mut test = entered();
    assert_eq!(test.types("one"), ["> one"]);
    assert_eq!(test.types("two"), ["> two"]);
    assert_eq!(test.deadline_comes(), ["> /ping"]);
    test.types("three");
    assert_eq!(test.hears(PONG), [""; 0]);
    let lost = test.happens(Event::Lost(None));
    assert_eq!(lost[..2], ["!! perhaps not sent: three", "back: three"], "{lost:?}");
    assert_eq!(lost.len(), 3);
}

#[test]
fn the_users_own_pings_are_answered() {
    let mut test = entered();
    test.types("one");
    assert_eq!(test.types("/PING  "), ["> /ping"]);
    test.deadline_comes();
    assert_eq!(test.hears(PONG), [PONG]);
    assert_eq!(test.hears(PONG), [""; 0]);
    assert!(test.talk.is_all_delivered());
}

#[test]
fn what_is_typed_without_a_connection_is_sent_with_the_next() {
    let mut test = entered();
    assert_eq!(test.happens(Event::Lost(None)).len(), 1);
    assert_eq!(test.types("later"), ["-- not sent yet: no connection"]);
    test.deadline_comes();
    let failed = test.happens(Event::Lost(Some("refused".to_owned())));
    assert!(failed[0].starts_with("-- no connection (refused); trying again in "), "{failed:?}");
    test.deadline_comes();
    test.happens(Event::Connected);
    assert_eq!(test.types("even later"), [""; 0]);
    let sent = ["-- you missed nothing", "-- sent now: later", "> later", "> even later"];
    assert_eq!(test.hears(PONG), sent);
}

#[test]
fn it_is_not_sent_from_a_wrong_place() {
    let mut test = Test::entered(Identity::new(None, Some("ops".to_owned())));
    test.happens(Event::Lost(None));
    test.types("secret");
    test.deadline_comes();
    assert_eq!(test.happens(Event::Connected), ["> ", "> /join ops", "> /ping"]);
    test.hears("!! no");
    assert_eq!(test.hears(PONG)[1..], ["!! not sent: secret", "back: secret"]);
}

#[test]
fn name_and_room_are_taken_again() {
    let mut test = entered();
    test.hears("-- you are now alice");
    test.hears("-- You are alone in ops.");
    assert_eq!(test.reconnects(), ["> ", "> /nick alice", "> /join ops", "> /ping"]);
}

#[test]
fn the_name_is_taken_when_it_becomes_free() {
    let mut test = entered();
    test.hears("-- you are now alice");
    assert_eq!(test.hears("-- alice left: quit (1 here)").len(), 1, "it cannot be this one");
    test.reconnects();
    test.hears("!! alice is taken");
    test.hears(PONG);
    assert_eq!(test.hears("-- alice left: timed out (1 here)")[1], "> /nick alice");
}

#[test]
fn the_user_is_logged_in_again_before_anything_else_is_said() {
    let mut test = entered();
    test.types("/login alice open sesame");
    test.hears("-- you are now alice");
    test.hears("-- you are logged in as alice");
    test.hears("-- You are alone in ops.");
    test.happens(Event::Lost(None));
    test.types("later");
    assert_eq!(test.deadline_comes(), ["Dial"]);
    assert_eq!(test.happens(Event::Connected), ["> ", "> /login alice open sesame"]);
    let wait = "!! too many failed logins; try again in 2s";
    let told = "-- not logged in as alice yet; chat will try again";
    assert_eq!(test.hears(wait), [wait, told]);
    assert_eq!(test.deadline_comes(), ["> /login alice open sesame"]);
    test.hears("-- you are now alice");
    assert_eq!(test.hears("-- you are logged in as alice")[1..], ["> /join ops", "> /ping"]);
    assert_eq!(test.hears(PONG)[1..], ["-- sent now: later", "> later"]);
}

#[test]
fn whoever_cannot_be_logged_in_again_is_told_and_says_nothing_as_another() {
    let mut test = entered();
    test.types("/login alice old");
    test.hears("-- you are now alice");
    test.hears("-- you are logged in as alice");
    test.happens(Event::Lost(None));
    test.types("secret");
    test.types("/login alice new");
    test.deadline_comes();
    test.happens(Event::Connected);
    let told = ["-- not logged in as alice; type /login to try again", "> /nick alice", "> /ping"];
    assert_eq!(test.hears("!! wrong password")[1..], told);
    let sent = "-- sent now: /login alice …";
    let told = ["!! not sent: secret", "back: secret", sent, "> /login alice new"];
    assert_eq!(test.hears(PONG)[1..], told);
    let lost = test.happens(Event::Lost(None));
    assert_eq!(lost[0], "!! perhaps not sent: /login alice …");
}

#[test]
fn a_name_that_was_only_asked_for_and_refused_is_not_taken_later() {
    let bob = || Identity::new(Some("bob".to_owned()), None);
    for (typed, taken) in [(false, true), (true, false)] {
        let mut test = Test { talk: Talk::new(bob(), None), now: Duration::ZERO };
        test.happens(Event::Connected);
        test.hears("!! bob is taken");
        test.hears(PONG);
        if typed {
            test.types("never mind");
        }
        let told = test.hears("-- bob left: quit (1 here)");
        assert_eq!(told.contains(&"> /nick bob".to_owned()), taken);
    }
}

#[test]
fn few_lines_are_on_their_way_at_once() {
    let mut test = entered();
    for n in 0..50 {
        assert_eq!(test.types(&n.to_string()).len(), usize::from(n < 20), "{n}");
    }
    assert_eq!(test.deadline_comes(), ["> /ping"]);
    let next = test.hears(PONG);
    assert_eq!((next.len(), &*next[0]), (20, "> 20"));
    test.deadline_comes();
    assert_eq!(test.hears(PONG).len(), 10);
    test.deadline_comes();
    test.hears(PONG);
    assert!(test.talk.is_all_delivered());
}

#[test]
fn whoever_leaves_waits_for_a_paste_but_not_for_ever() {
    let mut test = entered();
    (0..30).for_each(|n| drop(test.types(&n.to_string())));
    assert_eq!(test.happens(Event::Leave { politely: true }), [""; 0]);
    test.deadline_comes();
    let rest = test.hears(PONG);
    assert_eq!(rest[9..], ["> 29", "> /quit", "Finish"]);

    let mut test = entered();
    (0..50).for_each(|n| drop(test.types(&n.to_string())));
    test.happens(Event::Leave { politely: true });
    test.deadline_comes();
    let told = test.deadline_comes();
    assert_eq!(told[0], "!! not sent: 20");
    assert_eq!(told[20], "!! not sent: 10 more lines");
    assert_eq!(told.last().map(String::as_str), Some("End"));
}

#[test]
fn a_server_that_does_not_answer_is_left() {
    let mut test = entered();
    test.types("lost");
    let typed = test.now;
    assert_eq!(test.deadline_comes(), ["> /ping"]);
    let told = test.deadline_comes();
    assert!(test.now - typed < Duration::from_secs(45));
    assert_eq!(told[..3], ["HangUp", "!! perhaps not sent: lost", "back: lost"]);
    assert!(told[3].starts_with("-- connection lost (no answer); trying again in "), "{told:?}");
    test.deadline_comes();
    test.happens(Event::Connected);
    // Nor one that lets nobody in.
    assert_eq!(test.deadline_comes()[0], "HangUp");
}

#[test]
fn what_was_refused_comes_back() {
    let mut test = entered();
    test.types("hello");
    let refusal = "!! slow down: you may speak again in 9s; not sent";
    assert_eq!(test.hears(refusal), [refusal, "back: hello"]);
    test.types("more");
    assert_eq!(test.hears(refusal), [refusal], "it is not clear which one");
    let long = "!! too long: 4 bytes, the limit is 3; not sent";
    assert_eq!(test.hears(long), [long, "back: more"]);
}

#[test]
fn after_a_reconnect_only_what_was_missed_is_shown() {
    let mut test = entered();
    test.hears("-- motd");
    test.hears("-- you are now alice");
    test.hears("-- You are in dev with bob (2 here).");
    test.hears("[14:00] <bob> one");
    test.hears("-- the topic is x");
    test.types("two");
    test.hears("* bob waves");
    test.reconnects();
    for line in [
        "-- Welcome to chatd on box7. You are guest7, alone in lobby.",
        "-- motd",
        "[14:02] <bob> in the lobby",
        "-- end of history",
        "-- the topic is x",
        "[14:00] <bob> one",
        "[14:00] <alice> two",
        "[14:01] * bob waves",
        "[14:02] <bob> alice, three",
        "[14:02] <bob> four",
        "-- end of history",
    ] {
        if line == "-- the topic is x" {
            let named = "-- you are now alice";
            assert_eq!(test.hears(named), [named]);
            let moved = "-- You are in dev with bob (2 here).";
            assert_eq!(test.hears(moved), [moved]);
        }
        assert_eq!(test.hears(line), [""; 0], "{line}");
    }
    let missed =
        ["-- you missed 2 lines", "mark: [14:02] <bob> alice, three", "[14:02] <bob> four"];
    assert_eq!(test.hears(PONG), missed);
}

#[test]
fn settings_and_ignored_people_are_so_again_after_a_reconnect() {
    let mut test = entered();
    let set = ["-- time is on", "-- you are ignoring bob", "-- you are ignoring eve"];
    set.iter().for_each(|line| drop(test.hears(line)));
    test.reconnects();
    let told = test.hears(PONG);
    assert_eq!(told[1..], ["> /time on", "> /ignore bob", "> /ignore eve", "> /ping"]);
    let answers = ["-- time is on", "!! no one here is called bob", PONG];
    answers.iter().for_each(|line| assert_eq!(test.hears(line), [""; 0]));
    assert_eq!(test.hears("-- bob joined (2 here)")[1..], ["> /ignore bob"]);
    assert_eq!(test.hears("<eve> hi"), ["<eve> hi", "> /ignore eve"], "she came in a crowd");
}

#[test]
fn the_bell_rings_if_the_user_wants_it() {
    let mut test = entered();
    test.hears("-- you are now alice");
    assert_eq!(test.hears("<bob> alice?"), ["mark: <bob> alice?"]);
    assert_eq!(test.types("/bell on"), ["-- bell is on"]);
    assert_eq!(test.hears("<bob> alice?"), ["mark: <bob> alice?", "Ring"]);
    assert_eq!(test.hears("[14:02] <bob> alice?"), ["mark: [14:02] <bob> alice?"]);
    assert_eq!(test.types("/bell loud"), ["!! usage: /bell on|off"]);
    assert_eq!(test.types("/bell off"), ["-- bell is off"]);
    assert_eq!(test.hears("[from bob] psst"), ["mark: [from bob] psst"]);
}

#[test]
fn leaving_waits_for_the_goodbye_but_not_for_ever() {
    for goodbye in ["-- Bye. (Press Ctrl-C.)", ""] {
        let mut test = entered();
        test.types("last words");
        let leaving = test.happens(Event::Leave { politely: true });
        assert_eq!(leaving, ["> /quit", "Finish"]);
        assert_eq!(test.types("too late"), ["!! not sent: too late"]);
        if goodbye.is_empty() {
            assert_eq!(test.deadline_comes(), ["!! perhaps not sent: last words", "End"]);
        } else {
            assert_eq!(test.hears(goodbye), ["-- Bye."]);
            assert_eq!(test.happens(Event::Lost(Some("reset".to_owned()))), ["End"]);
        }
        assert_eq!(test.talk.is_all_delivered(), !goodbye.is_empty());
    }
}

#[test]
fn who_cannot_wait_leaves_at_once() {
    let mut test = entered();
    assert_eq!(test.happens(Event::Leave { politely: false }), ["Finish"]);
    assert_eq!(test.happens(Event::Leave { politely: true }), [""; 0]);
    assert_eq!(test.happens(Event::Leave { politely: false }), ["End"]);
}

#[test]
fn leaving_waits_until_what_was_typed_can_be_sent() {
    for politely in [true, false] {
        let mut test = entered();
        test.reconnects();
        test.types("last words");
        assert_eq!(test.happens(Event::Leave { politely }), [""; 0]);
        let farewell = ["> last words", "> /quit", "Finish"].into_iter();
        let farewell = farewell.filter(|action| politely || *action != "> /quit");
        assert_eq!(test.hears(PONG)[1..], farewell.collect::<Vec<_>>());
        assert_eq!(test.happens(Event::Lost(None)), ["End"]);
    }
    let mut test = entered();
    test.reconnects();
    test.types("last words");
    test.types("/quit");
    assert_eq!(test.deadline_comes(), ["!! not sent: last words", "End"]);
}

#[test]
fn leaving_is_done_at_once_without_a_connection() {
    let mut test = entered();
    test.happens(Event::Lost(None));
    test.types("kept");
    assert_eq!(test.types("/quit"), ["!! not sent: kept", "End"]);
    assert!(!test.talk.is_all_delivered());
}

#[test]
fn pauses_begin_anew_only_after_a_connection_that_worked() {
    let mut test = entered();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        test.happens(Event::Lost(None));
        pauses.push(test.talk.deadline().unwrap() - test.now);
        test.deadline_comes();
        test.happens(Event::Connected);
    }
    assert!(pauses[7] >= Duration::from_secs(15), "{pauses:?}");
    test.hears(PONG);
    test.happens(Event::Lost(None));
    assert!(test.talk.deadline().unwrap() - test.now <= Duration::from_millis(500));
}

#[test]
fn a_wrong_port_is_given_up_unless_it_was_the_right_one_before() {
    let wrong = || Event::WrongPort("use --tls".to_owned());
    let mut test = Test { talk: Talk::new(Identity::default(), None), now: Duration::ZERO };
    test.happens(Event::Connected);
    assert_eq!(test.types("hello"), [""; 0]);
    assert_eq!(test.happens(wrong()), ["!! not sent: hello", "GiveUp(\"use --tls\")"]);

    let mut test = entered();
    test.reconnects();
    let told = test.happens(wrong());
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("-- connection lost (use --tls); trying again in "), "{told:?}");
    assert_eq!(test.deadline_comes(), ["Dial"]);
}
