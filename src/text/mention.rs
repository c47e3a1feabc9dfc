//! Whether a line names somebody.

/// The longest nick, in bytes.
const MAX_NAME: usize = 16;

/// The parts of `text` between characters that no nick has, each of which may be a nick.
pub fn words_like_names(text: &str) -> impl Iterator<Item = &str> {
    let in_names = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split(move |c| !in_names(c)).filter(|word| !word.is_empty())
}

/// Whether `word` looks like a nick: 1 to 16 of those characters, a letter first.
pub fn is_like_a_name(word: &str) -> bool {
    word.len() <= MAX_NAME
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && words_like_names(word).next() == Some(word)
}

/// Whether `text` has `nick` as a whole word, in any case.
pub fn mentions(text: &str, nick: &str) -> bool {
    words_like_names(text).any(|word| word.eq_ignore_ascii_case(nick))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_nick_is_named_as_a_whole_word_in_any_case() {
        for text in ["bob", "hi BOB!", "bob: look", "(bob)", "ébob.", "a bobé", "bobby or bob"] {
            assert!(mentions(text, "bob"), "{text}");
        }
        for text in ["", "bobby", "bob_", "-bob", "b0b", "kbob", "3bob", "bo b", "bob-1 or bob2"] {
            assert!(!mentions(text, "bob"), "{text}");
        }
        assert!(mentions("ask al-ice_1", "Al-Ice_1") && !mentions("ask al-ice_1", "al"));
    }

    #[test]
    fn a_nick_has_up_to_16_such_characters_and_a_letter_first() {
        for word in ["a", "Al-ice_1", "a234567890123456"] {
            assert!(is_like_a_name(word), "{word}");
        }
        for word in ["", "1a", "-a", "a b", "a;", "a2345678901234567", "é", "aé"] {
            assert!(!is_like_a_name(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn only_what_stands_beside_a_nick_decides(
            nick in "[A-Za-z][A-Za-z0-9_-]{0,15}",
            before in any::<Option<char>>(),
            after in any::<Option<char>>(),
        ) {
            let is_part = |c: &Option<char>| {
                c.is_some_and(|c| "_-".contains(c) || c.is_ascii_alphanumeric())
            };
            let part = |c: Option<char>| c.map_or_else(String::new, String::from);
            let text = format!("{}{}{}", part(before), nick.to_uppercase(), part(after));
            prop_assert_eq!(mentions(&text, &nick), !is_part(&before) && !is_part(&after));
        }
    }
}
