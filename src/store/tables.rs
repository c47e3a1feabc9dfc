//! The queries, one file per table or question. They run on the threads of the store.

pub(crate) mod kept; // rooms that are kept for an account
pub(crate) mod lines;
pub(crate) mod slices; // lines from one on
pub(crate) mod search;
pub(crate) mod parts; // lines next to a line or a moment
pub(crate) mod accounts;
pub(crate) mod tokens;
pub(crate) mod bans;
pub(crate) mod roll;
pub(crate) mod notes;
pub(crate) mod forget;
pub(crate) mod retention;
pub(crate) mod export;
