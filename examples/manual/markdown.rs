//! The Markdown of docs/MANUAL.md, rendered for a manual page: paragraphs, tables of two columns,
//! blocks of code, `code` and links.

use clap_mangen::roff::{Inline, Roff, bold, roman};

/// What follows a heading of the second level.
pub(crate) fn part<'a>(manual: &'a str, title: &str) -> Option<&'a str> {
    let parts = manual.split("\n## ").skip(1);
    parts
        .filter_map(|part| part.split_once('\n'))
        .find_map(|(of, body)| (of == title).then_some(body))
}

/// The sections of a part, each with its title.
pub(crate) fn sections(part: &str) -> impl Iterator<Item = (&str, &str)> {
    part.split("\n### ").skip(1).filter_map(|section| section.split_once('\n'))
}

pub(crate) fn before_table(body: &str) -> &str {
    body.split("\n|").next().unwrap_or_default()
}

pub(crate) fn after_table(body: &str) -> &str {
    let end = body.rfind("|\n").map_or(0, |at| at + 1);
    &body[end..]
}

/// The rows of a table, without its head.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn of(body: &str) -> Self {
        let rows = body.lines().filter(|line| line.starts_with('|')).skip(2);
        Self { rows: rows.map(cells).collect() }
    }

    /// The row about an option or a command: its first cell has that word, or begins with those.
    pub(crate) fn row(&self, name: &str) -> Option<&Vec<String>> {
        self.rows.iter().find(|row| {
            row[0].split('`').any(|code| {
                code.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
        })
    }
}

/// `| a | b |`, in which `\|` is no border.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim_matches('|').replace("\\|", "\0");
    row.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

pub(crate) fn render(roff: &mut Roff, body: &str) {
    let mut lines = body.lines().peekable();
    let mut is_first = true;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            if !is_first {
                roff.control("PP", []);
            }
            code(roff, lines.by_ref().take_while(|line| !line.starts_with("```")));
        } else if line.starts_with('|') {
            let mut rows = vec![line];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(row);
            }
            items(roff, &rows);
        } else if !line.is_empty() {
            let mut paragraph = line.to_owned();
            while let Some(more) = lines.next_if(|line| !line.is_empty()) {
                paragraph.push(' ');
                paragraph.push_str(more);
            }
            if !is_first {
                roff.control("PP", []);
            }
            roff.text(inline(&paragraph));
        }
        is_first &= line.is_empty();
    }
}

fn code<'a>(roff: &mut Roff, lines: impl Iterator<Item = &'a str>) {
    roff.control("RS", ["4"]);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.control("RE", []);
}

/// A table as a list: the first column is what each item is about.
fn items(roff: &mut Roff, rows: &[&str]) {
    for row in rows.iter().skip(2) {
        let cells = cells(row);
        roff.control("TP", []);
        roff.text(inline(&cells[0]));
        roff.text(inline(&cells[1..].join(" ")));
    }
}

/// Text in which `code` is bold, and a link is its words.
pub(crate) fn inline(text: &str) -> Vec<Inline> {
    let pieces = text.split('`').enumerate();
    let pieces = pieces.map(|(number, piece)| match number % 2 {
        0 => roman(without_links(piece)),
        _ => bold(piece),
    });
    pieces.collect()
}

fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, link)) = rest.split_once('[') {
        let Some((words, after)) = link.split_once("](") else { break };
        out.push_str(before);
        out.push_str(words);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    out + rest
}
