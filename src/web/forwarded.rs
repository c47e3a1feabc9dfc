//! `Forwarded`: for whom a proxy sent a request.

use crate::address::{Networks, Remote};
use crate::net::Request;

/// For whom a proxy sent a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forwarded {
    /// The client, if the proxy stated it.
    pub client: Option<Remote>,
    /// Whether the client's connection to the proxy is encrypted.
    pub is_encrypted: bool,
}

/// What a proxy that sends a request may state.
pub struct Trust<'a> {
    /// The networks of all proxies.
    pub proxies: &'a Networks,
    /// Whether the client is known already.
    pub is_known: bool,
    /// Counts the request for its client; false if there are too many from there.
    pub count: &'a mut dyn FnMut(&Forwarded) -> bool,
}

/// Why a request of a proxy is refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Untaken {
    /// The proxy states no address, or two that differ.
    Misstated,
    /// There are too many requests from the client.
    Crowded,
}

/// What is wrong with what a proxy states.
pub const MISSTATED: &str = "X-Forwarded-For or Forwarded states no address, or they differ";

impl Trust<'_> {
    /// Takes what the proxy states.
    ///
    /// # Errors
    /// It is wrong, or there are too many requests from the client.
    pub(super) fn take(self, request: &Request, stated: &mut Forwarded) -> Result<(), Untaken> {
        if self.is_known {
            // A proxy that only passes bytes on has said all in its header: the fields are its client's.
            return Ok(());
        }
        stated.is_encrypted = request.forwarding.is_encrypted();
        let client = request.forwarding.client(self.proxies);
        stated.client = client.map_err(|_| Untaken::Misstated)?;
        if (self.count)(stated) { Ok(()) } else { Err(Untaken::Crowded) }
    }
}
