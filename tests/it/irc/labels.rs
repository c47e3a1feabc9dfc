//! Labels: each reply has that of its request, and nothing else has.

use super::with;
use crate::harness::{Irc, Server, TempDir, commands, untagged};

const CAPS: &str = "labeled-response batch sasl";

fn server(dir: &TempDir) -> Server {
    crate::order::account(dir, "add alice", "correct horse\n");
    crate::order::account(dir, "add carol --operator", "open sesame\n");
    with(["--state-dir", &dir.path("")])
}

/// The lines of the answer with a label, which is one line or a batch.
#[track_caller]
fn answer(irc: &mut Irc, label: &str) -> Vec<String> {
    let label = format!("@label={label}");
    let is_labelled = |line: &String| line.split([' ', ';']).next() == Some(&label);
    let first = loop {
        let line = irc.line();
        if is_labelled(&line) {
            break line;
        }
    };
    let Some(batch) = untagged(&first).strip_prefix(":box7 BATCH +") else { return vec![first] };
    let name = batch.split(' ').next().unwrap();
    let end = format!(":box7 BATCH -{name}");
    let mut lines = irc.until(|line| line == end);
    lines.pop();
    let tag = format!("@batch={name}");
    assert!(lines.iter().all(|line| line.starts_with(&tag)), "{lines:?}");
    lines
}

#[test]
fn what_others_say_while_a_password_is_checked_is_none_of_the_answer() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut ann = Irc::with_caps(&server, "ann", CAPS);
    let mut bob = Irc::named(&server, "bob");
    ann.ask("JOIN #dev");
    bob.ask("JOIN #dev");
    ann.sync();
    ann.send("@label=L OPER carol wrong");
    ann.until(|line| line.contains("not encrypted"));
    bob.ask("PRIVMSG #dev :hello");
    let mut lines = ann.until(|line| line.contains(" 464 "));
    let refused = lines.pop().unwrap();
    assert!(refused.starts_with("@label=L ") || refused.starts_with("@batch="), "{refused}");
    assert!(lines.iter().all(|line| !line.starts_with('@') || line.contains(" BATCH ")));
}

#[test]
fn an_answer_that_waits_for_the_disk_or_a_password_has_its_label() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut ann = Irc::with_caps(&server, "ann", CAPS);
    ann.ask("JOIN #dev\nPRIVMSG #dev :some words");
    for asked in ["search words", "history #dev", "history #dev 1"] {
        ann.send(&format!("@label=Q PRIVMSG chatd :{asked}"));
        let lines = answer(&mut ann, "Q");
        assert!(lines.iter().any(|line| line.contains("some words")), "{asked}: {lines:?}");
    }
    let mut late = Irc::with_caps(&server, "late", CAPS);
    late.ask("AUTHENTICATE PLAIN");
    late.send("@label=S AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=");
    let told = answer(&mut late, "S");
    assert!(commands(&told).contains(&"903"), "{told:?}");
    late.send("@label=X QUIT :bye");
    assert_eq!(late.rest().last().unwrap(), "@label=X ERROR :goodbye");
    for wrong in ["login alice wrong", "login nobody wrong"] {
        ann.send(&format!("@label=W PRIVMSG chatd :{wrong}"));
        let lines = answer(&mut ann, "W");
        assert!(lines.iter().any(|line| line.contains(" NOTICE ann :!! ")), "{lines:?}");
    }
}
