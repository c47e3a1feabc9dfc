//! What is in the file, a table or a question each. All of it runs on the threads of the store.

pub(crate) mod lines;
pub(crate) mod search;
pub(crate) mod accounts;
pub(crate) mod bans;
pub(crate) mod roll;
pub(crate) mod forget;
pub(crate) mod retention;
pub(crate) mod export;
