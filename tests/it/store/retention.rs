//! Lines that are too old or too many are deleted.

use std::time::{Duration, SystemTime};

use chatd::chat::{AnswerForm, Entry, Hidden, Question};
use chatd::store::{Answer, Retention};
use chatd::text::Text;

use super::{CLIENT, Kept, count, entry, home, moment, other, room};
use crate::harness::{TempDir, eventually};

/// The index has all that is there, and nothing else.
fn assert_index_is_sound(dir: &TempDir) {
    let check = "INSERT INTO msg_fts(msg_fts, rank) VALUES('integrity-check', 1)";
    other(dir).execute(check, []).unwrap();
}

#[test]
fn of_each_room_the_last_lines_stay() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    for number in 0..2500 {
        kept.say(&format!("lobby {number}"));
        kept.store.write(room("dev"), entry(&format!("dev {number}"))).unwrap();
    }
    kept.store.write(room("few"), entry("few")).unwrap();
    kept.close();
    let kept = Kept::keeping(&dir, Retention { lines: Some(10), age: None });
    eventually("the rest to go", || (count(&dir, "msg") == 21).then_some(()));
    assert_eq!(
        kept.last("lobby", 99),
        (2490..2500).map(|n| format!("lobby {n}")).collect::<Vec<_>>()
    );
    assert_eq!(kept.last("few", 99), ["few"]);
    let words = Text::new("dev");
    kept.store
        .ask(
            CLIENT,
            home(),
            Question::Search {
                words,
                form: AnswerForm::Lines,
                rooms: Vec::new(),
                hidden: Hidden::default(),
            },
        )
        .unwrap();
    assert!(matches!(kept.answer(), Answer::Found(found) if found.len() == 10));
    assert_index_is_sound(&dir);
}

#[test]
fn what_is_too_old_goes() {
    let dir = TempDir::new();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = i64::try_from(now).unwrap();
    let mut kept = Kept::open(&dir);
    let said =
        |ago: i64| Entry { at: moment(now - ago * 3_600_000), ..entry(&format!("{ago} h ago")) };
    for ago in (500..2000).rev().chain([30, 25, 23, 1]) {
        kept.store.write(room("lobby"), said(ago)).unwrap();
    }
    kept.close();
    let day = Duration::from_secs(24 * 3600);
    let kept = Kept::keeping(&dir, Retention { age: Some(day), lines: None });
    eventually("the rest to go", || (count(&dir, "msg") == 2).then_some(()));
    assert_eq!(kept.last("lobby", 9), ["23 h ago", "1 h ago"]);
    assert_index_is_sound(&dir);
}
