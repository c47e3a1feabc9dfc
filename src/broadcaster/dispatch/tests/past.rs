//! What IRC clients ask of the past, when the store is slow.

use super::late::Far;
use super::*;
use crate::wire::irc::Caps;

fn sends(server: &mut Dispatcher, now: Now, lines: &[&str]) {
    let items = lines.iter().map(|line| Incoming::Irc((*line).into())).collect();
    server.dispatch(now, Input::Received(ALICE, items));
    server.flush(now);
}

#[test]
fn a_question_that_the_store_does_not_answer_in_time_fails_before_what_comes_next() {
    let (dir, mut server) = with_store("past");
    let mut now = Now::default();
    let mut far = Far::with(&mut server, ALICE, Dialect::Irc(Caps::default()));
    let caps = "CAP REQ :draft/chathistory standard-replies batch";
    sends(&mut server, now, &[caps, "CAP END", "NICK ann", "USER a 0 * :A", "JOIN #dev"]);
    let entered = Answer::RoomRead(RoomName::new("dev").unwrap(), None);
    server.handle_store_event(now, store::Event::Answered(ALICE, entered));
    server.dispatch_released(now);
    sends(&mut server, now, &["CHATHISTORY LATEST #dev * 5", "PING one"]);
    far.skip_to(" 366 ");
    now.uptime += Duration::from_secs(2);
    server.tick(now);
    server.dispatch_released(now);
    server.flush(now);
    let line = far.line();
    assert!(line.contains(" FAIL CHATHISTORY MESSAGE_ERROR LATEST #dev :"), "{line}");
    assert!(far.line().ends_with(" :one"));
    let late = Answer::Part(Ok(Vec::new()));
    server.handle_store_event(now, store::Event::Answered(ALICE, late));
    sends(&mut server, now, &["PING two"]);
    assert!(far.line().ends_with(" :two"), "the late answer is for nobody");
    end(&dir, server);
}
