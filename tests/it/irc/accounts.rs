//! Logins and operators over IRC.

use super::with;
use crate::harness::{Client, Irc, Server, TempDir, commands};

/// `\0alice\0correct horse`, and the same with another password, in base 64.
const RIGHT: &str = "AGFsaWNlAGNvcnJlY3QgaG9yc2U=";
const WRONG: &str = "AGFsaWNlAHdyb25nIGhvcnNl";

/// A server with the account of alice, and that of carol, who is an operator.
fn server(dir: &TempDir) -> Server {
    crate::order::account(dir, "add alice", "correct horse\n");
    crate::order::account(dir, "add carol --operator", "open sesame\n");
    with(["--state-dir", &dir.path("")])
}

#[test]
fn sasl_logs_in_before_and_after_the_registration() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut alice = Irc::connect(&server);
    alice.send("CAP REQ :sasl\r\nAUTHENTICATE PLAIN");
    alice.until(|line| line == "AUTHENTICATE +");
    let introduction = "NICK other\r\nUSER a 0 * :A\r\nCAP END";
    alice.send(&format!("AUTHENTICATE {RIGHT}\r\n{introduction}"));
    let lines = alice.until(|line| line.contains(" 001 "));
    let mut numerics = commands(&lines);
    numerics.retain(|command| *command != "NOTICE");
    assert_eq!(numerics, ["900", "903", "001"]);
    assert!(lines.last().unwrap().contains("alice!~a@account.alice"), "{lines:?}");

    let mut late = Irc::with_caps(&server, "late", "sasl");
    late.send(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {RIGHT}"));
    let lines = late.until(|line| line.ends_with(" NICK alice"));
    let mut numerics = commands(&lines);
    numerics.retain(|command| *command != "NOTICE");
    assert_eq!(numerics, ["AUTHENTICATE", "900", "903", "NICK"]);
    alice.until(|line| line.contains(" NICK guest"));

    let mut wrong = Irc::connect(&server);
    wrong.send(&format!("CAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE {WRONG}"));
    let refused = wrong.until(|line| line.contains(" 904 "));
    assert!(refused.iter().any(|line| line.contains("is not encrypted")), "{refused:?}");
}

#[test]
fn pass_has_a_password_for_the_nick_or_for_a_name_and_a_wrong_one_ends_it() {
    let dir = TempDir::new();
    let server = server(&dir);
    for (pass, nick) in [("alice:correct horse", "alice_"), ("correct horse", "alice")] {
        let mut client = Irc::connect(&server);
        client.send(&format!("PASS :{pass}\r\nNICK {nick}\r\nUSER a 0 * :A"));
        let lines = client.until(|line| line.contains(" 001 "));
        assert!(lines.last().unwrap().contains(" 001 alice :"), "{lines:?}");
        client.send("QUIT");
        client.rest();
    }
    let mut wrong = Irc::connect(&server);
    wrong.send("PASS :wrong horse\r\nNICK alice\r\nUSER a 0 * :A");
    wrong.until(|line| line.contains(" 464 "));
    assert_eq!(wrong.rest().last().unwrap(), "ERROR :!! wrong password");
    let mut taken = Irc::connect(&server);
    taken.send("NICK alice\r\nUSER a 0 * :A");
    let refused = taken.until(|line| line.contains(" 433 "));
    let words = "alice is registered: SASL, or PASS alice:PASSWORD";
    assert!(refused.last().unwrap().ends_with(words), "{refused:?}");
}

#[test]
fn services_take_passwords_and_another_nick_logs_out() {
    let dir = TempDir::new();
    let server = server(&dir);
    for asked in [
        "PRIVMSG NickServ :IDENTIFY alice correct horse",
        "PRIVMSG chatd :login alice correct horse",
        "NS IDENTIFY alice correct horse",
    ] {
        let mut client = Irc::named(&server, "somebody");
        client.send(asked);
        let lines = client.until(|line| line.ends_with(" NICK alice"));
        assert!(commands(&lines).contains(&"900"), "{asked}: {lines:?}");
        client.send("NICK somebody");
        let lines = client.until(|line| line.contains(" 901 "));
        assert!(commands(&lines).contains(&"NICK"), "{lines:?}");
        client.send("QUIT");
        client.rest();
    }
}

#[test]
fn an_operator_gets_rights_without_a_name_and_gives_them_back() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    assert!(ann.ask("KILL bob :x")[0].contains(" 481 ann :"));
    assert!(ann.ask("WALLOPS :x")[0].contains(" 481 ann :"));
    ann.send("OPER alice :correct horse");
    ann.until(|line| line.contains(" 491 "));
    ann.send("OPER carol :open sesame");
    let lines = ann.until(|line| line.ends_with(" MODE ann :+o") || line.ends_with(" MODE ann +o"));
    assert!(commands(&lines).contains(&"381"), "{lines:?}");
    assert_eq!(ann.ask("MODE ann"), [":box7 221 ann +o"]);
    bob.ask("MODE bob +w");
    ann.ask("WALLOPS :look");
    bob.until(|line| line.ends_with(" WALLOPS :look"));
    assert_eq!(commands(&ann.ask("KILL nobody :x\r\nKILL b0b :x")), ["401", "401"]);
    ann.ask("KILL bob :enough");
    assert!(bob.rest().last().unwrap().starts_with("ERROR :!! "));
    ann.ask("MODE ann -o");
    assert_eq!(ann.ask("MODE ann"), [":box7 221 ann +"]);
    ann.send("OPER carol wrong");
    ann.until(|line| line.contains(" 464 "));
}

#[test]
fn who_was_here_is_remembered() {
    let server = super::server();
    let mut ann = Irc::named(&server, "ann");
    let mut bob = Irc::named(&server, "bob");
    assert!(ann.ask("WHOWAS bob")[0].contains(" 406 ann bob "));
    bob.send("QUIT");
    bob.rest();
    let lines = ann.ask("WHOWAS bob");
    assert_eq!(commands(&lines), ["314", "312", "369"]);
}

#[test]
fn a_client_registers_its_nick_as_an_account() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut dave = Irc::connect(&server);
    let early = dave.ask("CAP REQ draft/account-registration\r\nREGISTER * * pw\r\nCAP END");
    assert!(early[1].contains(" FAIL REGISTER COMPLETE_CONNECTION_REQUIRED * :"), "{early:?}");
    dave.register("dave", "");
    for (asked, code) in [
        ("other * secret", "ACCOUNT_NAME_MUST_BE_NICK other"),
        ("* * x", "UNACCEPTABLE_PASSWORD dave"),
    ] {
        dave.send(&format!("REGISTER {asked}"));
        let told = dave.until(|line| line.contains(" FAIL "));
        assert!(told.last().unwrap().contains(&format!(" FAIL REGISTER {code} :")), "{told:?}");
    }
    dave.send("REGISTER dave * :a long secret");
    let told = dave.until(|line| line.contains(" 900 "));
    assert!(told.iter().any(|line| line.starts_with(":box7 REGISTER SUCCESS dave :")), "{told:?}");
    let again = dave.ask("REGISTER * * again\r\nVERIFY dave 123\r\nREGISTER *");
    let again: Vec<_> = again.iter().filter(|line| !line.contains(" NOTICE ")).collect();
    assert!(again[0].contains(" FAIL REGISTER ALREADY_AUTHENTICATED * :"), "{again:?}");
    assert!(again[1].contains(" FAIL VERIFY INVALID_CODE dave :"), "{again:?}");
    assert!(again[2].contains(" 461 dave REGISTER :"), "{again:?}");
    dave.send("QUIT");
    dave.rest();
    let mut back = Irc::connect(&server);
    back.send("PASS :a long secret\r\nNICK dave\r\nUSER d 0 * :D");
    back.until(|line| line.contains(" 001 dave "));
}

#[test]
fn right_passwords_that_come_at_once_are_checked_one_after_the_other() {
    let dir = TempDir::new();
    let names = ["alice", "bob", "carol", "dave"];
    for name in names {
        crate::order::account(&dir, &format!("add {name}"), "correct horse\n");
    }
    let server = with(["--state-dir", &dir.path("")]);
    let mut crowd = names.map(|_| Irc::connect(&server));
    for (client, name) in crowd.iter_mut().zip(names) {
        client.send(&format!("PASS :correct horse\r\nNICK {name}\r\nUSER a 0 * :A"));
    }
    for (client, name) in crowd.iter_mut().zip(names) {
        let lines = client.until(|line| line.contains(" 001 ") || line.starts_with("ERROR"));
        assert!(lines.last().unwrap().contains(&format!(" 001 {name} :")), "{lines:?}");
    }
    let mut guests = names.map(|_| Client::guest(&server));
    for (client, name) in guests.iter_mut().zip(names) {
        client.send(&format!("/login {name} correct horse"));
    }
    for (client, name) in guests.iter_mut().zip(names) {
        let told = client.wait_for(|line| line.starts_with("!!") || line.contains("logged in as"));
        assert_eq!(told, format!("-- you are logged in as {name}"));
    }
}

#[test]
fn before_the_registration_a_login_names_no_guest() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut alice = Irc::connect(&server);
    alice.send(&format!("CAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE {RIGHT}"));
    let lines = alice.until(|line| line.contains(" 903 "));
    let told = lines.iter().find(|line| line.contains(" 900 ")).unwrap();
    assert!(told.starts_with(":box7 900 * *!*@* alice :"), "{told}");
    let lines = alice.register("alice", "batch");
    assert!(!lines.iter().any(|line| line.contains(" NOTICE * ")), "{lines:?}");
}
