//! IRC clients among others: whatever they ask for, replicas stay the same, and what is said to a
//! role is shown to nobody else.

use super::replicas::follow_steps;
use super::*;

fn dev() -> RoomName {
    RoomName::new("dev").unwrap()
}

fn ops() -> RoomName {
    RoomName::new("ops").unwrap()
}

fn introduce(nick: &str) -> Action {
    let [nick, user, real] = [nick, "~user", "Somebody"].map(Text::new);
    Action::Introduce { nick, user, real }
}

fn say(to: Recipient, manner: Manner) -> Action {
    Action::Say { to, manner, text: Text::new("zz9"), tags: Tags::default() }
}

fn mask(list: MaskList, mask: &str, on: bool) -> RoomRequest {
    RoomRequest::Mask(list, RoomMask::new(mask).unwrap(), on)
}

/// Requests for changes of a room.
fn requests() -> Vec<RoomRequest> {
    let role = |nick: &str, role, on| RoomRequest::Role(Text::new(nick), role, on);
    let switch = |setting, on| RoomRequest::Set(setting, SettingValue::Switch(on));
    vec![
        role("alice", RoomRole::Operator, true),
        role("BOB", RoomRole::Voice, true),
        role("alice", RoomRole::Operator, false),
        role("nobody", RoomRole::Voice, true),
        switch(Setting::Moderated, true),
        switch(Setting::Moderated, false),
        switch(Setting::InviteOnly, true),
        switch(Setting::InviteOnly, false),
        switch(Setting::Outside, true),
        switch(Setting::Hidden, true),
        RoomRequest::Set(Setting::Key, SettingValue::Key(RoomKey::new("s3cret"))),
        RoomRequest::Set(Setting::Key, SettingValue::Key(None)),
        mask(MaskList::Bans, "bob!*@*", true),
        mask(MaskList::Bans, "bob!*@*", false),
        mask(MaskList::Exceptions, "*!*@*", true),
        mask(MaskList::Invited, "bob!*@*", true),
        mask(MaskList::Invited, "bob!*@*", false),
    ]
}

/// Requests that do not change the settings of a room.
fn actions() -> Vec<Action> {
    let (alice, bob) = (Text::new("alice"), Text::new("bob"));
    let role = |role| Recipient::Role(dev(), role);
    let ctcp = Signal::Ctcp { is_notice: false, text: Text::new("VERSION") };
    let at = |unix_ms| Some(Moment { unix_ms });
    vec![
        introduce("alice"),
        introduce("bob"),
        introduce("B0B"),
        introduce("erin"),
        introduce("carol"),
        Action::Join(dev(), None),
        Action::Join(dev(), Some(Text::new("s3cret"))),
        Action::Join(ops(), None),
        Action::Join(RoomName::lobby(), None),
        Action::Part(dev(), Some(bob.clone())),
        Action::Part(ops(), None),
        Action::PartAll,
        say(Recipient::Room(dev()), Manner::Line),
        say(role(RoomRole::Operator), Manner::Line),
        say(role(RoomRole::Voice), Manner::Emote),
        say(Recipient::Nick(alice.clone()), Manner::Notice),
        Action::Signal(role(RoomRole::Operator), Signal::Tags, Tags::default()),
        Action::Signal(Recipient::Room(dev()), ctcp, Tags::default()),
        Action::Nick(Text::new("erin")),
        Action::Nick(Text::new("alice")),
        Action::Quit(None),
        Action::Topic(dev(), Some(alice.clone())),
        Action::Kick(dev(), bob.clone(), None),
        Action::Invite(bob.clone(), dev()),
        Action::Away(Some(alice)),
        Action::Away(None),
        Action::SetReal(bob.clone()),
        Action::Flag(Flag::Bot, true),
        Action::Wallops(bob.clone()),
        Action::GiveUpRights,
        Action::Echo(true),
        Action::MarkRead(Recipient::Room(dev()), at(5)),
        Action::MarkRead(Recipient::Room(dev()), at(3)),
        Action::MarkRead(Recipient::Nick(bob), None),
        Action::Command(Some(dev()), Line::new("/room keep on")),
        Action::Command(None, Line::new("/ignore alice")),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let request = || prop::sample::select(requests());
    let several = prop::collection::vec(request(), 2..6);
    prop_oneof![
        8 => prop::sample::select(actions()),
        1 => request().prop_map(|request| Action::Change(dev(), request)),
        2 => several.prop_map(|requests| Action::ChangeAll(dev(), requests)),
    ]
}

/// What happens: an IRC client connects, somebody acts, or anything else.
#[derive(Clone, Debug)]
enum Happening {
    Connect,
    Act(usize, Action, Option<Text>),
    Other(Step),
}

fn happening() -> impl Strategy<Value = Happening> {
    let label = prop::option::of(Just(Text::new("7")));
    prop_oneof![
        1 => Just(Happening::Connect),
        8 => (0..8usize, action(), label).prop_map(|(id, action, label)| {
            Happening::Act(id, action, label)
        }),
        4 => step().prop_map(Happening::Other),
    ]
}

impl World {
    fn happen(&mut self, happening: Happening) {
        let step = match happening {
            Happening::Connect => {
                self.connected += 1;
                self.screens.insert(ClientId(self.connected), Vec::new());
                let traits = Traits { wire: Wire::Irc, ..Traits::default() };
                let origin = Origin::of([192, 0, 2, 7].into());
                Step::Other(self.screens.len() - 1, Event::Connected(origin, traits))
            }
            Happening::Act(number, action, label) => {
                // A client is in the chat before it asks for anything else.
                let is_first = matches!(action, Action::Introduce { .. });
                if !self.is_in_irc(number).is_some_and(|is_in| is_in || is_first) {
                    return;
                }
                Step::Other(number, Event::Do(action, label))
            }
            Happening::Other(
                Step::Say(number) | Step::Type(number, _) | Step::Other(number, _),
            ) if self.is_in_irc(number) == Some(false) => {
                return;
            }
            Happening::Other(step) => step,
        };
        let seen: Vec<_> = self.screens.iter().map(|(id, shown)| (*id, shown.len())).collect();
        self.take(step);
        for (id, before) in seen {
            let screen = self.screens.get(&id).map_or(&[][..], |shown| &shown[before..]);
            screen.iter().for_each(|message| self.check_role(id, message));
        }
    }

    /// Whether a client that speaks IRC is in the chat; `None` if it speaks something else.
    fn is_in_irc(&self, number: usize) -> Option<bool> {
        let client = self.chat.clients.get(&self.client(number)?)?;
        client.speaks_irc().then_some(client.announced)
    }

    /// What is said to a role is shown to those who have it, and to who said it.
    fn check_role(&self, id: ClientId, message: &Message) {
        let Message::Relay(relay) = message else { return };
        let Deed::SaidToRole(said) = &relay.deed else { return };
        let room = self.chat.rooms.find(said.room).unwrap();
        let is_own = self.chat.source(id).is_some_and(|own| own == relay.by);
        assert!(is_own || room.roles_of(id).reaches(said.role), "{id:?} is told {said:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_irc_clients_do_a_replica_that_is_read_back_does_the_same(
        happenings in prop::collection::vec(happening(), 1..150),
        saves in prop::collection::hash_set(0..150usize, 0..8),
    ) {
        follow_steps(happenings, World::happen, &saves)?;
    }
}
