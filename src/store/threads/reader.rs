//! The threads `history` and `search`: they answer questions about the history, each on a
//! connection of its own, so that a search does not delay other questions.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Result};

use crate::chat::{Allowance, Question};
use crate::store::event::Event;
use crate::store::file::database;
use crate::store::questions::Asked;
use crate::store::request::{Answer, Denial};
use crate::store::tables::{lines, parts, search, slices};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Steps of SQLite's virtual machine between two checks of the time; well below a millisecond.
const STEPS: i32 = 10_000;

/// Answers questions until the store is closed.
pub(crate) fn run(file: &Path, questions: &Asked, mut report: impl FnMut(Event)) {
    let mut connection = None;
    while let Some((client, question)) = questions.next() {
        let denied = denied(&question);
        let answer = answer(&mut connection, file, question).unwrap_or_else(|error| {
            let denial = match error.sqlite_error_code() {
                Some(ErrorCode::OperationInterrupted) => Denial::TooLong,
                _ => {
                    log::error!("cannot read {}: {error}", file.display());
                    Denial::NotRead
                }
            };
            denied(denial)
        });
        report(Event::Answered(client, answer));
    }
}

/// How the answer to a question says why it is denied.
fn denied(question: &Question) -> Box<dyn FnOnce(Denial) -> Answer> {
    match *question {
        Question::Room { room, .. } => Box::new(move |denial| Answer::RoomNotRead(room, denial)),
        Question::Exists { room } => Box::new(move |denial| Answer::Exists(room, Err(denial))),
        Question::Past { .. } => Box::new(|denial| Answer::Past(Err(denial))),
        Question::Part { .. } => Box::new(|denial| Answer::Part(Err(denial))),
        Question::LastTimes(_) => Box::new(|denial| Answer::LastTimes(Err(denial))),
        Question::Last { .. } | Question::Search { .. } => Box::new(Answer::Denied),
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
        Question::Last { room, lines, form, with_private } => {
            let allowance = Allowance::new(form);
            let last = lines::last(connection, room, lines, allowance, with_private)?;
            Ok(Answer::Last(room, last))
        }
        Question::Room { room, lines, with_private } => {
            Ok(Answer::RoomRead(room, lines::past_of(connection, room, lines, with_private)?))
        }
        Question::Past { room, since, lines } => {
            let found = slices::slice(connection, room, since.as_ref(), lines)?;
            Ok(Answer::Past(Ok(found)))
        }
        Question::Part { room, part, lines, with_private, without } => {
            let found = parts::part(connection, (room, &part, lines), with_private, &without)?;
            Ok(Answer::Part(Ok(found)))
        }
        Question::LastTimes(rooms) => {
            Ok(Answer::LastTimes(Ok(parts::last_times(connection, &rooms)?)))
        }
        Question::Exists { room } => {
            let past = lines::past_of(connection, room, 1, false)?.unwrap_or_default();
            Ok(Answer::Exists(room, Ok(past.topic.is_some() || !past.lines.is_empty())))
        }
        Question::Search { words, form, rooms, hidden } => {
            let (words, allowance) = (words.as_str(), Allowance::new(form));
            let found = search::search(connection, words, (&rooms, &hidden), allowance)?;
            Ok(found.map_or_else(Answer::Denied, Answer::Found))
        }
    }
}
