//! How many connections may be in their handshake at once, and why more are refused.

use std::fmt;

use super::limits::{LEAST_ARRIVING, Limits};
use crate::address::Address;
use crate::telemetry::Refused;

/// What a connection asks for. Each purpose has its own limit of handshakes, so that too many
/// connections for one do not block the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// To become a client, or to load the page.
    Clients,
    /// To read the metrics.
    Figures,
    /// A health check while [`Clients`](Self::Clients) has too many.
    Health,
}

impl Share {
    pub(super) const COUNT: usize = 3;

    /// How many may be in their handshake at once: each costs a thread. The [intake](crate::intake)
    /// ends the oldest for health checks and metrics when there are far fewer.
    pub(super) fn most(self) -> usize {
        match self {
            Self::Clients => 1024,
            Self::Figures | Self::Health => 128,
        }
    }

    /// How many of them may come from one address, or from a network around it.
    pub(super) fn most_from(self, network: Address, limits: &Limits) -> usize {
        match self {
            Self::Clients => limits.handshakes_from(network),
            Self::Figures | Self::Health => network.choose([LEAST_ARRIVING, 24, 24]),
        }
    }
}

/// Why a connection may not begin its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// Too many connections are in their handshake.
    Everywhere,
    /// Too many of them come from its address.
    There,
    /// Its address has begun too many TLS handshakes.
    Handshakes,
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Everywhere | Self::There => "too many connections are still connecting",
            Self::Handshakes => "too many TLS handshakes from its address",
        })
    }
}

impl Crowd {
    /// The reason under which the metrics count it.
    pub fn counted(self) -> Refused {
        match self {
            Self::Everywhere | Self::There => Refused::Arriving,
            Self::Handshakes => Refused::Handshakes,
        }
    }
}
