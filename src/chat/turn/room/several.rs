//! Several changes of a room at once.

use std::sync::Arc;

use crate::chat::action::{Action, RoomRequest};
use crate::chat::effect::{Audience, Effect};
use crate::chat::message::Message;
use crate::chat::model::RoomName;
use crate::chat::relay::{Deed, Relay};
use crate::chat::turn::view::Turn;

impl Turn<'_> {
    /// Makes changes one after the other, and refuses those that are not made. IRC clients are told
    /// of them together, others of each.
    pub(crate) fn change_several(&mut self, room: RoomName, requests: &[RoomRequest]) {
        let start = self.effects.len();
        let mut last = None;
        for request in requests {
            let Err(why) = self.change_room(request) else { continue };
            // A client that may change nothing gets one refusal, not one for each change.
            if last.as_ref() != Some(&why) {
                self.deny(Action::Change(room, request.clone()), why.clone());
            }
            last = Some(why);
        }
        self.tell_together(room, start);
    }

    /// Makes one deed of the changes that were told since there were `start` effects. It takes the
    /// place of the last: whatever the disk has to have before they are told comes before that.
    fn tell_together(&mut self, room: RoomName, start: usize) {
        let mut told: Option<(usize, Audience, Arc<Relay>)> = None;
        let mut deeds = Vec::new();
        for effect in self.effects.split_off(start) {
            match effect {
                Effect::Tell { to, message: Message::Relay(relay) } if is_change(&relay.deed) => {
                    deeds.push(relay.deed.clone());
                    told = Some((self.effects.len(), to, relay));
                }
                other => self.effects.push(other),
            }
        }
        let Some((place, to, last)) = told else { return };
        let deed = if deeds.len() > 1 { Deed::Changes(room, deeds) } else { last.deed.clone() };
        let behind = self.effects.split_off(place);
        let message = self.relay(last.by.clone(), deed);
        self.effects.tell(to, message);
        behind.into_iter().for_each(|effect| self.effects.push(effect));
    }
}

fn is_change(deed: &Deed) -> bool {
    matches!(deed, Deed::Change(..) | Deed::Mask(..))
}
