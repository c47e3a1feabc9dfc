//! `Post`: a line that somebody says over HTTP, without being connected; and `Reading`.

use serde::{Deserialize, Serialize};

use super::entry::Kind;
use super::line_id::LineId;
use super::moment::Moment;
use super::name::{Nick, RoomName};
use super::token::TokenHash;
use crate::address::{Address, Origin};
use crate::text::Text;

/// One line of a request, and who says it where.
///
/// The lines of one request are as many events of one client id, which no other request has. The
/// first of them decides about all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Where the request comes from.
    pub origin: Origin,
    /// Who says it.
    pub author: Author,
    /// The room, which is created if there is none.
    pub room: RoomName,
    /// [`Said`](Kind::Said) or [`Emoted`](Kind::Emoted).
    pub kind: Kind,
    /// The line.
    pub text: Text,
    /// The number of the line in the request, from 0.
    pub part: u32,
    /// How many lines the request has.
    pub parts: u32,
    /// By what a retry of the request is recognised, if it has a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PostKey>,
}

/// The key that a client gives to a request, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostKey {
    /// The key.
    pub key: Text,
    /// A digest of what is said, where and by whom.
    pub digest: u64,
}

/// Whose requests count together: an account, or all who come from an address without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Principal {
    /// That of a token.
    Account(Nick),
    /// That of the connection.
    Address(Address),
}

/// What somebody reads over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Where the connection comes from.
    pub origin: Origin,
    /// The room, which is created if there is none.
    pub room: RoomName,
    /// The line that it has already, and when that was said. Without one it reads from now on.
    pub after: Option<(LineId, Moment)>,
    /// The token that the request has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenHash>,
}

/// Who speaks over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    /// The account of the token with this hash; and the nick that the request names besides.
    Token(TokenHash, Option<Text>),
    /// A guest under this nick, as the request names it.
    Named(Text),
    /// A guest under the nick that the server gives to its address.
    Guest,
}
