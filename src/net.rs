//! Connections, bare or under TLS, and the head of an HTTP request.

pub(crate) mod http; // the head of a request, and answers; pure
pub(crate) mod tls; // the certificate and key
mod transport; // a connection that one thread reads and another one writes

pub use self::http::{Body, Fields, Framing, MAX_HEAD, Status, parse};
pub(crate) use self::http::{ON_ALL, Request, Response, Upgrade};
pub(crate) use self::tls::{Certificates, Expiry, Identity, PrivateKey, Tls};
pub(crate) use self::transport::Accepted;
pub use self::transport::{Patience, Received, Transport};
