//! A disk that takes nothing for a while: the caller never waits, and a marker says what is missing.

use std::time::{Duration, Instant};

use chatd::chat::{BanChange, Entry, Mask};
use chatd::store::{Answer, Denial, Event};
use chatd::text::Text;
use rusqlite::Connection;

use super::{CLIENT, Kept, NOON, entry, moment, other, room};
use crate::harness::TempDir;

/// Somebody else's transaction, during which nothing can be written.
fn block(dir: &TempDir) -> Connection {
    let blocker = other(dir);
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    blocker
}

#[test]
fn what_finds_no_room_is_a_marker_in_its_place() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let blocker = block(&dir);
    let started = Instant::now();
    let mut accepted = 0;
    while kept.store.write(room("lobby"), entry(&format!("line {accepted}"))).is_some() {
        accepted += 1;
    }
    let later = |minutes: i64, text| Entry { at: moment(NOON + minutes * 60_000), ..entry(text) };
    assert_eq!(kept.store.write(room("lobby"), later(2, "lost")), None);
    assert_eq!(kept.store.write(room("lobby"), later(3, "lost")), None);
    assert_eq!(kept.store.write(room("dev"), later(1, "lost")), None);
    assert_eq!(kept.store.set_topic(room("dev"), Some(Text::new("kept"))), None);
    assert!(started.elapsed() < Duration::from_secs(4), "nobody waits");
    assert!((65_536..80_000).contains(&accepted), "{accepted}");
    drop(blocker);
    let mut lost: Vec<_> = (0..2)
        .map(|_| {
            kept.wait(|event| match event {
                Event::Lost { room, lines, from, to } => Some((room, lines, from, to)),
                _ => None,
            })
        })
        .collect();
    lost.sort_by_key(|(room, ..)| *room);
    let (noon, minutes) = (moment(NOON), |minutes: i64| moment(NOON + minutes * 60_000));
    assert_eq!(lost[0], (room("dev"), 1, minutes(1), minutes(1)));
    assert_eq!(lost[1], (room("lobby"), 3, noon, minutes(3)));
    let after = kept.say("after");
    kept.wait_committed(after);
    assert_eq!(kept.store.pending(), 0);
    let time = |minutes: i64| {
        let at = jiff::Timestamp::from_millisecond(NOON + minutes * 60_000).unwrap();
        at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M").to_string()
    };
    let gap = format!("[history gap: 3 lines, {}–{}]", time(0), time(3));
    assert_eq!(kept.last("lobby", 3), [format!("line {}", accepted - 1), gap, "after".into()]);
    assert_eq!(kept.last("dev", 3), [format!("[history gap: 1 line, {0}–{0}]", time(1))]);
    kept.close();
    let kept = Kept::open(&dir);
    let dev = kept.past.rooms.iter().find(|past| past.name == room("dev")).unwrap();
    assert_eq!(dev.topic, Some(Text::new("kept")));
}

#[test]
fn lines_wait_for_a_disk_that_fails_and_orders_are_answered() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let blocker = block(&dir);
    let seq = kept.say("kept");
    // SQLite itself waits 5 s for the other one.
    assert!(matches!(kept.next(), Event::Failing { .. }));
    assert_eq!(kept.store.pending(), 1);
    let order = BanChange::Unban(Mask::new("eve").unwrap());
    kept.store.change_ban(CLIENT, order.clone()).unwrap();
    assert_eq!(kept.answer(), Answer::BanNotChanged(order, Denial::NotSaved));
    drop(blocker);
    kept.wait_committed(seq);
    assert!(matches!(kept.next(), Event::Recovered { after } if after > Duration::ZERO));
    assert_eq!(kept.last("lobby", 9), ["kept"]);
}

#[test]
fn closing_does_not_wait_for_ever() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let blocker = block(&dir);
    kept.say("lost");
    assert!(!kept.store.close(Duration::from_millis(100)));
    drop(blocker);
}
