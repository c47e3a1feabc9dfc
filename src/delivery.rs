//! What is due to whom, and sending it.

pub mod room_peers;
pub mod send_queue;
pub mod slowness;

pub mod feed;

pub mod peer;

pub mod peers;
