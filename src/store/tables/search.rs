//! Full-text search. What somebody types is a list of words, never FTS5 syntax.

use rusqlite::{Connection, params};

use super::lines;
use super::lines::{COLUMNS, OF_THE_KEEPER};
use crate::chat::{Allowance, Hidden, Nick, RoomName};
use crate::store::index::words as in_index;
use crate::store::request::{ChangeResult, Denial, MAX_WORDS, Recalled};

/// Lines in one answer.
const MAX_HITS: u32 = 20;

/// The last lines that contain all words of `typed`, oldest first. Lines said in private are found
/// in `rooms` only, and those of `hidden` are not found.
pub(crate) fn search(
    connection: &Connection,
    typed: &str,
    (rooms, hidden): (&[RoomName], &Hidden),
    allowance: Allowance,
) -> ChangeResult<Vec<Recalled>> {
    let words = match quote(typed) {
        Ok(words) => words,
        Err(denial) => return Ok(Err(denial)),
    };
    // Markers of gaps have no nick; nobody said them.
    let sql = format!(
        "SELECT {COLUMNS} FROM msg_fts JOIN msg ON msg.id = msg_fts.rowid
         JOIN room ON room.id = msg.room_id
         WHERE msg_fts MATCH ?1 AND msg.nick <> '' AND {OF_THE_KEEPER}
         AND (msg.private = 0 OR room.name IN (SELECT value FROM json_each(?3)))
         AND room.name NOT IN (SELECT value FROM json_each(?4))
         AND msg.nick NOT IN (SELECT value FROM json_each(?5))
         ORDER BY msg_fts.rowid DESC LIMIT ?2"
    );
    let hidden_nicks = list(hidden.nicks.iter().map(Nick::as_str));
    let [rooms, hidden_rooms] =
        [rooms, &hidden.rooms].map(|rooms| list(rooms.iter().map(RoomName::as_str)));
    let mut query = connection.prepare(&sql)?;
    let params = params![words, MAX_HITS, rooms, hidden_rooms, hidden_nicks];
    let rows = query.query_map(params, lines::recall)?;
    lines::take_newest(rows, usize::MAX, allowance).map(Ok)
}

/// Names as a parameter of `json_each`.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    serde_json::to_string(&names.collect::<Vec<_>>()).unwrap_or_default()
}

/// The words of `typed` as FTS5 strings, all of which have to match.
fn quote(typed: &str) -> Result<String, Denial> {
    let words = typed.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
    let quoted: Vec<_> =
        words.map(|word| format!("\"{}\"", in_index(word).replace('"', "\"\""))).collect();
    match quoted.len() {
        0 => Err(Denial::NoWords),
        1..=MAX_WORDS => Ok(quoted.join(" ")),
        _ => Err(Denial::TooManyWords),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{AnswerForm, Entry, Kind, LineId, Moment};
    use crate::store::file::schema;
    use crate::store::item::Item;
    use crate::store::tables::lines::RoomIds;
    use crate::text::Text;
    use proptest::prelude::*;

    /// A database in which alice said these lines in the lobby, a second each.
    fn said(lines: &[&str]) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let items: Vec<_> = lines
            .iter()
            .zip(1..)
            .map(|(line, seq)| {
                let at = Moment { unix_ms: 1000 * i64::try_from(seq).unwrap() };
                let (from, text) = (Nick::new("alice").unwrap(), Text::new(line));
                let id = LineId::new("here", seq);
                let entry = Entry { id, at, from, kind: Kind::Said, text, private: false };
                Item::Line { seq, room: RoomName::new("lobby").unwrap(), entry }
            })
            .collect();
        lines::insert(&connection, &mut RoomIds::default(), &items, drop).unwrap();
        connection
    }

    fn look(connection: &Connection, typed: &str) -> ChangeResult<Vec<Recalled>> {
        let allowance = Allowance::new(AnswerForm::Lines);
        search(connection, typed, (&[], &Hidden::default()), allowance)
    }

    fn found(connection: &Connection, typed: &str) -> Vec<String> {
        let found = look(connection, typed).unwrap().unwrap();
        found.iter().map(|line| line.text().to_string()).collect()
    }

    #[test]
    fn all_words_have_to_be_there_in_any_order_and_case() {
        let lines = ["the build is done", "the deploy is done", "DONE: the Build", "Grüße"];
        let connection = said(&lines);
        assert_eq!(found(&connection, "done BUILD"), [lines[0], lines[2]]);
        assert_eq!(found(&connection, "  deploy ? !"), [lines[1]]);
        assert_eq!(found(&connection, "grusse grüße"), [] as [&str; 0]);
        assert_eq!(found(&connection, "GRÜSSE"), [] as [&str; 0]);
        assert_eq!(found(&connection, "grüße"), [lines[3]]);
    }

    #[test]
    fn sentences_without_blanks_are_searched() {
        let lines = [
            "我们明天去东京开会",
            "東京都に行きました",
            "내일 서울에서 회의가 있습니다",
            "พรุ่งนี้มีประชุมที่กรุงเทพ",
            "ลองดูนะ",
            "iPhone手机很贵",
            "ភាសាខ្មែរ",
        ];
        let connection = said(&lines);
        for (typed, found_in) in [
            ("东京", 0),
            ("明天", 0),
            ("开会 东京", 0),
            ("東京", 1),
            ("行きました", 1),
            ("서울", 2),
            ("회의", 2),
            ("ประชุม", 3),
            ("กรุงเทพ", 3),
            ("手机", 5),
            ("iphone手机", 5),
            ("贵", 5),
            ("ខ្មែ", 6),
        ] {
            assert_eq!(found(&connection, typed), [lines[found_in]], "{typed}");
        }
        for absent in ["京东", "天明", "ดี", "แชท", "行く"] {
            assert_eq!(found(&connection, absent), [] as [&str; 0], "{absent}");
        }
        let long = "明".repeat(340);
        assert!(look(&connection, &long).unwrap().is_ok());
    }

    #[test]
    fn composed_and_decomposed_text_are_the_same_words() {
        let nfd = |text: &str| -> String {
            let nfd = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd();
            nfd.normalize(text).into_owned()
        };
        for composed in ["한글테스트", "ガギグ", "プログラム", "Grüße"] {
            let decomposed = nfd(composed);
            assert_ne!(composed, decomposed);
            let lines = [composed, &decomposed];
            let connection = said(&lines);
            for typed in lines {
                assert_eq!(found(&connection, typed), lines, "{typed}");
            }
        }
        assert_eq!(found(&said(&[&nfd("한글테스트")]), "테스"), [nfd("한글테스트")]);
    }

    #[test]
    fn the_last_20_are_found() {
        let lines: Vec<_> = (1..=30).map(|number| format!("line {number}")).collect();
        let connection = said(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found(&connection, "line"), lines[10..]);
    }

    #[test]
    fn what_is_no_word_or_too_many_is_refused() {
        let connection = said(&[]);
        for nothing in ["", "  ", "\"", "* ^ - + ( )", "!!! ???"] {
            assert_eq!(look(&connection, nothing).unwrap(), Err(Denial::NoWords));
        }
        let many = "word ".repeat(MAX_WORDS + 1);
        assert_eq!(look(&connection, &many).unwrap(), Err(Denial::TooManyWords));
        assert!(look(&connection, &many[5..]).unwrap().is_ok());
    }

    #[test]
    fn the_syntax_of_fts5_has_no_meaning() {
        let connection =
            said(&["body is a column", "rock AND roll", "near misses", "say \"hi\" to x"]);
        for typed in
            ["body:is", "a* NOT", "(a", "NEAR(near misses)", "{body}:a", "\"hi", "^rock", "a\"\"b"]
        {
            assert!(look(&connection, typed).unwrap().is_ok(), "{typed}");
        }
        assert_eq!(found(&connection, "rock AND roll"), ["rock AND roll"]);
        assert_eq!(found(&connection, "rock OR near"), [] as [&str; 0]);
        assert_eq!(found(&connection, "\"hi\""), ["say \"hi\" to x"]);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_gives_a_result_or_a_refusal(typed in ".{0,60}") {
            let connection = said(&["some words"]);
            let typed = Text::new(typed);
            prop_assert!(look(&connection, typed.as_str()).is_ok());
        }

        #[test]
        fn syntax_gives_a_result_or_a_refusal(typed in r#"(["'()*:^+{}. -]|NEAR|AND|OR|NOT|body|a|1|é|,){0,12}"#) {
            let connection = said(&["some words"]);
            prop_assert!(look(&connection, &typed).is_ok());
        }

        #[test]
        fn a_line_is_found_by_each_of_its_words(line in "[a-zA-Z0-9äé东京ไก가カ]{1,8}( [a-zA-Z0-9äé东京ไก가カ]{1,8}){0,4}") {
            let connection = said(&["some words", &line]);
            for word in line.split(' ') {
                prop_assert!(found(&connection, word).contains(&line), "{}", word);
            }
        }
    }
}
