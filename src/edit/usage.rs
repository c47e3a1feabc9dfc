//! What a command takes at a place, as its usage shows it.

use crate::chat::commands::{setting_usages, usages};

/// Placeholders for words that anybody may choose: they may name people.
const TEXTS: [&str; 3] = ["TEXT", "WORDS", "WHY"];

/// What may stand at a place of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Person,
    Room,
    Command,
    /// This word itself.
    Word(&'static str),
    /// What cannot be completed, such as a number or a password.
    Other,
}

/// What may follow these words, the first of them a command with its slash; nothing if that takes no
/// more, or if there is no such command.
pub(super) fn arguments_after(words: &[&str]) -> Vec<Argument> {
    let forms = usages().map(|(usage, _)| usage).chain(setting_usages());
    let forms = forms.map(|usage| usage.split(' ').collect::<Vec<_>>());
    let fitting = forms.filter(|form| fits(form, words));
    fitting.filter_map(|form| place(&form, words.len())).flat_map(alternatives).collect()
}

/// Whether the words may be the beginning of a command of this form.
fn fits(form: &[&'static str], words: &[&str]) -> bool {
    let is_one_of = |place: &'static str, word: &str| {
        alternatives(place).any(|alternative| match alternative {
            Argument::Word(own) => own.eq_ignore_ascii_case(word),
            _ => true,
        })
    };
    form[0].eq_ignore_ascii_case(words[0])
        && form.iter().zip(words).skip(1).all(|(place, word)| is_one_of(place, word))
}

/// The placeholder at a place; a text at the end of a form has any number of words.
fn place(form: &[&'static str], place: usize) -> Option<&'static str> {
    let text = || form.last().copied().filter(|last| TEXTS.contains(&without_brackets(last)));
    form.get(place).copied().or_else(text)
}

/// `NAME|off` as what may stand there.
fn alternatives(place: &'static str) -> impl Iterator<Item = Argument> {
    without_brackets(place).split('|').map(|alternative| match alternative {
        "ROOM" => Argument::Room,
        "COMMAND" => Argument::Command,
        "NAME" => Argument::Person,
        text if TEXTS.contains(&text) => Argument::Person,
        word if word.starts_with(|c: char| c.is_ascii_lowercase()) => Argument::Word(word),
        _ => Argument::Other,
    })
}

fn without_brackets(place: &'static str) -> &'static str {
    place.trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests {
    use super::Argument::{Command, Other, Person, Room, Word};
    use super::*;

    #[test]
    fn a_usage_shows_what_stands_where() {
        for (words, arguments) in [
            (vec!["/help"], vec![Command]),
            (vec!["/MSG"], vec![Person]),
            (vec!["/msg", "bob", "hi"], vec![Person]),
            (vec!["/join"], vec![Room]),
            (vec!["/join", "dev"], vec![Other]),
            (vec!["/echo"], vec![Word("on"), Word("off")]),
            (vec!["/echo", "on"], vec![]),
            (vec!["/token"], vec![Other, Word("revoke")]),
            (vec!["/login", "bob"], vec![Other]),
            (vec!["/kick"], vec![Person]),
            (vec!["/room", "Owner"], vec![Other, Person]),
            (vec!["/room", "slow"], vec![Other, Other, Word("off")]),
            (vec!["/nonsense"], vec![]),
        ] {
            assert_eq!(arguments_after(&words), arguments, "{words:?}");
        }
    }

    #[test]
    fn all_forms_of_room_are_offered() {
        let offered = arguments_after(&["/room"]);
        for word in ["kick", "ban", "unban", "bans", "keep", "owner", "hidden", "topic-lock"] {
            assert!(offered.contains(&Word(word)), "{word}");
        }
    }
}
