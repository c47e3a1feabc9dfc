//! The file: opening it, its schema, what can be wrong with it, a copy of it.

pub(crate) mod fault;
pub(crate) mod schema;
pub(crate) mod place;
pub(crate) mod database;
pub(crate) mod backup;
