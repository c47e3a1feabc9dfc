//! One IRC client and others, as effects.

use crate::address::Origin;
use crate::chat::{
    Account, Action, Audience, AuthCommand, Chat, ClientId, Deed, Effect, Effects, Event, Manner,
    Message, Moment, Nick, Now, PasswordId, Reason, Recipient, Role, Roll, RoomName, RoomRefusal,
    RoomRequest, Setting, SettingValue, Settings, Traits, TypedPassword, Wire,
};
use crate::text::{Line, Text};

const ANN: ClientId = ClientId(1);
const BOB: ClientId = ClientId(2);
const CAROL: ClientId = ClientId(3);

fn does(chat: &mut Chat, id: ClientId, action: Action) -> Vec<Effect> {
    handle(chat, id, Event::Do(action, None)).0
}

fn handle(chat: &mut Chat, id: ClientId, event: Event) -> (Vec<Effect>, Vec<ClientId>) {
    let mut effects = Effects::default();
    chat.handle(Now::default(), id, event, &mut effects);
    let (list, ids) = effects.drain();
    let list = list.collect();
    (list, ids.to_vec())
}

fn introduce(nick: &str) -> Action {
    let [nick, user, real] = [nick, "~user", "Real Name"].map(Text::new);
    Action::Introduce { nick, user, real }
}

fn dev() -> RoomName {
    RoomName::new("dev").unwrap()
}

fn say(to: Recipient, text: &str) -> Action {
    Action::Say { to, manner: Manner::Line, text: Text::new(text), tags: Default::default() }
}

/// Ann and Bob speak IRC, and Carol text.
fn chat() -> Chat {
    let mut chat = Chat::new(Settings::default());
    for (id, wire) in [(ANN, Wire::Irc), (BOB, Wire::Irc), (CAROL, Wire::Text)] {
        let traits = Traits { wire, ..Traits::default() };
        handle(&mut chat, id, Event::Connected(Origin::of([192, 0, 2, 1].into()), traits));
    }
    does(&mut chat, ANN, introduce("ann"));
    does(&mut chat, BOB, introduce("bob"));
    handle(&mut chat, CAROL, Event::Line(Line::new("/nick carol")));
    handle(&mut chat, CAROL, Event::Line(Line::new("/join dev")));
    chat
}

/// Who is told that somebody did something.
fn relays(chat: &mut Chat, id: ClientId, event: Event) -> Vec<(Vec<ClientId>, Deed)> {
    let (list, ids) = handle(chat, id, event);
    let relay = |effect: Effect| match effect {
        Effect::Tell { to, message: Message::Relay(relay) } => {
            let readers = match to {
                Audience::Room(room, _) => chat.members(room).to_vec(),
                Audience::Each(range) => ids[range].to_vec(),
                Audience::One(id) => vec![id],
                _ => Vec::new(),
            };
            Some((readers, relay.deed.clone()))
        }
        _ => None,
    };
    list.into_iter().filter_map(relay).collect()
}

#[test]
fn it_is_in_no_room_until_it_joins_and_is_told_who_does_what() {
    let mut chat = chat();
    assert!(chat.rooms_of(ANN).is_empty());
    let refused = does(&mut chat, ANN, say(Recipient::Room(dev()), "hi"));
    assert!(matches!(&refused[..], [Effect::Tell { message: Message::Denied(denied), .. }]
            if denied.why == RoomRefusal::NothingFromOutside(dev()).into()));
    let joined = relays(&mut chat, ANN, Event::Do(Action::Join(dev(), None), None));
    assert_eq!(joined, [(vec![CAROL, ANN], Deed::Join(dev()))]);
    let by = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Tell { message: Message::Said { by, .. }, .. } => {
                by.as_ref().map(|by| by.full())
            }
            _ => None,
        })
    };
    let said = by(&does(&mut chat, ANN, say(Recipient::Room(dev()), "hi"))).unwrap();
    assert!(said.starts_with("ann!~user@") && said.ends_with(".cloak"), "{said}");
    let said = handle(&mut chat, CAROL, Event::Line(Line::new("hello"))).0;
    assert!(by(&said).unwrap().starts_with("carol!~text@"));
    let parted = relays(&mut chat, ANN, Event::Do(Action::PartAll, None));
    assert_eq!(parted, [(vec![ANN], Deed::Part(dev(), Reason::Parted(None)))]);
    let said = handle(&mut chat, CAROL, Event::Line(Line::new("alone"))).0;
    assert_eq!(by(&said), None, "nobody there is told who that is");
}

#[test]
fn who_shares_several_rooms_is_told_once_of_a_nick_and_of_the_end() {
    let mut chat = chat();
    let ops = RoomName::new("ops").unwrap();
    for id in [ANN, BOB] {
        for room in [dev(), ops] {
            does(&mut chat, id, Action::Join(room, None));
        }
    }
    let nick = Event::Do(Action::Nick(Text::new("anne")), None);
    let [(readers, Deed::Nick(_))] = &relays(&mut chat, ANN, nick)[..] else { panic!() };
    assert_eq!(*readers, [ANN, BOB]);
    let quit = Event::Do(Action::Quit(Some(Text::new("bye"))), None);
    let told = relays(&mut chat, ANN, quit);
    assert_eq!(told, [(vec![BOB], Deed::Quit(Reason::Quit(Some(Text::new("bye")))))]);
    assert!(chat.is_consistent(std::time::Duration::ZERO));
    let back: Chat = serde_json::from_value(serde_json::to_value(&chat).unwrap()).unwrap();
    assert!(back.is_consistent(std::time::Duration::ZERO));
}

#[test]
fn an_answer_is_between_two_labels() {
    let mut chat = chat();
    let label = || Some(Text::new("7"));
    let (list, _) = handle(&mut chat, ANN, Event::Do(Action::Join(dev(), None), label()));
    assert_eq!(list.first(), Some(&Effect::Label(ANN, label())));
    assert!(list.contains(&Effect::ShowRoom(ANN, dev())));
    assert_eq!(list.last(), Some(&Effect::Label(ANN, None)));
}

#[test]
fn a_taken_nick_is_refused_and_another_may_be_tried() {
    let mut chat = Chat::new(Settings::default());
    let traits = Traits { wire: Wire::Irc, ..Traits::default() };
    for id in [ANN, BOB] {
        let origin = Origin::of([192, 0, 2, 1].into());
        assert!(
            handle(&mut chat, id, Event::Connected(origin, traits))
                .0
                .iter()
                .all(|effect| matches!(effect, Effect::Arrived(..))),
            "nothing is told"
        );
    }
    does(&mut chat, ANN, introduce("ann"));
    let refused = does(&mut chat, BOB, introduce("Ann"));
    assert!(matches!(&refused[..], [Effect::Tell { message: Message::Denied(_), .. }]));
    let taken = does(&mut chat, BOB, introduce("ann_"));
    assert!(taken.iter().any(|effect| matches!(
        effect,
        Effect::Tell { message: Message::Introduced(source), .. } if source.nick.as_str() == "ann_"
    )));
}

fn account(nick: &str, role: Role) -> Account {
    let nick = Nick::new(nick).unwrap();
    let (created, last_seen) = (Moment::default(), None);
    Account { nick, role, created, last_seen, password: PasswordId::default() }
}

/// What the client itself is told, in brief.
fn told(effects: Vec<Effect>, id: ClientId) -> Vec<&'static str> {
    let brief = |effect: Effect| match effect {
        Effect::Tell { to: Audience::One(to), message } if to == id => match message {
            Message::LoggedIn(_) => Some("logged in"),
            Message::GotRights => Some("rights"),
            Message::Refused(_) => Some("refused"),
            _ => None,
        },
        Effect::Tell { to: Audience::Each(_), message: Message::Relay(relay) } => {
            match &relay.deed {
                Deed::Nick(_) => Some("nick"),
                Deed::Account(_) => Some("account"),
                Deed::Host(..) => Some("host"),
                Deed::Wallops(_) => Some("wallops"),
                _ => None,
            }
        }
        _ => None,
    };
    effects.into_iter().filter_map(brief).collect()
}

#[test]
fn a_login_is_told_before_the_nick_and_rights_go_without_one() {
    let mut chat = chat();
    let (alice, root) = (account("alice", Role::User), account("root", Role::Operator));
    chat.register(Roll { accounts: vec![alice, root], bans: Vec::new(), tokens: Vec::new() });
    let (list, _) = handle(&mut chat, ANN, Event::LoggedIn(alice));
    assert_eq!(told(list, ANN), ["logged in", "account", "host", "nick"]);
    assert_eq!(chat.source(ANN).unwrap().host.as_str(), "account.alice");
    assert!(chat.whowas("ann").next().is_some());

    let oper = |name| AuthCommand::Oper(Text::new(name));
    chat.configure(Settings { has_archive: true, ..Settings::default() });
    for (name, account, expected) in [("alice", alice, "refused"), ("root", root, "rights")] {
        let typed = Event::Authenticate(oper(name), TypedPassword::Acceptable);
        handle(&mut chat, BOB, typed);
        assert_eq!(told(handle(&mut chat, BOB, Event::LoggedIn(account)).0, BOB), [expected]);
    }
    let wallops = |text| Event::Do(Action::Wallops(Text::new(text)), None);
    assert_eq!(told(handle(&mut chat, BOB, wallops("x")).0, BOB), ["wallops"]);
    handle(&mut chat, BOB, Event::Do(Action::GiveUpRights, None));
    assert_eq!(told(handle(&mut chat, BOB, wallops("x")).0, BOB), [""; 0]);
}

#[test]
fn changes_of_a_kept_room_are_told_together_behind_what_the_disk_has_of_them() {
    let mut chat = chat();
    let alice = account("alice", Role::User);
    chat.register(Roll { accounts: vec![alice], bans: Vec::new(), tokens: Vec::new() });
    chat.configure(Settings { has_archive: true, ..Settings::default() });
    handle(&mut chat, ANN, Event::LoggedIn(alice));
    let own = RoomName::new("own").unwrap();
    does(&mut chat, ANN, Action::Join(own, None));
    handle(&mut chat, ANN, Event::RoomRead(own, None));
    does(&mut chat, ANN, Action::Command(Some(own), Line::new("/room keep on")));
    let set = |setting| RoomRequest::Set(setting, SettingValue::Switch(true));
    let requests = vec![set(Setting::Moderated), set(Setting::TopicLock), set(Setting::Moderated)];
    let list = does(&mut chat, ANN, Action::ChangeAll(own, requests));
    let is_kept = |effect: &Effect| matches!(effect, Effect::KeepRoom(_, Some(_)));
    let last = list.iter().rposition(is_kept).unwrap();
    let told = list.iter().enumerate().filter_map(|(place, effect)| match effect {
        Effect::Tell { message: Message::Relay(relay), .. } => Some((place, relay.deed.clone())),
        _ => None,
    });
    let [(place, Deed::Changes(_, deeds))] = &told.collect::<Vec<_>>()[..] else { panic!() };
    assert!(*place > last && deeds.len() == 2);
    let denied = list
        .iter()
        .filter(|effect| matches!(effect, Effect::Tell { message: Message::Denied(_), .. }));
    assert_eq!(denied.count(), 1, "it is moderated already");
}
