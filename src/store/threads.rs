//! The threads of the store.

pub(crate) mod forgetter;
pub(crate) mod writer;
pub(crate) mod password;
pub(crate) mod reader;
