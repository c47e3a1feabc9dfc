//! The service that runs commands of the text wire.

use super::{server, with};
use crate::harness::{Client, Irc, TempDir, commands};

#[test]
fn a_room_is_shown_and_an_invitation_is_confirmed() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let _bob = Irc::named(&server, "bob");
    ann.ask("JOIN #dev");
    let shown = ann.ask("PRIVMSG chatd :room #dev");
    let source = ":chatd!chatd@box7 NOTICE ann :";
    assert_eq!(shown[0], format!("{source}room dev: operators ann"));
    assert!(shown[1].starts_with(&format!("{source}settings: invite-only off, ")), "{shown:?}");
    assert_eq!(ann.ask("PRIVMSG chatd :invite #dev bob"), [format!("{source}ann invited bob")]);
}

#[test]
fn a_name_of_a_room_is_an_argument_where_the_command_takes_one() {
    let server = server();
    let mut ann = Irc::named(&server, "ann");
    let joined = ann.ask("PRIVMSG chatd :join #new");
    assert_eq!(commands(&joined)[0], "JOIN", "{joined:?}");
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev\n/room outside on");
    let told = ann.ask("PRIVMSG chatd :msg #dev hi");
    assert!(!told.iter().any(|line| line.contains("usage")), "{told:?}");
    assert_eq!(bob.sync(), ["<ann> hi"]);
}

#[test]
fn services_say_what_to_write_on_irc_and_answer_under_their_own_names() {
    let dir = TempDir::new();
    let server = with(["--state-dir", &dir.path("")]);
    let mut ann = Irc::named(&server, "ann");
    let [chatd, nickserv] =
        ["chatd", "NickServ"].map(|name| format!(":{name}!{name}@box7 NOTICE ann :"));
    for (asked, answer) in [
        ("chatd :register", "!! usage: /msg chatd register PASSWORD"),
        ("chatd :token", "!! log in first: /msg NickServ IDENTIFY NAME PASSWORD"),
        ("chatd :room #none bans", ""),
        ("chatd :foo", "!! unknown command /foo; try /msg chatd help"),
    ] {
        let told = ann.ask(&format!("PRIVMSG {asked}"));
        let is_answered = told.iter().any(|line| *line == format!("{chatd}{answer}"));
        assert!(is_answered || answer.is_empty(), "{asked}: {told:?}");
    }
    // Also while answers wait for the disk.
    let told = ann.ask("PRIVMSG chatd :away x\r\nJOIN #dev\r\nPRIVMSG chatd :room #dev keep on");
    let told: Vec<_> = told.iter().filter(|line| line.contains(" NOTICE ")).collect();
    assert!(told.len() == 2 && told.iter().all(|line| line.starts_with(&chatd)), "{told:?}");
    ann.ask("PART #dev");
    let help = ann.ask("PRIVMSG chatd :help");
    let row = |start: &str| help.iter().any(|line| line.starts_with(&format!("{chatd}{start}  ")));
    assert!(row("history [#ROOM] [N]") && row("room [#ROOM] bans") && row("tokens"), "{help:?}");
    assert!(!row("nick NAME") && !help.iter().any(|line| line.contains(":/")), "{help:?}");
    assert!(help.last().unwrap().contains("/msg chatd COMMAND"), "{help:?}");

    let told = ann.ask("PRIVMSG NickServ :HELP");
    assert!(told[0].starts_with(&format!("{nickserv}IDENTIFY [NAME] PASSWORD")), "{told:?}");
    ann.send("PRIVMSG NickServ :REGISTER correct-horse");
    let told = ann.until(|line| line.contains(" is yours now"));
    let mine = "ann is yours now; next time: SASL, or /msg NickServ IDENTIFY ann PASSWORD";
    assert_eq!(told.last().unwrap(), &format!("{nickserv}{mine}"));
    ann.send("PRIVMSG chatd :token ci\r\nPRIVMSG chatd :room #none keep on");
    let told = ann.until(|line| line.contains("there is no room") || line.contains("not in"));
    let told: Vec<_> = told.iter().filter(|line| line.contains(" NOTICE ")).collect();
    assert!(told.len() > 2 && told.iter().all(|line| line.starts_with(&chatd)), "{told:?}");
    ann.send("NICK other\r\nPRIVMSG NickServ :IDENTIFY ann wrong-horse");
    ann.until(|line| line == ":NickServ!NickServ@box7 NOTICE other :!! wrong password");
}

#[test]
fn echo_is_a_matter_of_the_capability() {
    let server = server();
    let mut ann = Irc::with_caps(&server, "ann", "echo-message");
    let mut bob = Irc::named(&server, "bob");
    for (irc, switch) in [(&mut ann, "off"), (&mut bob, "on")] {
        let told = irc.ask(&format!("PRIVMSG chatd :echo {switch}"));
        assert!(told[0].ends_with(":!! ask for the capability echo-message instead"), "{told:?}");
    }
    ann.ask("JOIN #dev");
    assert_eq!(commands(&ann.ask("PRIVMSG #dev :hi")), ["PRIVMSG"]);
    bob.ask("JOIN #dev");
    assert_eq!(bob.ask("PRIVMSG #dev :hi"), [""; 0]);
}

#[test]
fn only_answers_come_from_the_service() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add carol --operator", "open sesame\n");
    let server = with(["--state-dir", &dir.path("")]);
    let mut carol = Irc::named(&server, "other");
    carol.send("PRIVMSG chatd :login carol open sesame");
    let told = carol.until(|line| line.contains(" 900 "));
    assert!(told.last().unwrap().ends_with("logged in as carol"), "{told:?}");
    let told = carol.until(|line| line.contains(" NOTICE carol :you are logged in as carol"));
    assert!(told.last().unwrap().starts_with(":chatd!chatd@box7 "), "{told:?}");
    let mut again = Client::guest(&server);
    crate::order::logs_in(&mut again, "carol", "open sesame");
    let told = carol.until(|line| line.contains(" NOTICE ") && line.contains("has logged in"));
    assert!(told.last().unwrap().starts_with(":box7 NOTICE "), "{told:?}");
}

#[test]
fn an_operator_of_the_server_who_names_a_room_kicks_from_it_only() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add carol --operator", "open sesame\n");
    let server = with(["--state-dir", &dir.path("")]);
    let [mut carol, mut bob] = ["other", "bob"].map(|nick| Irc::named(&server, nick));
    carol.send("OPER carol :open sesame");
    carol.until(|line| line.contains(" 381 "));
    bob.ask("JOIN #dev");
    carol.ask("JOIN #dev\r\nPRIVMSG chatd :kick #dev bob enough");
    bob.until(|line| line.ends_with(" KICK #dev bob :enough"));
    carol.ask("PRIVMSG chatd :lockdown on");
    let told = bob.until(|line| line.contains(" NOTICE "));
    assert!(told.last().unwrap().ends_with("; /msg NickServ IDENTIFY NAME PASSWORD"), "{told:?}");
    carol.ask("PRIVMSG chatd :kick bob");
    assert!(bob.rest().last().unwrap().starts_with("ERROR :!! kicked by "));
}
