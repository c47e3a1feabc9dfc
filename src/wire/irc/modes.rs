//! The arguments of MODE: parsed to single changes, and changes back to arguments.

/// Changes in one line (`MODES` in 005).
const MAX_CHANGES: usize = 10;

/// Lists of masks (type A of CHANMODES).
const LISTS: &str = "beI";
/// With a parameter in both directions: roles, and type B.
const WITH_PARAM: &str = "ovk";
/// With a parameter when set (type C).
const WITH_PARAM_ON: &str = "l";
/// Without a parameter (type D).
const FLAGS: &str = "Cimnst";
/// The modes of users.
const USER: &str = "iwBo";

/// One change of a channel's modes that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelChange {
    /// Sets or clears a mode.
    Change {
        /// Whether it is set.
        on: bool,
        /// The mode's letter.
        letter: char,
        /// Its parameter, where it needs one.
        param: Option<String>,
    },
    /// Asks for a list.
    List(char),
    /// The mode lacks its parameter.
    NoParam(char),
    /// There is no such mode.
    Unknown(char),
}

/// Parses the parameters of MODE after the channel. Stops after `MAX_CHANGES` changes with a
/// parameter.
pub fn channel_changes(params: &[String]) -> Vec<ChannelChange> {
    let Some((letters, params)) = params.split_first() else { return Vec::new() };
    let mut params = params.iter().filter(|param| !param.is_empty());
    let (mut on, mut changes, mut with_param) = (true, Vec::new(), 0);
    for letter in letters.chars() {
        let change = match letter {
            '+' | '-' => {
                on = letter == '+';
                continue;
            }
            _ if FLAGS.contains(letter) => ChannelChange::Change { on, letter, param: None },
            _ if WITH_PARAM_ON.contains(letter) && !on => {
                ChannelChange::Change { on, letter, param: None }
            }
            _ if [LISTS, WITH_PARAM, WITH_PARAM_ON].iter().any(|of| of.contains(letter)) => {
                let param = params.next().cloned();
                with_param += usize::from(param.is_some());
                match param {
                    Some(param) => ChannelChange::Change { on, letter, param: Some(param) },
                    None if LISTS.contains(letter) => ChannelChange::List(letter),
                    // Many clients send only the letter.
                    None if letter == 'k' && !on => {
                        ChannelChange::Change { on, letter, param: None }
                    }
                    None => ChannelChange::NoParam(letter),
                }
            }
            _ => ChannelChange::Unknown(letter),
        };
        if with_param > MAX_CHANGES {
            break;
        }
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    changes
}

/// One change of a user's own modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// Sets or clears a mode.
    Change {
        /// Whether it is set.
        on: bool,
        /// The mode's letter.
        letter: char,
    },
    /// There is no such mode.
    Unknown(char),
}

/// Parses the parameter of MODE after the nick.
pub fn user_changes(letters: &str) -> Vec<UserChange> {
    let mut on = true;
    let mut changes = Vec::new();
    for letter in letters.chars() {
        let change = match letter {
            '+' | '-' => {
                on = letter == '+';
                continue;
            }
            _ if USER.contains(letter) => UserChange::Change { on, letter },
            _ => UserChange::Unknown(letter),
        };
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    changes
}

/// Changes as the parameters of MODE: the letters, and a parameter for each that has one.
pub fn shown<'a>(changes: impl IntoIterator<Item = (bool, char, Option<&'a str>)>) -> Vec<String> {
    let mut shown = vec![String::new()];
    let mut sign = None;
    for (on, letter, param) in changes {
        if sign.replace(on) != Some(on) {
            shown[0].push(if on { '+' } else { '-' });
        }
        shown[0].push(letter);
        shown.extend(param.map(str::to_owned));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Vec<ChannelChange> {
        channel_changes(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    fn change(on: bool, letter: char, param: Option<&str>) -> ChannelChange {
        ChannelChange::Change { on, letter, param: param.map(str::to_owned) }
    }

    #[test]
    fn letters_take_their_parameters_in_order() {
        assert_eq!(
            parse("+ov-k+l alice bob key 10"),
            [
                change(true, 'o', Some("alice")),
                change(true, 'v', Some("bob")),
                change(false, 'k', Some("key")),
                change(true, 'l', Some("10")),
            ]
        );
        assert_eq!(
            parse("im-nl+b *!*@x"),
            [
                change(true, 'i', None),
                change(true, 'm', None),
                change(false, 'n', None),
                change(false, 'l', None),
                change(true, 'b', Some("*!*@x")),
            ]
        );
    }

    #[test]
    fn lists_are_asked_for_and_what_is_missing_or_unknown_is_told() {
        assert_eq!(parse("b"), [ChannelChange::List('b')]);
        assert_eq!(
            parse("+beI"),
            [ChannelChange::List('b'), ChannelChange::List('e'), ChannelChange::List('I')]
        );
        assert_eq!(
            parse("+kZo-k"),
            [
                ChannelChange::NoParam('k'),
                ChannelChange::Unknown('Z'),
                ChannelChange::NoParam('o'),
                change(false, 'k', None),
            ]
        );
        assert_eq!(parse("ZZZZ"), [ChannelChange::Unknown('Z')]);
        assert!(parse("").is_empty() && channel_changes(&[]).is_empty());
    }

    #[test]
    fn no_more_than_ten_changes_with_a_parameter_are_made() {
        let names: Vec<_> = (0..12).map(|n| format!("n{n}")).collect();
        assert_eq!(parse(&format!("+{} {}", "v".repeat(12), names.join(" "))).len(), MAX_CHANGES);
    }

    #[test]
    fn changes_are_shown_with_as_few_signs_as_possible() {
        let changes = [(true, 'n', None), (true, 'k', Some("x")), (false, 't', None)];
        assert_eq!(shown(changes), ["+nk-t", "x"]);
        assert_eq!(shown([]), [""]);
    }

    #[test]
    fn user_modes_are_told_from_others() {
        let set = |letter| UserChange::Change { on: true, letter };
        assert_eq!(
            user_changes("i-w+BZ"),
            [
                set('i'),
                UserChange::Change { on: false, letter: 'w' },
                set('B'),
                UserChange::Unknown('Z')
            ]
        );
    }
}
