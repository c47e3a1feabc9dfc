//! `KeptRoom`: what the disk has of a room that is kept for an account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::name::Nick;
use super::room_ban::RoomBan;
use super::room_role::RoomRoles;
use super::setting::RoomSettings;

/// A room that is kept for an account, besides its topic and its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRoom {
    /// The owner's account.
    pub owner: Nick,
    /// When the room was made.
    #[serde(default)]
    pub made: Option<Moment>,
    /// Its settings.
    #[serde(default)]
    pub settings: RoomSettings,
    /// The roles of accounts.
    #[serde(default)]
    pub roles: BTreeMap<Nick, RoomRoles>,
    /// Its bans, oldest first.
    #[serde(default)]
    pub bans: Vec<RoomBan>,
    /// Whom no ban keeps out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<RoomBan>,
    /// Who needs no invitation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<RoomBan>,
}
