//! A connection to the server, plain or over TLS, and the lines that arrive on it.

pub(crate) mod lines;
pub(crate) mod probe;
pub(crate) mod tls;
pub(crate) mod connection;
