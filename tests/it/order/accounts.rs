//! A registered nick belongs to its account, whatever happens.

use rusqlite::Connection;

use super::{account, again, log_in, logs_in, registers, server};
use crate::harness::{Client, Identity, Server, Signal, TempDir, WebSocket, people};
use crate::restart::switch;

const OWNED: &str = "!! alice is registered; /login alice PASSWORD";
/// Of `1234567`, which nobody can choose any more.
const SHORT: &str = "$argon2id$v=19$m=19456,t=2,p=1$zhOtaA0x8b5bgQJVVRo2qA$\
                     kLZhwq5dSfbUNT2ZRqZCuGtZ56FjyJ9/NCmXzhI6JrI";

#[test]
fn a_registered_name_is_refused_to_others_before_and_after_every_kind_of_end() {
    let dir = TempDir::new();
    let mut running = server(&dir);
    let [mut alice] = people(&running, ["alice"]);
    registers(&mut alice, "open sesame");
    drop(alice);
    for end in [None, Some(Signal::TERM), Some(Signal::KILL), Some(Signal::USR2)] {
        running = again(running, &dir, end);
        let mut eve = Client::guest(&running);
        for spelling in ["alice", "ALICE", "a1ice"] {
            assert_eq!(eve.ask(&format!("/nick {spelling}")).last().unwrap(), OWNED);
        }
        assert_eq!(WebSocket::join(&running, "eve").ask("/nick alice"), [OWNED]);
        drop(log_in(&running, "alice", "open sesame"));
    }
}

#[test]
fn guests_choose_a_name_before_they_register_it() {
    let dir = TempDir::new();
    let running = server(&dir);
    let told = Client::guest(&running).ask("/register top secret");
    assert_eq!(told[1], "!! choose a name first: /nick NAME, then /register PASSWORD");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_short_password_is_refused_and_the_next_one_taken() {
    let dir = TempDir::new();
    let running = server(&dir);
    let [mut alice] = people(&running, ["alice"]);
    for short in ["1", "1234567", &"x".repeat(513)] {
        let told = alice.ask(&format!("/register {short}"));
        let why = "!! not registered: a password has 8 to 512 bytes; choose another one";
        assert_eq!(told[1..], [why]);
    }
    registers(&mut alice, "12345678");
    let mut again = Client::guest(&running);
    assert_eq!(again.ask("/login alice 1234567").last().unwrap(), "!! wrong password");
}

#[test]
fn a_short_password_of_an_older_version_is_good_for_ever() {
    let dir = TempDir::new();
    account(&dir, "add alice", "top secret\n");
    let database = Connection::open(dir.path("chatd.db")).unwrap();
    let changed = database.execute("UPDATE account SET hash = ? WHERE nick = 'alice'", [SHORT]);
    assert_eq!(changed, Ok(1));
    drop(database);
    logs_in(&mut Client::guest(&server(&dir)), "alice", "1234567");
}

#[test]
fn without_a_state_directory_there_are_no_accounts() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    for line in ["/register top secret", "/login alice top secret"] {
        let refused = "!! this server keeps no accounts: it has no state directory";
        assert_eq!(alice.ask(line)[1..], [refused]);
    }
}

#[test]
fn who_wears_a_name_that_is_not_theirs_becomes_a_guest() {
    let dir = TempDir::new();
    let running = server(&dir);
    let [mut thief, mut bob] = people(&running, ["alice", "bob"]);
    account(&dir, "add alice", "top secret\n");
    thief.wait_for(|line| line == OWNED.replace("!!", "--"));
    thief.wait_for(|line| line.starts_with("-- you are now guest"));
    bob.wait_for(|line| line.starts_with("-- alice is now guest"));
    let mut alice = log_in(&running, "alice", "top secret");
    alice.send("it is me");
    bob.wait_for(|line| line == "<alice> it is me");
    // Her own second connection takes the name along.
    let second = log_in(&running, "alice", "top secret");
    alice.wait_for(|line| line == "-- alice has logged in");
    alice.wait_for(|line| line.starts_with("-- you are now guest"));
    drop(second);
}

#[test]
fn a_rename_logs_out_and_the_name_stays_the_accounts() {
    let dir = TempDir::new();
    account(&dir, "add alice", "top secret\n");
    let running = server(&dir);
    let mut alice = log_in(&running, "alice", "top secret");
    assert_eq!(alice.ask("/nick AL1CE"), ["-- you are now AL1CE"]);
    assert_eq!(alice.ask("/nick bob"), ["-- you are now bob", "-- you are logged out"]);
    assert_eq!(alice.ask("/nick alice"), [OWNED]);
    logs_in(&mut alice, "alice", "top secret");
}

#[test]
fn a_warning_comes_over_a_wire_that_others_can_read_and_only_there() {
    let dir = TempDir::new();
    account(&dir, "add alice", "top secret\n");
    let identity = Identity::new();
    let server = identity.serve(&dir, ["--state-dir", &dir.path("")]);
    let warning =
        "-- this connection is not encrypted: others on the network can read the password";
    assert_eq!(Client::guest(&server).ask("/login nobody x")[0], warning);
    let mut private = Client::connect_tls(&server, "tls", &identity.trusted()).welcomed();
    assert_eq!(private.ask("/login nobody x"), ["!! nobody is not registered"]);
}

#[test]
fn an_account_that_is_removed_frees_its_name() {
    let dir = TempDir::new();
    account(&dir, "add alice", "top secret\n");
    let running = server(&dir);
    let mut alice = log_in(&running, "alice", "top secret");
    account(&dir, "remove alice", "");
    alice.wait_for(|line| line == "-- you are logged out: the account was removed");
    assert_eq!(alice.ask("/nick bob"), ["-- you are now bob"]);
    assert_eq!(alice.ask("/nick alice"), ["-- you are now alice"]);
}

/// People who have just asked for their names to be registered.
fn in_the_middle_of_registering(running: &Server) -> Vec<Client> {
    let names = ["ann", "bob", "carl", "dan", "eve", "fay", "gus", "hal"];
    let person = |(place, name): (usize, &&str)| {
        let address = format!("127.0.1.{}", place + 1);
        Client::connect_from(running, &address).welcomed().named(name)
    };
    let mut people: Vec<_> = names.iter().enumerate().map(person).collect();
    people.iter_mut().for_each(|client| client.send("/register top secret"));
    for client in &mut people {
        client.wait_for(|line| line.contains("not encrypted"));
    }
    people
}

/// What they are told, and who was told that the name is theirs.
fn told_of_it(people: &mut [Client]) -> Vec<String> {
    let yours = |client: &mut Client| {
        let told = client.wait_for(|line| line.starts_with("!!") || line.contains(" is yours now"));
        let later = "!! not done in time; try again";
        assert!(told == later || told.contains(" is yours now"), "{told}");
        (told != later).then(|| client.name.clone())
    };
    people.iter_mut().filter_map(yours).collect()
}

#[test]
fn who_registers_while_the_server_ends_is_told_what_became_of_it() {
    let dir = TempDir::new();
    let running = server(&dir);
    let mut people = in_the_middle_of_registering(&running);
    running.signal(Signal::TERM);
    let registered = told_of_it(&mut people);
    running.wait();
    let running = server(&dir);
    for name in &registered {
        logs_in(&mut Client::guest(&running), name, "top secret");
    }
    assert!(!registered.is_empty());
}

#[test]
fn who_registers_while_the_server_is_restarted_is_told_what_became_of_it() {
    let dir = TempDir::new();
    let running = server(&dir);
    let mut people = in_the_middle_of_registering(&running);
    switch(&running);
    let registered = told_of_it(&mut people);
    assert!(!registered.is_empty());
    for client in people.iter_mut().filter(|client| registered.contains(&client.name)) {
        client.send("/who");
        let name = client.name.clone();
        client.wait_for(|line| line.starts_with("-- lobby (") && line.contains(&name));
    }
    for name in &registered {
        logs_in(&mut Client::guest(&running), name, "top secret");
    }
}

#[test]
fn a_script_that_logs_in_speaks_under_its_name_and_has_all_answers_before_it_leaves() {
    let dir = TempDir::new();
    account(&dir, "add ci", "top secret\n");
    let running = server(&dir);
    let [mut bob] = people(&running, ["bob"]);
    let mut ci = Client::guest(&running);
    ci.send_raw(b"/login ci top secret\nbuild done\n/history 3\n/search build\n/quit\n");
    let told = ci.rest_lines();
    let place = |part: &str| told.iter().position(|line| line.contains(part));
    let order = [place("you are now ci"), place("<ci> build done"), place("-- Bye.")];
    assert!(order.is_sorted() && order.iter().all(Option::is_some), "{told:?}");
    assert_eq!(told.iter().filter(|line| line.contains("<ci> build done")).count(), 2, "{told:?}");
    bob.wait_for(|line| line == "<ci> build done");
}

#[test]
fn who_hangs_up_at_once_has_said_it_under_the_name_all_the_same() {
    let dir = TempDir::new();
    account(&dir, "add ci", "top secret\n");
    let running = server(&dir);
    let [mut bob] = people(&running, ["bob"]);
    let mut ci = Client::connect(&running);
    ci.send_raw(b"/login ci top secret\nbuild done\n");
    ci.half_close();
    bob.wait_for(|line| line == "<ci> build done");
    bob.wait_for(|line| line.starts_with("-- ci left"));
}
