//! Property tests of moderation, in the same world.

use super::*;
use crate::text::{Line, Text};

#[test]
fn who_is_muted_or_locked_out_shows_nobody_a_word() {
    let mut world = World::new();
    (0..3).for_each(|from| world.take(Step::Connect(from)));
    let types = |world: &mut World, who, line: &str| {
        world.take(Step::Other(who, Event::Line(Line::new(line))));
        world.take(Step::Answer);
    };
    for (who, line) in [(0, "/login carol pw"), (1, "/nick eve"), (2, "/nick bob"), (1, "hi")] {
        types(&mut world, who, line);
    }
    for (order, refusal) in [("/mute eve", "muted"), ("/lockdown on", "registered people")] {
        types(&mut world, 0, order);
        for line in [
            "zz9",
            "/me zz9",
            "/msg bob zz9",
            "/topic zz9",
            "/nick zz9",
            "/away zz9",
            "/join zz9",
            "/register zz9",
            " zz9",
            "//zz9",
        ] {
            let before = world.screens[&ClientId(3)].len();
            types(&mut world, 1, line);
            assert_eq!(world.screens[&ClientId(3)].len(), before, "{line} is seen");
            let told = format!("{:?}", world.screens[&ClientId(2)].last());
            assert!(told.contains("Refused"), "{line} {refusal}: {told}");
        }
        types(&mut world, 0, "/unmute eve");
    }
    types(&mut world, 1, "/quit zz9");
    assert!(!format!("{:?}", world.screens[&ClientId(3)]).contains("zz9"));
}

#[test]
fn an_account_that_others_add_or_remove_changes_who_may_wear_the_name() {
    let mut world = World::new();
    world.take(Step::Connect(0));
    world.take(Step::Other(0, Event::Line(Line::new("/nick a1ice"))));
    let nick = |world: &World| world.chat.nick(ClientId(1)).unwrap();
    for accounts in [vec![account("alice", Role::User)], Vec::new()] {
        let mut effects = Effects::default();
        world.chat.register(Roll { accounts, bans: Vec::new(), tokens: Vec::new() });
        world.chat.enforce(world.now, &mut effects);
        world.carry_out(effects);
        world.check();
        assert!(nick(&world).is_guest());
    }
    world.take(Step::Other(0, Event::Line(Line::new("/nick alice"))));
    assert_eq!(nick(&world).as_str(), "alice");
}

#[test]
fn coming_again_is_no_way_around_a_mute_and_no_harm_to_others_from_there() {
    let mut world = World::new();
    (0..2).for_each(|_| world.take(Step::Connect(0)));
    let types = |world: &mut World, who, line: &str| {
        world.take(Step::Other(who, Event::Line(Line::new(line))));
        world.take(Step::Answer);
    };
    world.now.moment.unix_ms = 1000;
    let is_muted = |world: &World| {
        let mut clients = world.chat.clients.values();
        let dave = clients.find(|client| client.nick.as_str() == "dave");
        dave.unwrap().is_muted(world.now.moment)
    };
    for (who, line) in [(0, "/login carol pw"), (1, "/nick eve"), (1, "hi"), (0, "/mute eve")] {
        types(&mut world, who, line);
    }
    world.take(Step::Other(1, Event::Gone(Reason::Disconnected)));
    world.take(Step::Connect(0));
    assert!(world.chat.clients[&ClientId(3)].is_muted(world.now.moment), "from the same address");
    types(&mut world, 1, "/login dave pw");
    assert!(!is_muted(&world), "somebody else");
    types(&mut world, 1, "hi");
    types(&mut world, 0, "/mute dave");
    for from in [0, 1] {
        world.take(Step::Other(1, Event::Gone(Reason::Disconnected)));
        world.take(Step::Connect(from));
        types(&mut world, 1, "/login dave pw");
        assert!(is_muted(&world), "the account that was meant");
    }
    types(&mut world, 0, "/unmute dave");
}

#[test]
fn only_operators_are_told_what_is_for_operators() {
    let mut world = World::new();
    (0..3).for_each(|from| world.take(Step::Connect(from)));
    for (who, line) in [(0, "/login carol pw"), (1, "/login dave pw")] {
        world.take(Step::Other(who, Event::Line(Line::new(line))));
        world.take(Step::Answer);
    }
    let mut effects = Effects::default();
    world.chat.tell_operators("the disk is slow", &mut effects);
    world.carry_out(effects);
    let told = Message::Notice(Text::new("the disk is slow"));
    let readers = world.screens.iter().filter(|(_, screen)| screen.contains(&told));
    assert_eq!(readers.map(|(id, _)| *id).collect::<Vec<_>>(), [ClientId(1)]);
}

#[test]
fn the_password_of_an_account_that_is_gone_is_not_that_of_the_next_one_of_its_name() {
    let mut world = World::new();
    world.take(Step::Connect(0));
    let roll = |created| {
        let created = Moment { unix_ms: created };
        Roll {
            accounts: vec![Account { created, ..account("bob", Role::User) }],
            bans: Vec::new(),
            tokens: Vec::new(),
        }
    };
    world.chat.register(roll(1));
    world.take(Step::Other(0, Event::Line(Line::new("/login bob pw"))));
    world.chat.register(roll(2));
    world.take(Step::Answer);
    assert!(world.chat.nick(ClientId(1)).unwrap().is_guest());
    world.check();
}
