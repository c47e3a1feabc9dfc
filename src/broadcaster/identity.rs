//! The log's lines about identity: logins and new names, with the client's address.
//!
//! packaging/fail2ban finds failed logins by these lines. A client cannot forge one: a nick has no
//! blanks, and nothing follows the address.

use std::collections::HashMap;

use crate::address::{Address, Remote};
use crate::chat::{AuthCommand, ClientId, Event, Nick, Password};
use crate::store::{Answer, Denial};

/// Whether it is a login, which has to be the only one from its network.
pub(super) fn is_login(event: &Event) -> bool {
    let is_login = |command: &_| matches!(command, AuthCommand::Login(_) | AuthCommand::Oper(_));
    matches!(event, Event::Authenticate(command, _) if is_login(command))
}

/// Commands with a password on their way: from the client to the store, and back.
#[derive(Debug, Default)]
pub(super) struct PendingAuth {
    /// Passwords of commands that have not had their effect yet.
    typed: HashMap<ClientId, Option<Password>>,
    /// Clients that wait for the answer of the store: the account, and the client's address, since
    /// the client may be gone when the answer comes.
    asked: HashMap<ClientId, (Nick, Remote)>,
}

impl PendingAuth {
    /// Keeps the password of a command until its effect [takes](Self::take_password) it.
    ///
    /// If another command of the client may still take the one that is kept, neither gets a
    /// password: they could not be told apart.
    pub(super) fn keep(&mut self, id: ClientId, password: Password) {
        self.typed.entry(id).and_modify(|kept| *kept = None).or_insert(Some(password));
    }

    /// Takes the password that the client typed.
    pub(super) fn take_password(&mut self, id: ClientId) -> Option<Password> {
        self.typed.get_mut(&id)?.take()
    }

    /// Drops a password: nothing that the client typed can take it any more.
    pub(super) fn drop_password(&mut self, id: ClientId) {
        if !self.typed.is_empty() {
            self.typed.remove(&id);
        }
    }

    /// Whether the store is asked for any client.
    pub(super) fn is_asking(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether it is for a client in the same network. A login counts as failed until it is
    /// answered, so that another one had to wait for that.
    pub(super) fn is_asking_from(&self, remote: Option<Remote>) -> bool {
        let network = remote.and_then(|remote| Address::of(remote.ip()).networks().last());
        network.is_some_and(|network| {
            self.asked.values().any(|(_, other)| Address::of(other.ip()).is_in(network))
        })
    }

    /// Notes that the store is asked, from this address.
    pub(super) fn add(&mut self, id: ClientId, nick: Nick, remote: Option<Remote>) {
        self.asked.extend(remote.map(|remote| (id, (nick, remote))));
    }

    /// Logs the result of a request; `login` is the account that the client is logged in to now.
    pub(super) fn log(&mut self, id: ClientId, result: AuthResult, login: Option<Nick>) {
        let Some((nick, remote)) = self.asked.remove(&id) else { return };
        match result {
            AuthResult::Registered => log::info!("{nick} registered from {remote}"),
            // The client may have been banned, or the account removed, meanwhile.
            AuthResult::LoggedIn if login == Some(nick) => {
                log::info!("{nick} logged in from {remote}")
            }
            AuthResult::PasswordChanged => log::info!("{nick} changed its password from {remote}"),
            AuthResult::WrongPassword => log_failed_login(nick, Some(remote)),
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

pub(super) fn log_arrival(nick: Nick, remote: Option<Remote>) {
    if let Some(remote) = remote {
        log::info!("{nick} connected from {remote}");
    }
}

pub(super) fn log_failed_login(nick: Nick, remote: Option<Remote>) {
    if let Some(remote) = remote {
        log::warn!("login failed for {nick} from {remote}");
    }
}

pub(super) fn log_rename(from: Nick, to: Nick, remote: Option<Remote>) {
    if let Some(remote) = remote {
        log::info!("{from} is now {to} ({remote})");
    }
}
