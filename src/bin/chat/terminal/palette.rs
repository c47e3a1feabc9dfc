//! `Palette`: how lines look.

use chatd::edit::Paint;

use crate::heard::Speech;

/// Of the 256 usual colours, those that can be read on white and on black: the contrast is at least
/// 4.0 on both.
const COLOURS: [u8; 16] = [131, 130, 64, 28, 29, 30, 31, 27, 62, 99, 97, 129, 133, 164, 162, 161];
const REVERSE: &str = "\x1b[7m";
/// What marks a line that names the user, where there are no colours.
const MARK: &str = "*";

/// Whether lines have colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    pub(crate) has_colours: bool,
}

impl Palette {
    /// A line as it is to be shown, and the looks of its parts.
    pub(crate) fn paint(self, line: &str, is_marked: bool) -> (String, Vec<Paint>) {
        let Some(said) = Speech::of(line) else { return (line.to_owned(), Vec::new()) };
        if !self.has_colours {
            let mark = if is_marked { MARK } else { "" };
            return (format!("{mark}{line}"), Vec::new());
        }
        let colour = colour_of(said.nick);
        let look = match is_marked {
            true => REVERSE.to_owned(),
            false => format!("\x1b[38;5;{colour}m"),
        };
        (line.to_owned(), vec![Paint { range: said.name, look }])
    }
}

/// The colour of a nick, which is always the same.
fn colour_of(nick: &str) -> u8 {
    // The page's hash of a nick.
    let hash = nick.bytes().fold(0_u32, |hash, byte| {
        let mixed = hash ^ (hash >> 15) ^ u32::from(byte.to_ascii_lowercase());
        mixed.wrapping_mul(0x2c1b_3c6d)
    });
    COLOURS[(hash >> 7) as usize % COLOURS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_has_its_name_reversed_or_a_mark_before_it() {
        let colourful = Palette { has_colours: true };
        let paint = |range, look: &str| vec![Paint { range, look: look.to_owned() }];
        let line = "[14:02] <bob> hi".to_owned();
        assert_eq!(colourful.paint(&line, true), (line.clone(), paint(9..12, REVERSE)));
        let (_, looks) = colourful.paint(&line, false);
        assert!(looks[0].look.starts_with("\x1b[38;5;") && looks[0].range == (9..12));
        let plain = Palette { has_colours: false };
        assert_eq!(plain.paint(&line, true), (format!("*{line}"), vec![]));
        assert_eq!(plain.paint(&line, false), (line, vec![]));
        assert_eq!(colourful.paint("-- bob joined", true).1, []);
    }

    /// How bright a colour of xterm's 256 is (WCAG 2, relative luminance).
    fn luminance(colour: u8) -> f64 {
        let step = |level: u8| if level == 0 { 0.0 } else { f64::from(55 + 40 * level) / 255.0 };
        let linear = |part: f64| match part <= 0.04045 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        };
        let cube = colour - 16;
        let [red, green, blue] = [cube / 36, cube / 6 % 6, cube % 6].map(step).map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn every_colour_can_be_read_on_white_and_on_black() {
        for colour in COLOURS {
            let bright = luminance(colour);
            assert!(1.05 / (bright + 0.05) >= 4.0, "{colour} on white");
            assert!((bright + 0.05) / 0.05 >= 4.0, "{colour} on black");
        }
    }

    #[test]
    fn a_nick_always_has_the_same_colour_and_others_have_others() {
        assert_eq!(colour_of("Bob"), colour_of("bob"));
        let nicks = (0..100).map(|n| format!("user{n}"));
        let colours: std::collections::BTreeSet<_> = nicks.map(|nick| colour_of(&nick)).collect();
        assert_eq!(colours.len(), COLOURS.len());
    }
}
