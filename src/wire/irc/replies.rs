//! `Replies`: what the server says to one client.

use std::fmt::Display;

use super::line::Line;

/// Writes lines of the server to one client.
#[derive(Debug)]
pub struct Replies<'a> {
    /// The server's name.
    pub server: &'a str,
    /// The client's nick, `*` before it has one.
    pub nick: &'a str,
    /// Where the lines go.
    pub out: &'a mut Vec<u8>,
}

impl Replies<'_> {
    /// Begins a numeric; [`end`](Self::end) sends it.
    pub fn begin(&self, numeric: u16) -> Line {
        Line::new(self.server, format_args!("{numeric:03}")).param(self.nick)
    }

    /// Sends a line.
    pub fn end(&mut self, line: &Line) {
        line.end(self.out);
    }

    /// Sends a numeric with parameters in the middle, and a text.
    pub fn numeric(&mut self, numeric: u16, params: &[&str], text: impl Display) {
        let line = params.iter().fold(self.begin(numeric), |line, param| line.param(param));
        line.last(text).end(self.out);
    }

    /// Sends a command other than a numeric.
    pub fn command(&mut self, command: &str, params: &[&str], last: impl Display) {
        let line = Line::new(self.server, command);
        params.iter().fold(line, |line, param| line.param(param)).last(last).end(self.out);
    }

    /// Sends a standard reply (IRCv3), such as FAIL.
    pub fn standard(&mut self, kind: &str, command: &str, code: &str, text: impl Display) {
        self.command(kind, &[command, code], text);
    }

    /// Sends words in as few numerics as they fit into, each with these parameters before them.
    /// Without any word nothing is sent.
    pub fn words<W: Display>(
        &mut self,
        numeric: u16,
        params: &[&str],
        words: impl IntoIterator<Item = W>,
    ) {
        let start = params.iter().fold(self.begin(numeric), |line, param| line.param(param));
        let room = super::line::MAX_BODY.saturating_sub(start.body_len() + 2);
        let mut row = String::new();
        for word in words {
            let word = word.to_string();
            if !row.is_empty() && row.len() + 1 + word.len() > room {
                start.clone().last(std::mem::take(&mut row)).end(self.out);
            }
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(&word);
        }
        if !row.is_empty() {
            start.last(row).end(self.out);
        }
    }
}

/// What a test has sent to one client.
#[cfg(test)]
pub(super) fn written(write: impl FnOnce(&mut Replies<'_>)) -> Vec<String> {
    let mut out = Vec::new();
    write(&mut Replies { server: "srv", nick: "me", out: &mut out });
    let sent = String::from_utf8(out).unwrap();
    assert!(sent.is_empty() || sent.ends_with("\r\n"));
    sent.split_terminator("\r\n").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fill_lines_that_fit() {
        let names: Vec<_> = (0..100).map(|n| format!("@name{n:012}")).collect();
        let lines = written(|replies| replies.words(353, &["=", "#dev"], &names));
        assert!(lines.len() == 4 && lines.iter().all(|line| line.len() <= 510), "{lines:?}");
        let start = ":srv 353 me = #dev :";
        let shown = lines.iter().flat_map(|line| line.strip_prefix(start).unwrap().split(' '));
        assert!(shown.eq(&names));
        assert!(written(|replies| replies.words::<&str>(353, &[], [])).is_empty());
    }

    #[test]
    fn a_numeric_has_three_digits() {
        let lines = written(|replies| replies.numeric(5, &["A", "b c"], "d e"));
        assert_eq!(lines, [":srv 005 me A b :d e"]);
    }
}
