//! CHATHISTORY: what was said, from memory and from the disk.

use jiff::Timestamp;

use super::{server, with};
use crate::harness::{Client, Irc, Server, TempDir, commands, eventually, untagged};
use crate::restart::switch;

const CAPS: &str = "draft/chathistory batch server-time message-tags labeled-response echo-message";

/// The value of a tag of a line.
fn tag<'a>(line: &'a str, key: &str) -> &'a str {
    let tags = line.strip_prefix('@').and_then(|line| line.split(' ').next()).unwrap_or_default();
    tags.split(';').find_map(|tag| tag.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
}

/// The words of the lines in a batch, which is all that the client is sent.
#[track_caller]
fn batch(lines: &[String], params: &str) -> Vec<String> {
    let (first, rest) = lines.split_first().unwrap();
    let reference = untagged(first).strip_prefix(":box7 BATCH +").unwrap();
    let (reference, of) = reference.split_once(' ').unwrap();
    assert_eq!(of, params, "{lines:?}");
    let (last, inner) = rest.split_last().unwrap();
    assert_eq!(*last, format!(":box7 BATCH -{reference}"));
    let words = |line: &String| {
        assert_eq!(tag(line, "batch"), reference, "{line}");
        line.rsplit_once(" :").map_or(line.as_str(), |(_, words)| words).to_owned()
    };
    inner.iter().map(words).collect()
}

/// Ann in dev, where she has said `0` to `9`; and what she was sent for each.
fn with_lines(server: &Server) -> (Irc, Vec<String>) {
    let mut ann = Irc::with_caps(server, "ann", CAPS);
    ann.ask("JOIN #dev");
    let said = (0..10).map(|number| {
        let mut echo = ann.ask(&format!("PRIVMSG #dev :{number}"));
        let at: Timestamp = tag(&echo[0], "time").parse().unwrap();
        // No two lines are said at the same moment.
        while Timestamp::now().as_millisecond() <= at.as_millisecond() {
            std::thread::yield_now();
        }
        echo.remove(0)
    });
    let said = said.collect();
    // A disk that is too slow has a line only after it was shown.
    eventually("the last line on the disk", || {
        let last = ann.ask("CHATHISTORY LATEST #dev * 1");
        last.iter().any(|line| line.ends_with(" :9")).then_some(())
    });
    (ann, said)
}

fn check(server: &Server) {
    let (mut ann, said) = with_lines(server);
    let id = |number: usize| format!("msgid={}", tag(&said[number], "msgid"));
    let time = |number: usize| format!("timestamp={}", tag(&said[number], "time"));
    for at in [&id as &dyn Fn(usize) -> String, &time] {
        for (asked, expected) in [
            ("LATEST #dev * 3".to_owned(), "789"),
            (format!("LATEST #Dev {} 9", at(6)), "789"),
            (format!("BEFORE #dev {} 2", at(4)), "23"),
            (format!("AFTER #dev {} 2", at(4)), "56"),
            (format!("AROUND #dev {} 3", at(4)), "345"),
            (format!("BETWEEN #dev {} {} 2", at(1), at(6)), "23"),
            (format!("BETWEEN #dev {} {} 2", at(6), at(1)), "45"),
            ("AFTER #dev msgid=none-1 2".to_owned(), ""),
            ("AFTER #dev timestamp=9999-12-31T23:59:59.999Z 2".to_owned(), ""),
            ("BEFORE #dev timestamp=2001-01-01T00:00:00.000Z 2".to_owned(), ""),
            ("LATEST ann * 9".to_owned(), ""),
        ] {
            let target = if asked.contains(" ann ") { "ann" } else { "#dev" };
            let lines = ann.ask(&format!("CHATHISTORY {asked}"));
            let found = batch(&lines, &format!("chathistory {target}"));
            assert_eq!(found.concat(), expected, "{asked}");
        }
    }
    let lines = ann.ask("@label=x CHATHISTORY LATEST #dev * 1");
    assert_eq!((tag(&lines[0], "label"), lines.len()), ("x", 3), "{lines:?}");
    let line = &lines[1];
    assert_eq!((tag(line, "msgid"), tag(line, "time")), (&id(9)[6..], &time(9)[10..]));
    for (asked, code) in [
        ("LATEST #none * 1", "INVALID_TARGET LATEST #none"),
        ("LATEST nobody * 1", "INVALID_TARGET LATEST nobody"),
        ("LATEST #dev * 0", "INVALID_PARAMS LATEST"),
        ("LATEST #dev", "NEED_MORE_PARAMS LATEST"),
        ("FOO #dev * 1", "UNKNOWN_COMMAND FOO"),
    ] {
        let refused = ann.ask(&format!("CHATHISTORY {asked}"));
        assert!(refused[0].starts_with(&format!(":box7 FAIL CHATHISTORY {code} :")), "{refused:?}");
    }
    let mut bob = Irc::with_caps(server, "bob", CAPS);
    let refused = bob.ask("CHATHISTORY LATEST #dev * 9");
    assert!(refused[0].contains(" INVALID_TARGET LATEST #dev :"), "who is not there: {refused:?}");
    assert!(!bob.ask("JOIN #dev").iter().any(|line| line.contains("BATCH")), "no replay");

    ann.ask("JOIN #ops\r\nPRIVMSG #ops :last");
    let (from, to) = ("timestamp=2020-01-01T00:00:00.000Z", "timestamp=2222-01-01T00:00:00.000Z");
    for (asked, expected) in [
        (format!("{from} {to} 9"), &["#dev", "#ops"][..]),
        (format!("{to} {from} 1"), &["#dev"]),
        (format!("{} {to} 9", time(9)), &["#ops"]),
        (format!("{from} {} 9", time(9)), &[]),
    ] {
        let lines = ann.ask(&format!("CHATHISTORY TARGETS {asked}"));
        let found = batch(&lines, "draft/chathistory-targets");
        let rooms: Vec<_> = found.iter().map(|line| line.split(' ').nth(3).unwrap()).collect();
        assert_eq!(rooms, expected, "{asked}: {found:?}");
    }
}

#[test]
fn any_part_of_what_was_said_is_in_memory() {
    check(&with(["--rate", "0"]));
}

#[test]
fn any_part_of_what_was_said_is_on_the_disk() {
    let dir = TempDir::new();
    let server = with(["--rate", "0", "--history", "0", "--state-dir", &dir.path("")]);
    check(&server);
    let mut late = Irc::with_caps(&server, "late", CAPS);
    late.ask("JOIN #dev");
    switch(&server);
    let mut found = late.ask("CHATHISTORY LATEST #dev * 2");
    // The others leave about now.
    found.retain(|line| !line.contains(" QUIT "));
    assert_eq!(batch(&found, "chathistory #dev"), ["8", "9"]);
}

#[test]
fn a_server_without_history_offers_none() {
    let without = with(["--history", "0"]);
    let mut irc = Irc::connect(&without);
    assert!(!irc.ask("CAP LS 302\r\nCAP END")[0].contains("chathistory"));
    let lines = irc.register("ann", "");
    assert!(!lines.concat().contains("CHATHISTORY"));
    let server = server();
    let lines = Irc::connect(&server).register("ann", "");
    assert!(lines.concat().contains(" CHATHISTORY=100 MSGREFTYPES=timestamp,msgid "), "{lines:?}");
}

#[test]
fn private_lines_are_for_members_while_the_room_is_private_and_ignored_ones_for_nobody() {
    let dir = TempDir::new();
    for flags in [&["--rate", "0"][..], &["--rate", "0", "--state-dir", &dir.path("")]] {
        let mut command = super::command();
        command.args(flags);
        let server = Server::run(command);
        let mut ann = Irc::with_caps(&server, "ann", CAPS);
        let mut eve = Client::join(&server, "eve");
        ann.ask("JOIN #dev\r\nPRIVMSG #dev :open");
        eve.ask("/join dev\nnoise");
        ann.ask("PRIVMSG chatd :ignore eve\r\nMODE #dev +k x\r\nPRIVMSG #dev :closed");
        let latest = |irc: &mut Irc| {
            let lines = irc.ask("CHATHISTORY LATEST #dev * 9");
            batch(&lines, "chathistory #dev")
        };
        assert_eq!(latest(&mut ann), ["open", "closed"]);
        ann.ask("MODE #dev -k x");
        assert_eq!(latest(&mut ann), ["open"]);
        assert_eq!(
            commands(&ann.ask("PART #dev\r\nCHATHISTORY LATEST #dev * 9")),
            ["PART", "FAIL"]
        );
    }
}
