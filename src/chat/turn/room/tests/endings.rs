//! What ends roles, settings and topics, besides time.

use super::*;
use crate::chat::{Action, MaskList, RoomMask, RoomRequest};

#[test]
fn an_account_that_is_gone_leaves_its_roles_to_nobody() {
    let mut world = World::with_kept_dev();
    world.log_in(BOB, "bob");
    world.types(BOB, "/join dev");
    world.types(ALICE, "/op bob");
    world.handle(BOB, Event::Gone(Reason::Disconnected));
    let effects = world.have_accounts(&["alice"]);
    let is_recorded = |effect: &Effect| matches!(effect, Effect::KeepRoom(_, Some(kept)) if kept.roles.len() == 1);
    assert!(effects.iter().any(is_recorded), "{effects:?}");
    world.have_accounts(&["alice", "bob"]);
    let stranger = ClientId(7);
    world.connect(stranger);
    world.log_in(stranger, "bob");
    world.types(stranger, "/join dev");
    assert!(world.order(stranger).starts_with("kept for alice; operators alice / "));
}

#[test]
fn who_logs_out_first_cannot_keep_a_role_that_is_taken() {
    for line in ["/deop robert", "/kick robert", "/room ban robert"] {
        let mut world = World::with_kept_dev();
        world.log_in(BOB, "bob");
        world.types(BOB, "/join dev");
        world.types(ALICE, "/op bob");
        world.types(BOB, "/nick robert");
        assert!(world.order(ALICE).starts_with("kept for alice; operators alice, robert"));
        world.types(ALICE, line);
        world.types(ALICE, "/room unban robert");
        world.log_in(BOB, "bob");
        world.types(BOB, "/join dev");
        assert!(world.order(ALICE).starts_with("kept for alice; operators alice / "), "{line}");
        assert!(world.chat.is_consistent(world.now.uptime));
    }
}

#[test]
fn a_ban_ends_the_role_of_an_account_that_is_not_here() {
    let mut world = World::with_kept_dev();
    world.log_in(BOB, "bob");
    world.types(BOB, "/join dev");
    world.types(ALICE, "/op bob");
    world.types(BOB, "/leave");
    world.types(ALICE, "/room ban bob");
    world.types(ALICE, "/room unban bob");
    world.types(BOB, "/join dev");
    assert!(world.order(ALICE).starts_with("kept for alice; operators alice / "));
}

#[test]
fn a_role_given_before_logging_in_is_the_accounts() {
    let mut world = World::with_kept_dev();
    world.types(BOB, "/join dev");
    world.types(ALICE, "/op guest2");
    let effects = world.log_in(BOB, "bob");
    let is_recorded = |effect: &Effect| matches!(effect, Effect::KeepRoom(_, Some(kept)) if kept.roles.len() == 2);
    assert!(effects.iter().any(is_recorded), "{effects:?}");
}

#[test]
fn opening_a_room_clears_a_topic_that_was_set_in_private() {
    let mut world = World::new();
    world.types(ALICE, "/join dev");
    world.types(ALICE, "/topic for everybody");
    world.types(ALICE, "/room hidden on");
    world.types(ALICE, "/room hidden off");
    assert_eq!(world.types(ALICE, "/topic"), ["for everybody"]);
    world.types(ALICE, "/room key s3cret");
    world.types(ALICE, "/room hidden on");
    world.types(ALICE, "/topic for members");
    world.types(ALICE, "/room hidden off");
    assert_eq!(world.types(ALICE, "/topic"), ["for members"], "it still needs a key");
    let is_cleared = |effect: &Effect| {
        matches!(effect, Effect::Tell { message: Message::TopicSet { text: None, .. }, .. })
    };
    let effects = world.handle(ALICE, Event::Line(Line::new("/room key off")));
    assert!(effects.iter().any(is_cleared), "{effects:?}");
    assert_eq!(world.types(ALICE, "/topic"), [""; 0]);
}

#[test]
fn somebody_who_reads_a_room_does_not_keep_its_settings() {
    let mut world = World::new();
    world.types(ALICE, "/join dev");
    world.types(ALICE, "/room topic-lock on");
    let reader = ClientId(7);
    let (room, origin) = (RoomName::new("dev").unwrap(), Origin::of([192, 0, 2, 9].into()));
    let reading = crate::chat::Reading { room, origin, after: None, token: None };
    world.handle(reader, Event::Read(Box::new(reading)));
    world.types(ALICE, "/leave");
    world.pass(60.0);
    assert!(world.chat.is_consistent(world.now.uptime));
    assert!(world.types(BOB, "/join dev").contains(&KEEPS_ORDER.to_owned()));
    assert!(world.order(BOB).contains("topic-lock off"));
    world.types(BOB, "/leave");
    world.handle(reader, Event::Gone(Reason::Disconnected));
    assert!(world.chat.is_consistent(world.now.uptime));
    world.pass(59.0);
    assert!(world.chat.is_consistent(world.now.uptime));
}

#[test]
fn a_room_does_not_come_back_open_although_the_disk_says_so() {
    let mut world = World::with_kept_dev();
    let dev = RoomName::new("dev").unwrap();
    let kept = world.chat.rooms.find(dev).unwrap().as_kept().unwrap();
    world.types(ALICE, "/room key s3cret");
    let records: Vec<_> = world.chat.room_records().collect();
    let mut after = World::new();
    after.chat.restore_kept(dev, kept);
    after.chat.bring_back_room(after.now, &records[0]);
    assert_eq!(after.types(BOB, "/join dev"), ["dev needs a key: /join dev KEY"]);
}

#[test]
fn a_mask_that_cannot_be_set_any_more_can_be_removed() {
    let mut world = World::new();
    world.types(ALICE, "/join dev");
    let usage = "usage: /room ban NAME|MASK [DUR] [WHY]";
    assert_eq!(world.types(ALICE, "/room ban :x!*@*"), [usage]);
    let (room, mask) = (RoomName::new("dev").unwrap(), RoomMask::new(":x!*@*").unwrap());
    let request = RoomRequest::Mask(MaskList::Bans, mask, true);
    world.handle(ALICE, Event::Do(Action::Change(room, request), None));
    assert!(world.types(ALICE, "/room bans").concat().contains(":x!*@*"));
    world.types(ALICE, "/room unban :x!*@*");
    assert!(!world.types(ALICE, "/room bans").concat().contains(":x!*@*"));
}
