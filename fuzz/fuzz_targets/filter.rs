//! `Text`: whatever the bytes, nothing dangerous stays, nothing ordinary goes, and a second
//! filtering finds nothing to do.
#![no_main]

use chatd::text::Text;
use chatd_fuzz::is_dangerous;
use libfuzzer_sys::fuzz_target;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Takes no room of its own, and is not counted as a mark.
fn is_between(c: char) -> bool {
    matches!(c, '\u{FE0F}' | '\u{200C}' | '\u{200D}')
}

fuzz_target!(|raw: &[u8]| {
    let text = Text::new(raw);
    let clean = text.as_str();
    assert_eq!(Text::new(clean), text);
    assert!(!clean.contains(is_dangerous));

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
