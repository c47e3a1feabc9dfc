//! Values of the chat, which know nothing of its state.

mod id;
mod moment;
mod name;
mod line_id;
mod heard;
mod entry;
mod token;
mod post;
mod since;
mod part;
mod allowance;
mod line_filter;
mod account;
mod ban;
mod setting;
mod cloak;
mod room_role;
mod room_ban;
mod kept_room;
mod roll_change;

pub use self::account::{
    Account, AuthClaim, AuthCommand, AuthRequest, Password, PasswordHash, PasswordId, Role,
    TypedPassword,
};
pub use self::allowance::{Allowance, AnswerForm};
pub use self::ban::{Ban, BanChange, Mask};
pub use self::cloak::CloakSecret;
pub use self::entry::{Entry, Kind, RoomPast};
pub use self::heard::Heard;
pub use self::id::{ClientId, NodeNumber, RoomId};
pub use self::kept_room::KeptRoom;
pub use self::line_filter::LineFilter;
pub use self::line_id::LineId;
pub(crate) use self::line_id::LineIds;
pub use self::moment::{Moment, Now};
pub(crate) use self::name::Folded;
pub use self::name::{NameError, Nick, RoomName};
pub use self::part::{Part, Reference, Rows, Span};
pub use self::post::{Author, Post, PostKey, Principal, Reading};
pub use self::roll_change::RollChange;
pub use self::room_ban::{RoomBan, RoomMask};
pub use self::room_role::{RoomRole, RoomRoles};
pub use self::setting::{RoomKey, RoomSettings, SETTINGS, Setting, SettingRow, SettingValue};
pub use self::since::{PastSlice, Since};
pub use self::token::{Token, TokenHash};
