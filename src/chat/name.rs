//! `Name`: a short ASCII name kept in place, so that copying one costs no allocation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 1 to `MAX` of `A-Z a-z 0-9 _ -`, starting with a letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Name<const MAX: usize> {
    bytes: [u8; MAX],
    length: u8,
}

impl<const MAX: usize> Name<MAX> {
    /// The only constructor; `None` when `text` is not a name.
    pub(super) fn new(text: &str) -> Option<Self> {
        let valid = text.len() <= MAX
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let length = u8::try_from(text.len()).ok().filter(|_| valid)?;
        let mut bytes = [0; MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { bytes, length })
    }

    /// The name as a string slice.
    pub(super) fn as_str(&self) -> &str {
        // Only ASCII gets in, so the default is never taken.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }

    /// The same name with each byte replaced.
    pub(super) fn map(mut self, replace: impl Fn(u8) -> u8) -> Self {
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
