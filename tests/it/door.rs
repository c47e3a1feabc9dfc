//! The door: which connections are accepted, and how the others are refused.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{
    Client, Identity, PATIENCE, Server, TempDir, chatd, eventually, eventually_within, people,
};
use crate::metrics;

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
fn who_is_turned_away_while_sending_reads_why_and_the_end_soon_after() {
    const FULL: &str = "!! the server is full (1 clients); try again later";
    let server = Server::with(["--max-clients", "1"]);
    let _inside = Client::guest(&server);
    let goes_well = |_| {
        let mut client = Client::connect(&server);
        client.send_raw(&[b'x'; 10 * 1024]);
        client.expect(FULL);
        let told = Instant::now();
        client.expect_end();
        let ended_soon = told.elapsed() < Duration::from_millis(800);
        // When the next one was told, the server is done with this one.
        Client::connect(&server).expect(FULL);
        // A reset would have made the kernel forget a line that was not read yet.
        ended_soon && client.try_send_raw(b"x").is_ok()
    };
    // The machine may be busy, but hardly each time.
    assert!((0..4).any(goes_well));
}

#[test]
fn a_crowd_turned_away_at_once_leaves_few_connections_lingering() {
    let server = Server::with(["--max-clients", "1"]);
    let _inside = Client::guest(&server);
    let files = server.open_files();
    let mut most = 0;
    let crowd = [(); 200].map(|()| {
        let mut client = Client::connect(&server);
        client.expect("!! the server is full (1 clients); try again later");
        most = most.max(server.open_files());
        client
    });
    assert!(most < files + 100, "{files} files, then {most}");
    eventually("the end of all connections", || (server.open_files() == files).then_some(()));
    drop(crowd);
}

#[test]
fn who_is_turned_away_over_and_over_does_not_fill_the_log() {
    const LOGGED: usize = 1000;
    let server = Server::with(["--max-clients", "1"]);
    let _inside = Client::guest(&server);
    let turned_away = || Client::connect(&server).expect_contains("full");
    let start = Instant::now();
    for _ in 0..LOGGED + 200 {
        turned_away();
    }
    // After ten seconds, as many would be logged again.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    server.wait_log(["WARN", "more lines like the last one are counted, not logged"]);
    eventually_within(2 * PATIENCE, "the count of those that were not logged", || {
        turned_away();
        server.log().contains(" lines like the next one were not logged").then_some(())
    });
    let log = server.log();
    let lines: Vec<_> = log.lines().collect();
    let remarks: Vec<_> = (0..).zip(&lines).filter(|(_, line)| line.contains("like the")).collect();
    let [(last, _), (next, count)] = remarks[..] else { panic!("{remarks:?}") };
    let refusals = |lines: &[&str]| lines.iter().filter(|line| line.contains("refused")).count();
    assert_eq!((refusals(&lines[..last]), next), (LOGGED, last + 1));
    let missed: usize = count.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!(missed >= 200, "{count}");
}

#[test]
fn loopback_is_exempt_from_the_limit_per_address() {
    let server = Server::with(["--max-per-ip", "1"]);
    people(&server, ["alice", "bob", "carol"])[0].expect_nothing();
}

/// Runs the test of this name again, in a network of its own with a few addresses.
pub(crate) fn in_a_network_of_its_own(test: &str, body: impl FnOnce()) {
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
    let name = "door::one_too_many_from_an_address_or_a_64_is_turned_away";
    in_a_network_of_its_own(name, || {
        let mut command = chatd();
        command.args(["--port", "0", "--max-per-ip", "2", "--metrics", "127.0.0.1:0"]);
        let server = Server::run(command);
        let networks = [
            ["10.99.0.1", "10.99.0.1", "10.99.0.1", "10.99.0.2"],
            ["fd99:0:0:1::1", "fd99:0:0:1::2", "fd99:0:0:1::1", "fd99:0:0:2::1"],
        ];
        let counted = || {
            let answer = metrics::get(&server, "/metrics");
            metrics::figure(&answer, "chatd_refused_total{reason=\"address\"} ").unwrap()
        };
        for [one, two, three, elsewhere] in networks {
            let before = counted();
            // To an address of this host one comes from that address.
            let connect =
                |host| Client::over(std::net::TcpStream::connect((host, server.port())).unwrap());
            let first = connect(one).welcomed();
            let _second = connect(two).welcomed();
            let mut third = connect(three);
            let told = third.line();
            assert!(told.starts_with("!! too many connections from your address"), "{told}");
            third.expect_end();
            assert_eq!(counted(), before + 1.0);
            connect(elsewhere).welcomed().expect_nothing();
            drop(first);
            eventually("a free place", || {
                connect(three).line().starts_with("-- Welcome").then_some(())
            });
        }
    });
}

#[test]
#[ignore = "needs root and ip"]
fn one_too_many_from_the_64s_of_a_customer_is_turned_away() {
    let name = "door::one_too_many_from_the_64s_of_a_customer_is_turned_away";
    in_a_network_of_its_own(name, || {
        let subnets: Vec<_> = (0..5).map(|subnet| format!("fd99:0:1:{subnet}::1")).collect();
        for address in &subnets {
            let mut add = Command::new("ip");
            add.args(["address", "add", address, "dev", "lo", "nodad"]);
            assert_eq!(crate::harness::run(&mut add).status, 0);
        }
        let dir = TempDir::new();
        let mut command = chatd();
        command.args(["--port", "0", "--max-per-ip", "1", "--state-dir", &dir.path("")]);
        let server = Server::run(command);
        let connect = |host: &str| Client::over(TcpStream::connect((host, server.port())).unwrap());
        let mut four: Vec<_> = subnets[..4].iter().map(|from| connect(from).welcomed()).collect();
        let mut fifth = connect(&subnets[4]);
        let told = fifth.line();
        assert!(told.contains("from your network (the limit is 4)"), "{told}");
        fifth.expect_end();
        // Nor has each of them passwords to try.
        four[0].ask("/nick alice");
        four[0].send("/register open sesame");
        four[0].wait_for(|line| line.contains(" is yours now"));
        for (number, answer) in [(1, "!! wrong password"), (2, "!! too many failed logins")] {
            four[number].send("/login alice guess");
            four[number].wait_for(|line| line.starts_with(answer));
        }
    });
}

#[test]
#[ignore = "needs root and ip"]
fn one_request_too_many_at_once_is_answered_that_it_is() {
    let name = "door::one_request_too_many_at_once_is_answered_that_it_is";
    in_a_network_of_its_own(name, || {
        let mut command = chatd();
        command.args(["--port", "0", "--web-port", "0", "--max-per-ip", "2"]);
        command.args(["--metrics", "127.0.0.1:0"]);
        let server = Server::run(command);
        let connect = |host| {
            let stream = TcpStream::connect((host, server.web_port())).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        };
        let answer = |mut stream: TcpStream| {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: 10.99.0.1\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        // More than clients, as a browser asks for the parts of the page all at once.
        let pending = ["10.99.0.1"; 16].map(connect);
        let refused = answer(connect("10.99.0.1"));
        assert!(refused.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{refused}");
        assert!(refused.contains("\r\nRetry-After: 5\r\n"), "{refused}");
        server.wait_log(["refused 10.99.0.1:", "too many connections are still connecting"]);
        metrics::expect(&server, "chatd_refused_total{reason=\"arriving\"} ", 1.0);
        assert!(answer(connect("10.99.0.2")).starts_with("HTTP/1.1 200 OK\r\n"));
        drop(pending);
        eventually("a free place", || {
            answer(connect("10.99.0.1")).starts_with("HTTP/1.1 200 OK\r\n").then_some(())
        });
    });
}

/// A server that listens on an address that is not there, and on one that is.
fn waiting_for(address: &str) -> Server {
    let mut command = chatd();
    command.args(["--port", "0", "--bind", "127.0.0.1", "--bind", address]);
    let server = Server::run(command);
    server.wait_log(["WARN", address, "is not an address of this machine yet"]);
    server.wait_log(["listening on", address]);
    server
}

#[test]
fn an_address_that_is_not_there_yet_keeps_nobody_from_the_others() {
    for address in ["192.0.2.7", "2001:db8::7"] {
        Client::guest(&waiting_for(address)).sync();
    }
}

#[test]
#[ignore = "needs root and ip"]
fn an_address_that_comes_late_is_served_from_then_on() {
    let name = "door::an_address_that_comes_late_is_served_from_then_on";
    in_a_network_of_its_own(name, || {
        for address in ["10.99.0.7", "fd99:0:0:1::7"] {
            let server = waiting_for(address);
            let come = ["address", "add", address, "dev", "lo"];
            assert!(Command::new("ip").args(come).status().unwrap().success());
            let connect = || TcpStream::connect((address, server.port())).ok();
            let client = eventually("a connection to it", connect);
            Client::over(client).welcomed().expect_nothing();
        }
    });
}

#[test]
#[ignore = "needs root and ip"]
fn an_address_that_shakes_hands_over_and_over_is_turned_away() {
    let name = "door::an_address_that_shakes_hands_over_and_over_is_turned_away";
    in_a_network_of_its_own(name, || {
        let (identity, dir) = (Identity::new(), TempDir::new());
        let [certificate, key] = identity.save(&dir);
        let mut command = chatd();
        command.args(["--port", "0", "--tls-port", "0", "--metrics", "127.0.0.1:0"]);
        command.args(["--tls-cert", &certificate, "--tls-key", &key]);
        let server = Server::run(command);
        let port = server.addr_of("tls").port();
        let shakes_hands = |host: &str| {
            let client = Client::over(TcpStream::connect((host, port)).unwrap());
            client.shaking_hands(&identity.trusted()).is_ok()
        };
        let refused = eventually("an end to it", || {
            (!shakes_hands("10.99.0.1")).then(|| metrics::get(&server, "/metrics"))
        });
        let counted = metrics::figure(&refused, "chatd_refused_total{reason=\"handshakes\"} ");
        assert_eq!(counted, Some(1.0));
        server.wait_log(["refused 10.99.0.1:", "too many TLS handshakes from its address"]);
        assert!(shakes_hands("10.99.0.2") && shakes_hands("127.0.0.1"));
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
        "--metrics",
        "127.0.0.1:0",
        "--port-file",
        &ports,
    ]);
    command.uid(54_323).stderr(Stdio::piped());
    let server = Server::run_at(command, &ports);
    let threads = server.threads();
    let mut clients = [(); 12].map(|()| Client::connect(&server));
    let welcomed = clients.each_mut().map(|client| client.line().starts_with("-- Welcome"));
    let turned_away = welcomed.iter().position(|welcomed| !welcomed).expect("a limit on threads");
    assert!(turned_away > 0 && welcomed[turned_away..].iter().all(|welcomed| !welcomed));
    clients[turned_away].expect_end();
    clients[0].expect(crate::harness::HINT);
    clients[0].expect_nothing();
    let refused = welcomed[turned_away..].len() as f64;
    drop(clients);
    // The figures take a thread as well.
    eventually("free threads", || (server.threads() == threads).then_some(()));
    metrics::expect(&server, "chatd_refused_total{reason=\"thread\"} ", refused);
}

#[test]
fn running_out_of_files_ends_nothing_and_floods_no_log() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 30 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_chatd")]);
    command.args(["--bind", "127.0.0.1", "--port", "0"]).stderr(Stdio::piped());
    let server = Server::run(command);
    let mut first = Client::guest(&server);
    let crowd = [(); 60].map(|()| Client::connect(&server));
    first.sync();
    server.wait_log(["cannot accept", "trying again in 1s"]);
    let complaints = server.log().matches("cannot accept").count();
    assert!(complaints < 20, "{}", server.log());
    drop(crowd);
    Client::guest(&server).sync();
}
