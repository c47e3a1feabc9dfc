//! Properties of single characters, from Unicode's tables.

use icu_properties::props::{
    BinaryProperty, DefaultIgnorableCodePoint, Emoji, EnumeratedProperty, GeneralCategory,
    GeneralCategoryGroup, PrependedConcatenationMark,
};
use unicode_width::UnicodeWidthChar;

/// Characters without a glyph that Unicode counts among symbols, letters and marks: the blank
/// Braille pattern, the null notehead, the full and the half blank of Egyptian hieroglyphs, and the
/// filler of Khitan.
const BLANKS: [char; 5] = ['\u{2800}', '\u{1D159}', '\u{13441}', '\u{13442}', '\u{16FE4}'];

/// Whether `c` is visible.
pub fn shows(c: char) -> bool {
    match c {
        '!'..='~' => true,
        _ if c.is_ascii() => false,
        _ => {
            !c.is_whitespace()
                && !c.is_control()
                && !is_ignorable(c)
                && !is_format(c)
                && !BLANKS.contains(&c)
        }
    }
}

/// Whether a renderer without support for `c` shows nothing (UAX #44,
/// Default_Ignorable_Code_Point).
pub(super) fn is_ignorable(c: char) -> bool {
    DefaultIgnorableCodePoint::for_char(c)
}

/// Whether `c` only changes how the characters around it are shown.
fn is_format(c: char) -> bool {
    GeneralCategory::for_char(c) == GeneralCategory::Format
        && !PrependedConcatenationMark::for_char(c)
}

/// Whether `c` is drawn over the character before it.
pub(super) fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(GeneralCategory::for_char(c))
}

/// Whether some terminals give `c` no column of its own.
pub(super) fn is_narrow(c: char) -> bool {
    is_format(c) || c.width() == Some(0)
}

/// Whether a zero-width joiner has a use after `c`, as in Indic scripts, Persian and emoji.
pub(super) fn may_be_joined(c: char) -> bool {
    let is_letter = GeneralCategoryGroup::Letter.contains(GeneralCategory::for_char(c));
    !c.is_ascii() && (is_letter || is_mark(c) || Emoji::for_char(c))
}

/// Whether `c` is an emoji by itself; a regional indicator is only half of a flag.
pub(super) fn is_emoji(c: char) -> bool {
    !c.is_ascii() && Emoji::for_char(c) && !matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}
