//! A pasted text of several lines. It is a unit: it goes to one place as a whole, or not at all,
//! and only what was typed before it can make it a command.

use serde::{Deserialize, Serialize};

use crate::text::{Text, is_blank, shows, split_word};

/// What becomes of a text that was pasted into a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paste {
    /// It has no line end: it is inserted.
    OneLine,
    /// Its lines, to be sent in this order, and what remains to be edited.
    Lines {
        /// Complete lines, none of them blank.
        lines: Vec<String>,
        /// The text before the cursor from now on.
        rest: String,
    },
    /// The command that was typed takes one line only.
    Refused {
        /// The command's name, with the slash.
        command: String,
    },
}

impl Paste {
    /// Judges a text that is pasted when `typed` is before the cursor.
    pub fn new(typed: &str, pasted: &str) -> Self {
        let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n").replace('\t', " ");
        let Some((first, others)) = pasted.split_once('\n') else { return Self::OneLine };
        let mut pasting = Pasting::new(typed);
        let mut end_line = |line: &str| pasting.end_line(line);
        let Some(first) = end_line(&format!("{typed}{first}")) else {
            return Self::Refused { command: pasting.command().to_owned() };
        };
        let mut lines = vec![first];
        lines.extend(others.split('\n').filter_map(end_line));
        let rest = lines.pop().unwrap_or_default();
        lines.retain(|line| !line.is_empty());
        Self::Lines { lines, rest }
    }
}

/// A text that is being pasted, of which only a part may be known.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pasting {
    /// What was before the cursor.
    typed: String,
    /// Whether its first line is complete.
    has_line: bool,
}

impl Pasting {
    /// A text that is pasted when `typed` is before the cursor.
    pub fn new(typed: &str) -> Self {
        Self { typed: typed.to_owned(), has_line: false }
    }

    /// What was before the cursor.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The command that was typed, with the slash.
    pub fn command(&self) -> &str {
        split_word(self.typed.trim_start()).0
    }

    /// Whether it has several lines.
    pub fn has_line(&self) -> bool {
        self.has_line
    }

    /// The line to be said for a pasted one, which is now before the cursor; the first one with what
    /// was typed. It is empty if nothing of the pasted line shows. `None` if the command that was
    /// typed takes one line only.
    pub fn end_line(&mut self, before: &str) -> Option<String> {
        let is_first = !std::mem::replace(&mut self.has_line, true);
        let address = Address::of(&self.typed)?;
        let own = |length| before.get(length..).unwrap_or_default();
        Some(match &address {
            Address::Room if !is_first => address.apply(before),
            Address::Room if is_blank(&self.typed) => address.apply(own(self.typed.len())),
            Address::Room => before.to_owned(),
            Address::Command { length, .. } => {
                address.apply(own(if is_first { *length } else { 0 }))
            }
        })
    }
}

/// Where the lines go.
enum Address {
    Room,
    /// To somebody, or as actions.
    Command {
        /// What is put before each line.
        start: String,
        /// Its length in what was typed.
        length: usize,
    },
}

impl Address {
    /// The address that was typed; `None` if it is a command that takes one line.
    fn of(typed: &str) -> Option<Self> {
        let blanks = typed.len() - typed.trim_start_matches(|c| !shows(c)).len();
        let Some(command) = typed[blanks..].strip_prefix('/') else { return Some(Self::Room) };
        if command.starts_with('/') {
            return Some(Self::Room);
        }
        let (name, arguments) = split_word(command);
        let text = match name.to_ascii_lowercase().as_str() {
            "me" | "reply" => arguments,
            // Without a blank after it, the name may be incomplete.
            "msg" if arguments.contains(char::is_whitespace) => split_word(arguments).1,
            _ => return None,
        };
        if !command.contains(char::is_whitespace) {
            return None;
        }
        let length = typed.len() - text.len();
        Some(Self::Command { start: typed[blanks..length].to_owned(), length })
    }

    /// A line with this address; empty if nothing of it shows.
    fn apply(&self, line: &str) -> String {
        if is_blank(line) {
            return String::new();
        }
        match self {
            Self::Room => quoted(line),
            Self::Command { start, .. } => format!("{start}{line}"),
        }
    }
}

/// A line that is said as it is, even if it looks like a command.
fn quoted(line: &str) -> String {
    let clean = Text::new(line);
    let blanks = clean.as_str().len() - clean.as_str().trim_start_matches(|c| !shows(c)).len();
    match clean.as_str()[blanks..].starts_with('/') {
        true => format!("{}/{}", &clean.as_str()[..blanks], &clean.as_str()[blanks..]),
        false => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str], rest: &str) -> Paste {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Paste::Lines { lines, rest: rest.to_owned() }
    }

    #[test]
    fn a_text_without_a_line_end_is_only_inserted() {
        for typed in ["", "/topic ", "x"] {
            assert_eq!(Paste::new(typed, "/quit now"), Paste::OneLine);
        }
    }

    #[test]
    fn all_lines_go_where_the_first_one_goes() {
        assert_eq!(Paste::new("a ", "b\n\nc\r\nd"), lines(&["a b", "c"], "d"));
        let to_bob = lines(&["/msg bob a", "/msg bob b"], "/msg bob c");
        assert_eq!(Paste::new("/msg bob ", "a\nb\nc"), to_bob);
        assert_eq!(
            Paste::new("/msg bob a", "\nb\n/c\n"),
            lines(&["/msg bob a", "/msg bob b", "/msg bob /c"], "")
        );
        assert_eq!(Paste::new(" /ME ", "a\nb\n"), lines(&["/ME a", "/ME b"], ""));
        assert_eq!(Paste::new("/reply ", "a\n \nb"), lines(&["/reply a"], "/reply b"));
        assert_eq!(Paste::new("//x ", "a\nb\n"), lines(&["//x a", "b"], ""));
    }

    #[test]
    fn commands_that_take_one_line_refuse_several() {
        for (typed, command) in [
            ("/topic ", "/topic"),
            ("/join ", "/join"),
            ("/login alice ", "/login"),
            ("/msg bob", "/msg"),
            ("/msg ", "/msg"),
            ("/", "/"),
            ("/me", "/me"),
        ] {
            let command = command.to_owned();
            assert_eq!(Paste::new(typed, "a\nb"), Paste::Refused { command }, "{typed}");
        }
    }

    #[test]
    fn what_is_pasted_is_no_command() {
        let pasted = "/quit now\n// TODO\n  /etc/passwd\n\u{200b}/who\n/";
        let said = lines(&["//quit now", "/// TODO", "  //etc/passwd", "//who"], "//");
        assert_eq!(Paste::new("", pasted), said);
        assert_eq!(Paste::new("  ", pasted), said);
        assert_eq!(Paste::new("see: ", "/a\n/b\n"), lines(&["see: /a", "//b"], ""));
    }
}
