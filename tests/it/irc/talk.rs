//! IRC clients and text clients in one room.

use super::{server, with};
use crate::harness::{Client, Irc, TempDir, commands, word};
use crate::restart::switch;

/// The line without what stands for the address, which the test does not know.
fn cloakless(line: &str) -> String {
    match line.split_once('@') {
        Some((before, after)) if before.contains('!') => {
            let (_, rest) = after.split_once(' ').unwrap();
            format!("{before}@ {rest}")
        }
        _ => line.to_owned(),
    }
}

fn all_cloakless(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| cloakless(line)).collect()
}

#[test]
fn the_welcome_has_the_numerics_of_the_field() {
    let server = server();
    let mut irc = Irc::connect(&server);
    let lines = irc.register("alice", "");
    let expected = [
        "001", "002", "003", "004", "005", "005", "251", "252", "253", "254", "255", "265", "266",
        "422",
    ];
    assert_eq!(commands(&lines), expected);
    assert!(lines[0].starts_with(":box7 001 alice :Welcome to chatd, alice!~alice@"), "{lines:?}");
    let dir = TempDir::new();
    let motd = dir.file("motd", "be kind\n");
    let server = with(["--motd", &motd]);
    let lines = Irc::connect(&server).register("alice", "");
    assert_eq!(lines[lines.len() - 2], ":box7 372 alice :- be kind");
}

#[test]
fn a_client_of_irc_and_one_of_text_talk() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev");
    let joined = alice.ask("JOIN #Dev");
    assert_eq!(
        all_cloakless(&joined),
        [
            ":alice!~alice@ JOIN #dev",
            ":box7 353 alice = #dev :@bob alice",
            ":box7 366 alice #dev :end of NAMES",
        ]
    );
    bob.expect("-- alice joined (2 here)");
    assert_eq!(alice.ask("PRIVMSG #dev :hi \x02there\x02"), [""; 0]);
    bob.expect("<alice> hi there");
    alice.ask("PRIVMSG #dev :\x01ACTION waves\x01\nNOTICE #dev :done");
    bob.expect("* alice waves");
    bob.expect("-alice- done");
    bob.ask("hello\n/me nods");
    assert_eq!(cloakless(&alice.line()), ":bob!~text@ PRIVMSG #dev :hello");
    assert_eq!(cloakless(&alice.line()), ":bob!~text@ PRIVMSG #dev :\x01ACTION nods\x01");
    alice.ask("TOPIC #dev :bugs");
    bob.expect("-- alice set the topic: bugs");
    bob.ask("/topic features");
    alice.until(|line| line.ends_with(" TOPIC #dev :features"));
    bob.ask("/nick rob");
    assert_eq!(cloakless(&alice.line()), ":bob!~text@ NICK rob");
    alice.ask("NICK ann");
    bob.expect("-- alice is now ann");
    alice.ask("PART #dev :later");
    bob.expect("-- ann left: parted: later (1 here)");
    alice.ask("JOIN #dev");
    bob.expect("-- ann joined (2 here)");
    alice.send("QUIT :bye");
    bob.expect("-- ann left: quit: bye (1 here)");
    assert_eq!(alice.rest().last().unwrap(), "ERROR :goodbye");
}

#[test]
fn private_messages_and_notices_go_both_ways() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Client::join(&server, "bob");
    alice.ask("PRIVMSG bob :psst");
    bob.expect("[from alice] psst");
    bob.ask("/msg alice what?");
    assert_eq!(cloakless(&alice.line()), ":bob!~text@ PRIVMSG alice :what?");
    bob.ask("/away lunch");
    assert_eq!(alice.ask("PRIVMSG BOB :there?"), [":box7 301 alice bob :lunch"]);
    assert_eq!(alice.ask("PRIVMSG b0b :x"), [":box7 401 alice b0b :no one here is called b0b"]);
    assert_eq!(alice.ask("NOTICE nobody :x"), [""; 0]);
}

#[test]
fn people_leave_as_the_text_wire_says() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev");
    alice.ask("JOIN #dev,#lobby");
    bob.ask("/join lobby");
    let mut lines = all_cloakless(&[alice.line(), alice.line()]);
    lines.sort();
    assert_eq!(lines, [":bob!~text@ JOIN #lobby", ":bob!~text@ PART #dev :moved to lobby"]);
    bob.send("/quit so long");
    assert_eq!(cloakless(&alice.line()), ":bob!~text@ QUIT :quit: so long");
    alice.expect_nothing();
}

#[test]
fn capabilities_decide_what_lines_carry() {
    let server = server();
    let caps = "server-time message-tags echo-message labeled-response batch extended-join";
    let mut alice = Irc::with_caps(&server, "alice", caps);
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev");
    alice.send("@label=j JOIN #dev");
    let joined = alice.until(|line| line.contains(" BATCH -"));
    assert!(joined[0].starts_with("@label=j :box7 BATCH +"), "{joined:?}");
    assert!(joined[1].ends_with(" JOIN #dev * :alice of the tests"), "{joined:?}");
    assert!(joined[1].starts_with("@batch="), "{joined:?}");
    assert_eq!(commands(&joined), ["BATCH", "JOIN", "353", "366", "BATCH"]);
    bob.ask("hello");
    let line = alice.line();
    assert!(line.starts_with("@time=20") && line.contains(";msgid="), "{line}");
    alice.send("@label=p PRIVMSG #dev :hi");
    let line = alice.line();
    assert!(line.starts_with("@label=p;time=20") && line.contains(";msgid="), "{line}");
    assert!(line.ends_with(" PRIVMSG #dev :hi"), "{line}");
    alice.send("@label=n NOTICE #dev :hi\n@label=x PRIVMSG #none :hi\n@label=m MOTD");
    assert!(alice.line().starts_with("@label=n;time="));
    assert_eq!(commands(&[alice.line()]), ["403"]);
    assert!(alice.line().starts_with("@label=m :box7 422 "));
}

#[test]
fn a_label_is_on_the_echo_of_a_line_that_waits_for_the_disk() {
    let dir = TempDir::new();
    let server = with(["--state-dir", &dir.path("")]);
    let mut alice = Irc::with_caps(&server, "alice", "echo-message labeled-response batch");
    alice.ask("JOIN #dev");
    for number in 0..20 {
        alice.send(&format!("@label=a{number} PRIVMSG #dev :line\n@label=b{number} PING x"));
        assert!(alice.line().starts_with(&format!("@label=a{number} :alice!")));
        alice.expect(&format!("@label=b{number} :box7 PONG box7 :x"));
    }
    alice.send("@label=j JOIN #a,#b");
    let joined = alice.until(|line| line.contains(" BATCH -"));
    assert_eq!(commands(&joined), ["BATCH", "JOIN", "353", "366", "JOIN", "353", "366", "BATCH"]);
}

#[test]
fn what_was_said_before_is_replayed_behind_the_names() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev\none\n/me two");
    let mut alice = Irc::named(&server, "alice");
    let joined = alice.ask("JOIN #dev");
    assert_eq!(commands(&joined), ["JOIN", "353", "366", "PRIVMSG", "PRIVMSG", "NOTICE"]);
    assert!(joined[3].starts_with(":bob!~history@box7 PRIVMSG #dev :["), "{joined:?}");
    assert!(joined[3].ends_with("] one") && joined[4].ends_with("] two\x01"), "{joined:?}");
    assert_eq!(joined[5], ":box7 NOTICE #dev :end of history");
    let mut carol = Irc::with_caps(&server, "carol", "server-time batch");
    let joined = carol.ask("JOIN #dev");
    let expected = ["JOIN", "353", "366", "BATCH", "PRIVMSG", "PRIVMSG", "BATCH", "NOTICE"];
    assert_eq!(commands(&joined), expected);
    assert!(joined[4].starts_with("@batch=") && joined[4].ends_with(" :one"), "{joined:?}");
}

#[test]
fn commands_of_the_text_wire_are_run_by_the_service() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Client::join(&server, "bob");
    let answer = alice.ask("PRIVMSG chatd :whois bob");
    assert!(answer[0].starts_with(":chatd!chatd@box7 NOTICE alice :bob is in lobby"), "{answer:?}");
    alice.ask("JOIN #dev\nJOIN #ops");
    alice.ask("PRIVMSG chatd :topic #dev bugs");
    assert!(bob.ask("/join dev").contains(&"-- the topic is bugs".to_owned()));
    alice.sync();
    let refused = alice.ask("PRIVMSG chatd :frobnicate");
    assert!(refused[0].contains(" NOTICE alice :!! unknown command /frobnicate"), "{refused:?}");
}

#[test]
fn a_restart_keeps_registered_clients_without_a_word() {
    let server = server();
    let mut alice = Irc::with_caps(&server, "alice", "server-time");
    alice.ask("JOIN #dev\nNICK ann");
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev");
    alice.sync();
    switch(&server);
    bob.ask("still there?");
    let line = alice.line();
    assert!(line.starts_with("@time=") && line.ends_with(" PRIVMSG #dev :still there?"), "{line}");
    assert_eq!(alice.ask("ISON bob"), [":box7 303 ann :bob"]);
}

#[test]
fn refusals_have_their_numerics() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Irc::named(&server, "bob");
    bob.ask("JOIN #ops\nMODE #ops +k x");
    for (line, numeric) in [
        ("JOIN #1", "403"),
        ("JOIN", "461"),
        ("PART #dev", "403"),
        ("PRIVMSG", "411"),
        ("PRIVMSG #dev", "412"),
        ("PRIVMSG #dev :x", "403"),
        ("PRIVMSG #ops :x", "404"),
        ("PRIVMSG nobody :x", "401"),
        ("NICK bob", "433"),
        ("NICK 1", "432"),
        ("NICK root", "432"),
        ("NICK", "431"),
        ("TOPIC #dev", "403"),
        ("TOPIC #dev :x", "403"),
        ("USER a 0 * :A", "462"),
        ("FOO", "421"),
        ("STATS", "421"),
    ] {
        assert_eq!(commands(&alice.ask(line)), [numeric], "{line}");
    }
    let long = "x".repeat(490);
    let refused = alice.ask(&format!("PRIVMSG #dev :{long}"));
    assert!(refused[0].starts_with(":box7 417 alice :too long: 5"), "{refused:?}");
    alice.ask("JOIN #dev");
    for command in ["PART #dev", "WALLOPS", "QUIT"] {
        let refused = alice.ask(&format!("{command} :{long}"));
        assert!(refused[0].starts_with(":box7 417 alice :too long: 5"), "{refused:?}");
        assert!(refused[0].ends_with(", the limit is 512; not sent"), "{refused:?}");
    }
    let tags = format!("@+a={} PING x", "x".repeat(4094));
    let refused = alice.ask(&tags);
    assert_eq!(refused, [":box7 417 alice :too long: 4097 bytes, the limit is 4094; not sent"]);
    let mut guest = Irc::connect(&server);
    let lines = guest.ask("NICK alice\nUSER a 0 * :A\nJOIN #dev\nNICK carol");
    assert_eq!(commands(&lines)[..3], ["433", "451", "001"]);
}

#[test]
fn the_lobby_is_nobodys_to_change_and_a_lockdown_is_no_fault_of_a_room() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add carol --operator", "open sesame\n");
    let server = with(["--state-dir", &dir.path("")]);
    let mut ann = Irc::named(&server, "ann");
    let refused = ann.ask("KICK #lobby tom\nMODE #lobby +m");
    assert_eq!(commands(&refused), ["482", "482"], "{refused:?}");
    let mut carol = Client::guest(&server);
    crate::order::logs_in(&mut carol, "carol", "open sesame");
    ann.ask("JOIN #dev");
    carol.ask("/lockdown on");
    ann.sync();
    let refused = ann.ask("JOIN #new");
    let words = "only registered people may speak now; /msg NickServ IDENTIFY NAME PASSWORD";
    assert_eq!(refused, [format!(":box7 473 ann #new :{words}")]);
    let refused = ann.ask("PRIVMSG #dev :hi");
    assert_eq!(refused, [format!(":box7 404 ann #dev :{words}")]);
}

#[test]
fn a_client_that_knows_cap_notify_keeps_it() {
    let server = server();
    let mut ann = Irc::connect(&server);
    let lines = ann.ask("CAP LS 302\nCAP REQ :-cap-notify\nCAP REQ :batch -batch");
    let answers: Vec<_> = lines.iter().map(|line| word(line, 3)).collect();
    assert_eq!(answers, ["LS", "NAK", "ACK"], "{lines:?}");
}

#[test]
fn who_is_banned_from_a_room_keeps_the_nick_in_it() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    let mut eve = Client::join(&server, "eve");
    ann.ask("JOIN #dev");
    bob.ask("JOIN #dev");
    eve.ask("/join dev");
    ann.ask("MODE #dev +b bob!*@*\nMODE #dev +b eve!*@*");
    bob.sync();
    let refused = bob.ask("NICK bobby");
    assert_eq!(refused, [":box7 435 bob bobby #dev :you are banned from dev"]);
    eve.sync();
    assert_eq!(eve.ask("/nick evelyn"), ["!! you are banned from dev"]);
    ann.ask("MODE #dev +v bob");
    bob.sync();
    assert_eq!(commands(&bob.ask("NICK bobby")), ["NICK"]);
}
