//! Editing a half-typed line by the keys that erase.

use unicode_segmentation::UnicodeSegmentation;

/// What the Backspace key sends: Windows' telnet and most terminals, in that order.
pub(super) const BACKSPACE: u8 = 0x08;
pub(super) const DELETE: u8 = 0x7F;
/// Bytes; most characters, with all their marks, are shorter.
const MOST: usize = 64;

/// Applies the edits in a line: each backspace and delete erases the character before it.
pub fn edited(line: &[u8]) -> Vec<u8> {
    let mut edited = Vec::with_capacity(line.len());
    for &byte in line {
        match byte {
            BACKSPACE | DELETE => erase_character(&mut edited),
            _ => edited.push(byte),
        }
    }
    edited
}

/// Erases the last character of a line.
fn erase_character(line: &mut Vec<u8>) {
    line.truncate(line.len() - last_character(line));
}

/// The length in bytes of the last character of a line: what a user sees as one (UAX #29), with its
/// marks, since RFC 854 erases a print position. A byte that is not UTF-8 is a character.
pub(super) fn last_character(line: &[u8]) -> usize {
    let mut most = MOST;
    loop {
        let tail = valid_tail(line, most);
        let Some(last) = tail.graphemes(true).next_back() else { return line.len().min(1) };
        // The character may begin before `tail`.
        if last.len() < tail.len() || tail.len() + 4 <= most {
            return last.len();
        }
        most *= 2;
    }
}

/// The longest valid UTF-8 in about the last `most` bytes of `line`.
fn valid_tail(line: &[u8], most: usize) -> &str {
    let tail = &line[line.len().saturating_sub(most)..];
    let begins = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    let start = tail.iter().take(4).position(begins).unwrap_or(0);
    tail[start..]
        .utf8_chunks()
        .last()
        .filter(|chunk| chunk.invalid().is_empty())
        .map_or("", |chunk| chunk.valid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `line` without its last character.
    fn erased(line: &[u8]) -> Vec<u8> {
        let mut line = line.to_vec();
        erase_character(&mut line);
        line
    }

    #[test]
    fn a_character_goes_with_all_its_bytes_and_marks() {
        for last in ["b", "ñ", "語", "e\u{301}", "👍🏽", "👨‍👩‍👧", "❤️", "한"]
        {
            for before in ["", "a", "語", "é"] {
                let line = format!("{before}{last}");
                assert_eq!(erased(line.as_bytes()), before.as_bytes(), "{line}");
            }
        }
        let tall = format!("ae{}", "\u{301}".repeat(1000));
        assert_eq!(erased(tall.as_bytes()), b"a");
    }

    #[test]
    fn what_is_not_utf8_goes_byte_by_byte() {
        assert_eq!(erased(b""), b"");
        assert_eq!(erased(b"a\xe9"), b"a");
        assert_eq!(erased(b"\xe9\xe8"), b"\xe9");
        assert_eq!(erased(b"\x80\x80\x80\x80\x80\x80"), b"\x80\x80\x80\x80\x80");
        assert_eq!(erased("\u{e9}\u{e9}".as_bytes().split_last().unwrap().1), "\u{e9}".as_bytes());
        assert_eq!(erased(b"a\xff\xc3\xa9"), b"a\xff");
    }

    proptest! {
        #[test]
        fn something_goes_from_the_end_and_valid_text_stays_valid(line in "[a\u{301}é語👨\u{200D}🇩]{0,60}") {
            let left = erased(line.as_bytes());
            prop_assert!(line.as_bytes().starts_with(&left));
            prop_assert!(line.is_empty() || left.len() < line.len());
            prop_assert!(std::str::from_utf8(&left).is_ok());
        }

        #[test]
        fn any_bytes_get_shorter(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let left = erased(&line);
            prop_assert!(line.starts_with(&left));
            prop_assert_eq!(line.is_empty(), left.len() == line.len());
        }
    }
}
