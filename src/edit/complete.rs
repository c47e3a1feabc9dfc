//! Completion: commands at the beginning of a line, what they take after them, names anywhere.

use super::names::{Names, begins_with};
use super::usage::{Argument, arguments_after};

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
    let (before, word) = line.split_at(start);
    let mut candidates = candidates(before, word, names);
    candidates.sort();
    candidates.dedup();
    let common = candidates.iter().cloned().reduce(|common, other| common_prefix(&common, &other));
    candidates.truncate(MAX_CANDIDATES);
    Completion { start, common: common.unwrap_or_default(), candidates }
}

fn candidates(before: &str, word: &str, names: &Names) -> Vec<String> {
    let words: Vec<_> = before.split_whitespace().collect();
    match (words.first(), word.strip_prefix('/')) {
        (None, Some(prefix)) => {
            fitting(COMMANDS, prefix).map(|command| format!("/{command} ")).collect()
        }
        (None, None) if word.is_empty() => Vec::new(),
        (Some(first), _) if first.starts_with('/') && !first.starts_with("//") => {
            let arguments = arguments_after(&words).into_iter();
            arguments.flat_map(|argument| of_argument(argument, word, names)).collect()
        }
        _ => {
            let is_first = before.is_empty() && !word.starts_with('#');
            let end = if is_first { ": " } else { " " };
            people_or_rooms(word, names).map(|name| format!("{name}{end}")).collect()
        }
    }
}

/// What stands for an argument of a command, with the blank after it.
fn of_argument(argument: Argument, word: &str, names: &Names) -> Vec<String> {
    let found: Vec<_> = match argument {
        Argument::Person => people_or_rooms(word, names).collect(),
        Argument::Room if word.starts_with('#') => people_or_rooms(word, names).collect(),
        Argument::Room => names.rooms(word).map(str::to_owned).collect(),
        Argument::Command => fitting(COMMANDS, word).map(str::to_owned).collect(),
        Argument::Word(own) => fitting(&[own], word).map(str::to_owned).collect(),
        Argument::Other => Vec::new(),
    };
    found.into_iter().map(|name| name + " ").collect()
}

/// People, or rooms if the word begins with `#`.
fn people_or_rooms(word: &str, names: &Names) -> impl Iterator<Item = String> {
    let (rooms, people) = match word.strip_prefix('#') {
        Some(room) => (Some(names.rooms(room)), None),
        None => (None, Some(names.people(word))),
    };
    let rooms = rooms.into_iter().flatten().map(|room| format!("#{room}"));
    rooms.chain(people.into_iter().flatten().map(str::to_owned))
}

fn fitting<'a>(words: &[&'a str], prefix: &str) -> impl Iterator<Item = &'a str> {
    words.iter().copied().filter(move |word| begins_with(word, prefix))
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
        let invitation = "-- bob invites you to dev: /join dev";
        for line in ["<alice> hi", "<Alan> hi", "<bob> hi", invitation] {
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

    #[test]
    fn arguments_are_what_the_command_takes() {
        for (line, candidates) in [
            ("/join ", vec!["dev "]),
            ("/join #", vec!["#dev "]),
            ("/join dev ", vec![]),
            ("/msg #d", vec!["#dev "]),
            ("/msg  B", vec!["bob "]),
            ("/msg bob al", vec!["Alan ", "alice "]),
            ("/bell ", vec!["off ", "on "]),
            ("/bell al", vec![]),
            ("/help WHOI", vec!["whois "]),
            ("/room k", vec!["keep ", "key ", "kick "]),
            ("/room kick b", vec!["bob "]),
            ("/room hidden of", vec!["off "]),
            ("/whois d", vec![]),
            ("/nonsense b", vec![]),
            ("//say b", vec!["bob "]),
            ("come to #", vec!["#dev "]),
            ("#", vec!["#dev "]),
        ] {
            assert_eq!(completed(line).2, candidates, "{line}");
        }
    }

    #[test]
    fn nothing_is_put_into_a_password() {
        for line in ["/login bob a", "/register a", "/password a"] {
            assert_eq!(completed(line).2, [""; 0], "{line}");
        }
    }
}
