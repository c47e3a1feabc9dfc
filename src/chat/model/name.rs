//! Names of people and rooms: short ASCII kept in place, so that copying one costs no allocation.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// 1 to `MAX` of the characters `A-Z a-z 0-9 _ -`, starting with a letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Name<const MAX: usize> {
    bytes: [u8; MAX],
    length: u8,
}

impl<const MAX: usize> Name<MAX> {
    /// The only constructor; `None` when `text` is not a name.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let valid = text.len() <= MAX
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let length = u8::try_from(text.len()).ok().filter(|_| valid)?;
        let mut bytes = [0; MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { bytes, length })
    }

    /// The name as a string slice.
    pub(crate) fn as_str(&self) -> &str {
        // The bytes are ASCII, so the default is never used.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The name's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The same name with each byte replaced.
    pub(crate) fn map(mut self, replace: impl Fn(u8) -> u8) -> Self {
        self.bytes[..usize::from(self.length)].iter_mut().for_each(|byte| *byte = replace(*byte));
        self
    }
}

impl<const MAX: usize> TryFrom<String> for Name<MAX> {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("not a name")
    }
}

impl<const MAX: usize> From<Name<MAX>> for String {
    fn from(name: Name<MAX>) -> Self {
        name.as_str().to_owned()
    }
}

impl<const MAX: usize> fmt::Display for Name<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const MAX: usize> fmt::Debug for Name<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const MAX: usize = 16;

const RESERVED: [&str; 4] = ["server", "admin", "root", "chatd"];

/// The end of the names of services. IRC clients send passwords to NickServ by themselves.
const SERVICE: &str = "serv";

const GUEST: &str = "guest";

/// Why a text cannot be a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It does not have the form of a nick.
    NotANick,
    /// The nick is reserved.
    Reserved(Text),
    /// It does not have the form of a room's name.
    NotARoom,
}

/// A client's name: 1 to 16 of the characters `A-Z a-z 0-9 _ -`, starting with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Nick(Name<MAX>);

/// A nick with case and look-alikes folded; unique among clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Folded(Name<MAX>);

impl Nick {
    /// Any valid nick, including reserved ones; `None` when `text` is not valid.
    pub fn new(text: &str) -> Option<Self> {
        Name::new(text).map(Self)
    }

    /// The nick that a new client gets.
    pub(crate) fn guest(number: u64) -> Self {
        let digits = 10_u64.pow((MAX - GUEST.len()) as u32);
        let name = Name::new(&format!("{GUEST}{}", number % digits));
        Self(name.expect("letters and at most 11 digits are a name"))
    }

    /// The number of a [guest](Self::guest), if it is one.
    pub(crate) fn guest_number(&self) -> Option<u64> {
        self.as_str().strip_prefix(GUEST)?.parse().ok()
    }

    /// The server's own nick, where one is needed. Nobody can choose it.
    pub fn server() -> Self {
        Self(Name::new("chatd").expect("letters are a name"))
    }

    /// A nick that a client asks for.
    ///
    /// # Errors
    /// It is not valid, or reserved.
    pub fn chosen(text: &str) -> Result<Self, NameError> {
        let nick = Self::chosen_at_first(text)?;
        if nick.is_of_service() { Err(NameError::Reserved(Text::new(text))) } else { Ok(nick) }
    }

    /// The same by the rules of the first level of a cluster's log, which knows no services.
    pub(crate) fn chosen_at_first(text: &str) -> Result<Self, NameError> {
        let nick = Self(Name::new(text).ok_or(NameError::NotANick)?);
        let folded = nick.folded();
        let mut reserved = RESERVED.iter().filter_map(|name| Name::new(name));
        let taken = reserved.any(|name| Self(name).folded() == folded);
        if taken || folded.0.as_str().starts_with(GUEST) {
            return Err(NameError::Reserved(Text::new(text)));
        }
        Ok(nick)
    }

    /// Whether it is a name as services have one, and reserved for that.
    pub(crate) fn is_of_service(self) -> bool {
        self.folded().0.as_str().ends_with(SERVICE)
    }

    pub(crate) fn folded(self) -> Folded {
        Folded(self.0.map(|byte| match byte.to_ascii_lowercase() {
            b'0' => b'o',
            b'1' | b'l' => b'i',
            other => other,
        }))
    }

    /// Whether it is a guest's nick, which only the server assigns.
    pub(crate) fn is_guest(self) -> bool {
        self.folded().0.as_str().starts_with(GUEST)
    }

    /// Whether the two differ in case and look-alikes only.
    pub fn resembles(self, other: Self) -> bool {
        self.folded() == other.folded()
    }

    /// The nick as a string slice.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The nick's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A room's name: 1 to 32 of the characters `a-z 0-9 _ -`, starting with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomName(Name<32>);

impl RoomName {
    /// Parses a room's name; ignores capitals and a leading `#`.
    ///
    /// # Errors
    /// It is not valid.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let name = Name::new(text.strip_prefix('#').unwrap_or(text)).ok_or(NameError::NotARoom)?;
        Ok(Self(name.map(|byte| byte.to_ascii_lowercase())))
    }

    pub(crate) fn lobby() -> Self {
        Self(Name::new("lobby").expect("letters are a name"))
    }

    /// The name as a string slice.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nick_is_1_to_16_letters_digits_dashes_and_starts_with_a_letter() {
        for good in ["a", "Alice", "a-b_c9", "abcdefghijklmnop"] {
            assert!(Nick::chosen(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "_a", "-a", "a b", "añ", "abcdefghijklmnopq", "a.b", "<a>"] {
            assert_eq!(Nick::chosen(bad), Err(NameError::NotANick), "{bad}");
        }
    }

    #[test]
    fn reserved_nicks_are_refused_in_every_look_alike_spelling() {
        for bad in [
            "root", "R00T", "adm1n", "ADMlN", "Server", "chatd", "guest", "Guest7", "guesto",
            "NickServ", "CHANSERV", "serv",
        ] {
            assert!(matches!(Nick::chosen(bad), Err(NameError::Reserved(_))), "{bad}");
        }
        assert!(Nick::chosen("roots").is_ok() && Nick::chosen("servant").is_ok());
    }

    #[test]
    fn names_ignore_capitals_and_a_leading_hash() {
        assert_eq!(RoomName::new("#Dev"), RoomName::new("dev"));
        assert_eq!(RoomName::new("dev").unwrap().as_str(), "dev");
        for bad in ["", "#", "##dev", "1st", "a b", &"x".repeat(33)] {
            assert_eq!(RoomName::new(bad), Err(NameError::NotARoom), "{bad}");
        }
        assert!(RoomName::new(&"x".repeat(32)).is_ok());
    }
}
