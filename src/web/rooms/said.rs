//! `Said`: the lines in the body of a request.

use serde::Deserialize;

use super::denied::{Denied, only};
use crate::chat::{self, Kind};
use crate::net::{Fields, Status};
use crate::text::Text;

/// Lines in one request.
const MAX_LINES: usize = 100;

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lines of text.
    Lines,
    /// A JSON object.
    Json,
}

/// What a body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) lines: Vec<Text>,
    pub(super) kind: Kind,
    /// The speaker that it names.
    pub(super) nick: Option<String>,
}

impl Form {
    /// The form that the header fields announce. What `curl -d` sends is taken to the letter.
    ///
    /// # Errors
    /// It is another one.
    pub(super) fn of(fields: &Fields) -> Result<Self, Denied> {
        let other = |words: &'static str| Denied::new(Status::UnsupportedMediaType, words);
        if fields.all("content-encoding").next().is_some() {
            return Err(other("send the body without a Content-Encoding; nothing was said"));
        }
        let full = only(fields, "content-type")?.unwrap_or_default();
        let media_type = full.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "" | "text/plain" | "application/x-www-form-urlencoded" => Ok(Self::Lines),
            "application/json" => Ok(Self::Json),
            _ => Err(other("send text/plain or application/json; nothing was said")),
        }
    }

    /// The lines in a body, each of at most `max_line` bytes.
    ///
    /// # Errors
    /// Nothing is to be said, because of one of the lines or all of them.
    pub(super) fn read(self, body: &[u8], max_line: usize) -> Result<Said, Denied> {
        match self {
            Self::Lines => Ok(Said { lines: lines(body, max_line)?, kind: Kind::Said, nick: None }),
            Self::Json => read_json(body, max_line),
        }
    }
}

/// The fields that matter. Others are not even looked at, however deeply they are nested.
#[derive(Deserialize)]
struct Object {
    text: Option<String>,
    nick: Option<String>,
    emote: Option<bool>,
    attachments: Option<Vec<Attachment>>,
}

/// As Slack has it.
#[derive(Deserialize)]
struct Attachment {
    fallback: Option<String>,
    text: Option<String>,
}

fn read_json(body: &[u8], max_line: usize) -> Result<Said, Denied> {
    let object: Object = serde_json::from_slice(body).map_err(|_| {
        let words = r#"not JSON such as {"text":"hello"}; nothing was said"#;
        Denied::new(Status::BadRequest, words)
    })?;
    let Object { text, nick, emote, attachments } = object;
    let shown = |text: &String| !text.trim().is_empty();
    let of_attachment = |attachment: Attachment| {
        attachment.fallback.filter(shown).or(attachment.text.filter(shown))
    };
    let attached = attachments.into_iter().flatten().filter_map(of_attachment);
    let attached: Vec<_> = attached.collect();
    let text = match text.filter(|text| shown(text) || attached.is_empty()) {
        Some(text) => text,
        None if attached.is_empty() => {
            let words = "the JSON has no text; nothing was said";
            return Err(Denied::new(Status::UnprocessableContent, words));
        }
        None => attached.join("\n"),
    };
    let kind = if emote == Some(true) { Kind::Emoted } else { Kind::Said };
    Ok(Said { lines: lines(text.as_bytes(), max_line)?, kind, nick })
}

/// The lines of a text that are not blank.
fn lines(text: &[u8], max_line: usize) -> Result<Vec<Text>, Denied> {
    let mut lines = Vec::new();
    for (number, raw) in split(text).enumerate() {
        if raw.len() > max_line {
            let (number, bytes) = (number + 1, raw.len());
            let words = format!(
                "line {number} has {bytes} bytes, the limit is {max_line}; nothing was said"
            );
            return Err(Denied::new(Status::ContentTooLarge, words));
        }
        let line = Text::new(raw);
        if !line.is_blank() {
            lines.push((number + 1, line));
        }
    }
    if lines.len() > MAX_LINES {
        let words = format!("{} lines, the limit is {MAX_LINES}; nothing was said", lines.len());
        return Err(Denied::new(Status::ContentTooLarge, words));
    }
    if lines.is_empty() {
        return Err(Denied::new(Status::UnprocessableContent, "there is nothing to say"));
    }
    lines.into_iter().map(|(number, line)| unescaped(number, line)).collect()
}

/// The parts of `text` between LF, CR LF and CR.
fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| b"\r\n".contains(byte)) else {
            rest = None;
            return Some(text);
        };
        let length = if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = Some(&text[end + length..]);
        Some(&text[..end])
    })
}

/// The words that a line says, unless it is a command. It may hold a password, so that the refusal
/// does not repeat it.
fn unescaped(number: usize, line: Text) -> Result<Text, Denied> {
    chat::without_command(line).ok_or_else(|| {
        let words = format!(
            "line {number} is a command, and HTTP has none; a second slash says it; nothing was said"
        );
        Denied::new(Status::UnprocessableContent, words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(form: Form, body: &str) -> Result<Vec<String>, String> {
        let said = form.read(body.as_bytes(), 20).map_err(|denied| format!("{denied:?}"))?;
        Ok(said.lines.iter().map(|line| line.as_str().to_owned()).collect())
    }

    #[test]
    fn a_body_is_lines_with_any_line_end_without_blank_ones() {
        let lines = said(Form::Lines, "one\r\n\r\n two\rthree\n \n//x\n/usr/bin is text\n/ x");
        assert_eq!(lines.unwrap(), ["one", " two", "three", "/x", "/usr/bin is text", "/ x"]);
        assert_eq!(said(Form::Lines, "a=1&b=%20+").unwrap(), ["a=1&b=%20+"]);
    }

    #[test]
    fn one_bad_line_refuses_all() {
        for (body, status, words) in [
            ("", "Unprocessable", "nothing to say"),
            ("\n \u{200b}\n", "Unprocessable", "nothing to say"),
            ("a\n\nxxxxxxxxxxxxxxxxxxxxx", "TooLarge", "line 3 has 21 bytes, the limit is 20;"),
            ("a\n /LOGIN ann s3cret", "Unprocessable", "line 2 is a command"),
            ("\u{FF0F}login a b", "Unprocessable", "line 1 is a command"),
            (&"x\n".repeat(101), "TooLarge", "101 lines, the limit is 100"),
        ] {
            let why = said(Form::Lines, body).unwrap_err();
            assert!(why.contains(status) && why.contains(words), "{body:?}: {why}");
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn json_has_a_text_or_what_slack_attaches() {
        for (body, lines) in [
            (r#"{"text": "a\nb", "more": [[{}]], "attachments": []}"#, &["a", "b"][..]),
            (r#"{"attachments": [{"fallback": "f", "text": "t"}, {"text": "t"}]}"#, &["f", "t"]),
            (r#"{"text": "", "attachments": [{"fallback": "f"}]}"#, &["f"]),
            (r#"{"text": null, "attachments": [{"fallback": "", "text": "t"}]}"#, &["t"]),
        ] {
            assert_eq!(said(Form::Json, body).unwrap(), lines, "{body}");
        }
        for body in ["{}", r#"{"attachments": [{}]}"#, r#"{"text": " "}"#] {
            assert!(said(Form::Json, body).unwrap_err().contains("Unprocessable"), "{body}");
        }
        for body in ["", "hello", "[]", r#"{"text": 7}"#, r#"{"text": "a"} x"#] {
            assert!(said(Form::Json, body).unwrap_err().contains("BadRequest"), "{body}");
        }
        let emote = Form::Json.read(br#"{"text":"waves","emote":true,"nick":"ci"}"#, 20).unwrap();
        assert_eq!((emote.kind, emote.nick.as_deref()), (Kind::Emoted, Some("ci")));
    }
}
