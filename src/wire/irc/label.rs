//! Replies to a request with a label (IRCv3, labeled responses).

use super::line::Line;

/// The longest label, in bytes.
pub const MAX_LABEL: usize = 64;

/// A request with a label that is being answered.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// The label.
    pub label: String,
    /// The answer so far.
    pub lines: Vec<u8>,
    /// Whether the rest of the answer waits for the store: what the client is told meanwhile is
    /// none of it.
    pub is_waiting: bool,
}

/// The reply to a request with this label, made of the `lines` that answer it: one line has the
/// label itself, several are in a batch, and none are acknowledged. `source` is the server,
/// `reference` names the batch.
pub fn framed(source: &str, label: &str, reference: &str, lines: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() + 128);
    let count = lines.iter().filter(|byte| **byte == b'\n').count();
    match count {
        0 => Line::new(source, "ACK").tag("label", label).end(&mut out),
        1 => tagged(&lines, &Line::bare("").tag("label", label), &mut out),
        _ => {
            let batch = Line::new(source, "BATCH").tag("label", label);
            batch.param(format_args!("+{reference}")).param("labeled-response").end(&mut out);
            let tag = Line::bare("").tag("batch", reference);
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                match is_batched(line) {
                    true => out.extend_from_slice(line),
                    false => tagged(line, &tag, &mut out),
                }
            }
            Line::new(source, "BATCH").param(format_args!("-{reference}")).end(&mut out);
        }
    }
    out
}

/// The same for an answer that is one line, or one batch already: the label is on its first line.
pub fn labelled(label: &str, lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() + 128);
    tagged(lines, &Line::bare("").tag("label", label), &mut out);
    out
}

/// Whether a line is in a batch of its own already.
fn is_batched(line: &[u8]) -> bool {
    let tags = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    tags.strip_prefix(b"@")
        .is_some_and(|tags| tags.split(|byte| *byte == b';').any(|tag| tag.starts_with(b"batch=")))
}

/// Appends `line` with one more tag, which `with` has.
pub(super) fn tagged(line: &[u8], with: &Line, out: &mut Vec<u8>) {
    out.extend_from_slice(with.tags().as_bytes());
    match line.strip_prefix(b"@") {
        Some(rest) => {
            out.push(b';');
            out.extend_from_slice(rest);
        }
        None => {
            out.push(b' ');
            out.extend_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(lines: &str) -> String {
        let framed = framed("srv", "a b", "1", lines.as_bytes().to_vec());
        String::from_utf8(framed).unwrap()
    }

    #[test]
    fn no_line_is_acknowledged_one_has_the_label_and_several_are_a_batch() {
        assert_eq!(reply(""), "@label=a\\sb :srv ACK\r\n");
        assert_eq!(reply(":srv PONG x\r\n"), "@label=a\\sb :srv PONG x\r\n");
        assert_eq!(reply("@time=t :srv PONG x\r\n"), "@label=a\\sb;time=t :srv PONG x\r\n");
        assert_eq!(
            reply(":srv 1\r\n@time=t :srv 2\r\n"),
            "@label=a\\sb :srv BATCH +1 labeled-response\r\n@batch=1 :srv 1\r\n\
             @batch=1;time=t :srv 2\r\n:srv BATCH -1\r\n"
        );
    }

    #[test]
    fn a_line_stays_in_its_own_batch() {
        let lines = "@batch=9 :srv 1\r\n@time=t;batch=9 :srv 2\r\n";
        assert!(reply(lines).contains("\r\n@batch=9 :srv 1\r\n@time=t;batch=9 :srv 2\r\n:srv"));
    }
}
