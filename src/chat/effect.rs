//! `Effects`: what the caller has to do for the chat, in order.

use std::ops::Range;

use super::message::Message;
use super::model::{
    AuthClaim, BanChange, ClientId, Entry, KeptRoom, LineFilter, Nick, NodeNumber, RollChange,
    RoomId, RoomName,
};
use super::question::Question;
use super::reason::Reason;
use super::refusal::Refusal;
use crate::text::Text;

/// One thing for the caller to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a message.
    Tell {
        /// Whom.
        to: Audience,
        /// What.
        message: Message,
    },
    /// Send a client what its wire answers.
    Reply(ClientId, Vec<u8>),
    /// From here on, the client receives what is sent to the room.
    Entered(ClientId, RoomId),
    /// From here on, it no longer does.
    Left(ClientId, RoomId),
    /// Show a client the room that it entered: what its wire tells of a room.
    ShowRoom(ClientId, RoomName),
    /// Somebody is in the chat under that nick, or nobody is any more. Only while IRC clients are
    /// connected.
    Seen(Nick, bool),
    /// What a client is told from here on answers what it asked for under this label; without a
    /// label, the answer is complete.
    Label(ClientId, Option<Text>),
    /// What a client is told from here on is said by this service, until the answer is complete.
    Service(ClientId, &'static str),
    /// From here on, the client's lines carry the time, or no longer do.
    Timestamps(ClientId, bool),
    /// From here on, lines that name the client ring its bell, or no longer do.
    Bell(ClientId, bool),
    /// Send a client a line that rings its bell.
    Ring(ClientId, Message),
    /// Look something up for a client; answer with [`Event::Found`](super::Event::Found).
    Ask(ClientId, Question),
    /// Check or store the password that the client typed; answer with an event such as [`LoggedIn`](super::Event::LoggedIn).
    Authenticate(ClientId, AuthClaim),
    /// Save a change of bans that is in force already; answer with
    /// [`BanSaved`](super::Event::BanSaved).
    ChangeBan(ClientId, BanChange),
    /// Have lines forgotten that are not in memory, too, which is
    /// [answered](super::Event::Forgotten).
    Forget(ClientId, LineFilter),
    /// Write a line to the disk that is shown, or was shown, in another way, or that was said in
    /// private in a kept room: a private line that is only told is not written.
    Record(RoomName, Entry),
    /// Mark on the disk that lines are missing before that one, unless it is there already.
    RecordGap(RoomName, Entry),
    /// Write a change of the accounts or bans to the disk.
    RecordRoll(RollChange),
    /// The same for a topic.
    RecordTopic(RoomName, Option<Text>),
    /// Write to the disk what a room is like that is kept for an account, or that it is kept no
    /// longer.
    KeepRoom(RoomName, Option<Box<KeptRoom>>),
    /// The settings or roles of a room are others, or it is closed.
    RoomChanged(RoomName),
    /// Reload the settings.
    Reload,
    /// The client has another nick: the old one, the new one.
    Renamed(ClientId, Nick, Nick),
    /// The client tried to log in to that account, and the password was not checked: it cannot be
    /// the right one, there is no such account, or the client has to wait.
    LoginFailed(ClientId, Nick),
    /// Log what an operator did: who did what to whom, and why.
    Moderated(Text),
    /// Another client's command changed this client's record.
    Changed(ClientId),
    /// A ban kept the client out.
    TurnedAway(ClientId),
    /// The client came into the chat, under this nick.
    Arrived(ClientId, Nick),
    /// Make a token for the client's account with this label; answer with
    /// [`TokenMade`](super::Event::TokenMade).
    MakeToken(ClientId, Nick, Text),
    /// Show the client the token that was made for it.
    ShowToken(ClientId),
    /// Somebody may read a room no more over HTTP, or not at all.
    ReadingEnded(ClientId, Box<Refusal>),
    /// A line of a request over HTTP was said, or the request is refused.
    Posted(ClientId, Box<Result<Entry, Refusal>>),
    /// The client left the chat.
    Departed(ClientId, Nick, Reason),
    /// Close the client's connection once everything queued for it is sent.
    Disconnect(ClientId, Reason),
}

/// The receivers of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One client.
    One(ClientId),
    /// One client, if it speaks telnet.
    Telnet(ClientId),
    /// All members of a room except some: a range in the clients that [`Effects::drain`] returns.
    Room(RoomId, Range<usize>),
    /// Only those in such a range.
    Each(Range<usize>),
    /// Every client.
    Everyone,
}

/// Effects, to be carried out in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    list: Vec<Effect>,
    except: Vec<ClientId>,
}

impl Effects {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The effects that were not drained yet.
    pub fn iter(&self) -> impl Iterator<Item = &Effect> {
        self.list.iter()
    }

    /// Removes and returns the effects, with the clients that their audiences leave out.
    pub fn drain(&mut self) -> (impl Iterator<Item = Effect>, &[ClientId]) {
        (self.list.drain(..), &self.except)
    }

    /// The lines that are said in them.
    pub fn said(&self) -> impl Iterator<Item = (RoomName, &Entry)> {
        self.list.iter().filter_map(|effect| match effect {
            Effect::Tell { to: Audience::Room(..), message: Message::Said { room, entry, .. } } => {
                Some((*room, entry))
            }
            _ => None,
        })
    }

    /// Has lines ring the bells of clients: `named` tells which of a room, and `rings` whether for the
    /// one reader of a message. They get the line by itself, and not with the room.
    pub fn ring(
        &mut self,
        named: impl Fn(RoomId, &Entry) -> Vec<ClientId>,
        rings: impl Fn(ClientId, &Message) -> bool,
    ) {
        for effect in std::mem::take(&mut self.list) {
            match effect {
                Effect::Tell { to: Audience::One(id), message } if rings(id, &message) => {
                    self.push(Effect::Ring(id, message));
                }
                Effect::Tell { to: Audience::Room(room, except), message } => {
                    let mut ids = match &message {
                        Message::Said { entry, .. } => named(room, entry),
                        _ => Vec::new(),
                    };
                    ids.retain(|id| !self.except[except.clone()].contains(id));
                    self.tell_room_but(room, except, &ids, message);
                }
                other => self.push(other),
            }
        }
    }

    /// Tells a room a line, which also rings for the clients in `ringing`.
    fn tell_room_but(
        &mut self,
        room: RoomId,
        except: Range<usize>,
        ringing: &[ClientId],
        message: Message,
    ) {
        if ringing.is_empty() {
            return self.tell(Audience::Room(room, except), message);
        }
        let start = self.except.len();
        self.except.extend_from_within(except);
        self.except.extend_from_slice(ringing);
        self.tell(Audience::Room(room, start..self.except.len()), message.clone());
        ringing.iter().for_each(|id| self.push(Effect::Ring(*id, message.clone())));
    }

    /// Leaves only what has to be written to the disk: nobody is told anything.
    pub fn keep_records(&mut self) {
        let list = std::mem::take(&mut self.list);
        self.list = list.into_iter().filter_map(record).collect();
        self.except.clear();
    }

    /// Leaves only what concerns the clients of one node, under their numbers there, and what every
    /// node has to do.
    pub fn localize(&mut self, node: NodeNumber) {
        let local = |id: ClientId| (id.node() == node).then(|| ClientId(id.local()));
        self.except.iter_mut().for_each(|id| *id = local(*id).unwrap_or(ClientId::NOBODY));
        self.list.retain_mut(|effect| {
            let everywhere = matches!(effect, Effect::ChangeBan(..) | Effect::Forget(..));
            let Some(id) = effect.client_mut() else { return true };
            let own = local(*id);
            *id = own.unwrap_or(ClientId::NOBODY);
            own.is_some() || everywhere
        });
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.list.clear();
        self.except.clear();
    }

    /// Begins the answer to what a client asked for under a label; returns where it begins.
    pub(super) fn begin_answer(&mut self, client: ClientId, label: Text) -> usize {
        self.push(Effect::Label(client, Some(label)));
        self.list.len() - 1
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Removes and returns those behind so many.
    pub(super) fn split_off(&mut self, at: usize) -> Vec<Effect> {
        self.list.split_off(at)
    }

    /// Removes one effect.
    pub(super) fn remove(&mut self, at: usize) {
        self.list.remove(at);
    }

    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Adds a message.
    pub fn tell(&mut self, to: Audience, message: Message) {
        self.push(Effect::Tell { to, message });
    }

    /// Adds a message to some clients, each of which is named once.
    pub(super) fn tell_each(&mut self, to: impl IntoIterator<Item = ClientId>, message: Message) {
        let start = self.except.len();
        self.except.extend(to);
        if self.except.len() > start {
            self.tell(Audience::Each(start..self.except.len()), message);
        }
    }

    pub(super) fn tell_room(
        &mut self,
        room: RoomId,
        except: impl IntoIterator<Item = ClientId>,
        message: Message,
    ) {
        let start = self.except.len();
        self.except.extend(except);
        self.tell(Audience::Room(room, start..self.except.len()), message);
    }
}

impl Effect {
    /// The client that it is for, if it is for one.
    fn client_mut(&mut self) -> Option<&mut ClientId> {
        match self {
            Self::Tell { to: Audience::One(id) | Audience::Telnet(id), .. }
            | Self::Reply(id, _)
            | Self::Entered(id, _)
            | Self::Left(id, _)
            | Self::ShowRoom(id, _)
            | Self::Label(id, _)
            | Self::Service(id, _)
            | Self::Timestamps(id, _)
            | Self::Bell(id, _)
            | Self::Ring(id, _)
            | Self::Ask(id, _)
            | Self::Authenticate(id, _)
            | Self::ChangeBan(id, _)
            | Self::Forget(id, _)
            | Self::Renamed(id, ..)
            | Self::LoginFailed(id, _)
            | Self::Changed(id)
            | Self::TurnedAway(id)
            | Self::Arrived(id, _)
            | Self::Posted(id, _)
            | Self::ReadingEnded(id, _)
            | Self::MakeToken(id, ..)
            | Self::ShowToken(id)
            | Self::Departed(id, ..)
            | Self::Disconnect(id, _) => Some(id),
            Self::Tell {
                to: Audience::Room(..) | Audience::Each(_) | Audience::Everyone, ..
            }
            | Self::Record(..)
            | Self::RecordGap(..)
            | Self::RecordTopic(..)
            | Self::KeepRoom(..)
            | Self::RecordRoll(_)
            | Self::Seen(..)
            | Self::RoomChanged(_)
            | Self::Reload
            | Self::Moderated(_) => None,
        }
    }
}

/// The part of an effect that has to be written to the disk.
fn record(effect: Effect) -> Option<Effect> {
    match effect {
        Effect::Tell { to: Audience::Room(..), message } => match message {
            Message::Said { entry, .. } if entry.private => None,
            Message::Said { room, entry, .. } => Some(Effect::Record(room, entry)),
            Message::TopicSet { text: Some(_), is_private: true, .. } => None,
            Message::TopicSet { room, text, .. } => Some(Effect::RecordTopic(room, text)),
            _ => None,
        },
        Effect::ChangeBan(_, change) => Some(Effect::ChangeBan(ClientId::NOBODY, change)),
        Effect::Forget(_, filter) => Some(Effect::Forget(ClientId::NOBODY, filter)),
        Effect::Record(..)
        | Effect::RecordGap(..)
        | Effect::RecordTopic(..)
        | Effect::KeepRoom(..)
        | Effect::RecordRoll(_) => Some(effect),
        _ => None,
    }
}
