//! The status line as it is drawn.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::talk::Status;

/// Between the parts.
const SEPARATOR: &str = " | ";
const CUT: &str = "…";

/// The status in one row of `width` columns, of which the last stays free: a terminal that is made
/// narrower, or that goes to the next row too early, would show two. The room that lines go to is the
/// last part to be cut, and the connection the one before it.
pub(crate) fn bar(status: &Status, width: usize) -> String {
    let width = width.saturating_sub(1);
    let right = format!(" {} ", status.connection);
    let room = status.place.rsplit_once(" in ").map_or("", |(_, room)| room);
    let place = format!(" {}", status.place);
    let is_wide = place.width() + right.width() <= width;
    let place = cut(&if is_wide { place } else { format!(" {room}") }, width);
    let right = cut(&right, width - place.width());
    let parts = [&*status.rooms, &*status.topic].into_iter().filter(|part| !part.is_empty());
    let rest: String = parts.flat_map(|part| [SEPARATOR, part]).collect();
    let columns = width - right.width() - place.width();
    let rest = if columns > SEPARATOR.width() { cut(&rest, columns) } else { String::new() };
    let left = place + &rest;
    let gap = width - right.width() - left.width();
    format!("{left}{}{right}", " ".repeat(gap))
}

/// As much of a text as has room.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let room = room.saturating_sub(CUT.width());
    let mut columns = 0;
    let fitting = text.graphemes(true).take_while(|character| {
        columns += character.width();
        columns <= room
    });
    let shown: String = fitting.collect();
    if room == 0 { shown } else { shown + CUT }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(topic: &str, width: usize) -> String {
        let (place, connection) = ("al in dev".to_owned(), "lag 12 ms".to_owned());
        let status = Status { place, topic: topic.to_owned(), connection, ..Status::default() };
        bar(&status, width)
    }

    #[test]
    fn the_topic_is_cut_first_and_the_room_last_and_the_last_column_stays_free() {
        assert_eq!(drawn("", 30), " al in dev         lag 12 ms ");
        assert_eq!(drawn("tea", 30), " al in dev | tea   lag 12 ms ");
        assert_eq!(drawn("tea at five", 30), " al in dev | tea … lag 12 ms ");
        assert_eq!(drawn("日本語日本語", 30), " al in dev | 日本… lag 12 ms ");
        assert_eq!(drawn("tea", 20), " dev | … lag 12 ms ");
        assert_eq!(drawn("", 20), " dev     lag 12 ms ");
        assert_eq!(drawn("tea", 18), " dev   lag 12 ms ");
        assert_eq!(drawn("tea", 11), " dev lag …");
        assert_eq!(drawn("tea", 5), " dev");
        assert_eq!(drawn("tea", 4), " d…");
    }

    #[test]
    fn it_never_has_more_columns_than_there_are() {
        for width in 0..60 {
            let topic = "e\u{301}語👨‍👩‍👧 a topic";
            assert_eq!(drawn(topic, width).width(), width.saturating_sub(1), "{width}");
        }
    }
}
