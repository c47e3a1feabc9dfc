//! Masks with `*` and `?`.

/// Longest mask, in bytes.
const MAX_MASK: usize = 128;

/// Whether `text` matches `pattern`, in which `*` stands for any text and `?` for any character.
/// Ignores case. Takes time proportional to the product of both lengths at most.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on when what followed the last `*` did not match.
    let mut retry = None;
    loop {
        let left = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = left;
                retry = Some((pattern.clone(), text.clone()));
            }
            (Some('?'), Some(_)) => {}
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(&other) => {}
            _ => {
                let Some((after, from)) = &mut retry else { return false };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (after.clone(), from.clone());
            }
        }
    }
}

/// A mask of the form `nick!user@host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMask(String);

impl SourceMask {
    /// Completes what was typed: `bob` becomes `bob!*@*`, `a@b` becomes `*!a@b`, and a host with
    /// a dot or colon `*!*@host`. `None` if that has a blank, or more than 128 bytes.
    pub fn new(typed: &str) -> Option<Self> {
        let whole = complete(typed);
        let is_valid = whole.len() <= MAX_MASK && !whole.contains(char::is_whitespace);
        is_valid.then_some(Self(whole))
    }

    /// Whether somebody with this source is meant.
    pub fn matches(&self, source: &str) -> bool {
        matches(&self.0, source)
    }

    /// The whole mask.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn complete(typed: &str) -> String {
    let part = |text: &str| if text.is_empty() { "*".to_owned() } else { text.to_owned() };
    let (nick, rest) = match (typed.split_once('!'), typed.split_once('@')) {
        (Some((nick, rest)), _) => (part(nick), rest),
        (None, Some(_)) => ("*".to_owned(), typed),
        (None, None) if typed.contains(['.', ':']) => return format!("*!*@{typed}"),
        (None, None) => (part(typed), ""),
    };
    let (user, host) = rest.split_once('@').unwrap_or((rest, ""));
    format!("{nick}!{}@{}", part(user), part(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn masks_match_as_the_field_agrees() {
        for (mask, matching, failing) in [
            ("*@127.0.0.1", &["coolguy!ab@127.0.0.1"][..], &["coolguy!ab@127.0.0.5"][..]),
            ("cool*@*", &["coolguy!ab@1", "COOL132!ab@e.com"], &["koolguy!a@1", "cooodud!d@1"]),
            ("cool!*@*", &["cool!guyab@1", "cool!~dudebc@1"], &["coolguy!ab@1"]),
            ("cool!?username@*", &["cool!ausername@1", "cool!~username@1"], &["cool!username@1"]),
            ("cool!a?*@*", &["cool!ab@1", "cool!abc@1"], &["cool!a@1"]),
            ("cool[guy]!*@*", &["cool[guy]!guy@1"], &["coolg!ab@1", "cool[!ac@1"]),
            ("", &[""], &["a"]),
            ("*", &["", "a", "é"], &[]),
            ("?", &["é"], &["", "ab"]),
            ("a*b*c", &["abc", "aXbYc", "abbcc"], &["ab", "acb"]),
        ] {
            matching.iter().for_each(|text| assert!(matches(mask, text), "{mask} {text}"));
            failing.iter().for_each(|text| assert!(!matches(mask, text), "{mask} {text}"));
        }
    }

    #[test]
    fn a_mask_is_completed() {
        for (typed, whole) in [
            ("bob", "bob!*@*"),
            ("bob!", "bob!*@*"),
            ("~a@b", "*!~a@b"),
            ("bob!~a", "bob!~a@*"),
            ("*.cloak", "*!*@*.cloak"),
            ("a!b@c", "a!b@c"),
            ("@c", "*!*@c"),
        ] {
            assert_eq!(SourceMask::new(typed).unwrap().as_str(), whole, "{typed}");
        }
        assert!(SourceMask::new("BOB").unwrap().matches("bob!~text@x.cloak"));
        assert_eq!(SourceMask::new(&"x".repeat(125)), None);
    }

    /// The definition.
    fn matches_slowly(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                (0..=text.len()).any(|skipped| matches_slowly(rest, &text[skipped..]))
            }
            (['?', rest @ ..], [_, others @ ..]) => matches_slowly(rest, others),
            ([one, rest @ ..], [other, others @ ..]) if one == other => {
                matches_slowly(rest, others)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_text_matches_as_defined(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                matches(&pattern, &text), matches_slowly(&chars(&pattern), &chars(&text))
            );
        }
    }
}
