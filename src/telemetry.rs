//! What an operator sees of a running server: metrics and the log.

pub mod flood;
pub mod logging;
pub mod metrics;
