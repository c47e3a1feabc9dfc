//! What happens as time passes: the clock is turned forward, and the server has to look at it.

use std::fs;
use std::process::Command;

use crate::harness::{Irc, Server, Signal, TempDir, run};

/// A server whose clocks are ahead by what the file `ahead` in a directory says.
fn server(dir: &TempDir) -> Server {
    // It would stay between us and the server, so only its library is taken.
    let library = run(Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]));
    let mut command = super::command();
    command.env("LD_PRELOAD", library.stdout.trim()).env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_TIMESTAMP_FILE", dir.file("ahead", "+0"));
    Server::run(command)
}

/// Turns the clocks forward, and wakes all that wait for a time.
#[track_caller]
fn turn_forward(server: &Server, dir: &TempDir, seconds: u32) {
    // A file that is half written would be another time.
    fs::rename(dir.file("new", format!("+{seconds}")), dir.path("ahead")).unwrap();
    server.signal(Signal::HUP);
}

#[test]
#[ignore = "needs faketime (faketime)"]
fn half_a_minute_is_enough_to_register_and_who_is_silent_is_asked_first() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut slow = Irc::connect(&server);
    slow.ask("NICK slow");
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    ann.ask("JOIN #dev");
    bob.ask("JOIN #dev");
    ann.sync();
    turn_forward(&server, &dir, 31);
    assert_eq!(slow.rest(), ["ERROR :timed out"]);

    turn_forward(&server, &dir, 122);
    for client in [&mut ann, &mut bob] {
        let ping = client.client().raw_until(b"\r\n");
        assert!(ping.starts_with(b"PING "), "{}", ping.escape_ascii());
    }
    // Only one of them answers.
    ann.ask("PONG box7");
    turn_forward(&server, &dir, 244);
    assert_eq!(bob.rest().last().unwrap(), "ERROR :timed out");
    ann.until(|line| line.starts_with(":bob!") && line.ends_with(" QUIT :timed out"));
    assert_eq!(ann.ask("ISON ann bob"), [":box7 303 ann :ann"]);
}
