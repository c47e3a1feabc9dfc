//! What a client gets on connecting: the welcome, the MOTD, the history.

use crate::harness::{Client, HINT, Server, TempDir, people};

/// The first line of a newcomer's welcome, after the name of the server and the newcomer.
#[track_caller]
fn welcome(server: &Server) -> String {
    let mut client = Client::connect(server);
    let welcome = client.line();
    client.expect(HINT);
    let you = welcome.strip_prefix("-- Welcome to chatd on box7. You are guest").unwrap();
    you.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned()
}

/// `[14:02] rest` is `rest`.
#[track_caller]
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_at("[14:02] ".len());
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "[00:00] ", "{line}");
    rest
}

/// What a newcomer sees after the welcome.
fn replay(server: &Server) -> Vec<String> {
    let lines = Client::guest(server).sync();
    lines
        .iter()
        .map(|line| match line.as_str() {
            notice if notice.starts_with("-- ") => notice,
            line => without_time(line),
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_welcome_names_up_to_ten_people_and_counts_the_rest() {
    let server = Server::with(["--name", "box7"]);
    assert_eq!(welcome(&server), ", alone in lobby.");
    let _ann = people(&server, ["ann"]);
    assert_eq!(welcome(&server), ", in lobby with ann (2 here).");
    let _bob = people(&server, ["bob"]);
    assert_eq!(welcome(&server), ", in lobby with ann and bob (3 here).");
    let _cid = people(&server, ["cid"]);
    assert_eq!(welcome(&server), ", in lobby with ann, bob and cid (4 here).");
    let _more = people(&server, ["dan", "eve", "fay", "gus", "hal", "ivy", "jim"]);
    let all = "ann, bob, cid, dan, eve, fay, gus, hal, ivy and jim";
    assert_eq!(welcome(&server), format!(", in lobby with {all} (11 here)."));
    let _kim = people(&server, ["kim"]);
    assert_eq!(welcome(&server), ", in lobby with 11 others (12 here).");
}

#[test]
fn the_name_is_the_host_name_unless_told() {
    let server = Server::start();
    let host = rustix::system::uname();
    let host = host.nodename().to_str().unwrap();
    Client::connect(&server).expect_contains(&format!("-- Welcome to chatd on {host}. You are "));
}

#[test]
fn guests_are_numbered_and_no_two_alike() {
    let server = Server::start();
    let guests = [(); 5].map(|()| Client::guest(&server));
    let mut names = guests.each_ref().map(|guest| guest.name.as_str());
    for name in names {
        let number = name.strip_prefix("guest").unwrap();
        assert!(number.parse::<u32>().is_ok(), "{name}");
    }
    names.sort_unstable();
    assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
}

#[test]
fn the_motd_follows_the_welcome_line_by_line_and_history_follows_the_motd() {
    let dir = TempDir::new();
    let motd = dir.file("motd", "Be kind.\r\n\tNo \x1b[31mspam\u{202e}, b\u{f6}b\n\u{fe0f}last");
    let server = Server::with(["--motd", &motd]);
    let mut alice = Client::guest(&server);
    let expected = ["-- Be kind.", "--  No [31mspam, b\u{f6}b", "-- \u{fe0f}last"];
    assert_eq!(alice.sync(), expected);
    alice.ask("hi");
    let lines = Client::guest(&server).sync();
    assert_eq!(lines[..3], expected);
    assert_eq!(without_time(&lines[3]), format!("<{}> hi", alice.name));
    assert_eq!(lines[4..], ["-- end of history"]);
}

#[test]
fn each_line_of_the_motd_is_shown_and_nothing_else() {
    let dir = TempDir::new();
    let shown = |motd: &str| {
        let server = Server::with(["--motd", &dir.file("motd", motd)]);
        Client::guest(&server).sync()
    };
    assert_eq!(shown(""), [""; 0]);
    for motd in ["one\n\n \ntwo\n", "one\n\n \ntwo", "one\r\n\r\n \r\ntwo\r\n"] {
        assert_eq!(shown(motd), ["-- one", "-- ", "--  ", "-- two"], "{motd:?}");
    }
    assert_eq!(shown("\n"), ["-- "]);
}

#[test]
fn a_motd_that_is_not_utf_8_is_shown_as_far_as_it_is() {
    let dir = TempDir::new();
    let server = Server::with(["--motd", &dir.file("motd", b"caf\xe9\n")]);
    assert_eq!(Client::guest(&server).sync(), ["-- caf\u{fffd}"]);
}

#[test]
fn lines_and_actions_are_replayed_with_their_time_and_an_end() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(replay(&server), [""; 0], "no end of a history that is not there");
    alice.send("deploy is done");
    alice.sync();
    bob.send("/me waves");
    bob.sync();
    let expected = ["<alice> deploy is done", "* bob waves", "-- end of history"];
    assert_eq!(replay(&server), expected);
}

#[test]
fn notices_private_messages_and_answers_are_no_history() {
    let server = Server::start();
    let [mut alice, bob] = people(&server, ["alice", "bob"]);
    for line in ["/msg bob secret", "/who", "/topic tea", "/away", "/nick alicia", "/none"] {
        alice.ask(line);
    }
    drop(bob);
    alice.wait_for(|line| line == "-- bob left: disconnected (1 here)");
    assert_eq!(
        Client::guest(&server).sync().iter().filter(|line| line.starts_with('[')).count(),
        0
    );
}

#[test]
fn twenty_lines_are_replayed_unless_told_otherwise() {
    for (flags, shown) in [(["--rate", "0"], 20), (["--history", "3"], 3), (["--history", "0"], 0)]
    {
        let server = Server::with(flags);
        let mut alice = Client::guest(&server);
        let lines: Vec<String> = (1..=22).map(|n| format!("line {n}")).collect();
        alice.send(&lines.join("\n"));
        alice.sync();
        let mut expected: Vec<String> =
            lines[22 - shown..].iter().map(|line| format!("<{}> {line}", alice.name)).collect();
        if shown > 0 {
            expected.push("-- end of history".to_owned());
        }
        if shown > 10 {
            expected.push("-- You are guest2; /nick NAME changes that.".to_owned());
        }
        assert_eq!(replay(&server), expected, "{flags:?}");
    }
}

#[test]
fn history_keeps_the_name_a_line_was_said_under() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("hi");
    alice.ask("/nick carol");
    assert_eq!(replay(&server), ["<alice> hi", "-- end of history"]);
}
