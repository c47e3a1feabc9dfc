//! What a client's program tells others.

use super::view::Turn;
use crate::chat::action::Recipient;
use crate::chat::effect::Audience;
use crate::chat::model::{ClientId, RoomName, RoomRole};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::relay::Deed;
use crate::chat::signal::{Place, Signal, Signalled, Tags};

impl Turn<'_> {
    /// Sends a signal. Only IRC clients get it.
    pub(crate) fn signal(
        &mut self,
        to: &Recipient,
        signal: &Signal,
        tags: &Tags,
    ) -> Result<(), Refusal> {
        self.may_speak()?;
        match to {
            Recipient::Room(room) => self.signal_to_room(*room, None, signal, tags),
            Recipient::Role(room, role) => self.signal_to_room(*room, Some(*role), signal, tags),
            Recipient::Nick(name) => {
                let to = self.chat.somebody(name.as_str());
                let to = to.ok_or_else(|| Refusal::Nobody(name.clone()))?;
                self.signal_to(to, signal, tags);
                Ok(())
            }
        }
    }

    fn signal_to_room(
        &mut self,
        name: RoomName,
        role: Option<RoomRole>,
        signal: &Signal,
        tags: &Tags,
    ) -> Result<(), Refusal> {
        let id = self.room_to_speak_to(name)?;
        let Some(room) = self.chat.rooms.get(id) else { return Ok(()) };
        self.may_speak_in(room)?;
        // Tags alone say nothing: who types is not to wait before the line itself.
        if matches!(signal, Signal::Ctcp { .. }) {
            if !room.settings.take_ctcp() {
                return Err(RoomRefusal::NoCtcp(name).into());
            }
            self.keep_pace_in(id)?;
        }
        if let Some(role) = role {
            let deed = self.signalled(Place::Role(name, role), signal, tags);
            let (readers, _) = self.members_in_role(id, role);
            self.relay_to(readers, self.source(), deed);
            return Ok(());
        }
        let deed = self.signalled(Place::Room(name), signal, tags);
        let message = self.relay(self.source(), deed);
        let me = self.me();
        let except = (!me.echo).then_some(self.me);
        let except: Vec<_> = except.into_iter().chain(me.ignored_by.iter().copied()).collect();
        self.effects.tell_room(id, except, message);
        Ok(())
    }

    fn signal_to(&mut self, to: ClientId, signal: &Signal, tags: &Tags) {
        let reader = &self.chat.clients[&to];
        let (nick, is_heard) = (reader.nick, !reader.ignores.contains(&self.me));
        let is_shown = reader.speaks_irc() && is_heard;
        let deed = self.signalled(Place::Nick(nick), signal, tags);
        if let Deed::Signal(signalled) = &deed
            && self.me().echo
        {
            let echo = Signalled { to: Place::Echo(nick), ..(**signalled).clone() };
            self.relay_to_me(Deed::Signal(Box::new(echo)));
        }
        if is_shown {
            let message = self.relay(self.source(), deed);
            self.effects.tell(Audience::One(to), message);
        }
    }

    fn signalled(&mut self, to: Place, signal: &Signal, tags: &Tags) -> Deed {
        let id = self.chat.line_ids.next();
        Deed::Signal(Box::new(Signalled { to, signal: signal.clone(), tags: tags.clone(), id }))
    }
}
