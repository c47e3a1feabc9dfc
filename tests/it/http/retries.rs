//! `Idempotency-Key`: a retry says nothing twice.

use super::post;
use crate::harness::{Server, TempDir, people};
use crate::restart::switch;

#[test]
fn a_retry_gets_the_first_answer_also_after_a_restart() {
    let dir = TempDir::new();
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    let [mut alice] = people(&server, ["alice"]);
    let say = |key: &str| post("/rooms/lobby?nick=ci", "1\n2").with("Idempotency-Key", key);
    let first = say("build-7").to(&server);
    assert_eq!(first.field("Idempotency-Replayed"), None);
    alice.expect("<ci> 1");
    alice.expect("<ci> 2");
    let again = say("\"build-7\"").to(&server);
    assert_eq!(again.field("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.json(), first.json());
    switch(&server);
    let again = say("build-7").to(&server);
    assert_eq!(again.field("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.json(), first.json());
    alice.expect_nothing();
    let other = post("/rooms/lobby?nick=ci", "3").with("Idempotency-Key", "build-7");
    other.to(&server).refused(422);
    // Keys are those of one speaker.
    let elsewhere = post("/rooms/lobby?nick=cd", "4").with("Idempotency-Key", "build-7");
    elsewhere.from("127.0.0.2", &server).json();
    alice.expect("<cd> 4");
    say("build-8").to(&server).json();
    alice.expect("<ci> 1");
    for odd in ["", &"x".repeat(65), "a\"b"] {
        say(odd).to(&server).refused(400);
    }
}

#[test]
fn a_request_that_is_refused_can_be_tried_again() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let say = || post("/rooms/lobby?nick=alice", "1").with("Idempotency-Key", "7");
    say().to(&server).refused(409);
    alice.ask("/nick ann");
    say().to(&server).json();
    alice.expect("<alice> 1");
}
