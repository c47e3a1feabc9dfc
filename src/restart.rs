//! Handing everything over to the next process.

pub mod manager;
pub mod snapshot;
