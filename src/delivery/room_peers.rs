//! `RoomPeers`: the clients of a room, those that are behind apart from those that keep up.

use crate::chat::ClientId;

/// The clients of one room.
#[derive(Debug, Default)]
pub(super) struct RoomPeers {
    /// First the clients that keep up, then those that are behind.
    listeners: Vec<ClientId>,
    /// How many clients keep up.
    prompt: usize,
}

impl RoomPeers {
    /// Adds a client, which must not be in the room.
    pub(super) fn add(&mut self, id: ClientId, is_behind: bool) {
        let last = self.listeners.len();
        self.listeners.push(id);
        if !is_behind {
            self.listeners.swap(self.prompt, last);
            self.prompt += 1;
        }
    }

    /// Removes a client, if it is in the room.
    pub(super) fn remove(&mut self, id: ClientId) {
        if let Some(index) = index_of(&self.listeners, id) {
            self.remove_at(index);
        }
    }

    /// Moves a client of the room to those that are behind, or back to those that keep up.
    pub(super) fn set_behind(&mut self, id: ClientId, is_behind: bool) {
        let found = match is_behind {
            true => index_of(self.prompt(), id),
            false => index_of(self.behind(), id).map(|index| index + self.prompt),
        };
        if let Some(index) = found {
            self.remove_at(index);
            self.add(id, is_behind);
        }
    }

    fn remove_at(&mut self, mut index: usize) {
        if index < self.prompt {
            self.prompt -= 1;
            self.listeners.swap(index, self.prompt);
            index = self.prompt;
        }
        self.listeners.swap_remove(index);
    }

    /// The clients that keep up.
    pub(super) fn prompt(&self) -> &[ClientId] {
        &self.listeners[..self.prompt]
    }

    /// The clients that are behind.
    pub(super) fn behind(&self) -> &[ClientId] {
        &self.listeners[self.prompt..]
    }

    pub(super) fn len(&self) -> usize {
        self.listeners.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }
}

fn index_of(listeners: &[ClientId], id: ClientId) -> Option<usize> {
    listeners.iter().position(|&listener| listener == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn everybody_is_in_it_once_and_on_the_right_side(
            steps in prop::collection::vec((0u64..8, 0..3, any::<bool>()), 0..60),
        ) {
            let (mut room, mut model) = (RoomPeers::default(), BTreeMap::new());
            for (number, step, is_behind) in steps {
                let id = ClientId(number);
                match step {
                    0 => {
                        room.remove(id);
                        room.add(id, is_behind);
                        model.insert(id, is_behind);
                    }
                    1 => {
                        room.remove(id);
                        model.remove(&id);
                    }
                    _ => {
                        room.set_behind(id, is_behind);
                        model.entry(id).and_modify(|side| *side = is_behind);
                    }
                }
                let sides = [(room.prompt(), false), (room.behind(), true)];
                let found = sides.map(|(ids, side)| ids.iter().map(move |id| (*id, side)));
                let found: Vec<_> = found.into_iter().flatten().collect();
                prop_assert_eq!(room.len(), model.len());
                prop_assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), model.clone());
            }
        }
    }
}
