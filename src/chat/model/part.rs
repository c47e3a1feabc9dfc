//! `Part`: which lines of a room somebody asks for, counted from a line or a moment.

use super::entry::Entry;
use super::moment::Moment;

/// A place in what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The line with this id, whole or [short](super::LineId::short).
    Line(String),
    /// A moment.
    Time(Moment),
}

/// Some of the lines, without the one at the place itself, unless it is in the middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The last ones, behind this place if one is given.
    Latest(Option<Reference>),
    /// The last ones before a place.
    Before(Reference),
    /// The first ones behind it.
    After(Reference),
    /// Those around it.
    Around(Reference),
    /// Those between two, counted from the first, which may be the later one.
    Between(Reference, Reference),
}

/// Rows that follow each other, which are numbered from 1 in the order of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The row before the first.
    pub behind: i64,
    /// The row behind the last.
    pub before: i64,
    /// At most so many of them.
    pub count: usize,
    /// Whether the last ones are wanted, if there are more.
    pub are_last: bool,
}

/// The last row at a place or before it, and the first one there or behind it.
pub type Rows = (i64, i64);

impl Part {
    /// The rows that hold at most `count` lines; none if a line is not known. `rows` finds a place.
    ///
    /// # Errors
    /// Those of `rows`.
    pub fn spans<E>(
        &self,
        count: usize,
        mut rows: impl FnMut(&Reference) -> Result<Option<Rows>, E>,
    ) -> Result<Vec<Span>, E> {
        let span = |behind, before, are_last| Span { behind, before, count, are_last };
        let one = match self {
            Self::Latest(None) => Some(span(0, i64::MAX, true)),
            Self::Latest(Some(place)) => rows(place)?.map(|(last, _)| span(last, i64::MAX, true)),
            Self::Before(place) => rows(place)?.map(|(_, first)| span(0, first, true)),
            Self::After(place) => rows(place)?.map(|(last, _)| span(last, i64::MAX, false)),
            Self::Around(place) => {
                let Some((_, first)) = rows(place)? else { return Ok(Vec::new()) };
                let earlier = Span { count: count / 2, ..span(0, first, true) };
                let later = span(first.saturating_sub(1), i64::MAX, false);
                return Ok(vec![earlier, Span { count: count - count / 2, ..later }]);
            }
            Self::Between(from, to) => match (rows(from)?, rows(to)?) {
                (Some((from, _)), Some((_, to))) if from < to => Some(span(from, to, false)),
                (Some((_, from)), Some((to, _))) => Some(span(to, from, true)),
                _ => None,
            },
        };
        Ok(one.into_iter().collect())
    }

    /// These of `lines`.
    pub fn of(&self, lines: &[Entry], count: usize) -> Vec<Entry> {
        let row = |index: Option<usize>| {
            index.map_or(0, |index| i64::try_from(index).map_or(i64::MAX, |index| index + 1))
        };
        let rows = |place: &Reference| match place {
            Reference::Line(id) => {
                let is_it = |line: &Entry| line.id.to_string() == *id || line.id.short() == *id;
                let found = lines.iter().rposition(is_it).map(|index| row(Some(index)));
                Ok::<_, std::convert::Infallible>(found.map(|row| (row, row)))
            }
            Reference::Time(at) => {
                let last = row(lines.iter().rposition(|line| line.at <= *at));
                let before = row(lines.iter().rposition(|line| line.at < *at));
                Ok(Some((last, before + 1)))
            }
        };
        let Ok(spans) = self.spans(count, rows);
        let index = |row: i64| usize::try_from(row).unwrap_or(usize::MAX).min(lines.len());
        let of = |span: Span| {
            let (start, end) = (index(span.behind), index(span.before.saturating_sub(1)));
            let within = lines.get(start..end).unwrap_or_default();
            let surplus = if span.are_last { within.len().saturating_sub(span.count) } else { 0 };
            within.iter().skip(surplus).take(span.count).cloned()
        };
        spans.into_iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::model::{Kind, LineId, Nick};
    use crate::text::Text;

    /// Nine lines, said at 10, 20, ..., 90 ms.
    fn lines() -> Vec<Entry> {
        let line = |number: u64| Entry {
            id: LineId::new("here", number),
            at: at(10 * number.cast_signed()),
            from: Nick::new("alice").unwrap(),
            kind: Kind::Said,
            text: Text::new("hi"),
            private: false,
        };
        (1..10).map(line).collect()
    }

    fn at(unix_ms: i64) -> Moment {
        Moment { unix_ms }
    }

    #[test]
    fn each_part_has_the_lines_next_to_its_place() {
        let id = |number| Reference::Line(format!("here-{number}"));
        let time = |ms| Reference::Time(at(ms));
        for (part, count, expected) in [
            (Part::Latest(None), 2, vec![8, 9]),
            (Part::Latest(Some(id(7))), 5, vec![8, 9]),
            (Part::Latest(Some(time(65))), 2, vec![8, 9]),
            (Part::Before(id(3)), 5, vec![1, 2]),
            (Part::Before(time(30)), 1, vec![2]),
            (Part::Before(time(35)), 1, vec![3]),
            (Part::After(id(3)), 2, vec![4, 5]),
            (Part::After(time(30)), 1, vec![4]),
            (Part::After(time(29)), 1, vec![3]),
            (Part::After(time(90)), 1, vec![]),
            (Part::Around(id(5)), 3, vec![4, 5, 6]),
            (Part::Around(id(5)), 1, vec![5]),
            (Part::Around(time(55)), 2, vec![5, 6]),
            (Part::Around(id(9)), 4, vec![7, 8, 9]),
            (Part::Between(id(2), id(8)), 3, vec![3, 4, 5]),
            (Part::Between(id(8), id(2)), 3, vec![5, 6, 7]),
            (Part::Between(time(20), time(50)), 9, vec![3, 4]),
            (Part::Between(time(50), time(20)), 1, vec![4]),
            (Part::Between(time(20), id(4)), 9, vec![3]),
            (Part::Between(id(4), id(4)), 9, vec![]),
            (Part::Between(time(31), time(39)), 9, vec![]),
            (Part::After(id(77)), 9, vec![]),
            (Part::Between(id(1), id(77)), 9, vec![]),
        ] {
            let found: Vec<_> =
                part.of(&lines(), count).iter().map(|line| line.id.oseq()).collect();
            assert_eq!(found, expected, "{part:?}");
        }
    }
}
