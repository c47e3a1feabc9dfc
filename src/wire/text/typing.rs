//! The part of the decoder for clients whose line is edited: they send keys.

use super::decode::{Decoder, Stage};
use super::line_editing::{LineEditing, Press};
use super::options::Options;
use crate::chat::edit_switch;
use crate::edit::{Key, Size};
use crate::text::Line;
use crate::wire::draw::Draw;
use crate::wire::incoming::{Incoming, OVERHEAD_OF_A_LINE};

/// What drawing the edited line costs, as bytes of overhead.
const DRAWING: usize = 4;
/// So many bytes of the line cost one more, for drawing it and for a key that looks at it.
const BYTES_FOR_ONE: usize = 256;

impl Decoder {
    /// For a client whose line was edited; see
    /// [`wire::Decoder::editing`](crate::wire::Decoder::editing).
    pub fn editing(size: Size) -> Self {
        let mut decoder = Self::default();
        decoder.editing = Some(Box::new(LineEditing::agreed(size)));
        (decoder.stage, decoder.is_telnet) = (Stage::Later, true);
        decoder
    }

    /// The edited line, if it has to be drawn.
    pub(super) fn drawing(&mut self) -> Option<Incoming> {
        let prompt = self.editing.as_mut()?.take_prompt()?;
        self.overhead += DRAWING + self.length / BYTES_FOR_ONE;
        Some(Incoming::Draw(Draw::Prompt(prompt)))
    }

    /// See [`wire::Decoder::is_asking`](crate::wire::Decoder::is_asking).
    pub fn is_asking(&self) -> bool {
        self.editing.as_ref().is_some_and(|editing| editing.is_awaited())
    }

    /// See [`wire::Decoder::give_up_asking`](crate::wire::Decoder::give_up_asking).
    pub fn give_up_asking(&mut self) -> Option<Incoming> {
        self.editing.as_mut()?.give_up()
    }

    /// See [`wire::Decoder::resume`](crate::wire::Decoder::resume).
    pub fn resume(&mut self) {
        self.ready.extend(self.is_telnet.then_some(Incoming::SpeaksTelnet));
        self.ready.extend(self.editing.as_mut().and_then(|editing| editing.redraw()));
    }

    pub(crate) fn has_keyboard(&self) -> bool {
        self.editing.as_ref().is_some_and(|editing| editing.has_keyboard())
    }

    /// Whether the next key has to wait.
    pub(super) fn is_to_pay(&self) -> bool {
        self.overhead >= OVERHEAD_OF_A_LINE && self.has_keyboard()
    }

    /// Says a line, or does `/edit`, which concerns this wire alone.
    pub(super) fn say(&mut self, line: Line) {
        let Some(on) = edit_switch(&line) else {
            return self.ready.push_back(Incoming::Line(line));
        };
        let editing = self.editing.get_or_insert_default();
        if on {
            editing.turn_on(&mut self.ready);
        } else {
            editing.turn_off(&mut self.ready);
        }
    }

    #[inline(never)]
    pub(super) fn negotiate(&mut self, verb: u8, option: u8) {
        let Some(editing) = &mut self.editing else {
            let answer = Options::default().hear(verb, option, false);
            self.ready.extend(answer.map(|bytes| Incoming::Answer(bytes.to_vec())));
            return;
        };
        let had_keyboard = editing.has_keyboard();
        let typed = String::from_utf8_lossy(&self.line);
        editing.negotiate((verb, option), (&typed, self.after_cr), &mut self.ready);
        let ended = editing.take_ended();
        if !had_keyboard && editing.has_keyboard() {
            (self.length, self.after_cr) = (editing.length(), false);
            (self.line, self.end) = Default::default();
        } else if let Some((text, after_cr)) = ended {
            (self.length, self.after_cr) = (text.len(), after_cr);
            self.line = text.into_bytes();
        }
    }

    #[inline(never)]
    pub(super) fn key_byte(&mut self, byte: u8, max_line: usize) {
        let keys = self.editing.as_mut().map_or([None; 2], |editing| editing.read(byte));
        keys.into_iter().flatten().for_each(|key| self.press(key, max_line));
    }

    pub(super) fn press(&mut self, key: Key, max_line: usize) {
        let Some(editing) = &mut self.editing else { return };
        let before = editing.length();
        let pressed = editing.press(key, max_line, &mut self.ready);
        self.length = editing.length();
        if !matches!(key, Key::Char(_)) {
            self.overhead += before.max(self.length) / BYTES_FOR_ONE;
        }
        if key == Key::Enter || self.length == 0 {
            self.since_line_end = 0;
        }
        match pressed {
            None => {}
            Some(Press::Line(line)) => {
                let has_loss = std::mem::take(&mut self.has_loss);
                self.say(if has_loss { line.with_loss() } else { line });
            }
            Some(Press::Quit) => {
                self.stage = Stage::Over;
                self.ready.push_back(Incoming::Quit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Prompt;
    use proptest::prelude::*;

    const MAX_LINE: usize = 20;
    const AGREED: &[u8] = b"/edit on\r\n\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f";

    /// The next item; all overhead is paid.
    fn next(decoder: &mut Decoder, piece: &mut &[u8]) -> Option<Incoming> {
        loop {
            let item = decoder.next(piece, MAX_LINE);
            *decoder.overhead() = 0;
            if item.is_some() || piece.is_empty() {
                return item;
            }
        }
    }

    /// What the pieces are decoded to: everything but the line as it was drawn on the way, and the
    /// line as it was drawn last.
    fn decode<'a>(
        decoder: &mut Decoder,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Incoming>, Option<Prompt>) {
        let (mut items, mut last) = (Vec::new(), None);
        for mut piece in pieces {
            while let Some(item) = next(decoder, &mut piece) {
                match item {
                    Incoming::Draw(Draw::Prompt(prompt)) => last = Some(prompt),
                    Incoming::Draw(Draw::Begin(..)) => {}
                    Incoming::Draw(Draw::End(_)) => {
                        last = None;
                        items.push(item);
                    }
                    other => items.push(other),
                }
            }
        }
        (items, last)
    }

    fn keys() -> impl Strategy<Value = Vec<u8>> {
        let some = [
            &b"a"[..],
            b"\x1b[A",
            b"\x1b[D",
            b"\x1bOH",
            b"\x1b[1;5D",
            b"\x1bb",
            "\u{e9}\u{8a9e}".as_bytes(),
            b"\r\0",
            b"\r\n",
            b"\x7f",
            b"\t",
            b"\x03",
            b"\x15",
            b"\x19",
            b"\x1b[200~",
            b"\x1b[201~",
            b"/login a b",
            b"\xff\xfa\x1f\0\x14\0\x18\xff\xf0",
            b"\xff\xf7",
            b"\xff\xff",
            b"\xe9",
            b"/edit off\r\n",
            b"/edit on\r\n",
            b"\xff\xfe\x01",
            b"\xff\xfd\x01",
        ];
        let keys = prop::sample::select(some.map(<[u8]>::to_vec).to_vec());
        prop::collection::vec(keys, 0..40).prop_map(|keys| keys.concat())
    }

    proptest! {
        #[test]
        fn however_reads_and_restarts_split_the_keys_they_do_the_same(
            bytes in keys(),
            cut in 0usize..200,
        ) {
            let bytes = [AGREED, &bytes].concat();
            let whole = decode(&mut Decoder::default(), [&*bytes]);
            let (items, last) = decode(&mut Decoder::default(), bytes.chunks(1));
            prop_assert_eq!((&items, &last), (&whole.0, &whole.1));
            let (before, after) = bytes.split_at(cut.min(bytes.len()));
            let mut decoder = Decoder::default();
            let (mut items, _) = decode(&mut decoder, [before]);
            let held = decoder.take_bytes();
            let saved = serde_json::to_string(&decoder).unwrap();
            let mut decoder: Decoder = serde_json::from_str(&saved).unwrap();
            decoder.put_bytes(held);
            decoder.resume();
            let (rest, _) = decode(&mut decoder, [after]);
            items.extend(rest);
            let is_of_restart = |item: &Incoming| {
                matches!(item, Incoming::SpeaksTelnet | Incoming::Draw(Draw::Resume(_)))
            };
            items.retain(|item| !is_of_restart(item));
            let mut expected = whole.0;
            expected.retain(|item| !is_of_restart(item));
            // Names are learned anew.
            prop_assert_eq!(items, expected);
        }
    }
}
