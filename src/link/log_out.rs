//! The thread `log out`: carries out one request of the node after the other.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Receiver;

use super::connection::{Connection, Endpoint};
use super::scripts::Scripts;
use super::servers::{LinkSettings, Servers};
use crate::cluster::{LinkError, LinkEvent, Reply, Request, Ticket};

/// The server that `log out` uses, so that `log in` reads the log that it writes.
#[derive(Clone, Default)]
pub(super) struct CurrentServer(Arc<Mutex<Option<Endpoint>>>);

impl CurrentServer {
    pub(super) fn get(&self) -> Option<Endpoint> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, endpoint: &Endpoint) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoint.clone());
    }
}

/// Asks the log, through a connection that is opened anew after each failure.
pub(super) struct Asker {
    servers: Servers,
    scripts: Scripts,
    connection: Option<Connection>,
    current: CurrentServer,
}

impl Asker {
    pub(super) fn new(settings: &LinkSettings, current: CurrentServer) -> Self {
        let servers = Servers::new(settings.clone());
        Self { servers, scripts: Scripts::new(settings), connection: None, current }
    }

    /// Answers requests until there are no more.
    pub(super) fn run(
        &mut self,
        requests: &Receiver<(Ticket, Request)>,
        mut report: impl FnMut(LinkEvent),
    ) {
        for (ticket, request) in requests {
            report(match self.ask(&request) {
                Ok(reply) => LinkEvent::Replied(ticket, reply),
                Err(error) => LinkEvent::Failed(ticket, error),
            });
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Reply, LinkError> {
        let mut connection = self.connection()?;
        let reply = self.scripts.carry_out(&mut connection, request)?;
        self.connection = Some(connection);
        Ok(reply)
    }

    /// The connection, or a new one. The caller puts it back if it has shown no fault.
    fn connection(&mut self) -> Result<Connection, LinkError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let connection = self.servers.connect()?;
        self.current.set(&connection.endpoint);
        Ok(connection)
    }
}
