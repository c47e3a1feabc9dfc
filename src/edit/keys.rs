//! `KeyReader`: the bytes that a terminal sends become keys.
//!
//! It understands the sequences of ECMA-48 and xterm. It is given one byte at a time and waits for no
//! clock: a lone ESC waits for the next byte, with which it means Alt.

use serde::{Deserialize, Serialize};

use super::key::{Key, pasted_key};

const ESC: u8 = 0x1b;
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
/// What Ctrl-_ sends, and in most terminals Ctrl-/.
const UNIT_SEPARATOR: u8 = 0x1f;
/// Parameters of a sequence that are read; those of keys are shorter.
const MAX_PARAMETERS: usize = 16;
/// Modifiers of a key that are Shift at most (xterm: one more than a sum of 1 for Shift, 2 for Alt
/// and 4 for Ctrl).
const SHIFT: u16 = 2;

/// What has arrived of a key.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReader {
    part: Part,
    /// Whether what comes is pasted (xterm's bracketed paste).
    is_pasting: bool,
    /// A CR was Enter: an LF or NUL that follows belongs to it.
    after_cr: bool,
}

/// An unfinished key.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    #[default]
    Nothing,
    /// The first bytes of a character, and how many it has in all.
    Character(Vec<u8>, usize),
    Escape,
    /// After ESC `[`.
    Parameters(String),
    /// After ESC `O`, or the Linux console's ESC `[[`.
    Final,
}

/// The keys that one byte completes: a byte may show that those before it were no character.
pub(crate) type Completed = [Option<Key>; 2];

impl KeyReader {
    /// A reader for what follows a CR that ended a line, if `after_cr`.
    pub fn new(after_cr: bool) -> Self {
        Self { after_cr, ..Self::default() }
    }

    /// Whether the keys are from a pasted text.
    pub fn is_pasting(&self) -> bool {
        self.is_pasting
    }

    /// Whether a CR came last.
    pub fn is_after_cr(&self) -> bool {
        self.after_cr
    }

    /// Reads the next byte.
    pub fn push(&mut self, byte: u8) -> [Option<Key>; 2] {
        let after_cr = std::mem::take(&mut self.after_cr);
        match std::mem::take(&mut self.part) {
            Part::Nothing if after_cr && matches!(byte, b'\n' | 0) => [None; 2],
            Part::Nothing => [self.begin(byte), None],
            Part::Character(bytes, length) => self.continue_character(bytes, length, byte),
            Part::Escape => [self.after_escape(byte), None],
            Part::Parameters(parameters) => [self.parameter(parameters, byte), None],
            Part::Final => [final_key(byte).filter(|_| !self.is_pasting), None],
        }
    }

    fn begin(&mut self, byte: u8) -> Option<Key> {
        match byte {
            ESC => self.part = Part::Escape,
            0xc2..=0xdf => self.part = Part::Character(vec![byte], 2),
            0xe0..=0xef => self.part = Part::Character(vec![byte], 3),
            0xf0..=0xf4 => self.part = Part::Character(vec![byte], 4),
            0x80.. => return Some(Key::Char(char::REPLACEMENT_CHARACTER)),
            _ => return self.ascii(byte),
        }
        None
    }

    fn ascii(&mut self, byte: u8) -> Option<Key> {
        self.after_cr = byte == b'\r';
        if self.is_pasting { pasted_key(char::from(byte)) } else { plain_key(byte) }
    }

    fn continue_character(&mut self, mut bytes: Vec<u8>, length: usize, byte: u8) -> Completed {
        if !(0x80..0xc0).contains(&byte) {
            return [Some(Key::Char(char::REPLACEMENT_CHARACTER)), self.begin(byte)];
        }
        bytes.push(byte);
        if bytes.len() < length {
            self.part = Part::Character(bytes, length);
            return [None; 2];
        }
        let character = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next());
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        // C1 controls are no text.
        [(!character.is_control()).then_some(Key::Char(character)), None]
    }

    fn after_escape(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' => self.part = Part::Parameters(String::new()),
            b'O' => self.part = Part::Final,
            ESC => self.part = Part::Escape,
            BACKSPACE | DELETE if !self.is_pasting => return Some(Key::WordBackspace),
            b' '..=b'~' if !self.is_pasting => return Some(Key::Alt(char::from(byte))),
            _ => return self.begin(byte),
        }
        None
    }

    fn parameter(&mut self, mut parameters: String, byte: u8) -> Option<Key> {
        match byte {
            b' '..=b'?' => {
                if parameters.len() < MAX_PARAMETERS {
                    parameters.push(char::from(byte));
                }
                self.part = Part::Parameters(parameters);
                None
            }
            b'[' if parameters.is_empty() => {
                self.part = Part::Final;
                None
            }
            b'@'..=b'~' => self.sequence(&parameters, byte),
            _ => self.begin(byte),
        }
    }

    fn sequence(&mut self, parameters: &str, end: u8) -> Option<Key> {
        let mut numbers = parameters.split(';').map(|number| number.parse::<u16>().unwrap_or(0));
        let (number, modifiers) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let key = match (end, number) {
            (b'~', 200 | 201) => {
                self.is_pasting = number == 200;
                None
            }
            (b'~', 1 | 7) => Some(Key::Home),
            (b'~', 4 | 8) => Some(Key::End),
            (b'~', 3) => Some(Key::Delete),
            (b'~', _) => None,
            (b'C', _) if modifiers > SHIFT => Some(Key::WordRight),
            (b'D', _) if modifiers > SHIFT => Some(Key::WordLeft),
            _ => final_key(end),
        };
        key.filter(|_| !self.is_pasting)
    }
}

/// The key of a byte that stands for itself.
fn plain_key(byte: u8) -> Option<Key> {
    match byte {
        b'\r' | b'\n' => Some(Key::Enter),
        b'\t' => Some(Key::Tab),
        BACKSPACE | DELETE => Some(Key::Backspace),
        1..=26 => Some(Key::Control(char::from(byte + b'a' - 1))),
        UNIT_SEPARATOR => Some(Key::Control('_')),
        b' '..=b'~' => Some(Key::Char(char::from(byte))),
        _ => None,
    }
}

/// The key of a sequence that ends in this byte.
fn final_key(byte: u8) -> Option<Key> {
    match byte {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'C' => Some(Key::Right),
        b'D' => Some(Key::Left),
        b'H' => Some(Key::Home),
        b'F' => Some(Key::End),
        b'M' => Some(Key::Enter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut reader = KeyReader::default();
        bytes.iter().flat_map(|&byte| reader.push(byte).into_iter().flatten()).collect()
    }

    fn typed(text: &str) -> Vec<Key> {
        text.chars().map(Key::Char).collect()
    }

    #[test]
    fn the_keys_of_xterm_the_linux_console_and_putty_are_understood() {
        for (bytes, key) in [
            (&b"\x1b[A"[..], Key::Up),
            (b"\x1bOB", Key::Down),
            (b"\x1b[C", Key::Right),
            (b"\x1bOD", Key::Left),
            (b"\x1b[H", Key::Home),
            (b"\x1bOF", Key::End),
            (b"\x1b[1~", Key::Home),
            (b"\x1b[4~", Key::End),
            (b"\x1b[7~", Key::Home),
            (b"\x1b[8~", Key::End),
            (b"\x1b[3~", Key::Delete),
            (b"\x1b[1;5C", Key::WordRight),
            (b"\x1b[1;3D", Key::WordLeft),
            (b"\x1b[1;2D", Key::Left),
            (b"\x1bb", Key::Alt('b')),
            (b"\x1b\x1bf", Key::Alt('f')),
            (b"\x1b\x7f", Key::WordBackspace),
            (b"\x7f", Key::Backspace),
            (b"\x08", Key::Backspace),
            (b"\t", Key::Tab),
            (b"\x01", Key::Control('a')),
            (b"\x1a", Key::Control('z')),
            (b"\x1f", Key::Control('_')),
            (b"\n", Key::Enter),
        ] {
            assert_eq!(keys(bytes), [key], "{bytes:?}");
        }
        for nothing in [&b"\x1b[5~"[..], b"\x1b[[A\x1b[Z", b"\x1bOP\0\x1d", b"\x1b[?1;2c"] {
            assert!(keys(nothing).iter().all(|key| *key == Key::Up), "{nothing:?}");
        }
    }

    #[test]
    fn enter_is_one_key_however_a_client_sends_it() {
        for enter in [&b"\r"[..], b"\r\0", b"\r\n", b"\n"] {
            let bytes = [b"a", enter, b"b", enter].concat();
            let expected = [Key::Char('a'), Key::Enter, Key::Char('b'), Key::Enter];
            assert_eq!(keys(&bytes), expected, "{enter:?}");
        }
        assert_eq!(keys(b"\n\n\r\r"), [Key::Enter; 4]);
    }

    #[test]
    fn characters_are_put_together_and_garbage_is_replaced() {
        assert_eq!(keys("añ語👍".as_bytes()), typed("añ語👍"));
        let replaced = char::REPLACEMENT_CHARACTER.to_string();
        assert_eq!(keys(b"a\xe9b"), typed(&format!("a{replaced}b")));
        assert_eq!(keys(b"\xff\x80"), typed(&replaced.repeat(2)));
        assert_eq!(keys(b"\xed\xa0\x80"), typed(&replaced), "a surrogate");
        assert_eq!(keys(b"\xc2\x9b2J"), typed("2J"), "a C1 control");
        assert_eq!(keys(b"\xe8\xaa\x1b[A"), [Key::Char('\u{fffd}'), Key::Up]);
    }

    #[test]
    fn in_a_paste_nothing_is_a_key_but_the_ends_of_lines() {
        let bytes = b"\x1b[200~a\tb\x03\x7f\x1b[A\x1bxc\r\nd\re\nf\x1b[201~\t";
        let expected = [&typed("a bxc")[..], &[Key::Enter, Key::Char('d'), Key::Enter]].concat();
        let rest = [Key::Char('e'), Key::Enter, Key::Char('f'), Key::Tab];
        assert_eq!(keys(bytes), [&expected[..], &rest].concat());
    }

    #[test]
    fn a_sequence_that_breaks_off_is_dropped() {
        assert_eq!(keys(b"\x1b[1;\rx"), [Key::Enter, Key::Char('x')]);
        assert_eq!(keys(b"\x1b[3\x1b[A"), [Key::Up]);
        assert_eq!(
            keys(&[b"\x1b[", &[b'1'; 1000][..], b"Cx"].concat()).last(),
            Some(&Key::Char('x'))
        );
    }
}
