//! `Service`: what a listener offers.

use std::sync::Arc;

use rustls::ServerConfig;

use super::last_words::last_words;
use crate::admission::{Share, TurnedAway};
use crate::web::{self, Site};
use crate::wire::Dialect;

/// The service that a listener offers.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Its name in the log and the port file.
    pub name: &'static str,
    pub tls: Option<Arc<ServerConfig>>,
    /// The pages that it serves, if it speaks HTTP.
    pub site: Option<Arc<Site>>,
    /// What its clients speak, unless they say so over HTTP.
    pub dialect: Dialect,
    /// Whether it listens at a path, so that those who connect may state an address.
    pub is_at_path: bool,
}

impl Service {
    /// Whether a connection becomes a client at once: without TLS or HTTP, and without a PROXY
    /// header.
    pub(crate) fn is_immediate(&self) -> bool {
        self.tls.is_none() && self.site.is_none() && !self.is_at_path
    }

    /// The answer to a connection while too many others are connecting.
    pub(super) fn too_busy(&self) -> Vec<u8> {
        match self.site {
            Some(_) => web::too_busy(),
            None => last_words(self.dialect, TurnedAway::NoThread),
        }
    }

    /// The share of handshakes that its connections belong to.
    pub(crate) fn share(&self) -> Share {
        let is_for_machines = self.site.as_ref().is_some_and(|site| site.is_for_machines());
        if is_for_machines { Share::Figures } else { Share::Clients }
    }

    /// The same service, answering nothing but health checks; `None` if it answers none.
    pub(crate) fn only_health(&self) -> Option<Self> {
        let site = Arc::new(self.site.as_ref()?.only_health());
        Some(Self { site: Some(site), ..self.clone() })
    }
}
