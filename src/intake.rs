//! A connection, until what it says is in the inbox.

pub(crate) mod inbox; // `Input`: what the broadcaster is told
mod session; // reads one client
mod handshake; // TLS and HTTP before a session
mod accept; // the accept loop

pub(crate) use self::accept::{Acceptor, Entrance};
pub(crate) use self::handshake::Service;
pub(crate) use self::inbox::Input;
pub(crate) use self::session::{Session, Shared};
