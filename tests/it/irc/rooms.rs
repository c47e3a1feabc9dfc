//! Rooms and who keeps order there, over IRC.

use super::server;
use crate::harness::{Client, Irc, commands};

/// The last parameter, or the words behind the colon.
fn words(line: &str) -> &str {
    line.split_once(" :").map_or("", |(_, words)| words)
}

#[test]
fn who_makes_a_room_keeps_order_and_modes_are_its_settings() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    let mut carol = Client::join(&server, "carol");
    let joined = ann.ask("JOIN #dev");
    assert!(joined.iter().any(|line| line.ends_with(" 353 ann = #dev :@ann")), "{joined:?}");
    bob.ask("JOIN #dev");
    carol.ask("/join dev");
    ann.sync();
    bob.sync();
    let modes = ann.ask("MODE #dev");
    assert!(modes[0].ends_with(" 324 ann #dev +n") && modes[1].contains(" 329 ann #dev "));

    assert!(bob.ask("MODE #dev +m")[0].contains(" 482 bob #dev :"));
    let set = ann.ask("MODE #dev +mt-n");
    assert!(set.len() == 1 && set[0].ends_with(" MODE #dev +mt-n"), "{set:?}");
    carol.expect("-- ann set moderated on");
    carol.expect("-- ann set topic-lock on");
    carol.expect("-- ann set outside on");
    assert!(bob.sync().concat().ends_with(" MODE #dev +mt-n"));
    assert!(bob.ask("PRIVMSG #dev :hi")[0].contains(" 404 bob #dev :"));
    assert!(bob.ask("TOPIC #dev :x")[0].contains(" 482 bob #dev :"));
    ann.ask("MODE #dev +v bob");
    carol.expect("-- ann gave bob voice");
    bob.ask("PRIVMSG #dev :hi");
    carol.expect("<bob> hi");
    let names = ann.ask("NAMES #dev");
    assert!(names.iter().any(|line| words(line) == "@ann +bob carol"), "{names:?}");
    ann.ask("MODE #dev +o carol");
    carol.expect("-- ann gave carol operator");
    assert_eq!(carol.ask("/deop ann"), ["-- carol took operator from ann"]);
    let told = ann.until(|line| line.ends_with(" MODE #dev -o ann"));
    assert!(told.last().unwrap().starts_with(":carol!~text@"));
    for (asked, numeric) in [
        ("MODE #dev +Z", "472"),
        ("MODE #dev +k a,b", "696"),
        ("MODE #dev +b ::x!*@*", "696"),
        ("MODE #none", "403"),
        ("MODE #dev +o nobody", "401"),
        ("KICK #dev nobody", "401"),
        ("KICK #none bob", "403"),
    ] {
        assert_eq!(commands(&ann.ask(asked)), [numeric], "{asked}");
    }
}

#[test]
fn a_name_that_no_room_can_have_is_refused_with_the_rule() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let rule = "a room name has 1 to 32 of the characters a-z 0-9 _ - and starts with a letter";
    for asked in ["JOIN #1st", "JOIN #c++", "PRIVMSG #c++ :hi", "PART #c++"] {
        let told = ann.ask(asked);
        assert!(told[0].contains(" 403 ann #") && told[0].ends_with(rule), "{told:?}");
    }
    assert!(ann.ask("JOIN dev")[0].ends_with(" 403 ann dev :the name of a channel begins with #"));
}

#[test]
fn closed_rooms_have_the_numerics_of_the_field() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    ann.ask("JOIN #dev");
    for (mode, off, numeric) in [
        ("+i", "-i", "473"),
        ("+k s3cret", "-k s3cret", "475"),
        ("+l 1", "-l", "471"),
        ("+b bob!*@*", "-b bob!*@*", "474"),
    ] {
        ann.ask(&format!("MODE #dev {mode}"));
        assert_eq!(commands(&bob.ask("JOIN #dev")), [numeric], "{mode}");
        ann.ask(&format!("MODE #dev {off}"));
    }
    ann.ask("MODE #dev +k s3cret");
    let refused = bob.ask("JOIN #dev");
    assert_eq!(refused, [":box7 475 bob #dev :dev needs a key: /join #dev KEY"]);
    ann.ask("MODE #dev +i");
    assert_eq!(commands(&bob.ask("TOPIC #dev")), ["442"]);
    ann.ask("MODE #dev +s");
    assert_eq!(commands(&bob.ask("TOPIC #dev")), ["403"]);
    assert!(!bob.ask("LIST").iter().any(|line| line.contains("#dev")));
    bob.ask("AWAY :lunch");
    let invited = ann.ask("INVITE bob #dev");
    assert!(invited.iter().any(|line| line.ends_with(" 301 ann bob :lunch")), "{invited:?}");
    assert!(invited.iter().any(|line| line.ends_with(" 341 ann bob #dev")), "{invited:?}");
    bob.until(|line| line.ends_with(" INVITE bob #dev"));
    assert!(bob.ask("JOIN #dev").iter().any(|line| line.ends_with(" JOIN #dev")));
    ann.until(|line| line.ends_with(" JOIN #dev"));
    ann.ask("KICK #dev bob :out");
    let kicked = bob.until(|line| line.ends_with(" KICK #dev bob :out"));
    assert!(kicked.last().unwrap().starts_with(":ann!~ann@"));
    assert_eq!(commands(&bob.ask("PRIVMSG #dev :hi")), ["403"]);
}

#[test]
fn lists_of_masks_are_shown_with_who_set_them() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    ann.ask("JOIN #dev\r\nMODE #dev +b *!*@*\r\nMODE #dev +e bob!*@*\r\nMODE #dev +I bob!*@*");
    for (letter, one, end) in [("b", "367", "368"), ("e", "348", "349"), ("I", "346", "347")] {
        assert_eq!(commands(&ann.ask(&format!("MODE #dev {letter}"))), [one, end], "{letter}");
    }
    ann.ask("MODE #dev +i");
    let joined = bob.ask("JOIN #dev");
    assert!(joined[0].ends_with(" JOIN #dev"), "{joined:?}");
    bob.ask("PRIVMSG #dev :hi");
    ann.until(|line| line.ends_with(" PRIVMSG #dev :hi"));
}

#[test]
fn changes_of_one_request_are_told_in_as_few_lines_as_they_fit() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    for client in [&mut ann, &mut bob] {
        client.ask("JOIN #dev");
    }
    ann.sync();
    let all =
        ann.ask("MODE #dev +vbek-b+Zo bob *!*@a *!*@b word nobody carol\r\nMODE #dev +vv bob");
    let told: Vec<_> = all.iter().filter(|line| line.contains(" MODE ")).collect();
    assert!(
        told.len() == 1 && told[0].ends_with(" MODE #dev +vbek bob *!*@a *!*@b word"),
        "{all:?}"
    );
    assert_eq!(commands(&all), ["MODE", "401", "472", "696"], "{all:?}");
    assert_eq!(bob.sync().len(), 1);
    assert_eq!(commands(&bob.ask("MODE #dev +mit-n+k x")), ["482"], "once");
    let masks: Vec<_> = (0..10).map(|number| format!("{number}{}!*@*", "x".repeat(42))).collect();
    let told = ann.ask(&format!("MODE #dev +bbbbbbbbbb {}", masks.join(" ")));
    assert_eq!(commands(&told), ["MODE", "MODE"], "{told:?}");
    assert!(told.iter().all(|line| line.len() <= 510) && told.concat().contains(&masks[9]));
}

#[test]
fn a_line_to_operators_or_voices_reaches_them_on_every_wire_and_no_history() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::with_caps(&server, "bob", "echo-message message-tags");
    let [mut carol, mut dave] = ["carol", "dave"].map(|nick| Client::join(&server, nick));
    ann.ask("JOIN #dev");
    bob.ask("JOIN #dev");
    carol.ask("/join dev");
    dave.ask("/join dev");
    ann.ask("MODE #dev +v carol");
    carol.expect("-- dave joined (4 here)");
    carol.expect("-- ann gave carol voice");
    dave.expect("-- ann gave carol voice");
    bob.sync();

    let own = bob.ask("PRIVMSG @#dev :for operators\r\nNOTICE +#dev :for voices");
    assert!(own[0].starts_with("@msgid=") && own[0].ends_with(" PRIVMSG @#dev :for operators"));
    assert!(own.len() == 2 && own[1].ends_with(" NOTICE +#dev :for voices"), "{own:?}");
    let told = ann.sync();
    assert!(told[0].ends_with(" PRIVMSG @#dev :for operators"), "{told:?}");
    assert!(told[1].ends_with(" NOTICE +#dev :for voices") && told.len() == 2, "{told:?}");
    assert_eq!(carol.sync(), ["-- bob to operators and voices of dev: for voices"]);
    assert_eq!(dave.sync(), [""; 0]);
    ann.ask("PRIVMSG +#dev :\x01ACTION nods\x01");
    assert_eq!(carol.sync(), ["-- ann to operators and voices of dev: * ann nods"]);
    bob.ask("TAGMSG @#dev");
    ann.expect_nothing();
    assert_eq!(dave.ask("/history 20"), ["-- nothing has been said here"]);

    ann.ask("MODE #dev +m");
    assert_eq!(commands(&bob.ask("PRIVMSG @#dev :hi"))[1..], ["404"]);
    let mut eve = Irc::named(&server, "eve");
    assert_eq!(commands(&eve.ask("PRIVMSG @#dev :hi\r\nPRIVMSG @#none :hi")), ["404", "403"]);
}

#[test]
fn a_topic_says_who_set_it_and_from_where_while_they_are_here() {
    let server = server();
    let [mut ann, mut bob] = ["ann", "bob"].map(|nick| Irc::named(&server, nick));
    ann.ask("JOIN #dev\r\nTOPIC #dev :bugs");
    bob.ask("JOIN #dev");
    let told = bob.ask("TOPIC #dev");
    assert!(told[1].starts_with(":box7 333 bob #dev ann!~ann@"), "{told:?}");
    ann.send("QUIT");
    ann.rest();
    bob.until(|line| line.contains(" QUIT "));
    let told = bob.ask("TOPIC #dev");
    assert!(told[1].starts_with(":box7 333 bob #dev ann "), "{told:?}");
}
