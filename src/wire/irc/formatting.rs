//! What IRC clients put into text: mIRC's formatting codes, and CTCP.

const BOLD: char = '\x02';
const COLOUR: char = '\x03';
const HEX_COLOUR: char = '\x04';
const RESET: char = '\x0f';
const MONOSPACE: char = '\x11';
const REVERSE: char = '\x16';
const ITALIC: char = '\x1d';
const STRIKE: char = '\x1e';
const UNDERLINE: char = '\x1f';
/// Begins and ends a CTCP message.
const CTCP: char = '\x01';

/// Removes formatting codes, the digits of colours included (modern.ircdocs.horse/formatting).
pub fn strip(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            COLOUR => rest = skip_colours(rest, 2, |c| c.is_ascii_digit(), 1),
            HEX_COLOUR => rest = skip_colours(rest, 6, |c| c.is_ascii_hexdigit(), 6),
            BOLD | RESET | MONOSPACE | REVERSE | ITALIC | STRIKE | UNDERLINE => {}
            other => kept.push(other),
        }
    }
    kept
}

/// What follows a colour of `least` to `most` digits, and perhaps a comma and a second one.
fn skip_colours(text: &str, most: usize, is_digit: fn(char) -> bool, least: usize) -> &str {
    let after = |text: &str| -> Option<usize> {
        let digits = text.chars().take(most).take_while(|c| is_digit(*c)).count();
        (digits >= least).then_some(digits)
    };
    let Some(first) = after(text) else { return text };
    let rest = &text[first..];
    match rest.strip_prefix(',').and_then(|second| Some((second, after(second)?))) {
        Some((second, digits)) => &second[digits..],
        None => rest,
    }
}

/// A CTCP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ctcp<'a> {
    /// What somebody does.
    Action(&'a str),
    /// Anything about files and connections, which is dropped.
    Dcc,
    /// Any other.
    Other,
}

impl<'a> Ctcp<'a> {
    /// The message in `text`, if it is one. The mark at the end may be missing.
    pub fn parse(text: &'a str) -> Option<Self> {
        let inside = text.strip_prefix(CTCP)?;
        let inside = inside.strip_suffix(CTCP).unwrap_or(inside);
        let (command, rest) = inside.split_once(' ').unwrap_or((inside, ""));
        Some(match &*command.to_ascii_uppercase() {
            "ACTION" => Self::Action(rest),
            "DCC" => Self::Dcc,
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_is_removed_with_the_digits_of_its_colours() {
        for (sent, kept) in [
            ("plain", "plain"),
            ("\x02bold\x02 \x1d\x1f\x16\x11\x1e\x0fx", "bold x"),
            ("\x033green", "green"),
            ("\x0304,12red on blue", "red on blue"),
            ("\x03123", "3"),
            ("\x031,x", ",x"),
            ("\x03,5", ",5"),
            ("\x03", ""),
            ("\x0304,123", "3"),
            ("\x04ff0000red", "red"),
            ("\x04ff0000,00ff00x", "x"),
            ("\x04ff00", "ff00"),
            ("\x03é", "é"),
        ] {
            assert_eq!(strip(sent), kept, "{sent:?}");
        }
    }

    #[test]
    fn ctcp_is_told_from_text() {
        assert_eq!(Ctcp::parse("hi"), None);
        assert_eq!(Ctcp::parse("\x01ACTION waves\x01"), Some(Ctcp::Action("waves")));
        assert_eq!(Ctcp::parse("\x01action waves a lot"), Some(Ctcp::Action("waves a lot")));
        assert_eq!(Ctcp::parse("\x01ACTION\x01"), Some(Ctcp::Action("")));
        assert_eq!(Ctcp::parse("\x01DCC SEND x\x01"), Some(Ctcp::Dcc));
        assert_eq!(Ctcp::parse("\x01VERSION\x01"), Some(Ctcp::Other));
        assert_eq!(Ctcp::parse("\x01\x01"), Some(Ctcp::Other));
    }
}
