//! `Target`: the path and the query of a request.

use super::denied::Denied;
use crate::chat::RoomName;
use crate::net::Status;

/// What a path is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `/rooms`.
    Rooms,
    /// `/rooms/ROOM/history`.
    History(RoomName),
    /// `/rooms/ROOM`.
    Room(RoomName),
}

impl Place {
    /// The place of a path that [belongs here](super::has).
    ///
    /// # Errors
    /// There is no such page, or it cannot be a room's name.
    pub(super) fn of(path: &str) -> Result<Self, Denied> {
        let parts: Vec<_> = path.split('/').skip(2).collect();
        match parts[..] {
            [] => Ok(Self::Rooms),
            [name] => Ok(Self::Room(room(name)?)),
            [name, "history"] => Ok(Self::History(room(name)?)),
            _ => {
                let words = "there is no such page: try /rooms, /rooms/ROOM or /rooms/ROOM/history";
                Err(Denied::new(Status::NotFound, words))
            }
        }
    }

    /// The methods that it has.
    pub(super) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Room(_) => &["GET", "HEAD", "POST"],
            Self::Rooms | Self::History(_) => &["GET", "HEAD"],
        }
    }

    /// The same as the value of `Allow`.
    pub(super) fn allow(self) -> &'static str {
        match self {
            Self::Room(_) => "GET, HEAD, POST",
            Self::Rooms | Self::History(_) => "GET, HEAD",
        }
    }

    /// The parameters that it has.
    fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Room(_) => &["nick", "since", "quiet", "ping"],
            Self::Rooms => &[],
            Self::History(_) => &["since", "limit"],
        }
    }
}

fn room(name: &str) -> Result<RoomName, Denied> {
    let name = decoded(name).ok_or(Status::NotFound)?;
    RoomName::new(&name).map_err(|error| {
        let words = crate::chat::Refusal::from(error).to_string();
        Denied::new(Status::NotFound, words)
    })
}

/// A place, and what the query says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) place: Place,
    parameters: Vec<(String, String)>,
}

impl Target {
    /// # Errors
    /// The query has a parameter that the place does not have, or one twice.
    pub(super) fn new(place: Place, query: Option<&str>) -> Result<Self, Denied> {
        let mut target = Self { place, parameters: Vec::new() };
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let odd = || Denied::new(Status::BadRequest, "the query is not valid");
            let (name, value) = (decoded(name).ok_or_else(odd)?, decoded(value).ok_or_else(odd)?);
            if !place.parameters().contains(&name.as_str()) {
                let words = "the query has a parameter that is not known";
                return Err(Denied::new(Status::BadRequest, words));
            }
            if target.get(&name).is_some() {
                let words = format!("the query has {name} twice");
                return Err(Denied::new(Status::BadRequest, words));
            }
            target.parameters.push((name, value));
        }
        Ok(target)
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(own, _)| own == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// The room.
    pub(super) fn room(&self) -> Option<RoomName> {
        match self.place {
            Place::Rooms => None,
            Place::Room(room) | Place::History(room) => Some(room),
        }
    }
}

/// Decodes `%23` and the like; `None` if that is malformed or not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        decoded.push(match byte {
            b'%' => u8::try_from(digit(bytes.next()?)? << 4 | digit(bytes.next()?)?).ok()?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_named_as_in_join() {
        let room = |path| Place::of(path).ok();
        let dev = Some(Place::Room(RoomName::new("dev").unwrap()));
        for path in ["/rooms/dev", "/rooms/Dev", "/rooms/%23dev", "/rooms/%64ev"] {
            assert_eq!(room(path), dev, "{path}");
        }
        for path in [
            "/rooms/",
            "/rooms/1st",
            "/rooms/a%2",
            "/rooms/a%ff",
            "/rooms/dev/",
            "/rooms/a/b",
            "/rooms/dev/history/",
        ] {
            assert_eq!(room(path), None, "{path}");
        }
    }

    #[test]
    fn a_query_has_each_parameter_once() {
        let place = Place::of("/rooms/dev").unwrap();
        let nick = |query| {
            let target = Target::new(place, Some(query))?;
            Ok::<_, Denied>(target.get("nick").map(str::to_owned))
        };
        assert_eq!(nick("nick=c%69"), Ok(Some("ci".to_owned())));
        assert_eq!(nick(""), Ok(None));
        for odd in ["nick=a&nick=a", "token=x", "nick=%zz"] {
            assert!(nick(odd).is_err(), "{odd}");
        }
    }
}
