//! `RoomPeers`: who gets what a room is told, those who are behind apart from those who are not.

use crate::chat::ClientId;

/// The listeners of one room.
#[derive(Debug, Default)]
pub(super) struct RoomPeers {
    /// First those who keep up, then those who are behind.
    listeners: Vec<ClientId>,
    /// How many keep up.
    prompt: usize,
}

impl RoomPeers {
    /// Adds a client that is not in it.
    pub(super) fn add(&mut self, id: ClientId, is_behind: bool) {
        let last = self.listeners.len();
        self.listeners.push(id);
        if !is_behind {
            self.listeners.swap(self.prompt, last);
            self.prompt += 1;
        }
    }

    /// Removes a client, if it is in it.
    pub(super) fn remove(&mut self, id: ClientId) {
        if let Some(place) = place(&self.listeners, id) {
            self.remove_at(place);
        }
    }

    /// Puts a client with those who are behind, or back, if it is not there yet.
    pub(super) fn set_behind(&mut self, id: ClientId, is_behind: bool) {
        let found = match is_behind {
            true => place(self.prompt(), id),
            false => place(self.behind(), id).map(|place| place + self.prompt),
        };
        if let Some(place) = found {
            self.remove_at(place);
            self.add(id, is_behind);
        }
    }

    fn remove_at(&mut self, mut place: usize) {
        if place < self.prompt {
            self.prompt -= 1;
            self.listeners.swap(place, self.prompt);
            place = self.prompt;
        }
        self.listeners.swap_remove(place);
    }

    /// Those who keep up.
    pub(super) fn prompt(&self) -> &[ClientId] {
        &self.listeners[..self.prompt]
    }

    /// Those who are behind.
    pub(super) fn behind(&self) -> &[ClientId] {
        &self.listeners[self.prompt..]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.listeners.len()
    }

    /// Whether there is nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }
}

fn place(listeners: &[ClientId], id: ClientId) -> Option<usize> {
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
