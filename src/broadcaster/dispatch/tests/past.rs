//! What IRC clients ask of the past, when the store is slow.

use super::late::Far;
use super::*;
use crate::broadcaster::pending::WaitFor;
use crate::wire::irc::Caps;

fn sends(server: &mut Dispatcher, now: Now, lines: &[&str]) {
    let items = lines.iter().map(|line| Incoming::Irc((*line).into())).collect();
    server.dispatch(now, Input::Received(ALICE, items));
    server.flush(now);
}

/// Ann in the room #dev.
fn ann(server: &mut Dispatcher, now: Now) -> Far {
    let mut far = Far::with(server, ALICE, Dialect::Irc(Caps::default()));
    let caps = "CAP REQ :draft/chathistory standard-replies batch labeled-response";
    sends(server, now, &[caps, "CAP END", "NICK ann", "USER a 0 * :A", "JOIN #dev"]);
    let entered = Answer::RoomRead(RoomName::new("dev").unwrap(), None);
    server.handle_store_event(now, store::Event::Answered(ALICE, entered));
    server.dispatch_released(now);
    server.flush(now);
    far.skip_to(" 366 ");
    far
}

/// The store answers a question for lines.
fn answers(server: &mut Dispatcher, now: Now) {
    let none = Answer::Part(Ok(Vec::new()));
    server.handle_store_event(now, store::Event::Answered(ALICE, none));
    server.dispatch_released(now);
    server.flush(now);
}

/// The time passes in which the store has to answer.
fn waits(server: &mut Dispatcher, now: &mut Now) {
    now.uptime += Duration::from_secs(2);
    server.tick(*now);
    server.dispatch_released(*now);
    server.flush(*now);
}

#[test]
fn a_question_that_the_store_does_not_answer_in_time_fails_before_what_comes_next() {
    let (dir, mut server) = with_store("past");
    let mut now = Now::default();
    let mut far = ann(&mut server, now);
    sends(&mut server, now, &["CHATHISTORY LATEST #dev * 5", "PING one"]);
    waits(&mut server, &mut now);
    let line = far.line();
    assert!(line.contains(" FAIL CHATHISTORY MESSAGE_ERROR LATEST #dev :"), "{line}");
    assert!(far.line().ends_with(" :one"));
    answers(&mut server, now);
    sends(&mut server, now, &["PING two"]);
    assert!(far.line().ends_with(" :two"), "the late answer is for nobody");
    end(&dir, server);
}

#[test]
fn a_late_answer_does_not_end_the_wait_of_the_next_question() {
    let (dir, mut server) = with_store("past-late");
    let mut now = Now::default();
    let mut far = ann(&mut server, now);
    sends(&mut server, now, &["CHATHISTORY LATEST #dev * 5"]);
    waits(&mut server, &mut now);
    far.skip_to(" FAIL CHATHISTORY ");
    sends(&mut server, now, &["@label=next CHATHISTORY LATEST #dev * 6", "PING two"]);
    answers(&mut server, now);
    assert!(server.pending.is_for(ALICE, WaitFor::Answer), "that was the first question's");
    answers(&mut server, now);
    assert!(!server.pending.has(ALICE));
    let line = far.line();
    assert!(line.starts_with("@label=next ") && line.contains(" BATCH +"), "{line}");
    assert!(far.line().contains(" BATCH -"));
    assert!(far.line().ends_with(" :two"));
    end(&dir, server);
}
