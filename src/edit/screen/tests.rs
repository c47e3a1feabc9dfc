use proptest::prelude::*;

use super::*;
use crate::edit::{Editor, Key, Names};

/// A terminal that understands what `Screen` writes, as xterm does: the cursor stays in the last
/// column of a full row until the next character.
struct Model {
    width: usize,
    rows: Vec<Vec<String>>,
    row: usize,
    column: usize,
}

impl Model {
    fn new(width: usize) -> Self {
        Self { width, rows: vec![Vec::new()], row: 0, column: 0 }
    }

    fn write(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).unwrap();
        let mut rest = text;
        while let Some(character) = rest.graphemes(true).next() {
            rest = &rest[character.len()..];
            match character {
                "\x1b" => rest = self.sequence(rest),
                "\r\n" => (self.row, self.column) = (self.row + 1, 0),
                "\r" => self.column = 0,
                "\n" => self.row += 1,
                _ => self.print(character),
            }
            self.rows.resize(self.rows.len().max(self.row + 1), Vec::new());
        }
    }

    fn print(&mut self, character: &str) {
        let columns = character.width();
        if self.column + columns > self.width {
            (self.row, self.column) = (self.row + 1, 0);
            self.rows.resize(self.rows.len().max(self.row + 1), Vec::new());
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + columns), " ".to_owned());
        if columns > 0 {
            row[self.column] = character.to_owned();
            row[self.column + 1..self.column + columns].fill(String::new());
        }
        self.column += columns;
    }

    fn sequence<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        let number = rest[1..end].parse().unwrap_or(1);
        match &rest[end..=end] {
            "A" => {
                self.row = self.row.checked_sub(number).expect("it is never above the first row")
            }
            "C" => self.column = (self.column + number).min(self.width - 1),
            "J" => {
                self.rows.truncate(self.row + 1);
                self.rows[self.row].truncate(self.column);
            }
            "m" => return &rest[end + 1..],
            other => panic!("{other}"),
        }
        // Movements leave the state in which the next character wraps.
        &rest[end + 1..]
    }

    /// The text of all rows, without blanks at their ends.
    fn shown(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.concat().trim_end().to_owned()).collect()
    }
}

fn wrapped(line: &str, width: usize) -> String {
    let mut out = Vec::new();
    wrap(line, &[], width, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_long_line_is_broken_at_blanks_and_indented() {
    assert_eq!(wrapped("<al> 12345", 10), "<al> 12345");
    assert_eq!(wrapped("<al> 123456", 10), "<al> 12345\r\n  6");
    assert_eq!(wrapped("<al> 12 3456789012", 10), "<al> 12 \r\n  34567890\r\n  12");
    assert_eq!(wrapped("語語語語語語", 8), "語語語語\r\n  語語");
}

#[test]
fn text_from_right_to_left_is_broken_like_any_other() {
    // The terminal turns it round, row by row; each row begins in the order of reading.
    let line = "<al> \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{5dc}\u{5da} abc";
    let rows = "<al> \u{5e9}\u{5dc}\u{5d5}\u{5dd} \r\n  \u{5dc}\u{5da} abc";
    assert_eq!(wrapped(line, 11), rows);
    let marks = "<al> \u{5e9}\u{5b8}\u{5c1}\u{5dc}\u{5d5}\u{5b9}\u{5dd}";
    assert_eq!(wrapped(marks, 9), marks, "points take no room");
}

#[test]
fn a_painted_part_may_go_on_in_the_next_row() {
    let paint = [
        Paint { range: 1..3, look: "\x1b[7m".to_owned() },
        Paint { range: 9..11, look: "\x1b[1m".to_owned() },
    ];
    let mut out = Vec::new();
    wrap("<al> 123456", &paint, 10, &mut out);
    let expected = "<\x1b[7mal\x1b[m> 1234\x1b[1m5\x1b[m\r\n  \x1b[1m6\x1b[m";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_line_is_shown_above_the_prompt_in_one_go() {
    let mut screen = Screen::new(Size::new(20, 24));
    let mut out = Vec::new();
    screen.set_prompt(Prompt::new("abc", 1, screen.size()));
    screen.draw(&mut out);
    assert_eq!(String::from_utf8(std::mem::take(&mut out)).unwrap(), "> abc\r\x1b[3C");
    screen.draw(&mut out);
    assert_eq!(out, b"", "it is there already");
    screen.show("<bob> hi", &mut out);
    screen.show("<bob> ho", &mut out);
    screen.draw(&mut out);
    let expected = "\r\x1b[J<bob> hi\r\n<bob> ho\r\n> abc\r\x1b[3C";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn on_a_terminal_of_another_width_all_rows_are_drawn_anew() {
    let mut screen = Screen::new(Size::new(10, 6));
    screen.set_prompt(Prompt::with_bar("123456789", 9, screen.size(), "bar"));
    let red = [Paint { range: 4..8, look: "\x1b[31m".to_owned() }];
    let lines = [("above", &[][..]), ("one", &[]), ("to be cut 12", &red), ("", &[])];
    let mut out = Vec::new();
    screen.repaint(lines.into_iter(), &mut out);
    let rows = [
        "\x1b[H\x1b[Kto b\x1b[31me cu\x1b[mt ",
        "\x1b[K  12",
        "\x1b[K",
        "\x1b[K",
        "\x1b[K",
        "\x1b[K\x1b[4;1H> 12345678 \r9",
        "\x1b[7mbar\x1b[m\x1b[1A\r\x1b[1C",
    ];
    assert_eq!(String::from_utf8(out).unwrap(), rows.join("\r\n"));
    let mut out = Vec::new();
    screen.draw(&mut out);
    assert_eq!(out, b"", "it is there already");
}

proptest! {
    #[test]
    fn the_terminal_shows_all_lines_and_below_them_the_typed_one(
        steps in prop::collection::vec(("[a 語é👍]{0,40}", prop::collection::vec(0usize..5, 0..12)), 0..12),
        width in 8u16..30,
        has_bar: bool,
    ) {
        let size = Size::new(width, 1000);
        let (mut screen, mut editor) = (Screen::new(size), Editor::default());
        let (mut terminal, mut lines) = (Model::new(size.width()), Vec::new());
        for (text, keys) in steps {
            let mut out = Vec::new();
            if keys.len() % 3 == 0 {
                screen.show(&text, &mut out);
                let mut rows = Vec::new();
                wrap(&text, &[], size.width(), &mut rows);
                lines.extend(String::from_utf8(rows).unwrap().split("\r\n").map(|row| row.trim_end().to_owned()));
            } else {
                text.chars().for_each(|c| drop(editor.press(Key::Char(c), &Names::default())));
            }
            for key in keys {
                let keys = [Key::Left, Key::Right, Key::Home, Key::WordLeft, Key::Backspace];
                editor.press(keys[key], &Names::default());
            }
            let (line, cursor) = editor.line();
            screen.set_prompt(match has_bar {
                true => Prompt::with_bar(line, cursor, size, "bar"),
                false => Prompt::new(line, cursor, size),
            });
            screen.draw(&mut out);
            terminal.write(&out);
            let mut alone = Model::new(size.width());
            alone.print("> ");
            line.graphemes(true).for_each(|character| alone.print(character));
            let mut expected = lines.clone();
            expected.extend(alone.shown());
            if has_bar {
                // Below a full row, the typed line has an empty one for the cursor.
                let is_full = alone.column == alone.width;
                expected.extend([is_full.then(String::new), Some("bar".to_owned())].into_iter().flatten());
            }
            let mut shown = terminal.shown();
            while shown.len() > expected.len() && shown.last().is_some_and(String::is_empty) {
                shown.pop();
            }
            prop_assert_eq!(shown, expected);
            let mut typed = Model::new(size.width());
            typed.print("> ");
            line[..cursor].graphemes(true).for_each(|character| typed.print(character));
            // A wide character that does not fit into the row is where the next row begins.
            let next = line[cursor..].graphemes(true).next().map_or(1, |next| next.width());
            if typed.column + next > typed.width {
                (typed.row, typed.column) = (typed.row + 1, 0);
            }
            prop_assert_eq!(
                (terminal.row, terminal.column),
                (lines.len() + typed.row, typed.column)
            );
        }
    }
}
