//! Completion: commands at the beginning of a line, names anywhere.

use super::names::Names;

/// The commands of chatd that everybody may use.
pub const COMMANDS: &[&str] = &[
    "away", "bell", "deop", "devoice", "echo", "help", "history", "ignore", "invite", "join",
    "leave", "login", "me", "motd", "msg", "nick", "op", "password", "ping", "quiet", "quit",
    "register", "reply", "room", "rooms", "search", "time", "token", "tokens", "topic", "unignore",
    "voice", "who", "whois",
];

/// Most candidates shown; more would fill the screen.
const MAX_CANDIDATES: usize = 40;

/// Candidates to replace the last word.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Completion {
    /// Where that word begins, in bytes.
    pub(super) start: usize,
    /// The prefix that all candidates share.
    pub(super) common: String,
    pub(super) candidates: Vec<String>,
}

/// Completes the last word of `line`.
pub(super) fn complete(line: &str, names: &Names) -> Completion {
    let start = line.rfind(' ').map_or(0, |blank| blank + 1);
    let word = &line[start..];
    let mut candidates: Vec<_> = match word.strip_prefix('/') {
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
    let common = candidates.iter().cloned().reduce(|common, other| common_prefix(&common, &other));
    candidates.truncate(MAX_CANDIDATES);
    Completion { start, common: common.unwrap_or_default(), candidates }
}

/// The prefix that two names or commands share, ignoring case.
fn common_prefix(one: &str, other: &str) -> String {
    let pairs = one.chars().zip(other.chars());
    pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).map(|(a, _)| a).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(line: &str) -> (usize, String, Vec<String>) {
        let mut names = Names::default();
        for line in ["<alice> hi", "<Alan> hi", "<bob> hi"] {
            names.learn(line);
        }
        let Completion { start, common, candidates } = complete(line, &names);
        (start, common, candidates)
    }

    #[test]
    fn commands_are_completed_where_a_command_begins() {
        assert_eq!(completed("/hel"), (0, "/help ".to_owned(), vec!["/help ".to_owned()]));
        assert_eq!(completed("/W").1, "/who");
        assert_eq!(completed("/W").2, ["/who ", "/whois "]);
        assert_eq!(completed("/").2.len(), COMMANDS.len());
        assert_eq!(completed("say /hel").2, [""; 0]);
    }

    #[test]
    fn names_are_completed_anywhere() {
        assert_eq!(completed("bo"), (0, "bob: ".to_owned(), vec!["bob: ".to_owned()]));
        let (start, common, candidates) = completed("/msg a");
        assert_eq!((start, &*common), (5, "Al"));
        assert_eq!(candidates, ["Alan ", "alice "]);
        assert_eq!(completed("ça va, b").0, 8);
        assert_eq!(completed(""), (0, String::new(), Vec::new()));
    }
}
