//! The threads `password`: they hash and verify passwords, which is slow on purpose, so that no
//! other thread waits for it.

use std::path::Path;

use crossbeam_channel::{Receiver, Sender};

use super::writer::Change;
use crate::chat::{Account, AuthRequest, ClientId, Moment, Nick, Password, PasswordId, Role};
use crate::store::event::Event;
use crate::store::file::database;
use crate::store::password_hash;
use crate::store::request::{Answer, Denial};
use crate::store::tables::accounts;

/// Handles authentication requests until the store is closed.
pub(crate) fn run(
    file: &Path,
    requests: &Receiver<(ClientId, AuthRequest)>,
    changes: &Sender<Change>,
    mut report: impl FnMut(Event),
) {
    for (client, request) in requests {
        let change = match request {
            AuthRequest::Register(nick, password, at) => register(client, (nick, at), &password),
            AuthRequest::Login(nick, password, at) => {
                log_in(file, nick, &password).map(|account| Change::LoggedIn(client, account, at))
            }
            AuthRequest::SetPassword(nick, old, password) => {
                hash(&password).map(|hash| Change::SetPassword(client, nick, old, hash))
            }
        };
        // On success the writer answers.
        let sent = change.and_then(|change| changes.send(change).map_err(|_| Denial::NotSaved));
        if let Err(denial) = sent {
            report(Event::Answered(client, Answer::NotAuthenticated(denial)));
        }
    }
}

fn register(
    client: ClientId,
    (nick, created): (Nick, Moment),
    password: &Password,
) -> Result<Change, Denial> {
    let hash = hash(password)?;
    let password = PasswordId::of(&hash);
    let account = Account { nick, role: Role::User, created, last_seen: None, password };
    Ok(Change::Register(client, account, hash))
}

fn hash(password: &Password) -> Result<String, Denial> {
    password_hash::hash(password).map_err(|error| {
        log::error!("cannot hash a password: {error}");
        Denial::NotSaved
    })
}

fn log_in(file: &Path, nick: Nick, password: &Password) -> Result<Account, Denial> {
    let found = database::connect_to_read(file)
        .and_then(|connection| accounts::secret(&connection, nick))
        .map_err(|error| {
            log::error!("cannot read {}: {error}", file.display());
            Denial::NotRead
        })?;
    let (account, hash) = found.ok_or(Denial::NotRegistered(nick))?;
    if password_hash::matches(password, &hash) { Ok(account) } else { Err(Denial::WrongPassword) }
}
