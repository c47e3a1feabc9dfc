//! What programs tell each other: client tags, TAGMSG and CTCP; and what those are told who watch.

use super::server;
use crate::harness::{Client, Irc, commands};

const TAGS: &str = "message-tags echo-message labeled-response batch";

#[test]
fn client_tags_reach_those_who_asked_for_tags() {
    let server = server();
    let mut alice = Irc::with_caps(&server, "alice", TAGS);
    let [mut bob, mut carol] = [("bob", "message-tags"), ("carol", "")]
        .map(|(nick, caps)| Irc::with_caps(&server, nick, caps));
    let mut dave = Client::join(&server, "dave");
    for irc in [&mut alice, &mut bob, &mut carol] {
        irc.ask("JOIN #dev");
    }
    dave.ask("/join dev");
    for irc in [&mut alice, &mut bob, &mut carol] {
        irc.sync();
    }
    let echo = alice.ask("@label=1;+reply=x\\sy;own=no PRIVMSG #dev :hi").remove(0);
    assert!(
        echo.starts_with("@label=1;msgid=") && echo.contains(";+reply=x\\sy :alice!"),
        "{echo}"
    );
    let copy = bob.line();
    assert!(copy.contains(";+reply=x\\sy :alice!") && !copy.contains("own"), "{copy}");
    assert!(carol.line().starts_with(":alice!"));
    dave.expect("<alice> hi");
    let echo = alice.ask("@label=2;+typing=active TAGMSG #dev").remove(0);
    assert!(echo.starts_with("@label=2;msgid=") && echo.ends_with(" TAGMSG #dev"), "{echo}");
    assert!(bob.line().contains(";+typing=active :alice!"));
    carol.expect_nothing();
    dave.expect_nothing();
    assert_eq!(commands(&alice.ask("TAGMSG nobody\nTAGMSG\nTAGMSG #none")), ["401", "461", "403"]);
}

#[test]
fn ctcp_passes_between_clients_of_irc_only() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Irc::named(&server, "bob");
    let mut dave = Client::join(&server, "dave");
    alice.ask("PRIVMSG bob :\x01VERSION\x01\nPRIVMSG dave :\x01VERSION\x01");
    assert!(bob.line().ends_with(" PRIVMSG bob :\x01VERSION\x01"));
    bob.ask("NOTICE alice :\x01VERSION small\x01\nPRIVMSG alice :\x01DCC SEND x\x01");
    assert!(alice.line().ends_with(" NOTICE alice :\x01VERSION small\x01"));
    alice.expect_nothing();
    dave.expect_nothing();
    bob.ask("JOIN #dev");
    let refused = bob.ask("PRIVMSG alice :\x01DCC SEND x\x01\r\nPRIVMSG #dev :\x01DCC CHAT x\x01");
    assert_eq!(commands(&refused), ["531", "404"], "{refused:?}");
}

#[test]
fn what_a_client_writes_to_itself_comes_beside_the_echo() {
    let server = server();
    let mut alice = Irc::with_caps(&server, "alice", TAGS);
    for line in ["PRIVMSG alice :hi", "TAGMSG alice"] {
        let lines = alice.ask(&format!("@label=1;+a=b {line}"));
        let labelled = lines.iter().filter(|line| line.starts_with("@label=1;")).count();
        assert_eq!((lines.len(), labelled), (2, 1), "{lines:?}");
    }
}

#[test]
fn those_who_watch_are_told_who_is_away() {
    let server = server();
    let mut alice = Irc::with_caps(&server, "alice", "extended-monitor away-notify");
    let mut bob = Irc::named(&server, "bob");
    alice.ask("MONITOR + bob,carol\nJOIN #dev");
    bob.ask("AWAY :lunch");
    assert!(alice.line().ends_with(" AWAY :lunch"));
    bob.ask("JOIN #dev");
    let lines = [alice.line(), alice.line()];
    assert_eq!(commands(&lines), ["JOIN", "AWAY"]);
}

#[test]
fn who_types_may_say_a_line_in_a_slow_room_at_once() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::with_caps(&server, "bob", "message-tags");
    let mut dave = Client::join(&server, "dave");
    ann.ask("JOIN #dev\r\nPRIVMSG chatd :room #dev slow 60");
    bob.ask("JOIN #dev");
    dave.ask("/join dev");
    bob.sync();
    assert_eq!(bob.ask("@+typing=active TAGMSG #dev\r\n@+typing=done TAGMSG #dev"), [""; 0]);
    bob.ask("PRIVMSG #dev :hi");
    dave.expect("<bob> hi");
    assert_eq!(commands(&bob.ask("PRIVMSG #dev :too soon")), ["404"]);
}

#[test]
fn a_ctcp_that_is_too_long_is_refused_whole() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Irc::named(&server, "bob");
    let long = "x".repeat(480);
    assert_eq!(commands(&alice.ask(&format!("PRIVMSG bob :\x01PING {long}\x01"))), ["417"]);
    bob.expect_nothing();
}
