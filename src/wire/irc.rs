//! The IRC wire (RFC 1459, RFC 2812, IRCv3, modern.ircdocs.horse).

mod request;
mod line;
mod formatting;
mod mask;
mod decode;
mod base64;
mod sasl;
mod caps;
mod isupport;
mod modes;
mod whox;
mod registration;
mod label;
pub mod numeric;
mod replies;
mod session;
pub mod welcome;
pub mod people;
pub mod server;
pub mod target;
pub mod monitor;
pub mod relay;

pub use self::caps::{Cap, Caps, parse_request};
pub use self::decode::Decoder;
pub use self::formatting::{Ctcp, strip};
pub use self::isupport::{MAX_TARGETS, isupport};
pub use self::label::{MAX_LABEL, framed};
pub use self::line::{Line, MAX_BODY, pieces};
pub use self::mask::{Mask, fold, matches};
pub use self::modes::{ChannelChange, UserChange, channel_changes, shown, user_changes};
pub use self::registration::{Registration, Secret, User, is_foreign, real_name};
pub use self::replies::Replies;
pub use self::request::Request;
pub use self::sasl::{Credentials, Exchange, Progress};
pub use self::session::{Session, Step, need_more};
pub use self::whox::Fields;
