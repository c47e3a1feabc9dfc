//! A connection, until what it says is in the inbox.

pub mod inbox;

pub mod session;

pub mod handshake;

pub mod accept;
