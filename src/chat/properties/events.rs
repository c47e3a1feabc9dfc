//! Events are the same after they were written as JSON and read back.

use super::*;
use crate::text::{Line, Text};

/// Text as it comes from a network: whole strings, and bytes that are none.
fn raw() -> impl Strategy<Value = Vec<u8>> {
    let odd =
        prop::sample::select(&["\u{1F468}\u{200D}\u{1F469}", "e\u{301}", "\u{202E}x", "\t"][..]);
    prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(odd, 1..6).prop_map(|parts| parts.concat().into_bytes()),
    ]
}

fn back<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

fn entry(text: &Text) -> Entry {
    let (id, at) = (LineId::new("box7-1", 7), Moment { unix_ms: -1 });
    let kind = Kind::Removed(3);
    Entry { id, at, from: Nick::server(), kind, text: text.clone(), private: false }
}

/// An event of each kind.
fn events(line: Line) -> Vec<Event> {
    let text = line.clone().into_text();
    let room = RoomName::lobby();
    let lines = vec![entry(&text)];
    let ban = Ban {
        mask: Mask::new("2001:db8::/32").unwrap(),
        by: Nick::server(),
        reason: Some(text.clone()),
        until: Some(Moment { unix_ms: i64::MAX }),
    };
    let filter = LineFilter {
        nick: Some(Nick::server()),
        room: Some(room),
        text: Some(text.clone()),
        upto: Some(LineId::new("", 0)),
        ..LineFilter::default()
    };
    let account = account("carol", Role::Operator);
    let hash = Some(PasswordHash::from("$argon2id$".to_owned()));
    let reasons = [
        Reason::Quit(None),
        Reason::Quit(Some(text.clone())),
        Reason::Disconnected,
        Reason::TimedOut,
        Reason::TooSlow,
        Reason::Kicked(Nick::server(), None),
        Reason::Moved(room),
    ];
    let post = Post {
        origin: Origin::of([192, 0, 2, 1].into()),
        author: Author::Named(text.clone()),
        room,
        kind: Kind::Emoted,
        text: text.clone(),
        part: 1,
        parts: 2,
        key: Some(PostKey { key: text.clone(), digest: u64::MAX }),
    };
    let traits = Traits { echo: true, encrypted: true, ..Traits::default() };
    let role = RoomRequest::Role(text.clone(), RoomRole::Operator, true);
    let others = [
        Event::Connected(Origin::of([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()), traits),
        Event::Settled,
        Event::Do(Action::Topic(room, Some(text.clone())), Some(text.clone())),
        Event::Do(Action::Command(None, line.clone().with_loss()), None),
        Event::Do(Action::Join(room, None), None),
        Event::Do(Action::ChangeAll(room, vec![role]), None),
        Event::Do(Action::MarkRead(Recipient::Room(room), Some(Moment::default())), None),
        Event::Do(Action::MarkRead(Recipient::Role(room, RoomRole::Voice), None), None),
        Event::Authenticate(AuthCommand::Login(text.clone()), TypedPassword::Garbled),
        Event::Authenticate(AuthCommand::SetPassword, TypedPassword::Acceptable),
        Event::Line(line.clone()),
        Event::Line(line.with_loss()),
        Event::TooLong { bytes: 2000, limit: 1024 },
        Event::Malformed,
        Event::Found { room: None, lines: vec![(room, entry(&text))] },
        Event::NotFound(text.clone()),
        Event::RoomRead(room, Some(RoomPast { topic: Some(text.clone()), lines })),
        Event::RoomRead(room, None),
        Event::RoomNotRead(room, text.clone()),
        Event::RoomExists(room, true),
        Event::NotAnswered,
        Event::Registered(account, hash),
        Event::Registered(account, None),
        Event::LoggedIn(account),
        Event::PasswordChanged(account, None),
        Event::WrongPassword,
        Event::Authenticate(AuthCommand::Login(text.clone()), TypedPassword::Garbled),
        Event::Authenticate(AuthCommand::SetPassword, TypedPassword::Acceptable),
        Event::NotAuthenticated(text),
        Event::BanSaved { change: BanChange::Unban(ban.mask), was_late: true },
        Event::BanNotSaved(BanChange::Ban(ban)),
        Event::TooManyBanChanges,
        Event::Forgotten(Box::new(filter), 7),
        Event::Post(Box::new(post)),
        Event::Ping,
        Event::Quit,
        Event::Idle(Duration::from_millis(1500)),
        Event::EndlessLine(65_536),
    ];
    reasons.into_iter().map(Event::Gone).chain(others).collect()
}

proptest! {
    #[test]
    fn every_event_comes_back_from_json_as_it_was(raw in raw()) {
        let line = Line::new(&raw);
        prop_assert_eq!(&back(&line.clone().into_text()), &line.clone().into_text());
        for event in events(line) {
            prop_assert_eq!(back(&event), event);
        }
    }
}
