//! What an operator sees of a running server: metrics and the log.

pub mod flood;
mod libraries;
pub mod logging;
pub mod metrics;
