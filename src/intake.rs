//! A connection, from the accept loop until its lines are in the broadcaster's inbox.

pub(crate) mod inbox; // `Input`: one message to the broadcaster
mod registration; // that the broadcaster knows a client
mod session_end; // why a session stops reading
mod silence; // how long clients may send nothing
mod session; // reads one client
mod preamble; // PROXY headers
mod last_words; // for a client that is turned away
mod service; // what a listener offers
mod handshake; // TLS and HTTP before a session
mod hurry; // ends handshakes early
mod accept; // the accept loop

pub(crate) use self::accept::{Acceptor, Entrance};
pub(crate) use self::hurry::Hurry;
pub(crate) use self::inbox::{Caller, Input};
pub(crate) use self::preamble::unwanted_header;
pub(crate) use self::service::Service;
pub(crate) use self::session::{Session, SessionContext};
