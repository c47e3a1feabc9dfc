//! `Markers`: up to when somebody has read what was said in rooms and by people.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::chat::model::{Moment, Nick, RoomName};

/// Most places that are remembered for one client or account.
const MAX: usize = 100;

/// Where something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReadTarget {
    Room(RoomName),
    /// In capital letters or small ones.
    Nick(Nick),
}

impl ReadTarget {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nick(one), Self::Nick(other)) => {
                one.as_str().eq_ignore_ascii_case(other.as_str())
            }
            (one, other) => one == other,
        }
    }
}

/// The markers of one client or account; the one that was set longest ago first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Markers(VecDeque<(ReadTarget, Moment)>);

impl Markers {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Up to when it was read.
    pub(crate) fn get(&self, target: &ReadTarget) -> Option<Moment> {
        self.0.iter().find(|(own, _)| own.is(target)).map(|(_, at)| *at)
    }

    /// Notes up to when it was read; returns false if it was read further before. Of too many, the
    /// one that was set longest ago is forgotten.
    pub(crate) fn set(&mut self, target: ReadTarget, at: Moment) -> bool {
        if self.get(&target).is_some_and(|before| before > at) {
            return false;
        }
        self.0.retain(|(own, _)| !own.is(&target));
        if self.0.len() >= MAX {
            self.0.pop_front();
        }
        self.0.push_back((target, at));
        true
    }

    /// Whether they are not too many: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self) -> bool {
        self.0.len() <= MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix_ms: i64) -> Moment {
        Moment { unix_ms }
    }

    fn nick(name: &str) -> ReadTarget {
        ReadTarget::Nick(Nick::new(name).unwrap())
    }

    #[test]
    fn a_marker_never_goes_back() {
        let mut markers = Markers::default();
        let dev = ReadTarget::Room(RoomName::new("dev").unwrap());
        assert!(markers.set(dev, at(2)) && !markers.set(dev, at(1)) && markers.set(dev, at(3)));
        assert_eq!(markers.get(&dev), Some(at(3)));
        assert!(markers.set(nick("Bob"), at(5)));
        assert_eq!((markers.get(&nick("bob")), markers.get(&nick("b0b"))), (Some(at(5)), None));
    }

    #[test]
    fn there_are_at_most_so_many() {
        let mut markers = Markers::default();
        for number in 0..150 {
            markers.set(nick(&format!("n{number}-")), at(number));
        }
        assert!(markers.are_consistent());
        assert_eq!((markers.get(&nick("n49-")), markers.get(&nick("n50-"))), (None, Some(at(50))));
    }
}
