//! The only folder that names system calls, as thin, typed wrappers over `rustix` and `nix`.

mod process; // the process and its descriptors
mod signals; // holding and sending signals
mod listening; // accepting
mod socket; // listening over TCP, reading, sending
mod wait; // bells, and waiting

pub use self::listening::{
    ListeningSocket, group, is_in_use, let_connect, listen_at, local_port, remote_of,
};
pub use self::process::{
    announce_descriptors, become_program, close_on_exec, effective_user, host_name, is_journal,
    lock, memory_file,
};
pub use self::signals::{ask_for_reload, hold_signals, release_signals};
pub use self::socket::{
    Socket, is_about_one_connection, is_without_ipv6, listen, prepare, stop_listening,
};
pub use self::wait::{
    Bell, Ready, WritablePoll, wait_bell, wait_closed, wait_readable, wait_writable,
};
