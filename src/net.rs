//! Connections, bare or under TLS, and the head of an HTTP request.

pub mod http;
pub mod tls;
pub mod transport;
