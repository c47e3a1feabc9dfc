//! `Text`: for any bytes, nothing dangerous stays, nothing ordinary is dropped, and filtering the
//! result again changes nothing.
#![no_main]

use chatd::text::{Line, Text};
use chatd_fuzz::{is_dangerous, is_tag};
use libfuzzer_sys::fuzz_target;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Takes no room of its own, and is not counted as a mark.
fn is_between(c: char) -> bool {
    matches!(c, '\u{FE0F}' | '\u{200C}' | '\u{200D}') || is_tag(c) || is_annotation(c)
}

/// Kept, and invisible on many terminals.
fn is_annotation(c: char) -> bool {
    matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}')
}

/// Every tag is in a sequence that begins behind something that is no ASCII, and has an end.
fn check_tags(clean: &str) {
    let mut rest = clean;
    while let Some((before, sequence)) = rest.find(is_tag).map(|at| rest.split_at(at)) {
        let base = before.chars().next_back().expect("tags follow an emoji");
        assert!(!base.is_ascii(), "tags behind {base:?}");
        let (tags, others) = sequence.split_once('\u{E007F}').expect("tags have an end");
        assert!((1..32).contains(&tags.chars().count()) && tags.chars().all(is_tag), "{tags:?}");
        rest = others;
    }
}

fuzz_target!(|raw: &[u8]| {
    let text = Text::new(raw);
    let clean = text.as_str();
    assert_eq!(Text::new(clean), text);
    assert!(!clean.contains(is_dangerous));
    check_tags(clean);
    let line = Line::new(raw);
    assert_eq!(line.is_as_sent_from(0), clean.as_bytes() == raw, "it knows if it was changed");
    assert_eq!(line.into_text(), text);

    let ordinary = |byte: &u8| matches!(byte, b' '..=b'~');
    let typed = raw.iter().map(|&byte| if byte == b'\t' { b' ' } else { byte }).filter(ordinary);
    assert!(clean.bytes().filter(ordinary).eq(typed), "ASCII was lost, added or moved");

    let (mut marks, mut last) = (0, 'a');
    for c in clean.chars() {
        if matches!(c, '\u{200C}' | '\u{200D}') {
            assert!(!last.is_ascii(), "a joiner with nothing to join");
        }
        match c.general_category_group() {
            _ if is_between(c) => {}
            GeneralCategoryGroup::Mark => marks += 1,
            _ => marks = 0,
        }
        assert!(marks <= 4, "marks pile up");
        last = c;
    }
});
