//! `Idempotency-Key`: a retry says nothing twice.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use rusqlite::Connection;

use super::tokens::with_alice_and_a_token;
use super::{Request, connect_from, post};
use crate::harness::{Server, TempDir, people};
use crate::restart::{OverAtTheEnd, switch};
use crate::web::Answer;

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

#[test]
fn one_of_two_equal_requests_waits_and_the_other_is_told_so_wherever_it_comes_from() {
    let (dir, server, token) = with_alice_and_a_token();
    let token = format!("Bearer {token}");
    let [mut bob] = people(&server, ["bob"]);
    let say = || {
        let request = post("/rooms/lobby", "built").with("Authorization", &token);
        request.with("Idempotency-Key", "7")
    };
    let bytes = say().bytes();
    let (last, most) = bytes.split_last().unwrap();
    let mut both = ["127.0.0.2", "127.0.0.3"].map(|from| {
        let mut stream = connect_from(server.addr_of("web"), from);
        stream.write_all(most).unwrap();
        stream
    });
    let disk = Connection::open(dir.path("chatd.db")).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    both.iter_mut().for_each(|stream| stream.write_all(&[*last]).unwrap());
    let mut answers = both.map(Answer::read_any);
    answers.sort_by_key(|answer| answer.status);
    let [first, second] = answers;
    assert_eq!(second.refused(409), "the request with that key is under way");
    // The disk was too slow for it, and that does not change.
    assert_eq!(
        (&first.json()["durable"], first.field("Idempotency-Replayed")),
        (&false.into(), None)
    );
    disk.execute_batch("ROLLBACK").unwrap();
    bob.expect("<alice> built");
    let retry = |request: Request| {
        let answer = request.from("127.0.0.4", &server);
        assert_eq!(answer.field("Idempotency-Replayed"), Some("true"));
        assert_eq!(answer.json(), first.json());
    };
    retry(say());
    switch(&server);
    retry(say());
    bob.expect_nothing();
}

#[test]
fn who_posts_does_not_notice_that_the_server_restarts() {
    let dir = TempDir::new();
    let server = Server::with_web(["--rate", "0", "--state-dir", &dir.path("")]);
    let [mut alice] = people(&server, ["alice"]);
    let over = AtomicBool::new(false);
    let said = thread::scope(|scope| {
        let talk = scope.spawn(|| {
            let mut said = 0;
            while !over.load(Relaxed) {
                post("/rooms/lobby?nick=ci", &said.to_string()).to(&server).json();
                said += 1;
            }
            said
        });
        let _over = OverAtTheEnd(&over);
        (0..3).for_each(|_| switch(&server));
        over.store(true, Relaxed);
        talk.join().unwrap()
    });
    (0..said).for_each(|number| alice.expect(&format!("<ci> {number}")));
    alice.expect_nothing();
}
