use super::filter::is_dangerous;
use super::*;
use proptest::prelude::*;

const SCOTLAND: &str = "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}";
/// Four marks, the most allowed in a row.
const MARKS: &str = "\u{301}\u{302}\u{303}\u{304}";

fn clean(raw: &str) -> String {
    Text::new(raw).to_string()
}

#[test]
fn plain_text_of_any_language_is_untouched() {
    for line in
        ["hello, world", "Grüße", "日本語", "שלום", "👍🏽 👨‍👩‍👧 ❤️", "می‌خواهم", "क्‍ष", "한국어", SCOTLAND]
    {
        assert_eq!(clean(line), line);
    }
}

#[test]
fn controls_are_dropped_and_a_tab_becomes_a_space() {
    assert_eq!(clean("a\x1b[31mb\x07\x00c\x7f\u{9b}2Jd\te\r\n"), "a[31mbc2Jd e");
}

#[test]
fn characters_that_reorder_or_hide_are_dropped() {
    let hidden = "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\
                  \u{200e}\u{200f}\u{61c}\u{feff}\u{200b}\u{2028}\u{2029}\u{e0001}\u{e0041}\
                  \u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180e}\u{2060}\u{2064}\u{206f}\
                  \u{3164}\u{fe00}\u{ffa0}\u{fff0}\u{1bca0}\u{1d173}\u{e0100}\u{e0fff}";
    assert_eq!(clean(&format!("a{hidden}b")), "ab");
}

#[test]
fn the_fifth_mark_in_a_row_is_dropped_whatever_invisible_stands_between() {
    let typed = format!("e{MARKS}\u{301}\u{301}x");
    assert_eq!(clean(&typed), format!("e{MARKS}x"));
    for between in
        "\u{200b}\u{2060}\u{ad}\u{180e}\u{34f}\u{3164}\u{feff}\u{7}\u{e0041}\u{fe00}".chars()
    {
        assert_eq!(clean(&format!("e{MARKS}{between}{MARKS}")), format!("e{MARKS}"), "{between:?}");
    }
    // The filter keeps these, and they have no width either.
    for between in "\u{fe0f}\u{200d}\u{fff9}\u{13430}".chars() {
        let kept = format!("é{MARKS}{between}");
        assert_eq!(clean(&format!("{kept}{MARKS}")), kept, "{between:?}");
    }
    assert_eq!(clean(&format!("{SCOTLAND}{MARKS}{MARKS}")), format!("{SCOTLAND}{MARKS}"));
    let variation = "e\u{301}\u{301}\u{fe0f}\u{301}\u{301}\u{fe0f}\u{301}";
    assert_eq!(clean(variation), "e\u{301}\u{301}\u{fe0f}\u{301}\u{301}\u{fe0f}");
}

#[test]
fn joiners_stay_only_where_a_script_or_an_emoji_needs_them() {
    assert_eq!(clean("a\u{200d}b1\u{200c}2\u{200d}"), "ab12");
    assert_eq!(clean("\u{200d}क\u{200d}\u{200d}"), "क\u{200d}");
}

#[test]
fn an_emoji_tag_sequence_stays_whole_and_no_other_tag_does() {
    let tags = |count: usize| "\u{e0061}".repeat(count);
    for whole in [
        format!("x{SCOTLAND}{SCOTLAND} y"),
        "👍🏽\u{e0061}\u{e007f}".to_owned(),
        "🏴\u{fe0f}\u{e0061}\u{e007f}".to_owned(),
        format!("🏴{}\u{e007f}", tags(31)),
    ] {
        assert_eq!(clean(&whole), whole);
    }
    let end = "\u{e007f}";
    for (typed, kept) in [
        (format!("a{}{end}", tags(2)), "a"),
        (format!("1{}{end}", tags(2)), "1"),
        (format!("🇩🇪{}{end}", tags(2)), "🇩🇪"),
        (format!("🇩{}{end}", tags(2)), "🇩"),
        (format!("🏴{}", tags(2)), "🏴"),
        (format!("🏴{}x{end}", tags(2)), "🏴x"),
        (format!("🏴{end}"), "🏴"),
        (format!("🏴{}{end}", tags(32)), "🏴"),
        (format!("🏴\u{200b}{}{end}", tags(2)), "🏴"),
        (format!("🏴{}\u{200b}{}{end}", tags(1), tags(1)), "🏴"),
        (format!("🏴{}\u{e0001}{}{end}", tags(1), tags(1)), "🏴"),
    ] {
        assert_eq!(clean(&typed), kept, "{typed:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_become_replacement_characters() {
    assert_eq!(Text::new(b"caf\xe9 \xff\xfe").as_str(), "caf\u{fffd} \u{fffd}\u{fffd}");
}

#[test]
fn a_line_in_which_nothing_shows_is_blank() {
    let nothing = " \t\u{a0}\u{ad}\u{34f}\u{115f}\u{1160}\u{1680}\u{180e}\u{2003}\u{200b}\u{202f}\u{205f}\
                   \u{2060}\u{2800}\u{3000}\u{3164}\u{fe0f}\u{ffa0}\u{fff9}\u{1d159}\u{e0041}";
    for c in nothing.chars() {
        assert!(Text::new(c.to_string().repeat(15)).is_blank(), "{c:?}");
    }
    assert!(Text::new(nothing).is_blank());
    for shown in ["a", ".", "é", "語", "\u{301}", "\u{2801}", "\u{600}", "🏴", "\u{fffd}"] {
        assert!(!Text::new(shown).is_blank(), "{shown:?}");
    }
}

#[test]
fn a_line_knows_from_where_on_it_is_as_it_was_sent() {
    let from = |raw: &[u8]| (0..20).find(|&offset| Line::new(raw).is_as_sent_from(offset));
    assert_eq!(from(b"abc"), Some(0));
    assert_eq!(from("Grüße".as_bytes()), Some(0));
    assert_eq!(from(b"a\tbc"), Some(2), "what follows the blank is");
    assert_eq!(from(b"a\x01bc"), Some(2), "what was dropped may have been the first of bc");
    assert_eq!(from(b"abc\x01"), Some(4));
    assert_eq!(from(b"a\xe9b"), Some(4), "U+FFFD has three bytes");
    assert!(!Line::new("abc").with_loss().is_as_sent_from(3));
}

#[test]
fn a_saved_line_comes_back_and_one_of_an_older_version_does_too() {
    for line in [Line::new("abc"), Line::new("a\tb"), Line::new("abc").with_loss()] {
        let saved = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&saved).unwrap(), line);
    }
    assert_eq!(serde_json::from_str::<Line>("\"abc\"").unwrap(), Line::new("abc"));
}

proptest! {
    #[test]
    fn filtering_twice_changes_nothing(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        let once = Text::new(&raw);
        prop_assert_eq!(Text::new(once.as_str()), once);
    }

    #[test]
    fn filtering_tags_and_marks_twice_changes_nothing(
        raw in "[a🏴👍🏽\u{FE0F}\u{200D}\u{301}\u{200B}\u{E0061}\u{E0062}\u{E007F}\u{E0001}]{0,40}",
    ) {
        let once = Line::new(&raw);
        prop_assert!(Line::new(once.as_str()).is_as_sent_from(0), "{:?}", once);
        prop_assert_eq!(once.as_str() == raw, once.is_as_sent_from(0));
    }

    #[test]
    fn nothing_dangerous_ever_stays(raw in ".*") {
        let allowed = |c| matches!(c, '\u{FE0F}' | '\u{200C}' | '\u{200D}' | '\u{E0020}'..='\u{E007F}');
        prop_assert!(!clean(&raw).chars().any(|c| is_dangerous(c) && !allowed(c)));
    }
}
