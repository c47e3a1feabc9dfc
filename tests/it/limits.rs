//! Limits: what one client may cost the others, and what happens at the edge.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{Client, Server, chatd, eventually, people};

fn numbered(count: usize) -> String {
    (1..=count).map(|n| n.to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_paste_is_slowed_down_and_arrives_whole_and_in_order() {
    let server = Server::with(["--burst", "10", "--rate", "50"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let start = Instant::now();
    bob.send(&numbered(100));
    for n in 1..=100 {
        alice.expect(&format!("<bob> {n}"));
    }
    assert!(start.elapsed() >= Duration::from_millis(1600), "{:?}", start.elapsed());
}

#[test]
fn by_default_twenty_lines_come_at_once_and_then_five_a_second() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut guest = Client::guest(&server);
    let start = Instant::now();
    guest.send(&numbered(25));
    alice.expect_contains(" joined (2 here)");
    for n in 1..=20 {
        alice.expect(&format!("<{}> {n}", guest.name));
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    alice.wait_for(|line| line.ends_with("> 25"));
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
}

#[test]
fn rate_0_slows_nobody() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send(&numbered(2000));
    for n in 1..=2000 {
        alice.expect(&format!("<bob> {n}"));
    }
}

#[test]
fn lines_refused_for_their_length_and_questions_count_as_lines() {
    let server = Server::with(["--burst", "5", "--rate", "20", "--max-line", "30"]);
    let [mut alice] = people(&server, ["alice"]);
    let start = Instant::now();
    alice.send(&vec!["x".repeat(31); 10].join("\n"));
    alice.send_raw(&b"\xff\xf6".repeat(10));
    for _ in 0..10 {
        alice.expect_contains("!! too long: 31 bytes");
    }
    for _ in 0..10 {
        alice.expect("-- pong");
    }
    assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
}

#[test]
fn a_flooder_slows_nobody_else() {
    let server = Server::with(["--burst", "10", "--rate", "2"]);
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    bob.send(&numbered(100));
    alice.expect("<bob> 1");
    carol.send("hi");
    alice.wait_for(|line| line == "<carol> hi");
    let bobs = alice.sync();
    assert!(!bobs.contains(&"<bob> 100".to_owned()), "{bobs:?}");
}

#[test]
fn a_flooder_is_pushed_back_and_costs_no_memory() {
    let server = Server::start();
    let mut flooder = Client::guest(&server);
    let before = server.rss_kb();
    flooder.give_up_writing_after(Duration::from_millis(300));
    assert!(flooder.try_send_raw(&vec![b'\n'; 64 << 20]).is_err(), "all of it was read");
    assert!(server.rss_kb() < before + 8 * 1024, "{before} kB, then {}", server.rss_kb());
}

#[test]
fn one_client_too_many_is_told_so_and_turned_away() {
    let server = Server::with(["--max-clients", "2"]);
    let [mut alice, bob] = people(&server, ["alice", "bob"]);
    let mut third = Client::connect(&server);
    let address = third.local_addr().to_string();
    let told = "!! the server is full (2 clients); try again later\r\n";
    assert_eq!(third.rest(), told.as_bytes());
    server.wait_log([&address, "full"]);
    alice.expect_nothing();
    drop(bob);
    eventually("a free place", || {
        Client::connect(&server).line().starts_with("-- Welcome").then_some(())
    });
}

#[test]
fn loopback_is_exempt_from_the_limit_per_address() {
    let server = Server::with(["--max-per-ip", "1"]);
    people(&server, ["alice", "bob", "carol"])[0].expect_nothing();
}

/// Runs the test of this name again, in a network of its own with a few addresses.
fn in_a_network_of_its_own(test: &str, body: impl FnOnce()) {
    const INSIDE: &str = "TEST_IS_IN_ITS_OWN_NETWORK";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let set_up = "ip link set lo up
        for address in 10.99.0.1/32 10.99.0.2/32; do ip address add $address dev lo; done
        for address in fd99:0:0:1::1 fd99:0:0:1::2 fd99:0:0:2::1
        do ip address add $address/128 dev lo nodad; done
        exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-ec", set_up]).arg(std::env::current_exe().unwrap());
    command.args(["--include-ignored", "--exact", test]).env(INSIDE, "1");
    let ended = crate::harness::run(&mut command);
    assert!(
        ended.status == 0 && ended.stdout.contains("1 passed"),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
}

#[test]
#[ignore = "needs root and ip"]
fn one_too_many_from_an_address_or_a_64_is_turned_away() {
    let name = "limits::one_too_many_from_an_address_or_a_64_is_turned_away";
    in_a_network_of_its_own(name, || {
        let mut command = chatd();
        command.args(["--port", "0", "--max-per-ip", "2"]);
        let server = Server::run(command);
        let networks = [
            ["10.99.0.1", "10.99.0.1", "10.99.0.1", "10.99.0.2"],
            ["fd99:0:0:1::1", "fd99:0:0:1::2", "fd99:0:0:1::1", "fd99:0:0:2::1"],
        ];
        for [one, two, three, elsewhere] in networks {
            // To an address of this host one comes from that address.
            let connect =
                |host| Client::over(std::net::TcpStream::connect((host, server.port())).unwrap());
            let first = connect(one).welcomed();
            let _second = connect(two).welcomed();
            let mut third = connect(three);
            let told = third.line();
            assert!(told.starts_with("!! too many connections from your address"), "{told}");
            third.expect_end();
            connect(elsewhere).welcomed().expect_nothing();
            drop(first);
            eventually("a free place", || {
                connect(three).line().starts_with("-- Welcome").then_some(())
            });
        }
    });
}

#[test]
#[ignore = "needs root"]
fn a_client_that_no_thread_can_be_had_for_is_turned_away() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};
    let dir = crate::harness::TempDir::new();
    std::fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o777)).unwrap();
    let (program, ports) = (dir.path("chatd"), dir.path("ports"));
    std::fs::copy(env!("CARGO_BIN_EXE_chatd"), &program).unwrap();
    let mut command = Command::new("prlimit");
    // A user of its own, so that nobody else's threads count.
    command.args([
        "--nproc=12",
        &program,
        "--bind",
        "127.0.0.1",
        "--port",
        "0",
        "--port-file",
        &ports,
    ]);
    command.uid(54_321).stderr(std::process::Stdio::piped());
    let server = Server::run_at(command, &ports);
    let mut clients = [(); 12].map(|()| Client::connect(&server));
    let welcomed = clients.each_mut().map(|client| client.line().starts_with("-- Welcome"));
    let turned_away = welcomed.iter().position(|welcomed| !welcomed).expect("a limit on threads");
    assert!(turned_away > 0 && welcomed[turned_away..].iter().all(|welcomed| !welcomed));
    clients[turned_away].expect_end();
    clients[0].expect(crate::harness::HINT);
    clients[0].expect_nothing();
}

#[test]
fn running_out_of_files_ends_nothing() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 30 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_chatd")]);
    command.args(["--bind", "127.0.0.1", "--port", "0"]).stderr(std::process::Stdio::piped());
    let server = Server::run(command);
    let mut first = Client::guest(&server);
    let crowd = [(); 60].map(|()| Client::connect(&server));
    first.sync();
    drop(crowd);
    Client::guest(&server).sync();
}

#[test]
fn a_reader_that_stalls_is_dropped_and_delays_nobody() {
    let server = Server::with(["--rate", "0", "--send-queue", "65536"]);
    let mut stalled = Client::connect_narrow(&server).welcomed().named("stalled");
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let before = server.rss_kb();
    let long = "x".repeat(1000);
    let mut said = 0;
    let mut heard = 0;
    let mut dropped = false;
    while !dropped {
        assert!(said < 40_000, "40 MB behind and still not too slow");
        let batch: Vec<String> = (said..said + 100).map(|n| format!("{n} {long}")).collect();
        said += 100;
        bob.send(&batch.join("\n"));
        while heard < said {
            match alice.line() {
                line if line == "-- stalled left: too slow (2 here)" => dropped = true,
                line => {
                    assert!(line.starts_with(&format!("<bob> {heard} ")), "{line}");
                    heard += 1;
                }
            }
        }
    }
    assert!(server.rss_kb() < before + 8 * 1024, "{before} kB, then {}", server.rss_kb());
    stalled.rest();
}

#[test]
fn a_stalled_reader_that_half_closes_is_let_go() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let files = server.open_files();
    let mut stalled = Client::connect_narrow(&server).welcomed().named("stalled");
    stall(&mut bob, &mut alice);
    stalled.half_close();
    alice.wait_for(|line| line == "-- stalled left: disconnected (2 here)");
    eventually("the end of the connection", || (server.open_files() == files).then_some(()));
}

#[test]
fn who_quits_and_stays_connected_is_let_go() {
    let server = Server::start();
    let (threads, files) = (server.threads(), server.open_files());
    let mut stayer = Client::guest(&server);
    stayer.send("/quit");
    stayer.expect_contains("-- Bye.");
    stayer.expect_end();
    let now = || (server.threads(), server.open_files());
    eventually("the end of the connection", || (now() == (threads, files)).then_some(()));
    stayer.half_close();
}

/// Says more than fits into any socket buffer on the way.
pub(crate) fn stall(talker: &mut Client, listener: &mut Client) {
    let line = "x".repeat(1000);
    for n in 0..60 {
        talker.send(&vec![&*line; 99].join("\n"));
        talker.send(&format!("batch {n}"));
        listener.wait_for(|line| line.ends_with(&format!("batch {n}")));
    }
}

#[test]
fn an_idle_client_is_told_so_and_dropped() {
    let server = Server::with(["--idle-timeout", "2s"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let told = eventually("the notice of bob's going", || alice.sync().pop());
    assert_eq!(told, "-- bob left: timed out (1 here)");
    assert_eq!(bob.rest_lines(), ["!! nothing heard from you for 2s; goodbye"]);
}
