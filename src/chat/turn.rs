//! One client acts on the chat.

mod view; // `Turn` and `View`: the chat as one client changes it, or only sees it
mod shown; // what a client is shown of rooms
mod relay; // what a client does, told to IRC clients
mod speech; // what a client says
mod signals; // what its program says
mod markers; // up to when it has read
mod presence; // joining, leaving, changing rooms and names
mod entrance; // going to a room that the store is asked for first
mod moderation; // logins, and what operators do
mod post; // what is said over HTTP
mod listing; // what can be seen over HTTP
mod past; // what a client may see of what was said
mod reading; // reading a room over HTTP
mod room; // what is done to a room
pub mod commands; // the table of commands, and what each does
mod actions; // what a client asks for other than by commands
mod nodes; // nodes of a cluster come and go, with their clients

pub use self::entrance::NOT_IN_TIME;
pub use self::listing::ListedRoom;
pub use self::moderation::NOT_DONE;
pub use self::nodes::{Guest, LateLine};
pub use self::past::Access;
pub use self::post::AnsweredLines;
pub(crate) use self::view::{Turn, View};
