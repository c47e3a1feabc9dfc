//! Up to when somebody has read: MARKREAD.

use super::{server, with};
use crate::harness::{Irc, TempDir};
use crate::restart::switch;

const CAP: &str = "draft/read-marker";
const EARLY: &str = "timestamp=2026-11-22T12:00:00.000Z";
const LATE: &str = "timestamp=2026-11-22T12:00:00.001Z";

#[test]
fn a_marker_is_shown_on_joining_and_never_goes_back() {
    let server = server();
    let mut ann = Irc::with_caps(&server, "ann", CAP);
    let joined = ann.ask("JOIN #dev");
    assert_eq!(joined[joined.len() - 2], ":box7 MARKREAD #dev *");
    for (sent, answer) in [
        (format!("#Dev {LATE}"), format!("MARKREAD #dev {LATE}")),
        (format!("#dev {EARLY}"), format!("MARKREAD #dev {LATE}")),
        (format!("bob {EARLY}"), format!("MARKREAD bob {EARLY}")),
        ("BOB".to_owned(), format!("MARKREAD BOB {EARLY}")),
        ("#other".to_owned(), "MARKREAD #other *".to_owned()),
    ] {
        assert_eq!(ann.ask(&format!("MARKREAD {sent}")), [format!(":box7 {answer}")], "{sent}");
    }
    for (sent, code) in [
        ("", "NEED_MORE_PARAMS"),
        ("#dev *", "INVALID_PARAMS"),
        ("#dev timestamp=then", "INVALID_PARAMS"),
        ("#1", "INVALID_PARAMS"),
        ("no.nick", "INVALID_PARAMS"),
    ] {
        let refused = ann.ask(&format!("MARKREAD {sent}"));
        assert!(refused[0].starts_with(&format!(":box7 FAIL MARKREAD {code} :")), "{refused:?}");
    }
    let joined = ann.ask("PART #dev\r\nJOIN #dev");
    assert_eq!(joined[joined.len() - 2], format!(":box7 MARKREAD #dev {LATE}"));
    switch(&server);
    assert_eq!(ann.ask("MARKREAD #dev"), [format!(":box7 MARKREAD #dev {LATE}")]);
    assert_eq!(Irc::named(&server, "bob").ask("MARKREAD #dev"), [":box7 MARKREAD #dev *"]);
}

#[test]
fn the_markers_of_an_account_are_there_at_its_next_login() {
    let dir = TempDir::new();
    crate::order::account(&dir, "add alice", "correct horse\n");
    let server = with(["--state-dir", &dir.path("")]);
    let log_in = || {
        let mut alice = Irc::connect(&server);
        alice.send("PASS :correct horse");
        alice.register("alice", CAP);
        alice
    };
    let mut alice = log_in();
    alice.ask(&format!("MARKREAD #dev {LATE}"));
    alice.send("QUIT");
    alice.rest();
    let joined = log_in().ask("JOIN #dev");
    assert_eq!(joined[joined.len() - 2], format!(":box7 MARKREAD #dev {LATE}"));
}
