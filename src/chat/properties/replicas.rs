//! Replicas: chats that hear the same are the same, whatever their pasts and settings.

use super::*;

/// What happened to a chat, and what came of it.
pub(super) struct Logged {
    now: Now,
    /// Nothing if only time passed.
    event: Option<(ClientId, Event)>,
    effects: Effects,
    /// The chat after it.
    state: String,
}

impl World {
    /// A world whose chat is that of a cluster, and in which all is noted that happens.
    fn logged(settings: Settings) -> Self {
        Self { log: Some(Vec::new()), ..Self::of(shared(settings)) }
    }

    pub(super) fn note(&mut self, event: Option<(ClientId, Event)>, effects: &Effects) {
        let Some(log) = &mut self.log else { return };
        let (now, state) = (self.now, state(&self.chat));
        log.push(Logged { now, event, effects: effects.clone(), state });
    }
}

/// The chat of a cluster of one node.
fn shared(settings: Settings) -> Chat {
    let mut chat = Chat::new(settings);
    chat.set_shared(true);
    chat.register(roll());
    let node = Node {
        name: Text::new("box7"),
        origin: "box7".to_owned(),
        has_archive: true,
        level: 4,
        since: Duration::ZERO,
    };
    chat.join_node(NodeNumber::ALONE, node, None, &mut Effects::default());
    chat.raise_level(4);
    chat
}

fn state(chat: &Chat) -> String {
    serde_json::to_string(chat).unwrap()
}

/// A chat that was saved and read back, under these settings.
fn read_back(chat: &Chat, settings: Settings) -> Chat {
    let mut back: Chat = serde_json::from_str(&state(chat)).unwrap();
    back.configure(settings);
    back.await_announcements();
    back
}

/// Where a replica is saved and read back, by the number of the entry.
fn saves() -> impl Strategy<Value = HashSet<usize>> {
    prop::collection::hash_set(0..150usize, 0..8)
}

/// A chat that follows the log and is read back now and then. Returns what differs first.
fn follow(
    log: &[Logged],
    settings: impl Fn(usize) -> Settings,
    saves: &HashSet<usize>,
    compares_effects: bool,
) -> Result<(), TestCaseError> {
    let mut chat = shared(settings(0));
    for (number, Logged { now, event, effects, state: expected }) in log.iter().enumerate() {
        if saves.contains(&number) {
            chat = read_back(&chat, settings(number));
        }
        let mut own = Effects::default();
        match event {
            Some((client, event)) => chat.handle(*now, *client, event.clone(), &mut own),
            None => chat.tick(*now, &mut own),
        }
        prop_assert_eq!(&state(&chat), expected, "after entry {}, {:?}", number, event);
        if compares_effects {
            prop_assert_eq!(&own, effects, "of entry {}, {:?}", number, event);
        }
        prop_assert!(chat.is_consistent(now.uptime));
    }
    Ok(())
}

fn settings() -> Settings {
    Settings { name: Text::new("box7"), replay: 20, has_archive: true, ..Settings::default() }
}

/// Settings that have nothing in common with those, and are others at each reading back.
fn other_settings(number: usize) -> Settings {
    Settings {
        name: Text::new("elsewhere"),
        motd: [Text::new("be nice")].into(),
        replay: [0, 3, 500][number % 3],
        has_archive: false,
        keep: Some(Duration::from_secs(number as u64)),
    }
}

fn log_of(steps: Vec<Step>) -> Vec<Logged> {
    let mut world = World::logged(settings());
    for step in steps {
        world.take(step);
        world.check();
    }
    world.log.unwrap_or_default()
}

/// A cluster's chat with 60 operators, of whose past the hash map is larger than it has to be.
fn of_operators() -> Chat {
    let (mut chat, mut effects) = (shared(settings()), Effects::default());
    let origin = Origin::of([192, 0, 2, 1].into());
    let mut pass = |event: Event| {
        for id in (1 << 39..).take(3000) {
            chat.handle(Now::default(), ClientId(id), event.clone(), &mut effects);
        }
    };
    pass(Event::Connected(origin, Traits::default()));
    pass(Event::Gone(Reason::Disconnected));
    let accounts: Vec<_> = (0..60).map(|n| account(&format!("op{n}-"), Role::Operator)).collect();
    chat.register(Roll { accounts: accounts.clone(), bans: Vec::new(), tokens: Vec::new() });
    for (number, account) in accounts.into_iter().enumerate() {
        let id = ClientId::on(NodeNumber(number as u32 % 3), number as u64 * 0x9e37);
        let login = Event::LoggedIn(account);
        for event in [Event::Connected(origin, Traits::default()), login, Event::Settled] {
            chat.handle(Now::default(), id, event, &mut effects);
        }
    }
    chat
}

#[test]
fn many_are_told_and_turned_out_in_the_same_order_after_reading_back() {
    let chat = of_operators();
    let back = read_back(&chat, settings());
    let own = [chat, back].map(|mut chat| {
        let mut effects = Effects::default();
        chat.tell_operators("the disk is slow", &mut effects);
        assert_eq!(effects.iter().count(), 60);
        let mask = Mask::new("192.0.2.0/24").unwrap();
        let ban = Ban { mask, by: Nick::server(), reason: None, until: None };
        chat.register(Roll { accounts: Vec::new(), bans: vec![ban], tokens: Vec::new() });
        chat.enforce(Now::default(), &mut effects);
        assert!(chat.clients().is_empty());
        effects
    });
    assert_eq!(own[0], own[1]);
}

#[test]
fn the_first_registration_of_a_nick_counts_in_a_cluster() {
    let (mut chat, now) = (shared(settings()), Now::default());
    let mut told = |id: u64, event: Event| {
        let mut effects = Effects::default();
        chat.handle(now, ClientId(id), event, &mut effects);
        format!("{effects:?}")
    };
    let origin = Origin::of([192, 0, 2, 1].into());
    for id in [1, 2] {
        told(id, Event::Connected(origin, Traits::default()));
    }
    let registered = |hash: &str| {
        let password = PasswordId::of(hash);
        let account = Account { password, ..account("eve", Role::User) };
        Event::Registered(account, Some(PasswordHash::from(hash.to_owned())))
    };
    assert!(told(1, registered("one")).contains("eve is registered; /login eve PASSWORD"));
    assert!(told(2, registered("two")).contains("Refused"));
    let changed = Event::PasswordChanged(account("nobody", Role::User), None);
    assert!(told(2, changed).contains("Refused"), "that account is gone");
    let state = state(&chat);
    assert!(state.contains("\"one\"") && !state.contains("\"two\""));
}

#[test]
fn a_node_that_is_to_show_no_history_shows_none_of_what_the_chat_remembers() {
    let settings = |replay| Settings { replay, ..Settings::default() };
    for (replay, shows) in [(20, true), (0, false)] {
        let mut chat = Chat::new(settings(replay));
        chat.set_shared(true);
        let mut effects = Effects::default();
        let origin = Origin::of([192, 0, 2, 1].into());
        let line = |line| Event::Line(Line::new(line));
        for (id, event) in [
            (1, Event::Connected(origin, Traits::default())),
            (1, line("hello")),
            (1, line("/history 7")),
            (2, Event::Connected(origin, Traits::default())),
        ] {
            chat.handle(Now::default(), ClientId(id), event, &mut effects);
        }
        assert_eq!(format!("{effects:?}").contains("History"), shows, "{replay}");
        assert!(state(&chat).contains("hello"));
    }
}

/// A replica that is read back now and then does and becomes the same as a world in which `take`
/// does these things.
pub(super) fn follow_steps<S>(
    steps: Vec<S>,
    take: impl Fn(&mut World, S),
    saves: &HashSet<usize>,
) -> Result<(), TestCaseError> {
    let mut world = World::logged(settings());
    steps.into_iter().for_each(|step| take(&mut world, step));
    follow(&world.log.unwrap_or_default(), |_| settings(), saves, true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_replica_that_was_read_back_does_and_becomes_the_same(
        steps in prop::collection::vec(step(), 1..120),
        saves in saves(),
    ) {
        follow(&log_of(steps), |_| settings(), &saves, true)?;
    }

    #[test]
    fn replicas_with_other_settings_become_the_same(
        steps in prop::collection::vec(step(), 1..120),
        saves in saves(),
    ) {
        follow(&log_of(steps), other_settings, &saves, false)?;
    }
}
