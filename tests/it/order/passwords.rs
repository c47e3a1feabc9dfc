//! Passwords that keyboards send in different ways, and passwords that were changed on their way.

use argon2::{Argon2, PasswordHasher};
use rusqlite::Connection;
use serde_json::json;

use super::{account, log_in, registers, server};
use crate::harness::{Client, TempDir, WebSocket, people};

const GARBLED: &str =
    "!! not accepted: a password must be UTF-8 text without control or invisible characters";

/// Passwords that lost something on the way, each in the place of another.
const LOSSY: [&[u8]; 10] = [
    b"\xd0\xc1\xd2\xcf\xcc\xd8\xcb\xc1",
    b"caf\xe9 au lait",
    b"\xff\xf0assword1",
    b"pass\xffword1",
    b"pass\xff\xfeword1",
    b"password1\xff",
    b"pass\x01word1",
    b"pass\x04word1",
    "pass\u{ad}word1".as_bytes(),
    "pass\u{fffd}word1".as_bytes(),
];

#[test]
fn a_password_that_did_not_arrive_as_it_was_typed_is_refused() {
    let dir = TempDir::new();
    account(&dir, "add carol", "password1\n");
    let server = server(&dir);
    let [mut alice] = people(&server, ["alice"]);
    for password in LOSSY {
        for command in
            [b"/register ".as_slice(), b"/login carol ", b"/login\tcarol\t", b"/register\t"]
        {
            alice.send_raw(&[command, password, b"\n"].concat());
            let told = alice.sync();
            assert_eq!(told, [GARBLED], "{}", password.escape_ascii());
        }
    }
    let refused = json!({"t": "refused", "text": GARBLED[3..]});
    for password in ["pass\u{8}word1", "pass\nword1", "pass\tword1", "pass\u{2060}word1"] {
        let line = format!("/login carol {password}");
        let told = WebSocket::join(&server, "dave").ask(&line);
        assert!(told.iter().any(|line| line == GARBLED), "{password:?}: {told:?}");
        let told = WebSocket::join_json(&server, "erin").ask_json(&line);
        assert!(told.contains(&refused), "{password:?}: {told:?}");
    }
    alice.send("/login alice x");
    alice.wait_for(|line| line == "!! alice is not registered");
    // One that was edited arrives as it was meant, and a TAB may stand before it.
    alice.send_raw(b"/register\tpasx\x08sword\xff\xf71\x7f2\n");
    alice.wait_for(|line| line.starts_with("-- alice is yours now"));
    drop(log_in(&server, "alice", "passwor2"));
}

#[test]
fn a_password_is_the_same_whatever_its_accents_and_blanks_are_made_of() {
    let dir = TempDir::new();
    let running = server(&dir);
    let [mut alice] = people(&running, ["alice"]);
    registers(&mut alice, "cafe\u{301} au lait");
    let forms = ["café au lait", "cafe\u{301} au lait", "café\u{a0}au\u{3000}lait"];
    for typed in forms {
        drop(log_in(&running, "alice", typed));
    }
    let mut eve = Client::guest(&running);
    assert_eq!(eve.ask("/login alice cafe au lait").last().unwrap(), "!! wrong password");
}

#[test]
fn a_password_that_an_older_version_hashed_as_it_was_typed_goes_on() {
    let dir = TempDir::new();
    account(&dir, "add alice", "top secret\n");
    let database = Connection::open(dir.path("chatd.db")).unwrap();
    // As a Mac sends it.
    let hash = Argon2::default().hash_password("cafe\u{301} au lait".as_bytes()).unwrap();
    let set = "UPDATE account SET hash = ? WHERE nick = 'alice'";
    assert_eq!(database.execute(set, [hash.to_string()]), Ok(1));
    drop(database);
    let running = server(&dir);
    for typed in ["cafe\u{301} au lait", "café au lait"] {
        drop(log_in(&running, "alice", typed));
    }
}
