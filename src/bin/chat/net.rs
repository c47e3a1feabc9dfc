//! A connection to the server, bare or under TLS, and the lines that come out of it.

pub(crate) mod lines;
pub(crate) mod probe;
pub(crate) mod tls;
pub(crate) mod connection;
