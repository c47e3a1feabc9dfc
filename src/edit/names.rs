//! The names of people and rooms that the server mentioned, for completion.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::text::is_like_a_name;

/// Most names remembered of either; a hostile server could invent any number.
const MAX_NAMES: usize = 2000;

/// Names in alphabetical order.
#[derive(Debug, Default)]
pub struct Names {
    people: BTreeSet<String>,
    rooms: BTreeSet<String>,
}

/// Names that one thread learns from what it shows, and another completes words with.
#[derive(Clone, Debug, Default)]
pub struct SharedNames(Arc<Mutex<Names>>);

impl SharedNames {
    /// The names, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for SharedNames {
    /// Whether they are the same names, now and later.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedNames {}

impl Names {
    /// Learns names from a line of the server.
    pub fn learn(&mut self, line: &str) {
        let line = without_time(line);
        match line.strip_prefix("-- ") {
            Some(notice) => self.learn_notice(notice),
            None => self.insert(author(line).unwrap_or_default()),
        }
    }

    /// The people whose names begin with `prefix`, ignoring case.
    pub(super) fn people(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.people.iter().map(String::as_str).filter(move |name| begins_with(name, prefix))
    }

    /// The rooms whose names begin with `prefix`, ignoring case; their names have no `#` here.
    pub(super) fn rooms(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.rooms.iter().map(String::as_str).filter(move |name| begins_with(name, prefix))
    }

    fn learn_notice(&mut self, notice: &str) {
        // Only what begins with one word: a topic or the like may contain any of these words.
        let (first, rest) = notice.split_once(' ').unwrap_or((notice, ""));
        if rest.starts_with("joined (") {
            self.insert(first);
        } else if rest.starts_with("left: ") {
            self.people.remove(first);
        } else if let Some(new) = rest.strip_prefix("is now ") {
            self.people.remove(first);
            self.insert(new);
        } else if let Some(invitation) = rest.strip_prefix("invites you to ") {
            self.insert_room(invitation.split(':').next().unwrap_or_default());
        } else if let Some(place) = place(notice) {
            let room = place.split_once("in ").map_or("", |(_, room)| room);
            self.insert_room(room.split([' ', '.']).next().unwrap_or_default());
            let others = place.split_once(" with ").map_or("", |(_, others)| others);
            let others = others.split(" (").next().unwrap_or_default();
            others.split(", ").flat_map(|name| name.split(" and ")).for_each(|n| self.insert(n));
        } else if rest.starts_with('(')
            && let Some((_, people)) = rest.split_once(" here)")
        {
            self.insert_room(first);
            self.insert_list(people.trim_start_matches([':', ' ']));
        } else if let Some(more) = notice.strip_prefix("  ") {
            self.insert_list(more);
        }
    }

    /// Learns from a list of `/who`, with remarks in parentheses.
    fn insert_list(&mut self, people: &str) {
        let people = people.split(", ").filter(|person| !person.ends_with(" more"));
        people.filter_map(|person| person.split(' ').next()).for_each(|name| self.insert(name));
    }

    /// Adds a name, unless it is none.
    pub fn insert(&mut self, name: &str) {
        if is_like_a_name(name) && self.people.len() < MAX_NAMES {
            self.people.insert(name.to_owned());
        }
    }

    fn insert_room(&mut self, room: &str) {
        if is_like_a_name(room) && self.rooms.len() < MAX_NAMES {
            self.rooms.insert(room.to_owned());
        }
    }
}

/// Whether a name or a command begins with `prefix`, ignoring case.
pub(super) fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Where the client is, as the welcome and the notice after `/join` say.
fn place(notice: &str) -> Option<&str> {
    match notice.starts_with("Welcome to chatd on ") {
        true => notice.rsplit_once(". You are ").map(|(_, place)| place),
        false => notice.strip_prefix("You are "),
    }
}

/// Strips the time from `[14:02] rest`.
fn without_time(line: &str) -> &str {
    match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((time, rest)) if time.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => line,
    }
}

/// The author of a line.
fn author(line: &str) -> Option<&str> {
    if let Some(said) = line.strip_prefix('<') {
        return said.split_once("> ").map(|(name, _)| name);
    }
    if let Some(private) = line.strip_prefix("[from ") {
        return private.split_once("] ").map(|(name, _)| name);
    }
    line.strip_prefix("* ")?.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &[&str]) -> Vec<String> {
        let mut names = Names::default();
        lines.iter().for_each(|line| names.learn(line));
        names.people("").map(str::to_owned).collect()
    }

    #[test]
    fn rooms_are_learned_from_what_the_server_says_of_them() {
        let mut names = Names::default();
        for line in [
            "-- Welcome to chatd on box7. You are martin, in lobby with ann (2 here).",
            "-- You are alone in dev.",
            "-- You are in ops with ann (2 here).",
            "-- eve invites you to tea: /join tea",
            "-- zoo (3 here)",
            "-- qa (1 here): ann",
            "-- ann left: (1 here) (1 here)",
            "<eve> -- fake (1 here)",
        ] {
            names.learn(line);
        }
        assert_eq!(
            names.rooms("").collect::<Vec<_>>(),
            ["dev", "lobby", "ops", "qa", "tea", "zoo"]
        );
        assert_eq!(names.rooms("T").collect::<Vec<_>>(), ["tea"]);
    }

    #[test]
    fn names_are_learned_from_all_that_shows_them() {
        let welcome =
            "-- Welcome to chatd on box7. You are guest3, in lobby with ann, bob and cid (4 here).";
        assert_eq!(seen(&[welcome]), ["ann", "bob", "cid"]);
        assert_eq!(
            seen(&["-- Welcome to chatd on x. You are guest2, in lobby with ann (2 here)."]),
            ["ann"]
        );
        assert_eq!(seen(&["<dan> hi", "* eve waves", "[from fay] psst"]), ["dan", "eve", "fay"]);
        assert_eq!(seen(&["[14:02] <gus> hi", "[2026-11-22 14:02] * hal waves"]), ["gus", "hal"]);
        let who = ["-- lobby (12 here): ivy, jim (away: tea, cake)", "--   kim, and 3 more"];
        assert_eq!(seen(&who), ["ivy", "jim", "kim"]);
    }

    #[test]
    fn they_come_go_and_change() {
        let joined = ["-- ann joined (2 here)", "-- bob joined (3 here)"];
        assert_eq!(seen(&joined), ["ann", "bob"]);
        assert_eq!(seen(&[joined[0], joined[1], "-- ann left: quit (2 here)"]), ["bob"]);
        assert_eq!(seen(&[joined[0], "-- ann is now Zoe"]), ["Zoe"]);
    }

    #[test]
    fn what_is_no_name_is_not_learned() {
        assert_eq!(
            seen(&[
                "<two words> hi",
                "!! bob is taken",
                "nonsense",
                "-- You are in dev with 12 others (13 here)."
            ]),
            [""; 0]
        );
    }

    #[test]
    fn the_words_of_people_in_notices_teach_nothing() {
        for topic in
            ["x is now eve", "x joined (2 here)", "x here): eve", "You are in dev with eve"]
        {
            for notice in ["alice set the topic:", "the topic is", "bob is away:"] {
                assert_eq!(seen(&[&format!("-- {notice} {topic}")]), [""; 0]);
            }
        }
        assert_eq!(seen(&["<ann> hi", "-- bob set the topic: ann left: x"]), ["ann"]);
    }

    #[test]
    fn they_are_found_in_any_case() {
        let mut names = Names::default();
        names.learn("<Alice> hi");
        assert_eq!(names.people("al").collect::<Vec<_>>(), ["Alice"]);
        assert_eq!(names.people("alicia").count(), 0);
    }
}
