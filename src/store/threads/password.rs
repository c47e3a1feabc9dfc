//! The threads `password`: they hash and verify, which is slow on purpose, so that nothing else
//! waits for it.

use std::path::Path;

use crossbeam_channel::{Receiver, Sender};

use super::writer::Change;
use crate::chat::{Account, Claim, ClientId, Moment, Nick, Password, Role};
use crate::store::event::Event;
use crate::store::file::database;
use crate::store::password_hash;
use crate::store::request::{Answer, Denial};
use crate::store::tables::accounts;

/// Deals with claims until nobody can make any more.
pub(crate) fn run(
    file: &Path,
    claims: &Receiver<(ClientId, Claim)>,
    changes: &Sender<Change>,
    mut report: impl FnMut(Event),
) {
    for (client, claim) in claims {
        let answer = match claim {
            Claim::Register(nick, password, at) => {
                register(client, (nick, at), &password, changes).err()
            }
            Claim::Login(nick, password, at) => {
                let answer = log_in(file, nick, &password).unwrap_or_else(Answer::NotClaimed);
                if let Answer::LoggedIn(account) = &answer {
                    let _ = changes.send(Change::Seen(account.nick, at));
                }
                Some(answer)
            }
        };
        if let Some(answer) = answer {
            report(Event::Answered(client, answer));
        }
    }
}

/// Leaves the answer to the writer, if all goes well.
fn register(
    client: ClientId,
    (nick, created): (Nick, Moment),
    password: &Password,
    changes: &Sender<Change>,
) -> Result<(), Answer> {
    let not_saved = Answer::NotClaimed(Denial::NotSaved);
    let hash = password_hash::hash(password).map_err(|error| {
        log::error!("cannot hash a password: {error}");
        not_saved.clone()
    })?;
    let account = Account { nick, role: Role::User, created, last_seen: None };
    changes.send(Change::Register(client, account, hash)).map_err(|_| not_saved)
}

fn log_in(file: &Path, nick: Nick, password: &Password) -> Result<Answer, Denial> {
    let found = database::connect_to_read(file)
        .and_then(|connection| accounts::secret(&connection, nick))
        .map_err(|error| {
            log::error!("cannot read {}: {error}", file.display());
            Denial::NotRead
        })?;
    let (account, hash) = found.ok_or(Denial::NotRegistered(nick))?;
    if password_hash::matches(password, &hash) {
        Ok(Answer::LoggedIn(account))
    } else {
        Err(Denial::WrongPassword)
    }
}
