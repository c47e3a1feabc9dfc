//! Tokens: programs speak as an account.

use serde_json::json;

use super::{post, request};
use crate::harness::{Client, Server, TempDir, chatd, eventually, run};
use crate::order::{account, logs_in};
use crate::restart::switch;

/// The token in the last notice about one.
#[track_caller]
fn token_in(lines: &[String]) -> String {
    let line = lines.iter().find_map(|line| line.strip_prefix("-- your token is "));
    let token = line.unwrap_or_else(|| panic!("{lines:?}")).to_owned();
    assert!(token.starts_with("chatd_") && token.len() == 46, "{token}");
    token
}

#[track_caller]
fn manage(dir: &TempDir, words: &str) -> (i32, String) {
    let mut command = chatd();
    command.args(words.split(' ')).args(["--state-dir", &dir.path("")]);
    let ended = run(&mut command);
    (ended.status, ended.stdout)
}

fn with_alice() -> (TempDir, Server, Client) {
    let dir = TempDir::new();
    account(&dir, "add alice", "open sesame\n");
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    let mut alice = Client::guest(&server);
    logs_in(&mut alice, "alice", "open sesame");
    alice.sync();
    (dir, server, alice)
}

/// A server with an account, and the account's token.
pub(super) fn with_alice_and_a_token() -> (TempDir, Server, String) {
    let dir = TempDir::new();
    account(&dir, "add alice", "open sesame\n");
    let (_, made) = manage(&dir, "token add alice --label ci");
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    (dir, server, made.trim().to_owned())
}

#[test]
fn a_token_speaks_as_its_account_until_it_is_revoked() {
    let (_dir, server, mut alice) = with_alice();
    alice.send("/token ci");
    let warning = alice.wait_for(|line| line.contains("token"));
    assert!(warning.contains("not encrypted"), "{warning}");
    let token = token_in(&[alice.wait_for(|line| line.starts_with("-- your token is"))]);
    alice.sync();
    assert_eq!(alice.ask("/tokens"), ["-- ci (all rooms)"]);
    assert_eq!(alice.ask("/token ci").last().unwrap(), "!! a token cannot be called ci now");
    let bearer = format!("Bearer {token}");
    let say = || post("/rooms/lobby", "built").with("Authorization", &bearer).to(&server);
    let answer = say().json();
    assert_eq!((&answer["nick"], &answer["durable"]), (&"alice".into(), &true.into()));
    alice.wait_for(|line| line == "<alice> built");
    let basic = format!("Basic {}", base64(&format!("x:{token}")));
    post("/rooms/lobby?nick=ALICE", "2").with("Authorization", &basic).to(&server).json();
    alice.wait_for(|line| line == "<alice> 2");
    let other = post("/rooms/lobby?nick=bob", "3").with("Authorization", &bearer);
    other.to(&server).refused(400);
    switch(&server);
    say().json();
    alice.wait_for(|line| line == "<alice> built");
    assert_eq!(alice.ask("/token revoke ci"), ["-- the token ci is revoked"]);
    let answer = say();
    answer.refused(401);
    assert_eq!(answer.field("WWW-Authenticate"), Some("Bearer"));
    assert!(!server.log().contains(&token), "it is not in the log");
}

/// Base64 with padding.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for group in text.as_bytes().chunks(3) {
        let bytes = [group[0], *group.get(1).unwrap_or(&0), *group.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for digit in 0..=group.len() {
            encoded.push(char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]));
        }
        encoded.push_str(&"=".repeat(3 - group.len()));
    }
    encoded
}

#[test]
fn a_token_from_the_command_line_is_alone_on_stdout_and_may_be_for_some_rooms() {
    let (dir, server, _alice) = with_alice();
    let (status, out) = manage(&dir, "token add ALICE --label ci --room dev --room ops");
    let token = out.strip_suffix('\n').unwrap();
    assert!(status == 0 && token.starts_with("chatd_") && token.len() == 46, "{out}");
    let say = |room: &str| {
        let path = format!("/rooms/{room}");
        post(&path, "hi").with("Authorization", &format!("Bearer {token}")).to(&server)
    };
    let status =
        eventually("the token", || Some(say("dev").status).filter(|s| *s != 401 && *s != 429));
    assert_eq!(status, 200);
    say("lobby").refused(403);
    let history = request("GET", "/rooms/lobby/history");
    let history = history.with("Authorization", &format!("Bearer {token}")).to(&server);
    assert_eq!(history.refused(403), "the token is not for lobby");
    let (_, list) = manage(&dir, "token list");
    assert!(list.starts_with("alice            ci ") && list.ends_with(" dev,ops\n"), "{list}");
    assert_eq!(manage(&dir, "token remove alice ci"), (0, "the token ci is revoked\n".into()));
    assert_eq!(manage(&dir, "token add nobody").0, 1);
    eventually("the end of the token", || (say("dev").status == 401).then_some(()));
}

#[test]
fn wrong_tokens_are_failed_logins_of_their_address() {
    let (_dir, server, mut alice) = with_alice();
    let wrong = || post("/rooms/lobby", "hi").with("Authorization", "Bearer chatd_x");
    wrong().from("127.0.0.2", &server).refused(401);
    let answer = wrong().from("127.0.0.2", &server);
    answer.refused(429);
    assert!(answer.field("Retry-After").is_some());
    let mut eve = Client::connect_from(&server, "127.0.0.2").welcomed();
    eve.send("/login alice open sesame");
    eve.wait_for(|line| line.starts_with("!! too many failed logins"));
    alice.expect_nothing();
    server.wait_log(["wrong token from 127.0.0.2:"]);
}

#[test]
fn a_credential_for_another_program_is_nobodys_guess() {
    let (_dir, server, _alice) = with_alice();
    let basic = format!("Basic {}", base64("alice:open sesame"));
    for credential in ["Bearer x", &basic, "Basic !", "Digest username=alice", "chatd_x"] {
        let with = |request: super::Request| request.with("Authorization", credential);
        for request in [
            post("/rooms/lobby", "hi"),
            request("GET", "/rooms"),
            request("GET", "/rooms/lobby"),
            request("HEAD", "/rooms/lobby/history"),
        ] {
            let answer = with(request).to(&server);
            assert_eq!(answer.status, 401, "{credential}");
            assert_eq!(answer.field("WWW-Authenticate"), Some("Bearer"));
        }
        let words = with(post("/rooms/lobby", "hi")).to(&server);
        assert!(words.refused(401).contains("begins with chatd_"));
        for path in ["/", "/app.js", "/healthz"] {
            assert_eq!(with(request("GET", path)).to(&server).status, 200, "{path}");
        }
        let page = request("GET", "/rooms/lobby").with("Accept", "text/html");
        assert_eq!(with(page).to(&server).status, 303, "{credential}");
    }
    let mut bob = Client::guest(&server);
    logs_in(&mut bob, "alice", "open sesame");
    assert!(!server.log().contains("wrong token"), "{}", server.log());
}

#[test]
fn there_are_sixteen_and_they_go_with_the_account() {
    let (dir, server, mut alice) = with_alice();
    for _ in 0..16 {
        alice.send("/token");
        alice.wait_for(|line| line.starts_with("-- your token is"));
    }
    alice.sync();
    let refused = "!! you have 16 tokens already; /token revoke LABEL";
    assert_eq!(alice.ask("/token").last().unwrap(), refused);
    assert_eq!(alice.ask("/tokens").len(), 16);
    assert_eq!(manage(&dir, "token list").1.lines().count(), 16);
    assert_eq!(manage(&dir, "account remove alice").0, 0);
    assert_eq!(manage(&dir, "token list").1, "");
    let _ = (server, json!(null));
}
