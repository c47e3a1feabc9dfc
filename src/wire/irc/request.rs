//! `Request`: one line of a client, parsed.

use serde::{Deserialize, Serialize};

/// A message from a client. A blank line has an empty command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The message tags, unescaped. Of several with one key only the last is here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// The command, in capitals.
    pub command: String,
    /// The parameters; only the last may be empty, have a blank or begin with a colon.
    pub params: Vec<String>,
}

impl Request {
    /// Parses a line without its line end. A source is skipped: a client has no other than its own.
    pub fn parse(line: &str) -> Self {
        let (tags, rest) = prefixed(line, '@');
        let (_, rest) = prefixed(rest, ':');
        let (command, mut rest) = word(rest);
        let mut params = Vec::new();
        while !rest.is_empty() {
            if let Some(last) = rest.strip_prefix(':') {
                params.push(last.to_owned());
                break;
            }
            let (param, after) = word(rest);
            params.push(param.to_owned());
            rest = after;
        }
        let tags = tags.map(parse_tags).unwrap_or_default();
        Self { tags, command: command.to_ascii_uppercase(), params }
    }

    /// A parameter, if it is there and not empty.
    pub fn param(&self, number: usize) -> Option<&str> {
        self.params.get(number).map(String::as_str).filter(|param| !param.is_empty())
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// Whether the line had nothing but blanks.
    pub fn is_blank(&self) -> bool {
        self.command.is_empty()
    }

    /// Bytes that it takes, about.
    pub fn weight(&self) -> usize {
        let tags = self.tags.iter().map(|(key, value)| 16 + key.len() + value.len());
        let params = self.params.iter().map(|param| 16 + param.len());
        self.command.len() + tags.chain(params).sum::<usize>()
    }
}

/// The first word if it begins with `mark`, without it, and what follows.
fn prefixed(line: &str, mark: char) -> (Option<&str>, &str) {
    match line.strip_prefix(mark) {
        Some(rest) => {
            let (prefix, rest) = word(rest);
            (Some(prefix), rest)
        }
        None => (None, line.trim_start_matches(' ')),
    }
}

/// The text up to the next blank, and what follows the blanks.
fn word(line: &str) -> (&str, &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    (word, rest.trim_start_matches(' '))
}

fn parse_tags(tags: &str) -> Vec<(String, String)> {
    let mut parsed: Vec<(String, String)> = Vec::new();
    for tag in tags.split(';') {
        let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
        if key.is_empty() {
            continue;
        }
        let value = unescape(value);
        match parsed.iter_mut().find(|(own, _)| own == key) {
            Some((_, own)) => *own = value,
            None => parsed.push((key.to_owned(), value)),
        }
    }
    parsed
}

/// IRCv3, message tags: "Escaping values".
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().map(|escaped| match escaped {
                ':' => ';',
                's' => ' ',
                'r' => '\r',
                'n' => '\n',
                other => other,
            })),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parsed<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);

    const CASES: [Parsed<'_>; 24] = [
        ("", &[], "", &[]),
        ("   ", &[], "", &[]),
        ("away", &[], "AWAY", &[]),
        (":src AWAY ", &[], "AWAY", &[]),
        ("foo bar baz asdf", &[], "FOO", &["bar", "baz", "asdf"]),
        ("  foo   bar  baz ", &[], "FOO", &["bar", "baz"]),
        (":coolguy foo bar baz :asdf quux", &[], "FOO", &["bar", "baz", "asdf quux"]),
        ("foo bar baz :", &[], "FOO", &["bar", "baz", ""]),
        ("foo bar baz ::asdf", &[], "FOO", &["bar", "baz", ":asdf"]),
        (":x foo bar baz :  asdf quux ", &[], "FOO", &["bar", "baz", "  asdf quux "]),
        (":coolguy PRIVMSG bar :lol :) ", &[], "PRIVMSG", &["bar", "lol :) "]),
        (":src JOIN :#chan", &[], "JOIN", &["#chan"]),
        (":cool\tguy foo b\tar baz", &[], "FOO", &["b\tar", "baz"]),
        (":a!~b@n\x02et\x0305w.x PRIVMSG foo :bar baz", &[], "PRIVMSG", &["foo", "bar baz"]),
        (":g.org 432  #momo :Bad: no", &[], "432", &["#momo", "Bad: no"]),
        (":s MODE #f +o foobar  ", &[], "MODE", &["#f", "+o", "foobar"]),
        (":s MODE #c +oo A :B", &[], "MODE", &["#c", "+oo", "A", "B"]),
        (
            "@a=b;c=32;k;rt=ql7 foo",
            &[("a", "b"), ("c", "32"), ("k", ""), ("rt", "ql7")],
            "FOO",
            &[],
        ),
        (
            r"@a=b\\and\nk;c=72\s45;d=gh\:764 foo",
            &[("a", "b\\and\nk"), ("c", "72 45"), ("d", "gh;764")],
            "FOO",
            &[],
        ),
        ("@c;h=;a=b :quux ab cd", &[("c", ""), ("h", ""), ("a", "b")], "AB", &["cd"]),
        (r"@foo=\\\\\:\\s\s\r\n COMMAND", &[("foo", "\\\\;\\s \r\n")], "COMMAND", &[]),
        (r"@tag1=value\1;tag2=v\  COMMAND", &[("tag1", "value1"), ("tag2", "v")], "COMMAND", &[]),
        ("@t=1;u=3;t=5;vendor/t=8 C", &[("t", "5"), ("u", "3"), ("vendor/t", "8")], "C", &[]),
        ("@;;=x   :a   C", &[], "C", &[]),
    ];

    #[test]
    fn lines_are_parsed_as_the_field_agrees() {
        for (line, tags, command, params) in CASES {
            let own = |text: &&str| (*text).to_owned();
            let expected = Request {
                tags: tags.iter().map(|(key, value)| (own(key), own(value))).collect(),
                command: command.to_owned(),
                params: params.iter().map(own).collect(),
            };
            assert_eq!(Request::parse(line), expected, "{line:?}");
        }
    }

    #[test]
    fn an_empty_parameter_counts_as_none() {
        let request = Request::parse("NICK :");
        assert_eq!((request.params.len(), request.param(0), request.param(1)), (1, None, None));
    }
}
