//! What the log has of who is who: logins, new names, and the addresses they come from.
//!
//! packaging/fail2ban finds failed logins by these lines. No word in them is anybody's own: a nick
//! has no blanks, and nothing follows the address.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::chat::{AuthRequest, ClientId, Nick};
use crate::store::{Answer, Denial};

/// Clients that wait to hear what became of a password: which account it is about, and where the
/// client is, as it may be gone when the answer comes.
#[derive(Debug, Default)]
pub(super) struct Claimants(HashMap<ClientId, (Nick, SocketAddr)>);

impl Claimants {
    pub(super) fn add(&mut self, id: ClientId, claim: &AuthRequest, addr: Option<SocketAddr>) {
        let (AuthRequest::Register(nick, ..)
        | AuthRequest::Login(nick, ..)
        | AuthRequest::SetPassword(nick, ..)) = claim;
        self.0.extend(addr.map(|addr| (id, (*nick, addr))));
    }

    /// The claim was not taken.
    pub(super) fn remove(&mut self, id: ClientId) {
        self.0.remove(&id);
    }

    /// Logs what became of a claim; `login` is the account that the client is logged in to now.
    pub(super) fn log(&mut self, id: ClientId, claimed: Claimed, login: Option<Nick>) {
        let Some((nick, addr)) = self.0.remove(&id) else { return };
        match claimed {
            Claimed::Registered => log::info!("{nick} registered from {addr}"),
            // A ban, or the end of the account, may have come between.
            Claimed::LoggedIn if login == Some(nick) => log::info!("{nick} logged in from {addr}"),
            Claimed::PasswordChanged => log::info!("{nick} changed its password from {addr}"),
            Claimed::WrongPassword => log_failed_login(nick, Some(addr)),
            Claimed::LoggedIn | Claimed::Nothing => {}
        }
    }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    Registered,
    LoggedIn,
    PasswordChanged,
    WrongPassword,
    Nothing,
}

impl Claimed {
    /// What an answer says, if it is about a claim.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Registered(_) => Some(Self::Registered),
            Answer::LoggedIn(_) => Some(Self::LoggedIn),
            Answer::PasswordChanged(_) => Some(Self::PasswordChanged),
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
