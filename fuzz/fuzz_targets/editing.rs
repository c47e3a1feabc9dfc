//! `/edit on`: however reads split the keys, the same is said, drawn and remembered, within bounds,
//! and nothing reaches the terminal that acts on it but the sequences that drawing needs.
//!
//! Input: the width of the terminal, the number of lengths to split by, these lengths, the keys.
#![no_main]

use chatd::edit::{Prompt, Screen, SharedNames, Size};
use chatd::wire::{Decoder, Draw, Incoming};
use chatd_fuzz::{cut, is_dangerous, next_item};
use libfuzzer_sys::fuzz_target;

const MAX_LINE: usize = 1024;
const HEIGHT: u16 = 24;
/// Stands for a page of itself, so that a short input reaches the limits on long lines.
const PAGE: u8 = b'`';
/// Most bytes of all pages.
const LONGEST: usize = 256 * 1024;
/// Most bytes that are split into small reads, after each of which the line is drawn.
const SHORT: usize = 256;
/// The bytes of a read.
const READ: usize = 4096;
/// Most bytes of JSON that are kept of a client: five texts of 64 KiB, with what JSON escapes.
const MOST: usize = 1024 * 1024;

fuzz_target!(|input: &[u8]| {
    let [width, cuts, rest @ ..] = input else { return };
    let (lengths, stream) = rest.split_at(usize::from(cuts % 8).min(rest.len()));
    let bytes: Vec<u8> = stream
        .iter()
        .flat_map(|&byte| std::iter::repeat_n(byte, if byte == PAGE { 4096 } else { 1 }))
        .take(LONGEST)
        .collect();
    let size = Size::new(u16::from(*width), HEIGHT);

    if bytes.is_empty() {
        return;
    }
    let whole = Edited::by([&*bytes], size);
    whole.assert_is(&Edited::by(bytes.chunks(READ), size));
    if bytes.len() < SHORT {
        whole.assert_is(&Edited::by(cut(&bytes, lengths), size));
        whole.assert_is(&Edited::by(bytes.chunks(1), size));
    }
    assert!(whole.state.len() <= MOST, "{} bytes are kept", whole.state.len());
    whole.items.iter().for_each(check);
});

/// What came of some keys.
struct Edited {
    /// All but how the line was drawn on the way.
    items: Vec<Incoming>,
    /// The line as it was drawn last.
    prompt: Option<Prompt>,
    /// What the decoder keeps.
    state: String,
}

impl Edited {
    /// Decodes keys, each of `pieces` a read of its own, and draws what they do.
    fn by<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, size: Size) -> Self {
        let mut decoder = Decoder::editing(size);
        decoder.resume();
        let (mut items, mut prompt, mut screen) = (Vec::new(), None, Some(Screen::new(size)));
        for mut piece in pieces {
            let mut out = Vec::new();
            while let Some(item) = next_item(&mut decoder, &mut piece, MAX_LINE) {
                show(&item, &mut screen, &mut out);
                match item {
                    Incoming::Draw(Draw::Prompt(drawn)) => prompt = Some(drawn),
                    Incoming::Draw(Draw::Begin(_, names) | Draw::Resume(names)) => meet(&names),
                    Incoming::Draw(Draw::End(_)) | Incoming::Quit | Incoming::Error(_) => {
                        prompt = None;
                        items.push(item);
                    }
                    item => items.push(item),
                }
            }
            screen.iter_mut().for_each(|screen| screen.draw(&mut out));
            assert_harmless(&out);
        }
        let state = serde_json::to_string(&decoder).expect("a decoder is JSON");
        // Behind the end of the stream, nobody draws the line any more.
        let state = state.replace("\"is_stale\":true", "\"is_stale\":false");
        Self { items, prompt, state }
    }

    fn assert_is(&self, other: &Self) {
        assert_eq!(self.items, other.items);
        assert_eq!(self.prompt, other.prompt);
        assert_eq!(self.state, other.state);
    }
}

/// Names to complete.
fn meet(names: &SharedNames) {
    ["<alice> hi", "<alina> hi", "<bob> hi"].iter().for_each(|line| names.lock().learn(line));
}

/// Shows what an item does to the screen, and the lines that are said.
fn show(item: &Incoming, screen: &mut Option<Screen>, out: &mut Vec<u8>) {
    match (item, screen.as_mut()) {
        (Incoming::Draw(Draw::Begin(size, _)), _) => *screen = Some(Screen::new(*size)),
        (Incoming::Draw(Draw::End(_)), Some(_)) => *screen = None,
        (Incoming::Draw(Draw::Resume(_)), Some(screen)) => screen.redraw(),
        (Incoming::Draw(Draw::Resize(size)), Some(screen)) => screen.resize(*size),
        (Incoming::Draw(Draw::Prompt(prompt)), Some(screen)) => screen.set_prompt(prompt.clone()),
        (Incoming::Draw(Draw::Typed(line)), Some(screen)) => screen.show_typed(line, out),
        (Incoming::Draw(Draw::Show(line)), Some(screen)) => screen.show(line, out),
        (Incoming::Draw(Draw::Clear), Some(screen)) => screen.clear(out),
        (Incoming::Line(line), Some(screen)) => {
            screen.show(&format!("<bob> {}", line.as_str()), out)
        }
        _ => {}
    }
}

fn check(item: &Incoming) {
    match item {
        Incoming::Line(line) => {
            assert!(!line.as_str().contains(is_dangerous));
            assert!(line.as_str().chars().count() <= MAX_LINE);
        }
        Incoming::TooLong { bytes, limit } => assert!(*limit == MAX_LINE && *bytes > MAX_LINE),
        Incoming::Answer(bytes) | Incoming::Draw(Draw::End(bytes)) => {
            assert!(bytes.chunks(3).all(is_negotiation), "{bytes:?}");
        }
        _ => {}
    }
}

/// Whether it refuses an option, or is about one that line editing needs.
fn is_negotiation(command: &[u8]) -> bool {
    matches!(command, [255, 252 | 254, _] | [255, 251, 1 | 3] | [255, 253, 31])
}

/// Sees to it that the terminal does nothing but show text, move its cursor and erase.
fn assert_harmless(out: &[u8]) {
    let mut rest = std::str::from_utf8(out).expect("what is drawn is UTF-8");
    while let Some(at) = rest.find(char::is_control) {
        rest = &rest[at..];
        let length = if rest.starts_with(['\r', '\n']) { 1 } else { sequence(rest) };
        assert!(length > 0, "{:?}", &rest[..rest.len().min(40)]);
        rest = &rest[length..];
    }
}

/// The length of the sequence that `text` begins with, if drawing needs it, or else 0.
fn sequence(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\x1b[") else { return 0 };
    let digits = parameters.bytes().take_while(u8::is_ascii_digit).count();
    let is_known = matches!(parameters.as_bytes().get(digits), Some(b'A' | b'C' | b'H' | b'J'));
    if is_known { "\x1b[".len() + digits + 1 } else { 0 }
}
