//! Replicas of a cluster's chat: they hear the same, and therefore do and are the same.

use std::time::Duration;

use chatd::chat::{Chat, Effects, Node, NodeNumber, Now, Settings};
use chatd::text::Text;

use super::World;

/// States are compared after so many deeds: that takes longer than all else.
const COMPARED_EACH: usize = 8;

/// A chat that hears what the world's chat hears, and is read back now and then.
pub(super) struct Replica {
    chat: Chat,
    settings: Settings,
    /// Whether it has the settings of the world's chat, and therefore shows the same.
    shows_the_same: bool,
}

impl World {
    /// A world whose chat is that of a cluster, with two more replicas of it.
    pub fn shared() -> Self {
        let mut world = Self::new();
        world.chat = shared(&world, &world.settings);
        for shows_the_same in [true, false] {
            let settings = settings_of(&world, shows_the_same);
            let chat = shared(&world, &settings);
            world.replicas.push(Replica { chat, settings, shows_the_same });
        }
        world
    }

    pub(super) fn is_shared(&self) -> bool {
        !self.replicas.is_empty()
    }

    /// Does something to the chat and its replicas, from which the same has to come.
    pub(super) fn in_all_chats(&mut self, act: impl Fn(&mut Chat, Now, &mut Effects)) {
        assert!(self.effects.is_empty(), "something was not carried out");
        act(&mut self.chat, self.now, &mut self.effects);
        for replica in &mut self.replicas {
            let mut effects = Effects::default();
            act(&mut replica.chat, self.now, &mut effects);
            assert!(!replica.shows_the_same || effects == self.effects, "a replica does otherwise");
        }
        self.deeds += 1;
        if self.deeds.is_multiple_of(COMPARED_EACH) {
            self.compare();
        }
    }

    /// Replicas are saved and read back: the first, the second or both.
    pub(super) fn read_back(&mut self, which: u8) {
        for (number, replica) in self.replicas.iter_mut().enumerate() {
            if usize::from(which) % 3 != number {
                let saved = state(&replica.chat);
                replica.chat = serde_json::from_str(&saved).expect("it was written so");
                replica.chat.configure(replica.settings.clone());
                replica.chat.await_announcements();
                assert!(replica.chat.is_consistent(self.now.uptime), "it is damaged");
            }
        }
        self.compare();
    }

    /// After a change of the world's settings.
    pub(super) fn configure_replicas(&mut self) {
        for number in 0..self.replicas.len() {
            let settings = settings_of(self, self.replicas[number].shows_the_same);
            let replica = &mut self.replicas[number];
            replica.settings = settings;
            replica.chat.configure(replica.settings.clone());
        }
        self.compare();
    }

    /// All replicas are the same.
    pub(super) fn compare(&self) {
        if !self.is_shared() {
            return;
        }
        let own = state(&self.chat);
        for Replica { chat, .. } in &self.replicas {
            assert_eq!(state(chat), own, "a replica is otherwise");
            assert_eq!(chat.next_deadline(), self.chat.next_deadline());
        }
    }
}

/// The chat of a cluster of one node.
fn shared(world: &World, settings: &Settings) -> Chat {
    let mut chat = Chat::new(settings.clone());
    chat.set_shared(true);
    chat.register(world.store.known.clone());
    chat.name_lines_after("box7-1");
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

/// The world's settings, or such as have nothing in common with them.
fn settings_of(world: &World, the_same: bool) -> Settings {
    if the_same {
        return world.settings.clone();
    }
    Settings {
        name: Text::new("elsewhere"),
        motd: [Text::new("welcome")].into(),
        replay: if world.settings.replay == 0 { 500 } else { 0 },
        has_archive: false,
        keep: Some(Duration::from_secs(3600)),
    }
}

fn state(chat: &Chat) -> String {
    serde_json::to_string(chat).expect("it has a form in JSON")
}
