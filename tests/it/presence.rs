//! Whose joining and leaving a client is told, and when.

use std::time::{Duration, Instant};

use crate::harness::{Client, PATIENCE, Server, people};

/// Sends this, then goes by a half-close; the server has dealt with it before this returns.
fn last_words(mut client: Client, bytes: &[u8]) {
    client.send_raw(bytes);
    client.half_close();
    client.rest();
}

fn scan(server: &Server, bytes: &[u8]) {
    last_words(Client::connect(server), bytes);
}

#[test]
fn the_first_line_announces() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut guest = Client::guest(&server);
    guest.send("hi");
    alice.expect(&format!("-- {} joined (2 here)", guest.name));
    alice.expect(&format!("<{}> hi", guest.name));
}

#[test]
fn the_first_action_announces() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut guest = Client::guest(&server);
    guest.send("/me waves");
    alice.expect(&format!("-- {} joined (2 here)", guest.name));
    alice.expect(&format!("* {} waves", guest.name));
}

#[test]
fn joining_a_room_announces_there_and_only_there() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("/join dev");
    alice.expect("-- bob left: moved to dev (1 here)");
    let mut guest = Client::guest(&server);
    guest.ask("/join dev");
    bob.expect(&format!("-- {} joined (2 here)", guest.name));
    alice.expect_nothing();
}

#[test]
fn a_message_or_a_topic_announces_first() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut one = Client::guest(&server);
    one.send("/msg alice psst");
    alice.expect(&format!("-- {} joined (2 here)", one.name));
    alice.expect(&format!("[from {}] psst", one.name));
    let mut two = Client::guest(&server);
    two.send("/topic tea");
    alice.expect(&format!("-- {} joined (3 here)", two.name));
    alice.expect(&format!("-- {} set the topic: tea", two.name));
}

#[test]
fn who_says_nothing_for_300_ms_is_announced_then() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut announced_after = || {
        let start = Instant::now();
        let guest = Client::guest(&server);
        alice.expect(&format!("-- {} joined (2 here)", guest.name));
        let after = start.elapsed();
        drop(guest);
        alice.expect_contains(" left: disconnected (1 here)");
        after
    };
    // The machine may be busy, but hardly each time.
    let times = [(); 4].map(|()| announced_after());
    assert!(times.iter().all(|time| *time >= Duration::from_millis(300)), "{times:?}");
    assert!(times.iter().any(|time| *time < Duration::from_millis(800)), "{times:?}");
}

#[test]
fn an_incomplete_first_line_holds_the_announcement_back() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut slow = Client::guest(&server);
    slow.send_raw(b"h");
    let quiet = Client::guest(&server);
    alice.expect(&format!("-- {} joined (2 here)", quiet.name));
    slow.send_raw(b"i\n");
    alice.expect(&format!("-- {} joined (3 here)", slow.name));
    alice.expect(&format!("<{}> hi", slow.name));
}

#[test]
fn commands_that_show_nothing_to_others_announce_nobody() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    scan(
        &server,
        b"/who\n/help\n/rooms\n/nick bob\n/whois alice\n/topic\n/history\n/none\n\n \n/ping\n",
    );
    alice.expect_nothing();
}

#[test]
fn a_connection_that_goes_before_its_announcement_was_never_there() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    scan(&server, b"");
    scan(&server, b"/who\n");
    scan(&server, b"/quit\n");
    scan(&server, b"\x04");
    drop(Client::connect(&server));
    Client::guest(&server).reset();
    // Announced by its silence, so later than any of the others would have been.
    let witness = Client::guest(&server);
    alice.expect(&format!("-- {} joined (2 here)", witness.name));
}

#[test]
fn who_is_not_announced_appears_nowhere() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut ghost = Client::guest(&server);
    ghost.send_raw(b"half a line");
    let name = ghost.name.clone();
    let nobody = format!("!! no one here is called {name}");
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
    assert_eq!(alice.ask(&format!("/whois {name}")), [&*nobody]);
    assert_eq!(alice.ask(&format!("/msg {name} hi")), [&*nobody]);
    assert_eq!(alice.ask("/rooms"), ["-- lobby (1 here)"]);
    let welcome = Client::connect(&server).line();
    assert!(welcome.ends_with("in lobby with alice (2 here)."), "{welcome}");
}

#[test]
fn an_unannounced_reader_counts_itself() {
    let server = Server::start();
    let _alice = people(&server, ["alice"]);
    let who = Client::guest(&server).ask("/who");
    assert!(who[0].starts_with("-- lobby (2 here): alice"), "{who:?}");
}

#[test]
fn a_nick_before_the_announcement_is_the_name_of_the_announcement() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = Client::guest(&server);
    assert_eq!(bob.ask("/nick bob"), ["-- you are now bob"]);
    alice.expect_nothing();
    bob.send("hi");
    alice.expect("-- bob joined (2 here)");
    alice.expect("<bob> hi");
}

#[test]
fn one_does_not_see_ones_own_coming() {
    let server = Server::start();
    let mut guest = Client::guest(&server);
    assert_eq!(guest.ask("hi"), [""; 0]);
}

#[test]
fn a_leave_gives_its_reason() {
    type Way = fn(Client);
    let ways: [(&str, Way); 8] = [
        ("disconnected", drop),
        ("disconnected", Client::reset),
        ("disconnected", |bob| last_words(bob, b"")),
        ("quit", |bob| last_words(bob, b"/quit\n")),
        ("quit: off to bed, all", |bob| last_words(bob, b"/quit off to bed, all\n")),
        ("quit", |bob| last_words(bob, b"\x04")),
        ("quit", |bob| last_words(bob, b"\xff\xec")),
        ("moved to dev", |mut bob| {
            bob.ask("/join dev");
        }),
    ];
    let server = Server::with(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    for (reason, go) in ways {
        let [bob] = people(&server, ["bob"]);
        alice.expect("-- bob joined (2 here)");
        go(bob);
        alice.expect(&format!("-- bob left: {reason} (1 here)"));
    }
    alice.expect_nothing();
}

#[test]
fn every_notice_counts_who_is_here() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let [bob, carol] = people(&server, ["bob", "carol"]);
    alice.expect("-- bob joined (2 here)");
    alice.expect("-- carol joined (3 here)");
    drop(bob);
    alice.expect("-- bob left: disconnected (2 here)");
    drop(carol);
    alice.expect("-- carol left: disconnected (1 here)");
}

#[test]
fn quiet_spares_the_notices_and_nothing_else() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(alice.ask("/quiet on"), ["-- quiet is on"]);
    let [mut carol] = people(&server, ["carol"]);
    carol.send("hi\n/quit");
    carol.rest();
    bob.wait_for(|line| line.starts_with("-- carol left"));
    assert_eq!(alice.sync(), ["<carol> hi"]);
    assert_eq!(alice.ask("/quiet off"), ["-- quiet is off"]);
    drop(bob);
    alice.expect("-- bob left: disconnected (1 here)");
}

#[test]
fn quiet_spares_no_renames() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/quiet on");
    bob.ask("/nick rob");
    assert_eq!(alice.sync(), ["-- bob is now rob"]);
}

#[test]
fn a_crowd_gets_a_digest_instead_of_single_notices() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("/join den");
    alice.sync();
    let start = Instant::now();
    let crowd = |room: &str, watcher: &mut Client| -> Vec<Client> {
        let clients = (2..=55).map(|n| {
            let mut client = Client::guest(&server);
            client.ask(&format!("/nick {room}-{n}\n/join {room}\n/me nods"));
            client
        });
        let clients = clients.collect();
        let lines = watcher.sync();
        for n in 2..=50 {
            assert!(
                lines.contains(&format!("-- {room}-{n} joined ({n} here)")),
                "{n} in {lines:?}"
            );
        }
        let singles = lines.iter().filter(|line| line.starts_with("--"));
        assert_eq!(singles.count(), 49, "only up to fifty people");
        clients
    };
    let _den = crowd("den", &mut bob);
    let mut lobby = crowd("lobby", &mut alice);
    last_words(lobby.pop().unwrap(), b"/quit\n");
    lobby[0].ask("/nick lobbyist");
    // A digest gathers for 10 s.
    (bob.patience, alice.patience) = (2 * PATIENCE, 2 * PATIENCE);
    bob.expect("-- 5 joined (55 here)");
    assert!(start.elapsed() >= Duration::from_secs(10), "{:?}", start.elapsed());
    alice.expect("-- 5 joined, 1 left (54 here)");
}

#[test]
fn many_who_come_at_once_are_a_crowd_before_they_are_announced() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let half_lines = (0..50).map(|_| {
        let mut client = Client::guest(&server);
        client.types(b"hel");
        client
    });
    let _unannounced: Vec<Client> = half_lines.collect();
    let [mut carol] = people(&server, ["carol"]);
    bob.send("/quit");
    bob.rest();
    assert_eq!(alice.sync(), [""; 0], "both are told in a digest");
    // No digest would tell this.
    carol.ask("/nick caroline");
    assert_eq!(alice.sync(), ["-- carol is now caroline"]);
}
