//! `Server`: binds, starts the threads, and stops them.

mod error; // why the server cannot start
mod listeners; // listening sockets, bound or inherited
mod services; // the services and the store that the settings ask for
mod origin; // the prefix of the ids of this server's lines
mod cluster; // the node of a cluster that this server is
mod certificate; // warns before it expires
mod restore; // the chat and the clients of the previous process
mod port_file; // the ports in use, for the program that started the server
mod socket_file; // the path of a listening socket
mod running; // `Server`: reload, stop, hand over
mod start; // `Server::start`

pub use self::error::{StartError, failed};
pub use self::running::{HAND_OVER, Server};
