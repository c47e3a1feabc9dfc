//! In a pipe: `chat` says every line of stdin, and its exit status tells whether all were accepted.

use std::io::Read;

use super::*;
use crate::harness::{HINT, eventually};

/// It was all delivered, and there is nothing to complain of.
#[track_caller]
fn succeeded(ended: &Ended) {
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
}

#[test]
fn lines_are_said_and_what_the_server_tells_is_the_output() {
    let server = Server::with(["--name", "box7"]);
    let [mut bob] = people(&server, ["bob"]);
    let ended = piped(&mut chat(server.addr(), ["--nick", "ci"]), "build done\n\nça va\r\nlast");
    succeeded(&ended);
    let welcome = "-- Welcome to chatd on box7. You are guest2, in lobby with bob (2 here).";
    assert_eq!(ended.stdout, format!("{welcome}\n{HINT}\n-- you are now ci\n"));
    bob.expect("-- ci joined (2 here)");
    bob.expect("<ci> build done");
    bob.expect("<ci> ça va");
    bob.expect("<ci> last");
    bob.expect("-- ci left: quit (1 here)");
}

#[test]
fn questions_are_answered() {
    let server = Server::start();
    let ended = piped(&mut chat(server.addr(), []), format!("/who\n/ping\n/ping{:2000}\n", ""));
    succeeded(&ended);
    let answers: Vec<_> = ended.stdout.lines().skip(2).collect();
    assert_eq!(answers, ["-- lobby (1 here): guest1", "-- pong", "-- pong"]);
}

#[test]
fn five_hundred_lines_arrive_in_order() {
    let server = Server::with(["--rate", "0"]);
    let [mut bob] = people(&server, ["bob"]);
    let lines: String = (0..500).map(|n| format!("line {n}\n")).collect();
    succeeded(&piped(&mut chat(server.addr(), ["--nick", "ci"]), lines));
    bob.expect("-- ci joined (2 here)");
    (0..500).for_each(|n| bob.expect(&format!("<ci> line {n}")));
    bob.expect("-- ci left: quit (1 here)");
}

#[test]
fn flood_control_slows_it_down_and_nothing_is_lost() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let lines: String = (0..25).map(|n| format!("line {n}\n")).collect();
    succeeded(&piped(&mut chat(server.addr(), ["--nick", "ci"]), lines));
    bob.expect("-- ci joined (2 here)");
    (0..25).for_each(|n| bob.expect(&format!("<ci> line {n}")));
}

#[test]
fn much_in_and_much_out_at_the_same_time_does_not_block() {
    let server = Server::with(["--rate", "0"]);
    let lines: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
    let ended = piped(&mut chat(server.addr(), []), format!("/echo on\n{lines}"));
    succeeded(&ended);
    let said = ended.stdout.lines().filter(|line| line.starts_with("<guest1> line ")).count();
    assert_eq!(said, 20_000);
}

#[test]
fn it_says_things_in_a_room() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join builds");
    succeeded(&piped(&mut chat(server.addr(), ["--nick", "ci", "--room", "builds"]), "done\n"));
    bob.expect("-- ci joined (2 here)");
    bob.expect("<ci> done");
}

#[test]
fn a_name_that_is_taken_or_a_room_that_is_none_keeps_it_quiet() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    for (flags, refusal) in
        [(["--nick", "bob"], "!! bob is taken"), (["--room", "9"], "!! a room name has")]
    {
        let ended = piped(&mut chat(server.addr(), flags), "not for everyone\n");
        assert_eq!(ended.status, 1);
        assert!(ended.first_line().starts_with(refusal), "{}", ended.stderr);
    }
    bob.expect_nothing();
}

#[test]
fn a_refused_line_is_a_failure_and_the_others_are_said() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let long = "x".repeat(1025);
    let endless = "y".repeat(70_000);
    for (bad, complaint) in [
        (&*long, "!! too long: 1025 bytes, the limit is 1024; not sent"),
        (&*endless, "chat: a line is longer than 65535 bytes; not sent"),
        ("/msg nobody psst", "!! no one here is called nobody"),
        ("/foo", "!! unknown command /foo; try /help"),
    ] {
        let ended = piped(&mut chat(server.addr(), []), format!("before\n{bad}\nafter\n"));
        assert_eq!((ended.status, ended.first_line()), (1, complaint));
        for line in ["before", "after"] {
            bob.wait_for(|said| said.ends_with(&format!("> {line}")));
        }
    }
}

#[test]
fn nothing_to_say_is_no_failure() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    succeeded(&piped(&mut chat(server.addr(), []), ""));
    bob.expect_nothing();
}

#[test]
fn an_own_quit_ends_it() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let ended = piped(&mut chat(server.addr(), ["--nick", "ci"]), "hi\n/quit lunch\n");
    succeeded(&ended);
    assert!(ended.stdout.lines().last().unwrap().starts_with("-- Bye."), "{}", ended.stdout);
    for line in ["-- ci joined (2 here)", "<ci> hi", "-- ci left: quit: lunch (1 here)"] {
        bob.expect(line);
    }
    let ended = piped(&mut chat(server.addr(), []), "/quit\nand then?\n");
    assert_eq!(
        (ended.status, ended.first_line()),
        (1, "chat: there are lines after /quit; not sent")
    );
}

#[test]
fn every_byte_is_text_to_it() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let input = b"GET / HTTP/1.1\ncaf\xe9 \xff\xf4!\n\x04end\na\rb\n\x16\x03\x01\n";
    succeeded(&piped(&mut chat(server.addr(), ["--nick", "ci"]), input));
    bob.expect("-- ci joined (2 here)");
    for line in ["GET / HTTP/1.1", "caf\u{fffd} \u{fffd}\u{fffd}!", "end", "a", "b"] {
        bob.expect(&format!("<ci> {line}"));
    }
    bob.expect("-- ci left: quit (1 here)");
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_cannot_be_written_is_told_once_and_stops_nothing() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let (stdin, mut printf) = pipe().unwrap();
    printf.write_all(b"one\ntwo\n").unwrap();
    drop(printf);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = chat(server.addr(), ["--nick", "ci"]);
    let child = command.stdin(stdin).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    bob.wait_for(|line| line == "<ci> two");
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success());
    let why = "chat: cannot write what the server sends: No space left on device";
    assert!(told.starts_with(why) && told.lines().count() == 1, "{told}");
}

#[test]
fn an_output_that_nobody_reads_stops_nothing() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let (output, stdout) = pipe().unwrap();
    drop(output);
    let (stdin, mut printf) = pipe().unwrap();
    let mut child =
        chat(server.addr(), ["--nick", "ci"]).stdin(stdin).stdout(stdout).spawn().unwrap();
    printf.write_all(b"one\n").unwrap();
    bob.expect("-- ci joined (2 here)");
    bob.expect("<ci> one");
    bob.send("anyone?");
    printf.write_all(b"two\n").unwrap();
    drop(printf);
    bob.expect("<ci> two");
    let status = eventually("the end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

#[test]
fn lines_come_and_go_while_the_input_is_open() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let (stdin, mut printf) = pipe().unwrap();
    let (mut output, stdout) = pipe().unwrap();
    let mut child =
        chat(server.addr(), ["--nick", "ci"]).stdin(stdin).stdout(stdout).spawn().unwrap();
    printf.write_all(b"anyone?\n").unwrap();
    bob.wait_for(|line| line == "<ci> anyone?");
    bob.send("me");
    let mut heard = Vec::new();
    while !heard.ends_with(b"<bob> me\n") {
        let mut byte = [0];
        output.read_exact(&mut byte).unwrap();
        heard.extend(byte);
    }
    drop(printf);
    let status = eventually("the end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}
