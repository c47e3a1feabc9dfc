//! A room shows its history on disk, whether or not the server has the room in memory.

use super::{exported_lines, start};
use crate::harness::{Client, Server, Signal, TempDir, chatd, eventually, people};

/// Says something in so many rooms, which are then the last ones.
fn tour(client: &mut Client, rooms: usize) {
    for number in 0..rooms {
        client.ask(&format!("/join r{number}\nI was here"));
    }
    client.ask("/join far");
}

/// What somebody sees who enters a room.
fn enters(server: &Server, room: &str) -> Vec<String> {
    let [mut client] = people(server, ["visitor"]);
    let told = client.ask(&format!("/join {room}"));
    client.send("/quit");
    client.rest();
    told
}

/// What the first one in a room is told.
const KEEPS_ORDER: &str = "-- you keep order here; /room shows the settings";

#[track_caller]
fn assert_past(told: &[String], room: &str) {
    let told: Vec<_> = told.iter().filter(|line| *line != KEEPS_ORDER).collect();
    let [welcome, topic, line, end] = told[..] else { panic!("{told:?}") };
    assert_eq!(welcome, &format!("-- You are alone in {room}."));
    assert_eq!(topic, "-- the topic is silence");
    assert!(line.ends_with("] <alice> hush"), "{line}");
    assert_eq!(end, "-- end of history");
}

#[test]
fn a_quiet_room_has_its_topic_and_its_lines_after_many_others() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("/topic early birds\ngood morning\n/join quiet\n/topic silence\nhush");
    tour(&mut alice, 258);
    assert_past(&enters(&server, "quiet"), "quiet");
    server.stop();
    let server = start(&dir);
    assert_past(&enters(&server, "quiet"), "quiet");
    let mut newcomer = Client::guest(&server);
    newcomer.expect("-- the topic is early birds");
    newcomer.expect_contains("] <alice> good morning");
}

#[test]
fn a_room_is_viewed_whether_or_not_the_server_has_it_in_memory() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("/join quiet\n/topic silence\n/leave");
    assert_eq!(alice.ask("/who quiet"), ["-- quiet (0 here)"]);
    server.stop();
    let server = start(&dir);
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(alice.ask("/who quiet"), ["-- quiet (0 here)"]);
    assert_eq!(alice.ask("/who void"), ["!! there is no room called void"]);
}

#[test]
fn who_enters_a_room_sees_its_past_before_what_is_said_next() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("/join quiet\n/topic silence\nhush");
    server.stop();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/join far");
    // All in one go: the second line is for the room that the first one enters.
    bob.send_raw(b"/join quiet\n/echo on\nhello\n/leave\n");
    bob.wait_for(|line| line == "-- You are alone in quiet.");
    bob.expect(KEEPS_ORDER);
    bob.expect("-- the topic is silence");
    bob.expect_contains("] <alice> hush");
    bob.expect("-- end of history");
    bob.expect("-- echo is on");
    bob.expect("<bob> hello");
    bob.expect("-- You are alone in lobby.");
}

#[test]
fn more_history_is_read_when_more_is_to_be_replayed() {
    let dir = TempDir::new();
    let file = |history| {
        dir.file("chatd.toml", format!("history = {history}\nstate-dir = {:?}", dir.path("state")))
    };
    let run = || {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0", "--config", &dir.path("chatd.toml")]);
        Server::run(command)
    };
    file(1);
    let server = run();
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("one\ntwo\nthree");
    server.stop();
    let server = run();
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("four");
    file(10);
    server.signal(Signal::HUP);
    server.wait_log(["reloaded"]);
    eventually("four lines", || {
        let mut newcomer = Client::guest(&server);
        let shown = newcomer.sync();
        let lines = shown.iter().filter(|line| line.contains("> ")).count();
        assert!(lines == 4 || lines < 3, "{shown:?}");
        (lines == 4).then_some(())
    });
}

/// Asserts that each line numbered `n` of the export was said in the room `k{n}`, and returns how many
/// there are.
#[track_caller]
fn assert_in_their_rooms(dir: &TempDir) -> usize {
    let lines = exported_lines(dir);
    let numbered = lines.iter().filter_map(|line| {
        let text = line["text"].as_str().unwrap();
        Some((text.strip_prefix("line ")?, line["room"].as_str().unwrap()))
    });
    let wrong: Vec<_> = numbered.clone().filter(|(n, room)| *room != format!("k{n}")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    numbered.count()
}

/// Enters so many rooms that are not in memory, and says a line in each, all in one go.
fn paste(rooms: usize) -> Vec<u8> {
    let step = |number| format!("/join k{number}\nline {number}\n");
    (0..rooms).map(step).collect::<String>().into_bytes()
}

#[test]
fn what_follows_a_room_is_said_in_that_room_however_much_it_is() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice] = people(&server, ["alice"]);
    alice.send_raw(&paste(400));
    alice.sync();
    server.stop();
    assert_eq!(assert_in_their_rooms(&dir), 400);
}

#[test]
fn a_restart_in_the_middle_of_a_paste_leaves_lines_in_their_rooms() {
    let dir = TempDir::new();
    let server = Server::with(["--state-dir", &dir.path("state")]);
    let [mut alice] = people(&server, ["alice"]);
    alice.send_raw(&paste(100));
    alice.wait_for(|line| line == "-- You are alone in k0.");
    server.signal(Signal::USR2);
    server.wait_log(["restarting as"]);
    alice.wait_for(|line| line == "-- You are alone in k20.");
    server.stop();
    assert!(assert_in_their_rooms(&dir) > 20);
}
