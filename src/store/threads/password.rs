//! The threads `password`: they hash and verify passwords, which is slow on purpose, so that no
//! other thread waits for it.

use std::path::Path;

use crossbeam_channel::{Receiver, Sender};

use super::writer::Change;
use crate::chat::{
    Account, AuthRequest, ClientId, Moment, Nick, Password, PasswordHash, PasswordId, Role,
};
use crate::store::event::Event;
use crate::store::file::database;
use crate::store::password_hash;
use crate::store::request::{Answer, Denial};
use crate::store::tables::accounts;

/// A request of a client.
#[derive(Debug)]
pub(crate) struct AuthJob {
    pub(crate) client: ClientId,
    pub(crate) request: AuthRequest,
    /// Whether the accounts change only through a shared log: nothing is saved then.
    pub(crate) is_shared: bool,
}

/// What follows a request.
enum Outcome {
    /// The writer saves it, and answers.
    Change(Change),
    Answer(Answer),
}

/// Handles authentication requests until the store is closed.
pub(crate) fn run(
    file: &Path,
    requests: &Receiver<AuthJob>,
    changes: &Sender<Change>,
    mut report: impl FnMut(Event),
) {
    for job in requests {
        let client = job.client;
        let answer = match handle(file, job) {
            Ok(Outcome::Answer(answer)) => answer,
            Ok(Outcome::Change(change)) => match changes.send(change) {
                Ok(()) => continue,
                Err(_) => Answer::NotAuthenticated(Denial::NotSaved),
            },
            Err(denial) => Answer::NotAuthenticated(denial),
        };
        report(Event::Answered(client, answer));
    }
}

fn handle(file: &Path, job: AuthJob) -> Result<Outcome, Denial> {
    let AuthJob { client, request, is_shared } = job;
    let change = match request {
        AuthRequest::Login(nick, password, at) => {
            let account = log_in(file, nick, &password)?;
            return Ok(Outcome::Change(Change::LoggedIn(client, account, at)));
        }
        AuthRequest::Register(nick, password, at) => {
            let (account, hash) = new_account(nick, at, &password)?;
            if is_shared {
                return Ok(Outcome::Answer(Answer::Registered(account, Some(hash))));
            }
            Change::Register(client, account, hash)
        }
        AuthRequest::SetPassword(nick, old, password) => {
            let hash = hash(&password)?;
            if is_shared {
                let password = PasswordId::of(hash.as_str());
                let account = Account { password, ..account(file, nick)?.0 };
                return Ok(Outcome::Answer(Answer::PasswordChanged(account, Some(hash))));
            }
            Change::SetPassword(client, nick, old, hash)
        }
    };
    Ok(Outcome::Change(change))
}

fn new_account(
    nick: Nick,
    created: Moment,
    password: &Password,
) -> Result<(Account, PasswordHash), Denial> {
    let hash = hash(password)?;
    let account = Account {
        nick,
        role: Role::User,
        created,
        last_seen: None,
        password: PasswordId::of(hash.as_str()),
    };
    Ok((account, hash))
}

fn hash(password: &Password) -> Result<PasswordHash, Denial> {
    password_hash::hash(password).map(PasswordHash::from).map_err(|error| {
        log::error!("cannot hash a password: {error}");
        Denial::NotSaved
    })
}

fn log_in(file: &Path, nick: Nick, password: &Password) -> Result<Account, Denial> {
    let (account, hash) = account(file, nick)?;
    if password_hash::matches(password, &hash) { Ok(account) } else { Err(Denial::WrongPassword) }
}

/// The account whose nick resembles `nick`, and the hash of its password.
fn account(file: &Path, nick: Nick) -> Result<(Account, String), Denial> {
    let found = database::connect_to_read(file)
        .and_then(|connection| accounts::secret(&connection, nick))
        .map_err(|error| {
            log::error!("cannot read {}: {error}", file.display());
            Denial::NotRead
        })?;
    found.ok_or(Denial::NotRegistered(nick))
}
