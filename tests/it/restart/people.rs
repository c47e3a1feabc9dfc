//! The state of people and rooms across a restart.

use super::switch;
use crate::door::in_a_network_of_its_own;
use crate::harness::{Client, Server, chatd, eventually, people};

/// Switches, and sees to it that nobody was told anything.
#[track_caller]
fn switch_unnoticed<const N: usize>(server: &Server, clients: [&mut Client; N]) {
    switch(server);
    clients.into_iter().for_each(Client::expect_nothing);
}

#[test]
fn names_rooms_topics_and_history_stay() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("/join dev\n/topic friday's release\none\n/me waves");
    alice.ask("said in the lobby");
    alice.ask("/join dev");
    bob.sync();
    let ask = |client: &mut Client| {
        ["/who", "/topic", "/history", "/rooms"].map(|command| client.ask(command))
    };
    let known = ask(&mut alice);
    assert_eq!(known[0], ["-- dev (2 here): bob, alice"]);
    switch_unnoticed(&server, [&mut alice, &mut bob]);
    assert_eq!(ask(&mut alice), known);
    assert!(alice.ask("/leave").concat().contains("<alice> said in the lobby"));
}

#[test]
fn who_is_away_ignored_or_wrote_last_stays_so() {
    let server = Server::start();
    let [mut alice, mut bob, mut eve] = people(&server, ["alice", "bob", "eve"]);
    alice.ask("/ignore eve");
    alice.ask("/msg bob psst");
    alice.ask("/away lunch");
    eve.ask("/away");
    bob.sync();
    switch_unnoticed(&server, [&mut alice, &mut bob, &mut eve]);
    eve.ask("nobody you want to hear");
    assert_eq!(alice.sync(), [""; 0]);
    assert_eq!(bob.sync(), ["<eve> nobody you want to hear"]);
    let answer = bob.ask("/reply yes?");
    assert!(answer[0].starts_with("[to alice] yes?") || answer[0].contains("lunch"), "{answer:?}");
    alice.expect("[from bob] yes?");
    assert!(bob.ask("/whois alice").concat().contains("lunch"));
    assert_eq!(bob.ask("/who"), ["-- lobby (3 here): alice (away: lunch), bob, eve (away)"]);
}

#[test]
fn somebody_new_is_never_taken_for_somebody_who_left() {
    let server = Server::start();
    let [mut alice, mut eve] = people(&server, ["alice", "eve"]);
    eve.ask("/msg alice psst");
    alice.expect("[from eve] psst");
    drop(eve);
    alice.expect("-- eve left: disconnected (1 here)");
    switch(&server);
    // Whoever comes next must not get the number of the last one, and with it her mail.
    let mut zoe = Client::join(&server, "zoe");
    alice.sync();
    let answer = alice.ask("/reply secret");
    assert!(answer.len() == 1 && answer[0].starts_with("!! "), "{answer:?}");
    zoe.expect_nothing();
}

#[test]
fn echo_quiet_time_and_bare_line_feeds_stay_as_they_were_set() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/echo on");
    alice.ask("/time on");
    alice.ask("/quiet on");
    switch_unnoticed(&server, [&mut alice, &mut bob]);
    Client::join(&server, "carol");
    bob.wait_for(|line| line.starts_with("-- carol left"));
    let heard = alice.ask("hi");
    assert!(heard.len() == 1 && heard[0].ends_with("] <alice> hi"), "{heard:?}");
    // People use bare line feeds, and so do we then.
    assert_eq!(bob.raw_until(b"hi\n"), b"<alice> hi\n");
}

#[test]
fn a_nick_that_was_left_stays_kept_for_its_address() {
    let server = Server::start();
    let mut carol = Client::connect_from(&server, "127.0.0.2").welcomed().named("carol");
    carol.send("/quit");
    carol.rest();
    switch(&server);
    let mut thief = Client::connect_from(&server, "127.0.0.3").welcomed();
    let answer = thief.ask("/nick carol");
    assert!(answer[0].starts_with("!! "), "{answer:?}");
    Client::connect_from(&server, "127.0.0.2").welcomed().named("carol");
}

#[test]
fn who_was_not_announced_stays_unannounced() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut guest = Client::guest(&server);
    // In the middle of its first line it is nobody yet.
    guest.send_raw(b"hel");
    switch_unnoticed(&server, [&mut alice]);
    guest.send("lo");
    alice.expect(&format!("-- {} joined (2 here)", guest.name));
    alice.expect(&format!("<{}> hello", guest.name));
}

#[test]
fn who_is_silent_is_announced_after_the_switch() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let guest = Client::guest(&server);
    switch(&server);
    alice.expect(&format!("-- {} joined (2 here)", guest.name));
    alice.expect_nothing();
}

#[test]
fn who_leaves_after_the_switch_leaves_once() {
    let server = Server::start();
    let [mut alice, mut bob, carol] = people(&server, ["alice", "bob", "carol"]);
    switch(&server);
    bob.send("/quit see you");
    bob.expect_contains("-- Bye.");
    bob.expect_end();
    alice.expect("-- bob left: quit: see you (2 here)");
    drop(carol);
    alice.expect("-- carol left: disconnected (1 here)");
    alice.expect_nothing();
}

#[test]
fn places_are_counted_as_before() {
    let server = Server::with(["--max-clients", "2"]);
    let [alice, mut bob] = people(&server, ["alice", "bob"]);
    switch(&server);
    Client::connect(&server).expect("!! the server is full (2 clients); try again later");
    drop(alice);
    bob.expect("-- alice left: disconnected (1 here)");
    eventually("a free place", || {
        Client::connect(&server).line().starts_with("-- Welcome").then_some(())
    });
}

#[test]
#[ignore = "needs root and ip"]
fn those_from_one_address_are_counted_as_before() {
    let name = "restart::people::those_from_one_address_are_counted_as_before";
    in_a_network_of_its_own(name, || {
        let mut command = chatd();
        command.args(["--port", "0", "--max-per-ip", "2"]);
        let server = Server::run(command);
        // To an address of this host one comes from that address.
        let connect =
            |host| Client::over(std::net::TcpStream::connect((host, server.port())).unwrap());
        for (one, other) in [("10.99.0.1", "10.99.0.2"), ("fd99:0:0:1::1", "fd99:0:0:2::1")] {
            let first = connect(one).welcomed();
            let mut second = connect(one).welcomed();
            switch(&server);
            connect(one).expect_contains("!! too many connections from your address");
            connect(other).welcomed().sync();
            drop(first);
            eventually("a free place", || {
                connect(one).line().starts_with("-- Welcome").then_some(())
            });
            second.sync();
        }
    });
}

#[test]
#[ignore = "needs root and ip"]
fn a_switch_is_no_way_around_flood_control_by_coming_back_either() {
    let name = "restart::people::a_switch_is_no_way_around_flood_control_by_coming_back_either";
    in_a_network_of_its_own(name, || {
        let mut command = chatd();
        command.args(["--port", "0", "--max-per-ip", "1", "--burst", "5", "--rate", "1"]);
        let server = Server::run(command);
        let connect = || {
            let stream = std::net::TcpStream::connect(("10.99.0.1", server.port()));
            Client::over(stream.unwrap()).welcomed()
        };
        let mut spammer = connect();
        spammer.send(&["x"; 4].join("\n"));
        spammer.send("/quit");
        spammer.rest();
        switch(&server);
        let start = std::time::Instant::now();
        let mut again = connect();
        again.send(&["x"; 4].join("\n"));
        again.sync();
        assert!(start.elapsed() >= std::time::Duration::from_secs(2), "{:?}", start.elapsed());
    });
}

#[test]
fn a_first_line_of_any_length_goes_on() {
    let server = Server::start();
    let long = vec![b'x'; 60_000];
    let [mut talker, mut browser, mut endless] = [(); 3].map(|()| Client::guest(&server));
    talker.types(&long);
    browser.types(&[b"GET /".as_slice(), &long].concat());
    endless.types(&long);
    switch(&server);
    talker.send("x");
    talker.expect("!! too long: 60001 bytes, the limit is 1024; not sent");
    browser.send_raw(b" HTTP/1.1\r\n");
    browser.expect("HTTP/1.1 400 Bad Request");
    endless.send_raw(&long[..10_000]);
    let end = endless.rest_lines().concat();
    assert!(end.contains("65536 bytes without a line end"), "{end}");
}
