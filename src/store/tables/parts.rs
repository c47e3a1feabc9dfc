//! Parts of what was said in a room, counted from a line or a moment.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::lines::{COLUMNS, FORGOTTEN, GAP, OF_THE_KEEPER, recall};
use super::search::list;
use super::slices::{last_row, row_of};
use crate::chat::{Entry, Moment, Nick, Part, Reference, RoomName, Rows, Span};

/// Rows that are looked at for one answer: any number of lines may be hidden from who asks.
const MAX_LOOKED_AT: i64 = 20_000;

/// At most `count` lines of a room, oldest first: which says `part`. Those said in private are among
/// them only `with_private`, and those of `without` are not.
pub(crate) fn part(
    connection: &Connection,
    (room, part, count): (RoomName, &Part, usize),
    with_private: bool,
    without: &[Nick],
) -> Result<Vec<Entry>> {
    let Some(id) = id_of(connection, room)? else { return Ok(Vec::new()) };
    let rows = |place: &Reference| rows_at(connection, id, place);
    let mut lines = Vec::new();
    for span in part.spans(count, rows)? {
        lines.extend(within(connection, id, span, with_private, without)?);
    }
    Ok(lines)
}

/// When something was said last in each room where anything was, also in private if that is set.
pub(crate) fn last_times(
    connection: &Connection,
    rooms: &[(RoomName, bool)],
) -> Result<Vec<(RoomName, Moment)>> {
    let mut times = Vec::new();
    for (room, with_private) in rooms {
        let last = part(connection, (*room, &Part::Latest(None), 1), *with_private, &[])?;
        times.extend(last.first().map(|line| (*room, line.at)));
    }
    Ok(times)
}

fn id_of(connection: &Connection, room: RoomName) -> Result<Option<i64>> {
    let id = "SELECT id FROM room WHERE name = ?1";
    connection.query_row(id, [room.as_str()], |row| row.get(0)).optional()
}

/// The rows next to a place; `None` if its line is not known.
fn rows_at(connection: &Connection, room: i64, place: &Reference) -> Result<Option<Rows>> {
    match place {
        Reference::Line(line) => Ok(row_of(connection, room, line)?.map(|row| (row, row))),
        Reference::Time(at) => {
            let last = last_row(connection, room, |time| time <= at.unix_ms)?;
            Ok(Some((last, last_row(connection, room, |time| time < at.unix_ms)? + 1)))
        }
    }
}

/// The span without the rows that are too many to look at.
fn bounded(connection: &Connection, room: i64, span: Span) -> Result<Span> {
    let order = if span.are_last { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT id FROM msg WHERE room_id = ?1 AND id > ?2 AND id < ?3
         ORDER BY id {order} LIMIT 1 OFFSET ?4"
    );
    let params = params![room, span.behind, span.before, MAX_LOOKED_AT];
    let end = connection.query_row(&sql, params, |row| row.get(0)).optional()?;
    Ok(match (end, span.are_last) {
        (None, _) => span,
        (Some(behind), true) => Span { behind, ..span },
        (Some(before), false) => Span { before, ..span },
    })
}

fn within(
    connection: &Connection,
    room: i64,
    span: Span,
    with_private: bool,
    without: &[Nick],
) -> Result<Vec<Entry>> {
    let span = bounded(connection, room, span)?;
    let order = if span.are_last { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT {COLUMNS} FROM msg JOIN room ON room.id = msg.room_id
         WHERE msg.room_id = ?1 AND msg.id > ?2 AND msg.id < ?3
         AND msg.kind NOT IN ({GAP}, {FORGOTTEN})
         AND (msg.private = 0 OR ?4) AND {OF_THE_KEEPER}
         AND msg.nick NOT IN (SELECT value FROM json_each(?5))
         ORDER BY msg.id {order} LIMIT ?6"
    );
    let count = i64::try_from(span.count).unwrap_or(i64::MAX);
    let without = list(without.iter().map(Nick::as_str));
    let params = params![room, span.behind, span.before, with_private, without, count];
    let mut query = connection.prepare(&sql)?;
    let rows = query.query_map(params, recall)?;
    let mut lines =
        rows.map(|row| Ok(row?.map(|row| row.into_entry().1))).collect::<Result<Vec<_>>>()?;
    if span.are_last {
        lines.reverse();
    }
    Ok(lines.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::{Kind, LineId};
    use crate::store::file::schema;
    use crate::store::item::Item;
    use crate::store::tables::lines::{self, RoomIds};
    use crate::text::Text;

    fn room(name: &str) -> RoomName {
        RoomName::new(name).unwrap()
    }

    /// Lines in dev at these times, which are in order, among lines of another room; and those.
    fn said(times: &[i64]) -> (Connection, Vec<Entry>) {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let (mut items, mut own) = (Vec::new(), Vec::new());
        for (number, unix_ms) in (1..).zip(times) {
            let (from, text) = (Nick::new("alice").unwrap(), Text::new("hi"));
            let (id, at) = (LineId::new("here", number), Moment { unix_ms: *unix_ms });
            let entry = Entry { id, at, from, kind: Kind::Said, text, private: false };
            let is_own = number % 3 != 0;
            let name = if is_own { "dev" } else { "ops" };
            items.push(Item::Line { seq: number, room: room(name), entry: entry.clone() });
            own.extend(Some(entry).filter(|_| is_own));
        }
        lines::insert(&connection, &mut RoomIds::default(), &items, drop).unwrap();
        (connection, own)
    }

    fn reference() -> impl Strategy<Value = Reference> {
        prop_oneof![
            (1..25u64).prop_map(|number| Reference::Line(format!("here-{number}"))),
            (0..40i64).prop_map(|unix_ms| Reference::Time(Moment { unix_ms })),
        ]
    }

    fn any_part() -> impl Strategy<Value = Part> {
        prop_oneof![
            prop::option::of(reference()).prop_map(Part::Latest),
            reference().prop_map(Part::Before),
            reference().prop_map(Part::After),
            reference().prop_map(Part::Around),
            (reference(), reference()).prop_map(|(from, to)| Part::Between(from, to)),
        ]
    }

    #[test]
    fn hidden_lines_are_looked_at_up_to_a_number() {
        let times: Vec<_> = (1..40).collect();
        let (connection, own) = said(&times);
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                    INSERT INTO msg(room_id, ts, origin, oseq, kind, nick, body)
                    SELECT room.id, 99, 'there', i, 0, 'eve', 'x' FROM n, room WHERE name = 'dev'";
        let latest = |count| {
            part(
                &connection,
                (room("dev"), &Part::Latest(None), count),
                false,
                &[Nick::new("eve").unwrap()],
            )
        };
        connection.execute(fill, [MAX_LOOKED_AT - 1]).unwrap();
        assert_eq!(latest(9).unwrap(), own[own.len() - 1..]);
        let (after, count) = (Part::After(Reference::Time(own[0].at)), 2);
        let found = part(&connection, (room("dev"), &after, count), false, &[]).unwrap();
        assert_eq!(found, own[1..3]);
    }

    proptest! {
        #[test]
        fn the_disk_has_the_same_parts_as_memory(
            steps in prop::collection::vec(0..3i64, 0..24),
            asked in prop::collection::vec((any_part(), 1..9usize), 8),
        ) {
            let times: Vec<_> = steps.iter().scan(1, |at, step| { *at += step; Some(*at) }).collect();
            let (connection, own) = said(&times);
            for (asked, count) in asked {
                let found = part(&connection, (room("dev"), &asked, count), false, &[]).unwrap();
                prop_assert_eq!(found, asked.of(&own, count), "{:?}", asked);
            }
        }
    }
}
