//! `Forwarded`: for whom a proxy sent a request.

use crate::address::Remote;

/// For whom a proxy sent a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forwarded {
    /// The client, if the proxy stated it.
    pub client: Option<Remote>,
    /// Whether the client's connection to the proxy is encrypted.
    pub is_encrypted: bool,
}
