//! Tests of crowded rooms and their digests.

use super::*;
use crate::chat::{
    Account, Event, Moment, Node, NodeNumber, PasswordHash, PasswordId, Role, RollChange, Settings,
};
use crate::text::{Line, Text};
use std::sync::Arc;
use std::time::Duration;

fn chat() -> Chat {
    Chat::new(Settings {
        name: Text::new("box7"),
        motd: Arc::from([]),
        replay: 20,
        ..Settings::default()
    })
}

fn at(ms: u64) -> Now {
    Now { uptime: Duration::from_millis(ms), ..Now::default() }
}

/// The messages that the chat sends on an event of a client.
fn told(chat: &mut Chat, ms: u64, id: u64, event: Event) -> Vec<Message> {
    let mut effects = Effects::default();
    chat.handle(at(ms), ClientId(id), event, &mut effects);
    messages(effects)
}

fn messages(mut effects: Effects) -> Vec<Message> {
    let message = |effect| match effect {
        Effect::Tell { message, .. } => Some(message),
        _ => None,
    };
    effects.drain().0.filter_map(message).collect()
}

fn connected() -> Event {
    Event::Connected(Origin::of([192, 0, 2, 1].into()), Traits::default())
}

fn connect(chat: &mut Chat, ms: u64, id: u64) {
    told(chat, ms, id, connected());
    told(chat, ms, id, Event::Settled);
}

fn types(chat: &mut Chat, id: u64, line: &str) -> Vec<Message> {
    told(chat, 0, id, Event::Line(Line::new(line)))
}

/// The digests that the chat sends at this time.
fn digests(chat: &mut Chat, ms: u64) -> Vec<(usize, usize)> {
    let mut effects = Effects::default();
    chat.tick(at(ms), &mut effects);
    let digest = |message| match message {
        Message::Digest { joined, left, .. } => Some((joined, left)),
        _ => None,
    };
    messages(effects).into_iter().filter_map(digest).collect()
}

#[test]
fn digests_of_a_crowd_are_ten_seconds_apart() {
    let mut chat = chat();
    (1..=51).for_each(|id| connect(&mut chat, 0, id));
    connect(&mut chat, 9_000, 52);
    assert_eq!(digests(&mut chat, 9_999), []);
    assert_eq!(digests(&mut chat, 10_000), [(2, 0)]);
    told(&mut chat, 10_001, 1, Event::Gone(Reason::Disconnected));
    assert_eq!(digests(&mut chat, 19_999), []);
    assert_eq!(chat.next_deadline(), Some(Duration::from_millis(20_001)));
    assert_eq!(digests(&mut chat, 20_001), [(0, 1)]);
    assert_eq!(digests(&mut chat, 60_000), []);
    assert_eq!(chat.next_deadline(), None);
}

#[test]
fn five_thousand_who_join_are_told_of_in_a_thousand_notices_and_a_digest() {
    let mut chat = chat();
    let mut notices = 0;
    for id in (1..=5000).map(ClientId) {
        let mut effects = Effects::default();
        for event in [connected(), Event::Settled] {
            chat.handle(at(0), id, event, &mut effects);
        }
        let members = chat.rooms.get(RoomId::LOBBY).unwrap().members.len();
        notices += effects
            .drain()
            .0
            .map(|effect| match effect {
                Effect::Tell { to: Audience::Room(_, except), .. } => members - except.len(),
                _ => 0,
            })
            .sum::<usize>();
    }
    assert_eq!(notices, (1..CROWD).sum::<usize>());
    assert_eq!(digests(&mut chat, 10_000), [(5000 - CROWD, 0)]);
}

#[test]
fn many_who_come_at_once_get_a_digest_and_no_notice() {
    let mut chat = chat();
    (1..=51).for_each(|id| drop(told(&mut chat, 0, id, connected())));
    for id in 1..=51 {
        assert_eq!(told(&mut chat, 300, id, Event::Settled), []);
    }
    assert_eq!(told(&mut chat, 400, 51, Event::Gone(Reason::Disconnected)), []);
    assert_eq!(digests(&mut chat, 10_300), [(51, 1)]);
    // Fifty are no crowd.
    let left = told(&mut chat, 10_301, 50, Event::Gone(Reason::Disconnected));
    assert!(matches!(left[..], [Message::Left { here: 49, .. }]), "{left:?}");
}

#[test]
fn a_cluster_of_a_lower_level_counts_only_the_announced_in_a_crowd() {
    let mut chat = chat();
    chat.set_shared(true);
    let (name, origin) = (Text::new("box7"), "box7".to_owned());
    let node = Node { name, origin, has_archive: false, level: 4, since: Duration::ZERO };
    chat.join_node(NodeNumber::ALONE, node, None, &mut Effects::default());
    chat.raise_level(3);
    (1..=51).for_each(|id| drop(told(&mut chat, 0, id, connected())));
    assert_ne!(told(&mut chat, 300, 1, Event::Settled), []);
    chat.raise_level(4);
    assert_eq!(told(&mut chat, 300, 2, Event::Settled), []);
}

#[test]
fn a_room_that_somebody_goes_to_is_not_forgotten_on_the_way() {
    let mut chat = chat();
    connect(&mut chat, 0, 1);
    // It ends up in the last room, and as many empty ones exist as are remembered.
    for number in 0..=256 {
        types(&mut chat, 1, &format!("/join r{number}"));
        types(&mut chat, 1, &format!("/topic t{number}"));
    }
    let shown = types(&mut chat, 1, "/join r0");
    let topic = Some(Text::new("t0"));
    let is_topic = |message: &_| matches!(message, Message::Topic { text, .. } if *text == topic);
    assert!(shown.iter().any(is_topic), "{shown:?}");
    let r0 = chat.rooms.find(RoomName::new("r0").unwrap());
    assert_eq!(r0.map(|room| room.members.as_slice()), Some(&[ClientId(1)][..]));
}

#[test]
fn a_list_of_people_counts_its_reader_once() {
    let mut chat = chat();
    let lists = Traits { lists: true, ..Traits::default() };
    let address = Origin::of([192, 0, 2, 1].into());
    let listed = |messages: Vec<Message>| {
        let list = messages.into_iter().find_map(|message| match message {
            Message::People { here, people, more, .. } => Some((here, people.len(), more)),
            _ => None,
        });
        list.unwrap()
    };
    assert_eq!(listed(told(&mut chat, 0, 1, Event::Connected(address, lists))), (1, 1, 0));
    // First it is not announced, then it is.
    assert_eq!(listed(types(&mut chat, 1, "/join dev")), (1, 1, 0));
    assert_eq!(listed(types(&mut chat, 1, "/join ops")), (1, 1, 0));
}

/// The nicks that are announced at this time, in order.
fn announced(chat: &mut Chat, ms: u64) -> Vec<String> {
    let mut effects = Effects::default();
    chat.tick(at(ms), &mut effects);
    let joined = |message| match message {
        Message::Joined { nick, .. } => Some(nick.to_string()),
        _ => None,
    };
    let mut nicks: Vec<_> = messages(effects).into_iter().filter_map(joined).collect();
    // Unannounced clients get a message of their own, as they count themselves.
    nicks.dedup();
    nicks
}

#[test]
fn whoever_was_not_announced_is_ten_seconds_after_connecting() {
    let mut chat = chat();
    for (ms, id) in [(0, 1), (1000, 2), (2000, 3), (3000, 4)] {
        told(&mut chat, ms, id, connected());
    }
    assert_eq!(chat.next_deadline(), Some(Duration::from_secs(10)));
    types(&mut chat, 1, "hello");
    told(&mut chat, 5000, 3, Event::Gone(Reason::Disconnected));
    assert_eq!(announced(&mut chat, 10_999), [""; 0]);
    assert_eq!(announced(&mut chat, 11_000), ["guest2"]);
    assert_eq!(chat.next_deadline(), Some(Duration::from_secs(13)), "she has gone");
    assert_eq!(announced(&mut chat, 13_000), ["guest4"]);
    assert_eq!(chat.next_deadline(), None);
}

#[test]
fn a_new_name_is_told_in_a_small_room_also_to_those_who_share_a_crowd() {
    let mut chat = chat();
    (1..=51).for_each(|id| connect(&mut chat, 0, id));
    for id in [1, 2] {
        told(&mut chat, 0, id, Event::ManyRooms);
        types(&mut chat, id, "/join dev");
        types(&mut chat, id, "/join ops");
    }
    let mut effects = Effects::default();
    chat.handle(at(0), ClientId(1), Event::Line(Line::new("/nick ann")), &mut effects);
    let (list, except) = effects.drain();
    let readers = |effect| match effect {
        Effect::Tell { to: Audience::Room(id, range), message: Message::Renamed { room, .. } } => {
            let others = chat.members(id).iter().filter(|id| !except[range.clone()].contains(id));
            Some((room.to_string(), others.map(|id| id.0).collect()))
        }
        _ => None,
    };
    let told: Vec<(String, Vec<u64>)> = list.filter_map(readers).collect();
    assert_eq!(told, [("dev".to_owned(), vec![2]), ("ops".to_owned(), vec![])]);
}

#[test]
fn all_rooms_of_a_client_are_in_its_record() {
    let mut before = chat();
    connect(&mut before, 0, 1);
    told(&mut before, 0, 1, Event::ManyRooms);
    types(&mut before, 1, "/join dev");
    types(&mut before, 1, "/join ops");
    let noted = before.presence(ClientId(1)).unwrap();
    let noted = serde_json::from_value(serde_json::to_value(noted).unwrap()).unwrap();
    let mut after = chat();
    assert!(after.bring_back(at(0), ClientId(1), &noted));
    assert!(after.is_consistent(Duration::ZERO));
    let rooms = |chat: &Chat| noted_rooms(&chat.presence(ClientId(1)).unwrap());
    assert_eq!(rooms(&after), ["lobby", "dev", "ops"]);
    let message = types(&mut after, 1, "/leave");
    assert!(message.iter().any(|message| matches!(message, Message::Left { .. })), "{message:?}");
    assert_eq!(rooms(&after), ["lobby", "dev"]);
}

fn noted_rooms(presence: &Presence) -> Vec<String> {
    presence.rooms().map(|room| room.to_string()).collect()
}

#[test]
fn the_time_until_the_announcement_goes_on_in_the_next_process() {
    let mut before = chat();
    told(&mut before, 1000, 1, connected());
    let noted = before.presence(ClientId(1)).unwrap();
    let saved = serde_json::to_string(&before).unwrap();
    let mut after: Chat = serde_json::from_str(&saved).unwrap();
    after.await_announcements();
    assert_eq!(announced(&mut after, 10_999), [""; 0]);
    assert_eq!(announced(&mut after, 11_000), ["guest1"]);
    // After a crash the time of connecting is not known.
    let mut after = chat();
    assert!(after.bring_back(at(5000), ClientId(1), &noted));
    after.await_announcements();
    assert_eq!(announced(&mut after, 15_000), ["guest1"]);
}

/// What the chat sends on a change of its accounts.
fn changed(chat: &mut Chat, change: RollChange) -> Vec<Message> {
    let mut effects = Effects::default();
    chat.change_roll(at(0), change, &mut effects);
    messages(effects)
}

/// Which names get or lose the mark of operators.
fn marks(messages: Vec<Message>) -> Vec<(Nick, bool)> {
    let mark = |message| match message {
        Message::Operator { nick, on } => Some((nick, on)),
        _ => None,
    };
    messages.into_iter().filter_map(mark).collect()
}

#[test]
fn marks_follow_the_accounts_of_a_cluster_and_a_restart_tells_none_again() {
    let nick = Nick::new("alice").unwrap();
    let (created, last_seen) = (Moment::default(), None);
    let (role, password) = (Role::Operator, PasswordId::default());
    let alice = Account { nick, role, created, last_seen, password };
    let mut before = chat();
    before.set_shared(true);
    let lists = Traits { lists: true, ..Traits::default() };
    told(&mut before, 0, 1, Event::Connected(Origin::of([192, 0, 2, 1].into()), lists));
    connect(&mut before, 0, 2);
    let register = RollChange::Register(alice, PasswordHash::from("x".to_owned()));
    assert_eq!(marks(changed(&mut before, register)), []);
    assert_eq!(marks(told(&mut before, 0, 2, Event::LoggedIn(alice))), [(nick, true)]);

    let saved = serde_json::to_value(&before).unwrap();
    let mut after: Chat = serde_json::from_value(saved).unwrap();
    after.await_announcements();
    let roles = [(Role::Operator, vec![]), (Role::User, vec![(nick, false)])];
    for (role, expected) in roles {
        let change = RollChange::SetRole(nick, role);
        assert_eq!(marks(changed(&mut after, change)), expected, "{role:?}");
    }
    assert_eq!(marks(changed(&mut before, RollChange::Remove(nick))), [(nick, false)]);
}
