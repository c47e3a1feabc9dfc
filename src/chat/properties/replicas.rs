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
        level: 1,
        since: Duration::ZERO,
    };
    chat.join_node(NodeNumber::ALONE, node, None, &mut Effects::default());
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
