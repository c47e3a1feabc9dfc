//! Changed passwords, and bans that outlast the operator who set them.

use super::{account, again, log_in, log_in_soon, logs_in, manage, ruled, server, until};
use crate::harness::{Client, Server, Signal, TempDir, people};

const LOGGED_OUT: &str = "-- you are logged out: the password was changed";

#[test]
fn whoever_is_logged_in_with_an_old_password_is_logged_out() {
    for end in [None, Some(Signal::USR2)] {
        let dir = TempDir::new();
        let (server, mut carol) = ruled(&dir);
        let _server = again(server, &dir, end);
        account(&dir, "password carol", "a new sesame\n");
        carol.wait_for(|line| line == LOGGED_OUT);
        carol.wait_for(|line| line.starts_with("-- you are now guest"));
        assert_eq!(carol.ask("/bans"), ["!! only operators may do that"]);
        logs_in(&mut carol, "carol", "a new sesame");
        assert_eq!(carol.ask("/bans"), ["-- nobody is banned"]);
    }
}

#[test]
fn an_account_of_the_same_name_is_another_one() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    account(&dir, "remove carol", "");
    account(&dir, "add carol", "somebody else\n");
    carol.wait_for(|line| line.starts_with("-- you are logged out: "));
    log_in_soon(&server, "carol", "somebody else");
}

#[test]
fn whoever_is_an_operator_no_longer_cannot_do_what_operators_do() {
    let dir = TempDir::new();
    let (_server, mut carol) = ruled(&dir);
    assert_eq!(manage(&dir, "account role carol user", ""), "the role of carol is user\n");
    crate::harness::eventually("the demotion", || {
        (carol.ask("/bans") == ["!! only operators may do that"]).then_some(())
    });
    assert!(carol.ask("/who")[0].contains("carol"), "logged in all the same");
}

#[test]
fn a_password_is_changed_from_inside_and_shown_to_nobody() {
    let dir = TempDir::new();
    let (running, mut carol) = ruled(&dir);
    let [mut bob] = people(&running, ["bob"]);
    let told = carol.ask("/password a longer sesame");
    let warning =
        "-- this connection is not encrypted: others on the network can read the password";
    assert!(
        told.ends_with(&[warning.to_owned(), "-- the password of carol is changed".to_owned()]),
        "{told:?}"
    );
    assert_eq!(carol.ask("/bans"), ["-- nobody is banned"], "still logged in");
    let wrong = until(&mut Client::guest(&running), "/login carol open sesame", "password");
    assert_eq!(wrong, warning);
    carol.send("\u{ff0f}password a third sesame");
    carol.wait_for(|line| line == "!! did you mean /password? not sent");
    bob.expect_nothing();
    let (_, log) = running.stop();
    assert!(!log.contains("sesame"), "{log}");
    let running = server(&dir);
    let mut early = Client::guest(&running);
    early.send("/login carol open sesame");
    early.wait_for(|line| line == "!! wrong password");
    log_in_from(&running, "127.0.0.2", "carol", "a longer sesame");
}

fn log_in_from(running: &Server, address: &str, name: &str, password: &str) {
    let mut client = Client::connect_from(running, address).welcomed();
    logs_in(&mut client, name, password);
}

#[test]
fn a_password_that_cannot_be_changed_stays() {
    let dir = TempDir::new();
    account(&dir, "add alice", "top secret\n");
    let running = server(&dir);
    let mut alice = Client::guest(&running);
    assert_eq!(alice.ask("/password long enough")[1..], ["!! log in first: /login NAME PASSWORD"]);
    logs_in(&mut alice, "alice", "top secret");
    let why = "!! not changed: a password has 8 to 512 bytes; choose another one";
    assert_eq!(alice.ask("/password short")[1..], [why]);
    assert_eq!(alice.ask("/password"), ["!! usage: /password NEW"]);
    log_in(&running, "alice", "top secret");
    let without = Server::start();
    let [mut bob] = people(&without, ["bob"]);
    let refused = "!! this server keeps no accounts: it has no state directory";
    assert_eq!(bob.ask("/password long enough")[1..], [refused]);
}

#[test]
fn bans_are_listed_and_lifted_from_outside() {
    let dir = TempDir::new();
    let (running, mut carol) = ruled(&dir);
    assert_eq!(manage(&dir, "ban list", ""), "");
    for order in ["/ban Eve", "/ban 192.0.2.7 2h spam", "/ban 198.51.100.0/24"] {
        until(&mut carol, order, " is banned");
    }
    let listed = manage(&dir, "ban list", "");
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!((lines[0], lines[2]), ("Eve, by carol", "198.51.100.0/24, by carol"));
    assert!(lines[1].starts_with("192.0.2.7 for ") && lines[1].ends_with(", by carol: spam"));
    assert_eq!(manage(&dir, "ban remove EVE", ""), "Eve is not banned any more\n");
    let [mut bob] = people(&running, ["bob"]);
    crate::harness::eventually("the name", || {
        (bob.ask("/nick eve") == ["-- you are now eve"]).then_some(())
    });
    running.stop();
    assert_eq!(
        manage(&dir, "ban remove 198.51.100.1/24", ""),
        "198.51.100.0/24 is not banned any more\n"
    );
    assert_eq!(manage(&dir, "ban list", "").lines().count(), 1);
    for (words, status, why) in [
        ("ban remove mallory", 1, "mallory is not banned"),
        ("ban remove 300.1.1.1", 2, "not a name, address or network"),
        ("ban remove", 2, "<MASK>"),
        ("ban", 2, "subcommand"),
    ] {
        let mut command = crate::harness::chatd();
        command.args(words.split(' '));
        if words.contains(' ') {
            command.args(["--state-dir", &dir.path("")]);
        }
        let ended = crate::harness::run(&mut command);
        assert_eq!(ended.status, status, "{words}: {}", ended.stderr);
        assert!(ended.stderr.contains(why), "{words}: {}", ended.stderr);
    }
}
