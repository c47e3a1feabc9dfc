//! Targets: whom or what a client names.

use crate::chat::{Recipient, RoomName, RoomRole};
use crate::text::{Text, matches};

/// Whom a text is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everybody in a room.
    Room(RoomName),
    /// Those in it who have this role, or a higher one.
    Role(RoomName, RoomRole),
    /// A room with a name that no room can have.
    NoRoom,
    /// A person, or a service.
    Nick(String),
}

impl Target {
    /// The target that a client names (`#dev`, `@#dev`, `+#dev`, `alice`). Of several roles the lowest
    /// counts.
    pub fn parse(text: &str) -> Self {
        let roles = text.trim_start_matches(['@', '+']);
        if !roles.starts_with('#') {
            return Self::Nick(text.to_owned());
        }
        match (room(roles), text.len() - roles.len()) {
            (None, _) => Self::NoRoom,
            (Some(room), 0) => Self::Room(room),
            (Some(room), _) if text.contains('+') => Self::Role(room, RoomRole::Voice),
            (Some(room), _) => Self::Role(room, RoomRole::Operator),
        }
    }

    /// Whom the chat knows by it; `None` for a room that cannot be.
    pub fn recipient(self) -> Option<Recipient> {
        match self {
            Self::Room(room) => Some(Recipient::Room(room)),
            Self::Role(room, role) => Some(Recipient::Role(room, role)),
            Self::Nick(nick) => Some(Recipient::Nick(Text::new(nick))),
            Self::NoRoom => None,
        }
    }
}

/// The room that a parameter names; it has to begin with `#`.
pub fn room(text: &str) -> Option<RoomName> {
    text.starts_with('#').then(|| RoomName::new(text).ok()).flatten()
}

/// The members of a list such as `#a,#b`, without the empty ones.
pub fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|one| !one.is_empty())
}

/// Which rooms LIST asks for (`ELIST=MNU`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    masks: Vec<String>,
    not: Vec<String>,
    more_than: Option<usize>,
    less_than: Option<usize>,
}

impl ListFilter {
    /// Parses the parameter of LIST. Conditions that the server does not know are skipped.
    pub fn parse(conditions: &str) -> Self {
        let mut filter = Self::default();
        for condition in split(conditions) {
            let number = condition.get(1..).and_then(|number| number.parse().ok());
            match (&condition[..condition.chars().next().map_or(0, char::len_utf8)], number) {
                (">", Some(number)) => filter.more_than = Some(number),
                ("<", Some(number)) => filter.less_than = Some(number),
                (">" | "<", None) => {}
                ("!", _) => filter.not.push(condition[1..].to_owned()),
                _ => filter.masks.push(condition.to_owned()),
            }
        }
        filter
    }

    /// Whether a room (`#dev`) with so many people is asked for.
    pub fn matches(&self, name: &str, people: usize) -> bool {
        let is_like = |mask: &String| matches(mask, name);
        self.more_than.is_none_or(|number| people > number)
            && self.less_than.is_none_or(|number| people < number)
            && !self.not.iter().any(is_like)
            && (self.masks.is_empty() || self.masks.iter().any(is_like))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_roles_and_people_are_told_apart() {
        let dev = RoomName::new("dev").unwrap();
        for (text, target) in [
            ("#Dev", Target::Room(dev)),
            ("@#dev", Target::Role(dev, RoomRole::Operator)),
            ("+#dev", Target::Role(dev, RoomRole::Voice)),
            ("@@#dev", Target::Role(dev, RoomRole::Operator)),
            ("@+#dev", Target::Role(dev, RoomRole::Voice)),
            ("#1", Target::NoRoom),
            ("#", Target::NoRoom),
            ("alice", Target::Nick("alice".to_owned())),
            ("@alice", Target::Nick("@alice".to_owned())),
            ("dev", Target::Nick("dev".to_owned())),
        ] {
            assert_eq!(Target::parse(text), target, "{text}");
        }
        assert_eq!((room("dev"), room("#a b"), room("#DEV")), (None, None, Some(dev)));
    }

    #[test]
    fn a_list_is_filtered_by_name_and_number() {
        for (conditions, name, people, is_listed) in [
            ("", "#dev", 1, true),
            (">1", "#dev", 1, false),
            (">1,<3", "#dev", 2, true),
            ("<3", "#dev", 3, false),
            ("#d*,#x", "#dev", 1, true),
            ("#x", "#dev", 1, false),
            ("!#d*", "#dev", 1, false),
            (">,<é,,é", "#dev", 1, false),
            ("C>3", "#dev", 1, false),
        ] {
            let filter = ListFilter::parse(conditions);
            assert_eq!(filter.matches(name, people), is_listed, "{conditions}");
        }
    }
}
