//! An attacker's session: attempts to speak under another name, and to guess or see passwords.

use super::{account, registers, server};
use crate::harness::{Client, TempDir, chatd, eventually, people, run};
use crate::restart::switch;

#[test]
fn failed_logins_are_slowed_for_the_address_and_the_session_goes_on() {
    let dir = TempDir::new();
    account(&dir, "add alice", "the right one\n");
    let running = server(&dir);
    let (mut eve, mut second) = (Client::guest(&running), Client::guest(&running));
    eve.send("/login alice wrong");
    assert_eq!(eve.wait_for(|line| line.starts_with("!!")), "!! wrong password");
    // From then on it takes ever longer, on whatever connection, and not only till a switch.
    let refused = "!! too many failed logins; try again in ";
    eventually("a wait that is longer than a switch", || {
        eve.send("/login alice wrong");
        let told = eve.wait_for(|line| line.starts_with("!!"));
        let seconds: u32 = told.strip_prefix(refused)?.strip_suffix('s')?.parse().ok()?;
        (seconds > 2).then_some(())
    });
    switch(&running);
    second.send("/login alice the right one");
    let told = second.wait_for(|line| line.starts_with("!!"));
    assert!(told.starts_with(refused), "{told}");
    assert_eq!(eve.ask("still here"), [""; 0]);
    let mut alice = Client::connect_from(&running, "127.0.0.2").welcomed();
    super::logs_in(&mut alice, "alice", "the right one");
}

#[test]
fn registering_in_masses_keeps_nobody_else_from_logging_in() {
    let dir = TempDir::new();
    account(&dir, "add alice", "the right one\n");
    let running = server(&dir);
    let mut crowd: Vec<_> = (0..20).map(|number| Client::join(&running, &name(number))).collect();
    crowd.iter_mut().for_each(|client| client.send("/register top secret"));
    let mut alice = Client::connect_from(&running, "127.0.0.2").welcomed();
    super::logs_in(&mut alice, "alice", "the right one");
    let mut answer = |client: &mut Client| {
        client.wait_for(|line| line.starts_with("!!") || line.contains(" is yours now"))
    };
    let mut answers: Vec<_> = crowd.iter_mut().map(&mut answer).collect();
    let later = "!! passwords from your address are still being checked; try again in a moment";
    assert!(answers.iter().any(|told| told == later), "{answers:?}");
    // One after the other they are attended to, but not all of them.
    for client in &mut crowd {
        client.send("/register top secret");
        answers.push(answer(client));
    }
    let registered = answers.iter().filter(|told| told.contains(" is yours now"));
    assert_eq!(registered.count(), 10, "{answers:?}");
    let enough = "!! too many names registered from your address; try again in ";
    assert!(answers.iter().any(|told| told.starts_with(enough)), "{answers:?}");
}

/// A name that looks like no other.
fn name(number: u8) -> String {
    format!("user{}", char::from(b'm' + number / 5)) + &"abcdefg"[..1 + usize::from(number % 5)]
}

#[test]
fn who_was_not_attended_to_has_not_failed() {
    let dir = TempDir::new();
    account(&dir, "add alice", "the right one\n");
    let running = server(&dir);
    let from = |number| Client::connect_from(&running, &format!("127.0.1.{number}")).welcomed();
    let mut crowd: Vec<_> = (1..=40).map(from).collect();
    crowd.iter_mut().for_each(|client| client.send("/login alice the right one"));
    let mut busy = 0;
    // The last were too many, and try again before a failure would be forgiven.
    for client in crowd.iter_mut().rev() {
        loop {
            let answers = ["!!", "-- you are logged in as alice"];
            let told = client.wait_for(|line| answers.iter().any(|one| line.starts_with(one)));
            if told != "!! busy; try again" {
                assert_eq!(told, "-- you are logged in as alice");
                break;
            }
            busy += 1;
            client.send("/login alice the right one");
        }
    }
    assert!(busy > 0, "this was to be more than there is room for");
}

#[test]
fn a_password_is_nowhere_but_in_the_hash() {
    let dir = TempDir::new();
    let running = server(&dir);
    let [mut alice, mut bob] = people(&running, ["alice", "bob"]);
    alice.ask("/echo on");
    registers(&mut alice, "Xyzzy plugh");
    let mut seen = bob.sync();
    for (line, meant) in [
        ("\u{FF0F}register Xyzzy", "register"),
        ("\u{3000}\u{FF0F}login alice Xyzzy", "login"),
        ("\\LOGIN alice Xyzzy", "login"),
    ] {
        assert_eq!(alice.ask(line), [format!("!! did you mean /{meant}? not sent")]);
    }
    seen.extend(alice.ask("\u{3000}/login alice Xyzzy wrong"));
    seen.extend(alice.ask(" /login alice Xyzzy wrong"));
    seen.extend(alice.ask("/LOGIN alice Xyzzy wrong"));
    seen.extend(alice.ask("/register Xyzzy"));
    seen.extend(alice.ask("/login Xyzzy"));
    seen.extend(alice.ask("/regsiter Xyzzy"));
    drop(alice);
    let mut again = Client::connect_from(&running, "127.0.0.2").welcomed();
    super::logs_in(&mut again, "alice", "Xyzzy plugh");
    seen.extend(again.ask("/history"));
    seen.extend(bob.ask("/history 100"));
    seen.extend(bob.ask("/search Xyzzy"));
    seen.extend(bob.sync());
    let export = run(chatd().args(["export", "--state-dir", &dir.path("")])).stdout;
    let (_, log) = running.stop();
    for text in [seen.concat(), export, log] {
        assert!(!text.contains("Xyzzy"), "{text}");
    }
}

#[test]
fn nobody_speaks_in_a_registered_name() {
    let dir = TempDir::new();
    account(&dir, "add alice", "the right one\n");
    let running = server(&dir);
    let [mut bob, mut eve] = people(&running, ["bob", "eve"]);
    for line in ["/nick alice", "/nick ALICE", "/nick A1ICE", "/nick a1ice", "/login alice right?"]
    {
        eve.ask(line);
        eve.ask("send me money");
    }
    eve.send("/login alice wrong\n/nick alice\nsend me money");
    eve.sync();
    let told = bob.sync();
    assert!(told.iter().all(|line| line == "<eve> send me money"), "{told:?}");
}
