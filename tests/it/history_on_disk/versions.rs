//! Databases of older versions can be used. `tests/data/chatd-v1.db`, `chatd-v2.db` and
//! `chatd-v3.db` must never change; a newer version gets a file of its own.
//!
//! The first is a `chatd backup` of version 1 after `chatd account add alice` (open sesame) and
//! `add carol --operator` (top secret), a server, and the lines that the test looks for. The others
//! are the same after a chatd brought them to version 2 and 3.

use std::fs;
use std::path::Path;

use super::{database, exported, start};
use crate::harness::{Client, TempDir, chatd, run};

/// A state directory with a copy of one of them.
fn old(name: &str) -> TempDir {
    let dir = TempDir::new();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    fs::create_dir(dir.path("state")).unwrap();
    fs::write(dir.path("state/chatd.db"), fs::read(old).unwrap()).unwrap();
    dir
}

#[test]
fn what_version_1_could_not_find_is_found() {
    let dir = old("chatd-v1.db");
    let line = "INSERT INTO msg(room_id, ts, origin, oseq, kind, nick, body)
                VALUES(1, 1795341720000, 'x', 1, 0, 'alice', '我们明天去东京开会');
                INSERT INTO msg_fts(rowid, body) SELECT id, body FROM msg WHERE origin = 'x'";
    database(&dir).execute_batch(line).unwrap();
    let server = start(&dir);
    let mut bob = Client::guest(&server);
    let told = bob.ask("/search 东京\n/search deploy");
    let found = |text: &str| told.iter().any(|line| line.ends_with(text));
    assert!(found("<alice> 我们明天去东京开会") && found("<bob> the deploy is done"), "{told:?}");
}

#[test]
fn a_database_of_version_1_is_used_with_all_that_is_in_it() {
    assert_used(&old("chatd-v1.db"));
}

#[test]
fn a_database_of_version_2_is_used_with_all_that_is_in_it() {
    assert_used(&old("chatd-v2.db"));
}

#[test]
fn a_database_of_version_3_is_used_with_all_that_is_in_it() {
    assert_used(&old("chatd-v3.db"));
}

#[track_caller]
fn assert_used(dir: &TempDir) {
    let server = start(dir);

    let mut alice = Client::guest(&server);
    alice.expect("-- the topic is the release is on Friday");
    for line in ["<alice> good morning", "* alice waves", "<bob> wäves back ✔"] {
        assert!(alice.line().ends_with(&format!("] {line}")), "{line}");
    }
    alice.expect("-- end of history");
    alice.send("/search deploy");
    alice.expect_contains("dev <bob> the deploy is done");
    alice.expect("-- end of search");
    let told = alice.ask("/join dev\n/history 10");
    assert!(told.contains(&"-- the topic is bugs only".to_owned()), "{told:?}");
    let past = &told[told.len() - 3..];
    assert!(past[0].starts_with("[2026-11-2") && past[0].ends_with("] <bob> the deploy is done"));
    assert!(past[1].ends_with("] <alice> thank you"), "{past:?}");

    assert!(alice.ask("/bans")[0].starts_with("!! only operators of the server may do that"));
    assert_eq!(alice.ask("/nick mallory"), ["!! banned: spam"]);
    assert!(alice.ask("/nick trudy")[0].starts_with("!! banned for "));
    let told = alice.ask("/login alice open sesame");
    assert_eq!(told.last().unwrap(), "-- you are logged in as alice");
    let mut carol = Client::guest(&server);
    let told = carol.ask("/login carol top secret");
    assert_eq!(told.last().unwrap(), "-- you are logged in as carol");
    let bans = carol.ask("/bans");
    assert!(bans[0].ends_with("mallory, by carol: spam") && bans.len() == 3, "{bans:?}");
    let mut banned = Client::connect_from(&server, "127.0.0.2");
    assert_eq!(banned.rest_lines(), ["!! banned: scanners, all"]);

    alice.send("and what is new");
    alice.send("/history 1");
    alice.wait_for(|line| line.ends_with("] <alice> and what is new"));
    // After this one has to wait.
    assert_eq!(
        Client::guest(&server).ask("/login alice of old").last().unwrap(),
        "!! wrong password"
    );
}

#[test]
fn a_database_of_version_1_is_exported_before_a_server_has_started_with_it() {
    let dir = old("chatd-v1.db");
    let exported = exported(&dir);
    assert!(exported.iter().any(|text| text == "the deploy is done"), "{exported:?}");
}

#[test]
fn a_backup_of_a_database_of_version_1_is_made_without_changing_it() {
    let (dir, copy) = (old("chatd-v1.db"), TempDir::new());
    let state = dir.path("state");
    let mut backup = chatd();
    backup.args(["backup", "--state-dir", &state, &copy.path("copy.db")]);
    assert_eq!(run(&mut backup).status, 0);
    let kept = fs::read(dir.path("state/chatd.db")).unwrap();
    assert_eq!(kept, fs::read("tests/data/chatd-v1.db").unwrap());
}
