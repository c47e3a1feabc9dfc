//! The life of a room, in the time that passes.

mod endings;

use std::time::Duration;

use crate::address::Origin;
use crate::chat::{
    Account, Chat, ClientId, Effects, Event, Message, Moment, Nick, Now, PasswordId, Reason, Role,
    Roll, RoomName, RoomRoles, Settings, Traits,
};
use crate::chat::{Effect, NodeNumber};
use crate::text::{Line, Text};

const ALICE: ClientId = ClientId(1);
const BOB: ClientId = ClientId(2);

/// A chat with people, all from one address but for the last, and its clock.
struct World {
    chat: Chat,
    now: Now,
}

impl World {
    fn new() -> Self {
        let settings = Settings { replay: 20, has_archive: true, ..Settings::default() };
        let mut world = Self { chat: Chat::new(settings), now: Now::default() };
        world.have_accounts(&["alice", "bob"]);
        world.connect(ALICE);
        world.connect(BOB);
        world
    }

    /// Has these accounts and no others; returns what comes of that.
    fn have_accounts(&mut self, names: &[&str]) -> Vec<Effect> {
        let account = |name: &&str| Account {
            nick: Nick::new(name).unwrap(),
            role: Role::User,
            created: Moment::default(),
            last_seen: None,
            password: PasswordId::default(),
        };
        let accounts = names.iter().map(account).collect();
        self.chat.register(Roll { accounts, ..Roll::default() });
        let mut effects = Effects::default();
        self.chat.enforce(self.now, &mut effects);
        effects.drain().0.collect()
    }

    fn connect(&mut self, id: ClientId) {
        let origin = Origin::of([192, 0, 2, 1].into());
        self.handle(id, Event::Connected(origin, Traits::default()));
        self.handle(id, Event::Settled);
    }

    /// With dev, which alice keeps and is in.
    fn with_kept_dev() -> Self {
        let mut world = Self::new();
        world.log_in(ALICE, "alice");
        world.types(ALICE, "/join dev");
        assert_eq!(world.types(ALICE, "/room keep on"), ["alice set keep on"]);
        world
    }

    fn log_in(&mut self, id: ClientId, name: &str) -> Vec<Effect> {
        let nick = Nick::new(name).unwrap();
        let account = *self.chat.registry.account(nick).unwrap();
        self.handle(id, Event::LoggedIn(account))
    }

    fn handle(&mut self, id: ClientId, event: Event) -> Vec<Effect> {
        let mut effects = Effects::default();
        self.chat.handle(self.now, id, event, &mut effects);
        let mut told: Vec<_> = effects.drain().0.collect();
        // There is nothing on the disk.
        let asked = told.iter().find_map(|effect| match effect {
            Effect::Ask(asker, crate::chat::Question::Room { room, .. }) => Some((*asker, *room)),
            _ => None,
        });
        if let Some((asker, room)) = asked {
            told.extend(self.handle(asker, Event::RoomRead(room, None)));
        }
        told
    }

    /// What the client itself is told when it types a line.
    fn types(&mut self, id: ClientId, line: &str) -> Vec<String> {
        let effects = self.handle(id, Event::Line(Line::new(line)));
        effects.iter().filter_map(words).collect()
    }

    fn pass(&mut self, seconds: f64) {
        let passed = Duration::from_secs_f64(seconds);
        self.now.uptime += passed;
        self.now.moment.unix_ms += passed.as_millis() as i64;
        self.chat.tick(self.now, &mut Effects::default());
    }

    fn order(&mut self, id: ClientId) -> String {
        self.types(id, "/room").remove(0)
    }
}

/// What an effect tells, in short.
fn words(effect: &Effect) -> Option<String> {
    let Effect::Tell { message, .. } = effect else { return None };
    match message {
        Message::Notice(text) => Some(text.to_string()),
        Message::Refused(refusal) => Some(refusal.to_string()),
        Message::Room(view) => Some(format!("{} / {}", view.order(), view.settings())),
        Message::RoomChanged { by, change, .. } => {
            Some(crate::chat::RoomChangeBy(*by, change).to_string())
        }
        Message::Moved { .. } => Some("moved".to_owned()),
        Message::Topic { text, .. } => text.as_ref().map(Text::to_string),
        Message::History { entries, .. } => Some(format!("{} lines", entries.len())),
        _ => None,
    }
}

const KEEPS_ORDER: &str = "you keep order here; /room shows the settings";

#[test]
fn a_room_is_anew_60_seconds_after_its_last_member_left() {
    for (seconds, is_anew) in [(59.9, false), (60.0, true)] {
        let mut world = World::new();
        world.types(ALICE, "/join dev");
        for line in ["/room topic-lock on", "/room ban eve", "/topic ours", "hello", "/leave"] {
            world.types(ALICE, line);
        }
        world.pass(seconds);
        let told = world.types(BOB, "/join dev");
        assert_eq!(told.contains(&KEEPS_ORDER.to_owned()), is_anew, "{told:?}");
        assert!(told.contains(&"ours".to_owned()) && told.contains(&"1 lines".to_owned()));
        let order = world.order(BOB);
        assert_eq!(order.contains("operators guest2"), is_anew, "{order}");
        assert_eq!(order.contains("topic-lock on"), !is_anew, "{order}");
    }
}

#[test]
fn what_was_said_in_a_private_room_ends_with_it() {
    for (seconds, is_gone) in [(59.9, false), (60.0, true)] {
        let mut world = World::new();
        world.types(ALICE, "/join dev");
        for line in ["/room key s3cret", "/topic ours", "hello", "/leave"] {
            world.types(ALICE, line);
        }
        world.pass(seconds);
        let told = world.types(BOB, "/join dev");
        let needs = "dev needs a key: /join dev KEY";
        assert_eq!(told.contains(&needs.to_owned()), !is_gone, "{told:?}");
        let told = world.types(BOB, "/join dev s3cret");
        assert_eq!(told.contains(&"ours".to_owned()), !is_gone, "{told:?}");
        assert_eq!(told.contains(&"1 lines".to_owned()), !is_gone, "{told:?}");
    }
}

#[test]
fn a_role_is_held_for_60_seconds() {
    for (seconds, is_held) in [(59.9, true), (60.0, false)] {
        let mut world = World::new();
        world.types(ALICE, "/join dev");
        world.types(BOB, "/join dev");
        world.types(ALICE, "/leave");
        world.pass(seconds);
        world.types(ALICE, "/join dev");
        assert_eq!(world.order(BOB).contains("operators guest1"), is_held);
    }
}

#[test]
fn a_role_is_held_for_the_account_wherever_it_comes_from() {
    let mut world = World::new();
    world.log_in(ALICE, "alice");
    world.types(ALICE, "/join dev");
    world.types(BOB, "/join dev");
    world.handle(ALICE, Event::Gone(Reason::Disconnected));
    let again = ClientId(3);
    let elsewhere = Origin::of([198, 51, 100, 7].into());
    world.handle(again, Event::Connected(elsewhere, Traits::default()));
    world.types(again, "/join dev");
    assert!(!world.order(BOB).contains("operators"));
    world.log_in(again, "alice");
    assert!(world.order(BOB).contains("operators alice"));
}

#[test]
fn an_operator_comes_back_into_a_room_that_is_closed_to_others() {
    let mut world = World::new();
    world.types(ALICE, "/join dev");
    world.types(BOB, "/join dev");
    world.types(ALICE, "/room invite-only on");
    world.types(ALICE, "/room key s3cret");
    world.types(ALICE, "/leave");
    assert!(world.types(ALICE, "/join dev").contains(&"moved".to_owned()));
    world.types(BOB, "/leave");
    assert_eq!(world.types(BOB, "/join dev"), ["dev is invite-only"]);
}

#[test]
fn an_invitation_is_good_for_24_hours() {
    for (hours, is_good) in [(23.99, true), (24.0, false)] {
        let mut world = World::new();
        world.types(ALICE, "/join dev");
        world.types(ALICE, "/room invite-only on");
        world.types(ALICE, "/invite guest2");
        world.pass(hours * 3600.0);
        assert_eq!(world.types(BOB, "/join dev").contains(&"moved".to_owned()), is_good);
    }
}

#[test]
fn a_ban_of_a_room_ends_by_itself() {
    let mut world = World::new();
    world.types(ALICE, "/join dev");
    world.types(ALICE, "/room ban guest2 10m");
    world.pass(599.0);
    assert_eq!(world.types(BOB, "/join dev"), ["you are banned from dev for 1s"]);
    world.pass(1.0);
    assert!(world.types(BOB, "/join dev").contains(&"moved".to_owned()));
}

#[test]
fn a_ban_of_a_name_covers_the_account_that_had_it() {
    let mut world = World::new();
    world.log_in(BOB, "bob");
    world.types(ALICE, "/join dev");
    world.types(ALICE, "/room ban bob");
    assert_eq!(world.types(BOB, "/join dev"), ["you are banned from dev"]);
    world.types(BOB, "/nick robert");
    assert!(world.types(BOB, "/join dev").contains(&"moved".to_owned()), "it is logged out");
}

#[test]
fn a_room_is_kept_for_an_account() {
    let mut world = World::new();
    world.types(ALICE, "/join dev");
    let refused = ["log in first: a room is kept for an account"];
    assert_eq!(world.types(ALICE, "/room keep on"), refused);
    assert_eq!(world.types(ALICE, "/room keep off"), ["dev is not kept"]);
    world.log_in(ALICE, "alice");
    assert_eq!(world.types(ALICE, "/room keep on"), ["alice set keep on"]);
    assert_eq!(world.types(ALICE, "/room keep on"), ["dev is kept for alice"]);
    assert!(world.order(ALICE).starts_with("kept for alice; operators alice"));
    world.types(BOB, "/join dev");
    world.types(ALICE, "/op guest2");
    for line in ["/deop alice", "/kick alice", "/room ban alice", "/room keep off"] {
        assert_eq!(world.types(BOB, line), ["alice owns dev"], "{line}");
    }
    assert_eq!(world.types(ALICE, "/room owner guest2"), ["guest2 is not logged in"]);
    world.types(ALICE, "/room invite-only on");
    world.types(ALICE, "/leave");
    world.types(BOB, "/leave");
    world.pass(600.0);
    assert_eq!(world.types(BOB, "/join dev"), ["dev is invite-only"]);
    assert!(world.types(ALICE, "/join dev").contains(&"moved".to_owned()));
    assert!(world.order(ALICE).starts_with("kept for alice; operators alice"));
    world.log_in(BOB, "bob");
    assert_eq!(world.types(ALICE, "/room owner bob"), ["alice gave this room to bob"]);
    assert_eq!(world.types(ALICE, "/room keep off"), ["bob owns dev"]);
}

#[test]
fn ten_rooms_are_kept_for_one_account() {
    let mut world = World::new();
    world.log_in(ALICE, "alice");
    for number in 0..=10 {
        world.types(ALICE, &format!("/join r{number}"));
        let expected = if number < 10 { "alice set keep on" } else { "you keep 10 rooms already" };
        assert_eq!(world.types(ALICE, "/room keep on"), [expected]);
    }
}

#[test]
fn so_many_accounts_have_roles_in_a_kept_room() {
    let mut world = World::new();
    let names = ["alice", "bob"];
    for (id, name) in [ALICE, BOB].into_iter().zip(names) {
        world.log_in(id, name);
        world.types(id, "/join dev");
    }
    world.types(ALICE, "/room keep on");
    let dev = world.chat.rooms.named(RoomName::new("dev").unwrap()).unwrap().0;
    let kept = world.chat.rooms.get_mut(dev).unwrap().kept.as_mut().unwrap();
    assert_eq!(kept.roles.len(), 1);
    let some = (1..1000).map(|number| Nick::new(&format!("n{number}-")).unwrap());
    kept.roles.extend(some.map(|nick| (nick, RoomRoles::MAKER)));
    for role in ["op", "voice"] {
        let full = "1000 accounts have roles in dev already";
        assert_eq!(world.types(ALICE, &format!("/{role} bob")), [full]);
    }
    assert_eq!(world.types(ALICE, "/voice alice"), ["alice gave alice voice"]);
    world.types(BOB, "/nick rob");
    assert_eq!(world.types(ALICE, "/voice rob"), ["alice gave rob voice"], "he has no account");
}

#[test]
fn nodes_of_level_1_know_nothing_of_it() {
    let mut world = World::new();
    world.chat.set_shared(true);
    let told = world.types(ALICE, "/join dev");
    assert!(!told.contains(&KEEPS_ORDER.to_owned()), "{told:?}");
    for name in ["op", "deop", "voice", "devoice", "invite", "room"] {
        let refused = format!("unknown command /{name}; try /help");
        assert_eq!(world.types(ALICE, &format!("/{name} guest2")), [refused]);
    }
    assert_eq!(world.types(ALICE, "/kick guest2"), ["only operators may do that"]);
    let help = world.types(ALICE, "/help");
    assert!(help.iter().all(|line| !line.starts_with("/room ") && !line.starts_with("/op")));
    assert_eq!(world.types(ALICE, "/join ops s3cret").len(), 1, "that is no name");
    world.chat.raise_level(2);
    assert_eq!(world.chat.clients_on(NodeNumber::ALONE).len(), 2);
}

#[test]
fn all_of_it_is_in_a_snapshot() {
    let mut world = World::new();
    world.types(ALICE, "/join dev");
    for line in ["/room key s3cret", "/room ban eve", "/invite guest2", "/room slow 7"] {
        world.types(ALICE, line);
    }
    let before = serde_json::to_string(&world.chat).unwrap();
    let back: Chat = serde_json::from_str(&before).unwrap();
    assert!(back.is_consistent(world.now.uptime));
    assert_eq!(serde_json::to_string(&back).unwrap(), before);
    let settings = world.chat.settings().clone();
    world.chat = back;
    world.chat.configure(settings);
    assert!(
        world.order(ALICE).contains("operators guest1") && world.order(ALICE).contains("slow 7")
    );
    assert!(world.types(BOB, "/join dev").contains(&"moved".to_owned()));
}

#[test]
fn after_a_crash_a_room_is_as_its_record_says() {
    let mut world = World::new();
    world.log_in(ALICE, "alice");
    world.types(ALICE, "/join dev");
    world.types(BOB, "/join dev");
    world.types(ALICE, "/room hidden on");
    world.types(ALICE, "/voice guest2");
    let records: Vec<_> = world.chat.room_records().collect();
    assert_eq!(records.len(), 1);
    let presence = world.chat.presence(BOB).unwrap();
    let mut after = World::new();
    for id in [ALICE, BOB] {
        after.handle(id, Event::Gone(Reason::Disconnected));
    }
    after.chat.bring_back_room(after.now, &records[0]);
    assert!(after.chat.bring_back(after.now, BOB, &presence));
    assert!(after.order(BOB).starts_with("voices guest2 / "));
    let again = ClientId(7);
    after.connect(again);
    assert_eq!(after.types(again, "/who dev"), ["there is no room called dev"]);
    after.log_in(again, "alice");
    after.types(again, "/join dev");
    assert!(after.order(again).starts_with("operators alice; voices guest2 / "));
    assert!(after.chat.is_consistent(after.now.uptime));
}
