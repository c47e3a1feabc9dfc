//! Restarts that cannot be done, and snapshots that cannot be used.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

use super::switch;
use crate::harness::{Client, Server, Signal, TempDir, eventually, people};

const CHATD: &str = env!("CARGO_BIN_EXE_chatd");

/// A server whose program is a file of the test's own.
#[track_caller]
fn serve_a_copy(dir: &TempDir) -> (Server, String) {
    serve_with(dir, &[])
}

/// The same with further flags.
#[track_caller]
fn serve_with(dir: &TempDir, flags: &[&str]) -> (Server, String) {
    let program = dir.path("chatd");
    fs::copy(CHATD, &program).unwrap();
    let mut command = Command::new(&program);
    command.args(["--bind", "127.0.0.1", "--port", "0"]).args(flags).stderr(Stdio::piped());
    (Server::run(command), program)
}

/// Puts another program in its place, as a package manager would.
fn replace(program: &str, contents: impl AsRef<[u8]>, mode: u32) {
    let new = format!("{program}.new");
    fs::write(&new, contents).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(&new, program).unwrap();
}

/// SIGUSR2 is refused with this in the log, and the chat goes on.
#[track_caller]
fn refuses<const N: usize>(server: &Server, [alice, bob]: [&mut Client; 2], parts: [&str; N]) {
    server.signal(Signal::USR2);
    server.wait_log(parts);
    bob.ask("still here");
    assert_eq!(alice.sync(), ["<bob> still here"]);
    Client::join(server, "carol");
    alice.wait_for(|line| line.starts_with("-- carol left"));
    bob.wait_for(|line| line.starts_with("-- carol left"));
}

#[test]
fn a_program_that_does_not_run_is_left_alone() {
    let dir = TempDir::new();
    let (server, program) = serve_a_copy(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"half a ");
    fs::remove_file(&program).unwrap();
    refuses_half_typed(&server, ["not restarted", "No such file"]);
    replace(&program, b"\x7fELF and no more", 0o755);
    refuses_half_typed(&server, ["not restarted", "xec format error"]);
    replace(&program, b"#!/bin/sh\n", 0o644);
    refuses_half_typed(&server, ["not restarted", "ermission denied"]);
    replace(&program, b"#!/bin/sh\nexit 3\n", 0o755);
    refuses_half_typed(&server, ["not restarted", "exit status: 3"]);
    replace(&program, b"#!/bin/sh\necho 'chatd: no \x1b[31mlike' >&2\nexit 2\n", 0o755);
    refuses_half_typed(&server, ["not restarted", "/chatd: no [31mlike"]);
    bob.send("line");
    alice.expect("<bob> half a line");
    refuses(&server, [&mut alice, &mut bob], ["not restarted"]);
}

#[track_caller]
fn refuses_half_typed<const N: usize>(server: &Server, parts: [&str; N]) {
    server.signal(Signal::USR2);
    server.wait_log(parts);
}

#[test]
fn a_newer_program_in_the_same_place_takes_over() {
    let dir = TempDir::new();
    let (server, program) = serve_a_copy(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    replace(&program, fs::read(CHATD).unwrap(), 0o755);
    switch(&server);
    let running = fs::metadata(format!("/proc/{}/exe", server.pid())).unwrap();
    assert_eq!(running.ino(), fs::metadata(&program).unwrap().ino());
    bob.ask("hi");
    alice.expect("<bob> hi");
}

#[test]
fn a_bad_file_changes_nothing() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "max-line = 50\n");
    let server = Server::with(["--config", &config]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    dir.file("chatd.toml", "max-line = 'long'\n");
    refuses(&server, [&mut alice, &mut bob], ["not restarted", "max-line"]);
    dir.file("chatd.toml", "max-line = 60\n");
    switch(&server);
    bob.send(&"x".repeat(70));
    bob.expect("!! too long: 70 bytes, the limit is 60; not sent");
}

#[test]
fn what_only_the_next_program_knows_of_is_for_that_one_to_judge() {
    let dir = TempDir::new();
    let (server, program) = serve_with(&dir, &["--config", &dir.file("chatd.toml", "")]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    dir.file("chatd.toml", "colour = 'green'\n");
    refuses(&server, [&mut alice, &mut bob], ["not restarted", "colour: no such setting"]);
    // One that knows what to do with it.
    let forget = format!("echo >{}", dir.path("chatd.toml"));
    replace(&program, meddler(&forget), 0o755);
    switch(&server);
    bob.ask("hi");
    alice.expect("<bob> hi");
}

#[test]
fn a_port_that_cannot_be_had_costs_nobody_the_connection() {
    let dir = TempDir::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = dir.file("chatd.toml", "");
    let server = Server::with(["--config", &config]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    dir.file("chatd.toml", format!("web-port = {}\n", taken.local_addr().unwrap().port()));
    switch(&server);
    server.wait_log(["cannot listen on", "continuing without it"]);
    bob.ask("hi");
    alice.expect("<bob> hi");
}

#[test]
fn another_port_takes_the_place_of_the_old_one() {
    let dir = TempDir::new();
    let config = dir.file("chatd.toml", "bind = '127.0.0.31'\nport = 0\n");
    let mut command = crate::harness::chatd();
    command.args(["--config", &config]);
    let server = Server::run(command);
    let connect = |ip: &str| std::net::TcpStream::connect((ip, server.port()));
    let mut alice = Client::over(connect("127.0.0.31").unwrap()).welcomed();
    dir.file("chatd.toml", format!("bind = '127.0.0.32'\nport = {}\n", server.port()));
    switch(&server);
    Client::over(connect("127.0.0.32").unwrap()).welcomed();
    assert!(connect("127.0.0.31").is_err(), "nobody listens there any more");
    alice.sync();
}

/// A program that does something to the snapshot, its descriptor 3, or to the roster, its
/// descriptor 4, and then is chatd.
fn meddler(meddling: &str) -> String {
    format!(
        "#!/bin/bash\ncase \"$*\" in *--check) exit 0;; esac\n{meddling}\nexec {CHATD} \"$@\"\n"
    )
}

/// Alice and bob in a room of their own, and a switch to a program that does that first.
#[track_caller]
fn switch_to(dir: &TempDir, meddling: &str) -> (Server, [Client; 2]) {
    let (server, program) = serve_a_copy(dir);
    let mut clients = people(&server, ["alice", "bob"]);
    for client in &mut clients {
        client.ask("/join dev");
    }
    clients[0].sync();
    clients[1].types(b"half a ");
    replace(&program, meddler(meddling), 0o755);
    switch(&server);
    (server, clients)
}

#[test]
fn a_snapshot_with_an_older_version_is_read() {
    let dir = TempDir::new();
    let (_server, [mut alice, mut bob]) = switch_to(&dir, "printf '{\"version\":0' 1<>/dev/fd/3");
    bob.send("line");
    alice.expect("<bob> half a line");
}

#[test]
fn without_a_snapshot_that_can_be_read_names_and_rooms_are_kept() {
    let dir = TempDir::new();
    for (meddling, complaint) in [
        ("printf '{\"version\":9' 1<>/dev/fd/3", "it has version 9, this program reads up to 2"),
        ("truncate -s 100 /dev/fd/3", "its header does not end"),
        ("truncate -s -1 /dev/fd/3", "its length is wrong"),
        ("printf x >>/dev/fd/3", "its length is wrong"),
    ] {
        let (server, [mut alice, mut bob]) = switch_to(&dir, meddling);
        server.wait_log(["cannot take over \"snapshot\"", complaint]);
        bob.send("line");
        alice.expect("<bob> line");
        assert_eq!(bob.ask("/who"), ["-- dev (2 here): alice, bob"]);
        let log = server.log();
        assert_eq!(log.matches("cannot take over").count(), 1, "{log}");
    }
}

#[test]
fn who_is_not_in_the_roster_either_is_a_newcomer() {
    let dir = TempDir::new();
    // The first of two records is of a newer version, and there is the beginning of a third.
    let (server, [mut alice, mut bob]) = switch_to(
        &dir,
        "truncate -s 0 /dev/fd/3; printf '{\"version\":9' 1<>/dev/fd/4; printf '{\"' >>/dev/fd/4",
    );
    server.wait_log(["cannot read 2 records of the roster: it has version 9"]);
    let mut both = [&mut alice, &mut bob];
    let newcomers = both.iter_mut().map(|client| client.sync().concat().contains("-- Welcome to "));
    assert_eq!(newcomers.filter(|is_new| *is_new).count(), 1);
    for client in both {
        client.ask("/join elsewhere");
    }
    assert_eq!(bob.ask("/who").len(), 1);
    drop((alice, bob));
    eventually("the end of all sessions", || (server.threads() < 10).then_some(()));
}

#[test]
fn too_few_descriptors_are_no_reason_to_lose_anybody() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\"", CHATD]);
    command.args(["--bind", "127.0.0.1", "--port", "0"]).stderr(Stdio::piped());
    let server = Server::run(command);
    let mut crowd = [(); 15].map(|()| Client::guest(&server));
    switch(&server);
    crowd.iter_mut().for_each(Client::expect_nothing);
}
