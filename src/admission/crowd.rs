//! How many connections may be on their way in: shares of them, and what is said when there are more.

use std::fmt;

use super::limits::{LEAST_ARRIVING, Limits};
use crate::address::Address;
use crate::telemetry::Refused;

/// What a connection comes for. Each has a share of its own of those that may be on their way in,
/// so that a crowd for one is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// To become a client, or to see the page.
    Clients,
    /// To see the figures.
    Figures,
    /// To ask whether the server is there while there are too many of the first kind.
    Health,
}

impl Share {
    pub(super) const COUNT: usize = 3;

    /// How many may be on their way in at once: each costs a thread.
    pub(super) fn most(self) -> usize {
        match self {
            Self::Clients => 1024,
            Self::Figures | Self::Health => 32,
        }
    }

    /// How many of them from one address, or from a network around it.
    pub(super) fn most_from(self, network: Address, limits: &Limits) -> usize {
        match self {
            Self::Clients => limits.handshakes_from(network),
            Self::Figures | Self::Health => network.choose([LEAST_ARRIVING, 24, 24]),
        }
    }
}

/// Why a connection may not begin to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// There are too many.
    Everywhere,
    /// There are too many from its address.
    There,
    /// Its address has begun too many TLS handshakes.
    Handshakes,
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Everywhere | Self::There => "too many connections are not clients yet",
            Self::Handshakes => "too many TLS handshakes from its address",
        })
    }
}

impl Crowd {
    /// What it is counted as.
    pub fn counted(self) -> Refused {
        match self {
            Self::Everywhere | Self::There => Refused::Arriving,
            Self::Handshakes => Refused::Handshakes,
        }
    }
}
