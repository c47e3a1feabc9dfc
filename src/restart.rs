//! Handing everything over to the next process.

pub mod snapshot;

pub mod files;
pub mod manager;

pub mod inherit;
pub mod manager_thread;
