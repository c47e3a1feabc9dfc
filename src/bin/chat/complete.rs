//! Completion: commands at the beginning of a line, names anywhere.

use std::sync::PoisonError;

use crossbeam_channel::Sender;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use crate::link::SharedNames;
use crate::names::Names;
use crate::words::COMMANDS;

/// More would fill the screen.
const MAX_CANDIDATES: usize = 40;

/// What the editor asks for help.
pub(crate) struct Assistant {
    pub(crate) names: SharedNames,
    /// Told that the editor is at work.
    pub(crate) editing: Sender<()>,
}

impl Helper for Assistant {}
impl Highlighter for Assistant {}
impl Validator for Assistant {}

impl Hinter for Assistant {
    type Hint = String;

    /// Has no hints, but is asked for one whenever the line is drawn.
    fn hint(&self, _: &str, _: usize, _: &Context<'_>) -> Option<String> {
        let _ = self.editing.try_send(());
        None
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(candidates(line.get(..position).unwrap_or_default(), &names))
    }
}

/// What could stand instead of the last word, and where that begins.
fn candidates(line: &str, names: &Names) -> (usize, Vec<String>) {
    let start = line.rfind(' ').map_or(0, |blank| blank + 1);
    let word = &line[start..];
    let candidates: Vec<_> = match word.strip_prefix('/') {
        Some(prefix) if start == 0 => {
            let prefix = prefix.to_ascii_lowercase();
            let commands = COMMANDS.iter().filter(|command| command.starts_with(&prefix));
            commands.map(|command| format!("/{command} ")).collect()
        }
        _ if line.is_empty() => Vec::new(),
        _ => {
            let end = if start == 0 { ": " } else { " " };
            names.starting_with(word).map(|name| format!("{name}{end}")).collect()
        }
    };
    (start, candidates.into_iter().take(MAX_CANDIDATES).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(line: &str) -> (usize, Vec<String>) {
        let mut names = Names::default();
        for line in ["<alice> hi", "<Alan> hi", "<bob> hi"] {
            names.learn(line);
        }
        candidates(line, &names)
    }

    #[test]
    fn commands_are_completed_where_a_command_begins() {
        assert_eq!(completed("/hel"), (0, vec!["/help ".to_owned()]));
        assert_eq!(completed("/WHO").1, ["/who ", "/whois "]);
        assert_eq!(completed("/").1.len(), COMMANDS.len());
        assert_eq!(completed("say /hel").1, [""; 0]);
    }

    #[test]
    fn names_are_completed_anywhere() {
        assert_eq!(completed("bo"), (0, vec!["bob: ".to_owned()]));
        assert_eq!(completed("/msg al"), (5, vec!["Alan ".to_owned(), "alice ".to_owned()]));
        assert_eq!(completed("ça va, b"), (8, vec!["bob ".to_owned()]));
        assert_eq!(completed(""), (0, Vec::new()));
    }
}
