//! `Room`: its members, what was said in it, and who keeps order there.

mod roles; // who may do what, and whose role is held
mod masks; // bans
mod invitations; // who may enter once
mod record; // what is recorded for a restart after a crash

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use self::invitations::Invitations;
pub(crate) use self::masks::{MAX_BANS as MAX_ROOM_BANS, RoomMasks};
pub use self::record::RoomRecord;
pub(crate) use self::roles::{Kept, MAX_ACCOUNTS as MAX_ROOM_ACCOUNTS, Roles};
use super::client::Client;
use super::history::History;
use super::pace::Pace;
use crate::chat::action::MaskList;
use crate::chat::model::{
    ClientId, Entry, KeptRoom, Moment, Nick, RoomName, RoomRole, RoomRoles, RoomSettings,
};
use crate::text::Text;

pub(super) fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    /// In the order in which they entered, including those not announced.
    pub(crate) members: Vec<ClientId>,
    /// How many of them were announced.
    pub(crate) announced: usize,
    /// How many of the members speak IRC.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) irc: usize,
    pub(crate) topic: Option<Text>,
    /// The client that set it; `None` if it was set before the start.
    #[serde(default)]
    pub(crate) topic_by: Option<ClientId>,
    /// Who set it, and when; not known before there were roles, and of one from the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) topic_set: Option<(Nick, Moment)>,
    /// Whether it was private when the topic was set, so that opening it clears the topic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_topic_private: bool,
    pub(crate) history: History,
    /// Whether its past was read from the store, if there is a store.
    #[serde(default)]
    pub(crate) is_read: bool,
    #[serde(flatten)]
    pub(crate) settings: RoomSettings,
    /// The clients that spoke recently, while the room is slow.
    #[serde(default)]
    pub(crate) pace: Pace,
    /// Joins and leaves for the next digest.
    pub(crate) joined: usize,
    pub(crate) left: usize,
    pub(super) digest_due: bool,
    pub(super) empty_since: Duration,
    /// When a client made it; `None` if it is to be made by the next one that enters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) made: Option<Moment>,
    #[serde(default, skip_serializing_if = "Roles::is_empty")]
    pub(crate) roles: Roles,
    #[serde(default, skip_serializing_if = "RoomMasks::is_empty")]
    pub(crate) bans: RoomMasks,
    /// Whom no ban keeps out, and who needs no invitation; set and shown on IRC only.
    #[serde(default, skip_serializing_if = "RoomMasks::is_empty")]
    pub(crate) exceptions: RoomMasks,
    #[serde(default, skip_serializing_if = "RoomMasks::is_empty")]
    pub(crate) standing: RoomMasks,
    #[serde(default, skip_serializing_if = "Invitations::is_empty")]
    pub(crate) invited: Invitations,
    /// For whom it is kept, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<Kept>,
    /// How many read it over HTTP.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) readers: usize,
}

impl Room {
    pub(super) fn new(name: RoomName, replay: usize) -> Self {
        Self {
            name,
            members: Vec::new(),
            announced: 0,
            irc: 0,
            topic: None,
            topic_by: None,
            topic_set: None,
            is_topic_private: false,
            history: History::new(replay),
            is_read: false,
            settings: RoomSettings::default(),
            pace: Pace::default(),
            joined: 0,
            left: 0,
            digest_due: false,
            empty_since: Duration::ZERO,
            made: None,
            roles: Roles::default(),
            bans: RoomMasks::default(),
            exceptions: RoomMasks::default(),
            standing: RoomMasks::default(),
            invited: Invitations::default(),
            kept: None,
            readers: 0,
        }
    }

    /// Whether nobody is in it or reads it.
    pub(super) fn is_vacant(&self) -> bool {
        self.members.is_empty() && self.readers == 0
    }

    /// How many read it over HTTP.
    pub(crate) fn readers(&self) -> usize {
        self.readers
    }

    /// Whether it shows nothing of itself to clients outside.
    pub(crate) fn is_private(&self) -> bool {
        self.settings.are_private()
    }

    /// Whether it is private and kept, so that private lines are on the disk.
    pub(crate) fn is_kept_in_private(&self) -> bool {
        self.is_private() && self.kept.is_some()
    }

    /// Whether a line that was said in it in private is kept.
    pub(crate) fn keeps_line(&self, entry: &Entry) -> bool {
        entry.private && self.kept.is_some()
    }

    /// One of its lists of masks.
    pub(crate) fn masks(&self, list: MaskList) -> &RoomMasks {
        match list {
            MaskList::Bans => &self.bans,
            MaskList::Exceptions => &self.exceptions,
            MaskList::Invited => &self.standing,
        }
    }

    /// The same to change it.
    pub(crate) fn masks_mut(&mut self, list: MaskList) -> &mut RoomMasks {
        match list {
            MaskList::Bans => &mut self.bans,
            MaskList::Exceptions => &mut self.exceptions,
            MaskList::Invited => &mut self.standing,
        }
    }

    /// The account that it is kept for.
    pub(crate) fn owner(&self) -> Option<Nick> {
        self.kept.as_ref().map(|kept| kept.owner)
    }

    /// What the disk has of it, if it is kept.
    pub(crate) fn as_kept(&self) -> Option<KeptRoom> {
        let Kept { owner, roles } = self.kept.clone()?;
        Some(KeptRoom {
            owner,
            made: self.made,
            settings: self.settings.clone(),
            roles,
            bans: self.bans.all().to_vec(),
            exceptions: self.exceptions.all().to_vec(),
            standing: self.standing.all().to_vec(),
        })
    }

    /// Makes it what the disk has.
    pub(super) fn restore_kept(&mut self, kept: KeptRoom) {
        let KeptRoom { owner, made, settings, roles, bans, exceptions, standing } = kept;
        (self.made, self.settings, self.bans) = (made, settings, RoomMasks::of(bans));
        (self.exceptions, self.standing) = (RoomMasks::of(exceptions), RoomMasks::of(standing));
        self.kept = Some(Kept { owner, roles });
        // The disk does not know when the topic was set.
        self.is_topic_private = self.is_private();
    }

    /// The roles of a member.
    pub(crate) fn roles_of(&self, client: ClientId) -> RoomRoles {
        self.roles.of(client)
    }

    /// The roles of an account, if the room is kept.
    pub(crate) fn roles_of_account(&self, login: Option<Nick>) -> RoomRoles {
        let (Some(kept), Some(login)) = (&self.kept, login) else { return RoomRoles::default() };
        let owned = if kept.owner == login { RoomRoles::MAKER } else { RoomRoles::default() };
        kept.roles.get(&login).copied().unwrap_or_default().and(owned)
    }

    /// Gives a member the roles that it or its account has; returns those that it did not have.
    pub(crate) fn restore_roles(
        &mut self,
        now: Duration,
        id: ClientId,
        client: &Client,
    ) -> RoomRoles {
        let before = self.roles.of(id);
        self.roles.restore(now, id, client);
        let of_account = self.roles_of_account(client.login);
        self.roles.add(id, of_account);
        self.roles.of(id).without(before)
    }

    /// Has the account of a member have the member's roles, if the room is kept. Returns whether
    /// that is new.
    pub(crate) fn note_roles(&mut self, id: ClientId, login: Option<Nick>) -> bool {
        let (Some(kept), Some(login)) = (&mut self.kept, login) else { return false };
        let roles = self.roles.of(id);
        if roles.is_empty() || !kept.has_place_for(login) {
            return false;
        }
        self.roles.note_account(id, login);
        kept.roles.insert(login, roles) != Some(roles)
    }

    /// Ends the roles of accounts that are not there any more; returns whether the disk has to know.
    pub(crate) fn end_roles_of_nobody(&mut self, exists: impl Fn(Nick) -> bool) -> bool {
        self.roles.end_held_for(|login| !exists(login));
        let Some(kept) = &mut self.kept else { return false };
        let before = kept.roles.len();
        kept.roles.retain(|login, _| exists(*login));
        kept.roles.len() < before
    }

    /// Ends the roles of an account that is banned, also when nobody is logged in to it.
    pub(crate) fn end_roles_of_account(&mut self, account: Nick) {
        self.roles.end_held_for(|login| login == account);
        if let Some(kept) = &mut self.kept {
            kept.roles.remove(&account);
        }
    }

    /// The accounts that have a member's roles: its own, and one that it has logged out of.
    fn accounts_of(&self, id: ClientId, client: &Client) -> impl Iterator<Item = Nick> + use<> {
        client.login.into_iter().chain(self.roles.account_of(id))
    }

    /// Whether a member's account can get a role, if the room is kept.
    pub(crate) fn has_place_for(&self, login: Option<Nick>) -> bool {
        match (&self.kept, login) {
            (Some(kept), Some(login)) => kept.has_place_for(login),
            _ => true,
        }
    }

    /// Gives a member a role, or takes it.
    pub(crate) fn set_role(&mut self, id: ClientId, client: &Client, role: RoomRole, on: bool) {
        let accounts = self.accounts_of(id, client);
        self.roles.set(id, role, on);
        if on {
            self.note_roles(id, client.login);
            return;
        }
        let roles = self.roles.of(id);
        let Some(kept) = &mut self.kept else { return };
        for account in accounts {
            match roles.is_empty() {
                true => kept.roles.remove(&account),
                false => kept.roles.insert(account, roles),
            };
        }
    }

    /// Ends the roles of a member that is made to leave.
    pub(crate) fn end_roles(&mut self, id: ClientId, client: &Client) {
        let accounts = self.accounts_of(id, client);
        self.roles.end(id);
        if let Some(kept) = &mut self.kept {
            for account in accounts {
                kept.roles.remove(&account);
            }
        }
    }

    /// The room's record; `None` if there is nothing to record.
    pub(crate) fn record<'a>(
        &self,
        client: impl Fn(ClientId) -> Option<&'a Client>,
    ) -> Option<RoomRecord> {
        let with = |role: RoomRole| -> Vec<Nick> {
            let members = self.members.iter().filter(|id| self.roles_of(**id).has(role));
            members.filter_map(|id| client(*id)).map(|client| client.nick).collect()
        };
        let (operators, voices) = (with(RoomRole::Operator), with(RoomRole::Voice));
        RoomRecord::new(self.name, &self.settings, operators, voices)
    }

    /// Makes the room what its record says; its members get their roles as they come back.
    pub(crate) fn bring_back(&mut self, now: Moment, record: &RoomRecord) {
        // What is kept of a room is on the disk, and may be newer, or not be there yet: what made
        // the room private holds in any case.
        match self.kept {
            Some(_) => self.settings.close_as(record.settings()),
            None => {
                self.settings = record.settings().clone();
                self.made = Some(now);
            }
        }
        for (nick, role) in record.roles() {
            self.roles.await_member(nick, role);
        }
    }

    /// Whether it has settings or roles that end when it has been empty for a while.
    pub(super) fn has_life(&self) -> bool {
        self.kept.is_none() && (self.made.is_some() || !self.settings.are_default())
    }

    /// Whether nothing is lost with it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.kept.is_none() && self.topic.is_none() && self.history.is_empty()
    }

    /// Ends its settings, roles, bans and invitations, and if it was private its history and topic.
    pub(crate) fn end(&mut self) {
        if self.is_private() {
            self.history.clear();
            (self.topic, self.topic_by, self.topic_set) = (None, None, None);
            self.is_topic_private = false;
            // What the store has is to be read again.
            self.is_read = false;
        }
        self.settings = RoomSettings::default();
        self.pace.clear();
        self.made = None;
        self.roles = Roles::default();
        self.bans = RoomMasks::default();
        self.exceptions = RoomMasks::default();
        self.standing = RoomMasks::default();
        self.invited = Invitations::default();
    }

    /// Whether no one spoke later than `uptime`, only members have roles, and no list is too long: a
    /// check of a restored snapshot.
    pub(crate) fn is_consistent(&self, uptime: Duration) -> bool {
        self.pace.is_consistent(uptime)
            && self.roles.are_consistent(&self.members)
            && [&self.bans, &self.exceptions, &self.standing]
                .iter()
                .all(|list| list.are_consistent())
    }
}
