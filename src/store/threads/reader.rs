//! The thread `history`: answers what is asked about the past, on a connection of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use rusqlite::{Connection, ErrorCode, Result};

use crate::chat::{Allowance, ClientId};
use crate::store::event::Event;
use crate::store::file::database;
use crate::store::request::{Answer, Denial, Question};
use crate::store::tables::{lines, search};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Steps of SQLite's between two looks at the clock; well below a millisecond.
const STEPS: i32 = 10_000;

/// Answers questions until nobody can ask any more.
pub(crate) fn run(
    file: &Path,
    questions: &Receiver<(ClientId, Question)>,
    mut report: impl FnMut(Event),
) {
    let mut connection = None;
    for (client, question) in questions {
        let answer = answer(&mut connection, file, question).unwrap_or_else(|error| {
            Answer::Denied(match error.sqlite_error_code() {
                Some(ErrorCode::OperationInterrupted) => Denial::TooLong,
                _ => {
                    log::error!("cannot read {}: {error}", file.display());
                    Denial::NotRead
                }
            })
        });
        report(Event::Answered(client, answer));
    }
}

fn answer(connection: &mut Option<Connection>, file: &Path, question: Question) -> Result<Answer> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(database::connect_to_read(file)?),
    };
    let started = Instant::now();
    connection.progress_handler(STEPS, Some(move || started.elapsed() > PATIENCE))?;
    match question {
        Question::Last { room, lines, form } => {
            let allowance = Allowance::new(form);
            Ok(Answer::Last(room, lines::last(connection, room, lines, allowance)?))
        }
        Question::Search { words, form } => {
            let found = search::search(connection, words.as_str(), Allowance::new(form))?;
            Ok(found.map_or_else(Answer::Denied, Answer::Found))
        }
    }
}
