//! Entries of the log, from and to the fields that they have in Redis' stream.

use redis::{FromRedisValue, Value};

use crate::cluster::{EntryKind, LogEntry};

/// The entries in an answer to `XREAD` of one stream; none if nothing came in time.
///
/// # Errors
/// Those before one that is no entry, and what is wrong with that one.
pub(super) fn of_read(answer: Value) -> Result<Vec<LogEntry>, (Vec<LogEntry>, String)> {
    let mut entries = Vec::new();
    let read = in_streams(answer).ok_or_else(|| "an answer of another form".to_owned());
    let read = read.and_then(|found| {
        for (id, fields) in found {
            let entry = entry(&id, &fields);
            entries.push(entry.ok_or_else(|| format!("the entry {id:?} is none of chatd's"))?);
        }
        Ok(())
    });
    match read {
        Ok(()) => Ok(entries),
        Err(fault) => Err((entries, fault)),
    }
}

type Fields = Vec<(String, Vec<u8>)>;
type Stored = Vec<(String, Fields)>;

/// The ids and fields in `[[KEY, [[ID, [NAME, VALUE, …]], …]]]`, or nil.
fn in_streams(answer: Value) -> Option<Stored> {
    let streams: Option<Vec<(Value, Stored)>> = Option::from_redis_value(answer).ok()?;
    Some(streams.into_iter().flatten().flat_map(|(_, entries)| entries).collect())
}

fn entry(id: &str, fields: &[(String, Vec<u8>)]) -> Option<LogEntry> {
    let bytes = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value);
    let text = |name: &str| std::str::from_utf8(bytes(name)?).ok();
    let &[kind] = bytes("k")?.as_slice() else { return None };
    Some(LogEntry {
        n: id.strip_suffix("-0")?.parse().ok()?,
        kind: EntryKind::of(kind),
        origin: match text("o")? {
            "-" => None,
            origin => Some(origin.parse().ok()?),
        },
        oseq: text("s")?.parse().ok()?,
        uptime: text("u")?.parse().ok()?,
        moment: text("t")?.parse().ok()?,
        chain: text("c")?.parse().ok()?,
        data: bytes("d")?.clone(),
    })
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

    fn bulk(bytes: &[u8]) -> Value {
        Value::BulkString(bytes.to_vec())
    }

    fn read(entries: Vec<(&str, Value)>) -> Value {
        let entries = entries.into_iter();
        let entries = entries.map(|(id, fields)| Value::Array(vec![bulk(id.as_bytes()), fields]));
        let stream = vec![bulk(b"{chatd}:log"), Value::Array(entries.collect())];
        Value::Array(vec![Value::Array(stream)])
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

    fn stored(entry: &LogEntry) -> Value {
        let [_, values @ ..] = fields(entry);
        let names = ["k", "o", "s", "u", "t", "c", "d"].map(|name| bulk(name.as_bytes()));
        let values = values.map(|value| bulk(&value));
        Value::Array(names.into_iter().zip(values).flat_map(<[Value; 2]>::from).collect())
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let time = LogEntry { n: 8, kind: EntryKind::Time, origin: None, oseq: 0, ..good() };
        let unknown = LogEntry { n: 9, kind: EntryKind::Unknown(b'?'), ..good() };
        let entries = vec![good(), time, unknown];
        let ids = ["7-0", "8-0", "9-0"];
        let answer = read(ids.into_iter().zip(entries.iter().map(stored)).collect());
        assert_eq!(of_read(answer), Ok(entries));
        assert_eq!(of_read(Value::Nil), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_entry_is_told_and_what_came_before_it_is_kept() {
        let broken = [
            ("8-1", stored(&good())),
            ("x-0", stored(&good())),
            ("8-0", Value::Array(vec![])),
            ("8-0", Value::Array(vec![bulk(b"k"), bulk(b"e")])),
        ];
        for (id, fields) in broken {
            let answer = read(vec![("7-0", stored(&good())), (id, fields)]);
            let (before, fault) = of_read(answer).unwrap_err();
            assert_eq!(before, [good()]);
            assert!(fault.contains(id), "{fault}");
        }
        let (_, fault) = of_read(bulk(b"PONG")).unwrap_err();
        assert_eq!(fault, "an answer of another form");
    }
}
