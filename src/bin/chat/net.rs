//! A connection to the server, plain or over TLS, and the lines that come and go on it.

pub(crate) mod lines;
pub(crate) mod probe;
pub(crate) mod timed;
pub(crate) mod tls;
pub(crate) mod connection;
pub(crate) mod web;
pub(crate) mod wire;
