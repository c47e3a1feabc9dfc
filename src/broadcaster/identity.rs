//! The log's lines about identity: logins and new names, with the client's address.
//!
//! packaging/fail2ban finds failed logins by these lines. A client cannot forge one: a nick has no
//! blanks, and nothing follows the address.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::chat::{AuthRequest, ClientId, Nick};
use crate::store::{Answer, Denial};

/// Clients that wait for the answer to a request with a password: the account, and the client's
/// address, since the client may be gone when the answer comes.
#[derive(Debug, Default)]
pub(super) struct PendingAuth(HashMap<ClientId, (Nick, SocketAddr)>);

impl PendingAuth {
    pub(super) fn add(&mut self, id: ClientId, request: &AuthRequest, addr: Option<SocketAddr>) {
        let (AuthRequest::Register(nick, ..)
        | AuthRequest::Login(nick, ..)
        | AuthRequest::SetPassword(nick, ..)) = request;
        self.0.extend(addr.map(|addr| (id, (*nick, addr))));
    }

    /// Drops a request that the store did not take.
    pub(super) fn remove(&mut self, id: ClientId) {
        self.0.remove(&id);
    }

    /// Logs the result of a request; `login` is the account that the client is logged in to now.
    pub(super) fn log(&mut self, id: ClientId, result: AuthResult, login: Option<Nick>) {
        let Some((nick, addr)) = self.0.remove(&id) else { return };
        match result {
            AuthResult::Registered => log::info!("{nick} registered from {addr}"),
            // The client may have been banned, or the account removed, meanwhile.
            AuthResult::LoggedIn if login == Some(nick) => {
                log::info!("{nick} logged in from {addr}")
            }
            AuthResult::PasswordChanged => log::info!("{nick} changed its password from {addr}"),
            AuthResult::WrongPassword => log_failed_login(nick, Some(addr)),
            AuthResult::LoggedIn | AuthResult::Nothing => {}
        }
    }
}

/// The result of a request with a password, as far as the log is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthResult {
    Registered,
    LoggedIn,
    PasswordChanged,
    WrongPassword,
    Nothing,
}

impl AuthResult {
    /// The result in an answer; `None` if the answer is to another kind of request.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Registered(..) => Some(Self::Registered),
            Answer::LoggedIn(_) => Some(Self::LoggedIn),
            Answer::PasswordChanged(..) => Some(Self::PasswordChanged),
            Answer::NotAuthenticated(Denial::WrongPassword) => Some(Self::WrongPassword),
            Answer::NotAuthenticated(_) => Some(Self::Nothing),
            _ => None,
        }
    }
}

pub(super) fn log_failed_login(nick: Nick, addr: Option<SocketAddr>) {
    if let Some(addr) = addr {
        log::warn!("login failed for {nick} from {addr}");
    }
}

pub(super) fn log_rename(from: Nick, to: Nick, addr: Option<SocketAddr>) {
    if let Some(addr) = addr {
        log::info!("{from} is now {to} ({addr})");
    }
}
