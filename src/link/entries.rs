//! Entries of the log, from and to the fields that they have in Redis' stream.

use super::raw::{RawAnswer, Values};
use crate::cluster::{EntryKind, LogEntry};

/// The names of an entry's fields.
const NAMES: &[u8; 7] = b"kosutcd";

/// The entries in an answer to `XREAD` of one stream; none if nothing came in time.
///
/// # Errors
/// Those before one that is no entry, and what is wrong with that one.
pub(super) fn of_read(answer: &RawAnswer) -> Result<Vec<LogEntry>, (Vec<LogEntry>, String)> {
    let mut entries = Vec::new();
    match read_into(&mut entries, answer.values()) {
        Ok(()) => Ok(entries),
        Err(fault) => Err((entries, fault)),
    }
}

/// Reads `[[KEY, [[ID, [NAME, VALUE, …]], …]]]`, or nil.
fn read_into(entries: &mut Vec<LogEntry>, mut values: Values<'_>) -> Result<(), String> {
    if values.are_nil() {
        return Ok(());
    }
    let count = begin(&mut values).ok_or_else(|| "an answer of another form".to_owned())?;
    for _ in 0..count {
        let id = values.array().and_then(|_| values.text()).unwrap_or_default();
        let entry = entry(id, &mut values);
        let fault = || format!("the entry {:?} is none of chatd's", String::from_utf8_lossy(id));
        entries.push(entry.ok_or_else(fault)?);
    }
    Ok(())
}

/// How many entries of the stream come next.
fn begin(values: &mut Values<'_>) -> Option<usize> {
    let sizes = (values.array()?, values.array()?);
    values.text()?;
    values.array().filter(|_| sizes == (1, 2))
}

fn entry(id: &[u8], values: &mut Values<'_>) -> Option<LogEntry> {
    let mut fields = [None; NAMES.len()];
    for _ in 0..values.array()? / 2 {
        let (name, value) = (values.text()?, values.text()?);
        let index = NAMES.iter().position(|known| [*known] == *name);
        index.map(|index| fields[index].replace(value));
    }
    let [kind, origin, oseq, uptime, moment, chain, data] = fields;
    let &[kind] = kind? else { return None };
    Some(LogEntry {
        n: text(id)?.strip_suffix("-0")?.parse().ok()?,
        kind: EntryKind::of(kind),
        origin: match text(origin?)? {
            "-" => None,
            origin => Some(origin.parse().ok()?),
        },
        oseq: text(oseq?)?.parse().ok()?,
        uptime: text(uptime?)?.parse().ok()?,
        moment: text(moment?)?.parse().ok()?,
        chain: text(chain?)?.parse().ok()?,
        data: data?.to_vec(),
    })
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

/// The number and the fields of an entry, in the order of a founding: n k o s u t c d.
pub(super) fn fields(entry: &LogEntry) -> [Vec<u8>; 8] {
    let LogEntry { n, kind, origin, oseq, uptime, moment, chain, data } = entry;
    let origin = origin.map_or_else(|| "-".to_owned(), |origin| origin.to_string());
    let [n, oseq, uptime] = [n, oseq, uptime].map(|number| number.to_string().into_bytes());
    let moment = moment.to_string().into_bytes();
    let chain = chain.to_string().into_bytes();
    [n, vec![kind.letter()], origin.into_bytes(), oseq, uptime, moment, chain, data.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(bytes: &[u8]) -> Vec<u8> {
        [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
    }

    fn array(values: &[Vec<u8>]) -> Vec<u8> {
        [format!("*{}\r\n", values.len()).into_bytes(), values.concat()].concat()
    }

    fn raw(bytes: &[u8]) -> RawAnswer {
        RawAnswer::read(&mut &*bytes).unwrap()
    }

    fn read(entries: Vec<(&str, Vec<u8>)>) -> RawAnswer {
        let entries = entries.into_iter();
        let entries = entries.map(|(id, fields)| array(&[bulk(id.as_bytes()), fields]));
        let entries = array(&entries.collect::<Vec<_>>());
        raw(&array(&[array(&[bulk(b"{chatd}:log"), entries])]))
    }

    fn good() -> LogEntry {
        LogEntry {
            n: 7,
            kind: EntryKind::Input,
            origin: "0f".repeat(16).parse().ok(),
            oseq: 3,
            uptime: 5,
            moment: -6,
            chain: "ab".repeat(20).parse().unwrap(),
            data: b"\r\n\0\xff".to_vec(),
        }
    }

    fn stored(entry: &LogEntry) -> Vec<u8> {
        let [_, values @ ..] = fields(entry);
        let fields = NAMES.iter().zip(values);
        let fields = fields.flat_map(|(name, value)| [bulk(&[*name]), bulk(&value)]);
        array(&fields.collect::<Vec<_>>())
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let time = LogEntry { n: 8, kind: EntryKind::Time, origin: None, oseq: 0, ..good() };
        let unknown = LogEntry { n: 9, kind: EntryKind::Unknown(b'?'), ..good() };
        let entries = vec![good(), time, unknown];
        let ids = ["7-0", "8-0", "9-0"];
        let answer = read(ids.into_iter().zip(entries.iter().map(stored)).collect());
        assert_eq!(of_read(&answer), Ok(entries));
        assert_eq!(of_read(&raw(b"*-1\r\n")), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_entry_is_told_and_what_came_before_it_is_kept() {
        let broken = [
            ("8-1", stored(&good())),
            ("x-0", stored(&good())),
            ("8-0", array(&[])),
            ("8-0", array(&[bulk(b"k"), bulk(b"e")])),
        ];
        for (id, fields) in broken {
            let answer = read(vec![("7-0", stored(&good())), (id, fields)]);
            let (before, fault) = of_read(&answer).unwrap_err();
            assert_eq!(before, [good()]);
            assert!(fault.contains(id), "{fault}");
        }
        let (_, fault) = of_read(&raw(b"+PONG\r\n")).unwrap_err();
        assert_eq!(fault, "an answer of another form");
    }
}
