//! Nobody reads over HTTP what is not open to everybody, whatever happens.

use proptest::prelude::*;

use super::World;
use super::steps::{Step, step};
use crate::address::Origin;
use crate::chat::{ClientId, Effects, Event, Reading, Reason, RoomName};

/// What may happen besides.
#[derive(Clone, Debug)]
enum Act {
    Step(Step),
    /// Somebody reads a room, from an address.
    Read(u8, &'static str),
    /// A reader reads on from here, once it has the past.
    ReadOn(usize),
    /// The connection of a reader ends.
    End(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let room = prop::sample::select(&["dev", "ops", "lobby"][..]);
    prop_oneof![
        6 => step().prop_map(Act::Step),
        2 => (0..3u8, room).prop_map(|(from, room)| Act::Read(from, room)),
        1 => (0..8usize).prop_map(Act::ReadOn),
        1 => (0..8usize).prop_map(Act::End),
    ]
}

impl World {
    fn act(&mut self, act: Act, readings: &mut Vec<(ClientId, Reading)>) {
        let chosen = |number: usize| number % readings.len().max(1);
        match act {
            Act::Step(step) => self.take(step),
            Act::Read(from, room) => {
                let room = RoomName::new(room).unwrap();
                let origin = Origin::of([192, 0, 2, from].into());
                self.connected += 1;
                let reader = ClientId(self.connected);
                self.screens.insert(reader, Vec::new());
                readings.push((reader, Reading { origin, room, after: None, token: None }));
                self.happens(readings.len() - 1, readings, true);
            }
            Act::ReadOn(number) => self.happens(chosen(number), readings, true),
            Act::End(number) => {
                self.happens(chosen(number), readings, false);
                if !readings.is_empty() {
                    readings.remove(number % readings.len());
                }
            }
        }
    }

    /// A reader reads, or its connection ends.
    fn happens(&mut self, number: usize, readings: &[(ClientId, Reading)], reads: bool) {
        let Some((id, reading)) = readings.get(number).cloned() else { return };
        let event = match reads {
            true => Event::Read(Box::new(reading)),
            false => Event::Gone(Reason::Disconnected),
        };
        let mut effects = Effects::default();
        self.chat.handle(self.now, id, event, &mut effects);
        self.carry_out(effects);
    }

    /// All readers are allowed to read, and the room counts them.
    fn check_readers(&self) {
        assert!(self.chat.is_consistent(self.now.uptime));
        for (id, reader) in self.chat.readers.iter() {
            let room = self.chat.rooms.get(reader.room).expect("there is a room");
            assert!(!room.is_private(), "{id:?} reads {}", room.name);
            assert_eq!(self.chat.admit(self.now, reader.origin), Ok(()), "{id:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nobody_reads_what_is_not_open(acts in prop::collection::vec(act(), 1..120)) {
        let (mut world, mut readings) = (World::new(), Vec::new());
        for act in acts {
            world.act(act, &mut readings);
            world.check_readers();
        }
    }
}
