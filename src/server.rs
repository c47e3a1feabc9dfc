//! `Server`: binds, starts the threads, and stops them.

mod error; // why it cannot start
mod listeners; // listening sockets, bound or inherited
mod services; // what the settings ask for
mod certificate; // when it expires
mod restore; // the chat and the clients that another process left
mod port_file; // the ports in use, for whoever started it
mod running; // `Server`: reload, stop, hand over
mod start; // `Server::start`, a part for each service

pub use self::error::{StartError, failed};
pub use self::running::{HAND_OVER, Server};
